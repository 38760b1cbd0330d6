"""The networks in PyTorch, driven by model_config.json."""
