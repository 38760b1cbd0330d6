"""Nodes for ComfyUI that work on a Retone service: put this folder into ComfyUI/custom_nodes as retone."""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
