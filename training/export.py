"""Writes a model folder in the official layout from a training checkpoint.

    python export.py --work DIR --out models/retone-small [--checkpoint NAME]

model_config.json, model.safetensors (F16), words.json, and the text folder with encoder weights and tokenizer. The moving average of the weights is taken.
The pretransform's map is stored as F32 (it is small, and its sums run over hundreds of terms).
"""
import argparse
import json
import os
import shutil

import numpy as np
import torch

import words
from data.tokenizer import tokenizer_config
from fit_pretransform import load as load_pretransform
from model import safetensors

HERE = os.path.dirname(os.path.abspath(__file__))
HALF_LIMIT = 60000


def half(name, tensor):
    """float16 copy, refusing values that would overflow."""
    array = tensor.detach().float().numpy()
    if not np.isfinite(array).all() or np.abs(array).max(initial=0) > HALF_LIMIT:
        raise ValueError(f"{name} does not fit float16")
    return array.astype(np.float16)


def export(work, out, checkpoint="checkpoint.pt", steps=None):
    """Writes the folder; returns its size in bytes."""
    state = torch.load(os.path.join(work, checkpoint), map_location="cpu")
    weights = state["average"]
    with open(os.path.join(HERE, "config", "model_config.json")) as file:
        config = json.load(file)
    entry = next(e for e in config["model"]["conditioning"]["configs"] if e["id"] == "prompt")
    text_folder = os.path.join(out, entry["config"]["subfolder"])
    os.makedirs(text_folder, exist_ok=True)
    tensors = {}
    for name, value in weights.items():
        if name.startswith("dit."):
            tensors["model.model." + name[4:]] = half(name, value)
        elif name.startswith("conditioner."):
            tensors[name] = half(name, value)
    for name, value in load_pretransform(work).tensors().items():
        tensors["pretransform.model." + name] = value
    head = config["model"]["diffusion"]["config"]["embed_dim"] // config["model"]["diffusion"]["config"]["num_heads"]
    tensors["model.model.transformer.rotary_pos_emb.inv_freq"] = (
        10000.0 ** (-np.arange(0, head // 2, 2) / (head // 2))).astype(np.float32)
    safetensors.save(os.path.join(out, "model.safetensors"), tensors)
    encoder = {name.replace("text_encoder.", "encoder."): half(name, value) for name, value in weights.items()
               if name.startswith("text_encoder.")}
    safetensors.save(os.path.join(text_folder, "model.safetensors"), encoder)
    with open(os.path.join(out, "model_config.json"), "w") as file:
        json.dump(config, file, indent=2)
    shutil.copy(os.path.join(HERE, "config", "text-encoder", "config.json"), os.path.join(text_folder, "config.json"))
    with open(os.path.join(work, "tokenizer.json"), encoding="utf-8") as source, \
            open(os.path.join(text_folder, "tokenizer.json"), "w", encoding="utf-8") as target:
        json.dump(json.load(source), target, ensure_ascii=False, indent=1)
    with open(os.path.join(text_folder, "tokenizer_config.json"), "w") as file:
        json.dump(tokenizer_config(), file, indent=1)
    words.write(out, words.of_captions())
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(out) for name in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--checkpoint", default="checkpoint.pt", help="file in the work folder: checkpoint.pt or distilled.pt")
    options = parser.parse_args()
    size = export(options.work, options.out, options.checkpoint)
    print(f"{options.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
