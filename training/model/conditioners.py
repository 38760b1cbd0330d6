"""Prompt and duration to the conditions of the diffusion transformer; names as in the checkpoints (`conditioner.`)."""
import torch
from torch import nn

from .fourier import expo_fourier_features


class PromptConditioner(nn.Module):
    """Learned padding for the prompt rows; the text encoder itself is stored in its own folder."""

    def __init__(self, width):
        super().__init__()
        self.padding_embedding = nn.Parameter(torch.randn(width) * 0.5)

    def forward(self, rows, mask, negative=False):
        """rows [B, L, width], mask [B, L] -> rows with padding replaced (by zeros for a negative prompt)."""
        padding = torch.zeros_like(self.padding_embedding) if negative else self.padding_embedding
        return torch.where(mask[..., None].bool(), rows, padding.to(rows.dtype))


class NumberConditioner(nn.Module):
    """Seconds, clamped and scaled to 0-1, through Fourier features and a linear layer."""

    def __init__(self, width, config):
        super().__init__()
        self.low, self.high = config["min_val"], config["max_val"]
        self.embedder = nn.Module()
        self.embedder.embedding = nn.Sequential(nn.Identity(), nn.Linear(256, width))

    def forward(self, seconds):
        """[B] -> [B, width]."""
        scaled = (seconds.clamp(self.low, self.high) - self.low) / (self.high - self.low)
        return self.embedder.embedding(expo_fourier_features(scaled))


class Conditioner(nn.Module):
    """Both conditioners; gives (cross-attention rows, global vector)."""

    def __init__(self, config):
        super().__init__()
        entries = {entry["id"]: entry["config"] for entry in config["configs"]}
        self.max_length = entries["prompt"]["max_length"]
        self.conditioners = nn.ModuleDict({
            "prompt": PromptConditioner(config["cond_dim"]),
            "seconds_total": NumberConditioner(config["cond_dim"], entries["seconds_total"])})

    def forward(self, rows, mask, seconds, negative=False):
        """rows [B, max_length, width], mask, seconds [B] -> context [B, max_length + 1, width], duration [B, width]."""
        duration = self.conditioners["seconds_total"](seconds)
        prompt = self.conditioners["prompt"](rows, mask, negative)
        return torch.cat([prompt, duration[:, None].to(prompt.dtype)], 1), duration
