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


class Statistician(nn.Module):
    """Names the facts of a clip from statistics of its spectrum alone: shape, spread, rises and falls.

    A convolution can be satisfied by a trace of the right sound; these see the whole of it, as a listener's first impression does.
    """
    BANDS, RANGE = 4, 8.0  # neighbouring bands heard as one; nepers below the loudest that are heard

    def __init__(self, pretransform, labels, width=256):
        super().__init__()
        count = pretransform.features.group * pretransform.features.bands
        self.group = pretransform.features.group
        self.register_buffer("mean", torch.from_numpy(pretransform.mean[:count].copy()))
        self.register_buffer("synthesis", torch.from_numpy(pretransform.synthesis[:, :count].copy()))
        size = 5 * (pretransform.features.bands // self.BANDS)
        self.name = nn.Sequential(nn.BatchNorm1d(size, affine=False), nn.Linear(size, width), nn.SiLU(), nn.Dropout(0.3),
                                  nn.Linear(width, width), nn.SiLU(), nn.Dropout(0.3), nn.Linear(width, labels))

    def statistics(self, latents):
        """Latents [B, C, T] -> [B, statistics]."""
        bands = (latents.transpose(1, 2).float() @ self.synthesis + self.mean).reshape(len(latents), latents.shape[2] * self.group, -1)
        level = F.avg_pool1d(bands, self.BANDS)
        level = (level - level.amax((1, 2), keepdim=True)).clamp_min(-self.RANGE)
        loud = torch.sigmoid((level.amax(2, keepdim=True) + 5) / 0.3)
        weight = loud / loud.sum(1, keepdim=True)
        shape = level - level.mean(2, keepdim=True)
        mean = (shape * weight).sum(1)
        spread = (((shape - mean[:, None]) ** 2 * weight).sum(1) + 1e-4).sqrt()
        change = level.diff(dim=1)
        jitter = (shape.diff(dim=1).pow(2).mean(1) + 1e-4).sqrt()
        return torch.cat([mean, spread, change.relu().mean(1), (-change).relu().pow(2).mean(1).add(1e-4).sqrt(), jitter], 1)

    def forward(self, latents):
        """Label logits [B, L]."""
        return self.name(self.statistics(latents))
