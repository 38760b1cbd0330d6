"""Listens to latents: names the facts of a clip, and tells clips from what the model makes. Used in training only."""
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Residual convolution over time."""

    def __init__(self, width, kernel=5):
        super().__init__()
        self.net = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv1d(width, width, kernel, padding=kernel // 2),
                                 nn.SiLU(), nn.Conv1d(width, width, 1))

    def forward(self, x):
        return x + self.net(x.float())


class Critic(nn.Module):
    """`names`, `facts`: see `captions.labels`. The realness of every moment is judged knowing what the clip should be."""

    def __init__(self, channels, labels, width=192):
        super().__init__()
        self.enter, self.level = nn.Conv1d(channels, width, 1), nn.Linear(1, width)
        self.fine = nn.Sequential(Block(width), Block(width))
        self.coarse = nn.Sequential(Block(width), Block(width), Block(width))
        self.name = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Dropout(0.1), nn.Linear(width, labels))
        self.real = nn.Conv1d(width, 1, 1)
        self.matching = nn.Linear(labels, width, bias=False)

    def forward(self, latents, level, labels):
        """Latents [B, C, T] with noise of deviation `level` [B] added, labels [B, L] -> (label logits [B, L], realness [B, T / 4])."""
        x = self.enter(latents) + self.level(level[:, None])[..., None]
        x = self.coarse(F.avg_pool1d(self.fine(x), 2))
        x = F.avg_pool1d(x, 2).float()
        summary = torch.cat([x.mean(2), x.std(2)], 1)
        matched = (x * self.matching(labels)[..., None]).sum(1) / x.shape[1] ** 0.5
        return self.name(summary), self.real(x)[:, 0] + matched
