"""The student's own way from noise to a result, for many clips at once: what `refine.py` trains on."""
import numpy as np
import torch

from data import captions
from dataset import STRUCTURE, draw_keep, draw_seconds, structure_channels
from model.structure import KINDS, strength_at

STEPS = 8


class Pool:
    """Trajectories of one length, each at a step of its own; one that ends makes room for a new one."""

    def __init__(self, clips, model, rng, frames, count, filled):
        self.clips, self.model, self.rng, self.frames, self.count, self.filled = clips, model, rng, frames, count, filled
        channels = clips.latents.shape[1]
        self.x, self.clip = torch.zeros(2, count, channels, frames).unbind(0)
        self.local = torch.zeros(count, 1 + channels + STRUCTURE.channels, frames)
        self.level, self.step = torch.zeros(count), torch.full((count,), STEPS)
        self.labels, self.heard = torch.zeros(2, count, captions.LABEL_COUNT).unbind(0)
        self.context = self.duration = None
        self.refill(torch.tensor(rng.integers(0, STEPS, count)))

    @property
    def t(self):
        return self.level * (1 - self.step / STEPS)

    def refill(self, step=0):
        """Starts new trajectories where old ones have ended, at the given step."""
        rng, rows = self.rng, torch.nonzero(self.step >= STEPS)[:, 0]
        if not len(rows):
            return
        count = len(rows)
        wanted, source = (self.clips.batch(rng, self.frames, count) for _ in range(2))
        own = torch.tensor(rng.random(count) < 0.2)
        source.latents[own], source.structure[own] = wanted.latents[own], wanted.structure[own]
        kinds = rng.random(count)
        level = np.where(kinds < 0.6, 0.9, np.where(kinds < 0.8, 1.0, rng.uniform(0.4, 1.0, count)))
        if self.filled:
            level[:] = 1.0
        strength = torch.tensor(strength_at(level), dtype=torch.float32)[:, None].expand(-1, len(KINDS))
        level = torch.tensor(level, dtype=torch.float32)
        keep = draw_keep(rng, count, self.frames) if self.filled else torch.zeros(count, 1, self.frames)
        self.local[rows] = torch.cat([keep, wanted.latents * keep, structure_channels(source.structure, strength)], 1)
        with torch.no_grad():
            context, duration = self.model.conditioner(
                self.model.encode_text(wanted.ids, wanted.mask), wanted.mask, draw_seconds(rng, self.frames, count))
        if self.context is None:
            self.context, self.duration = context.clone(), duration.clone()
        start = (level * (1 - step / STEPS))[:, None, None]
        # The first ones start in the middle of their way, so that the rows are at different steps: as if they had gone well.
        begun = torch.where(torch.as_tensor(step > 0).reshape(-1, 1, 1), wanted.latents, source.latents)
        self.x[rows] = (1 - start) * begun + start * torch.randn_like(begun)
        self.clip[rows], self.level[rows], self.step[rows] = wanted.latents, level, step
        self.context[rows], self.duration[rows] = context, duration
        self.labels[rows], self.heard[rows] = wanted.labels, wanted.heard

    def advance(self, velocity):
        """One Euler step of all."""
        self.x = self.x - (self.level / STEPS)[:, None, None] * velocity
        self.step += 1
        self.refill()
