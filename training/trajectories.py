"""The student's own way from noise to a result, for many clips at once: what `refine.py` trains on."""
import numpy as np
import torch

from data import captions
from dataset import draw_local, draw_seconds, label_matrix, word

STEPS = 8
FRAME_SECONDS = 2048 / 44100


class Pool:
    """Trajectories of one length, each at a step of its own; one that ends makes room for a new one."""

    def __init__(self, clips, model, rng, frames, count, filled):
        self.clips, self.model, self.rng, self.frames, self.count, self.filled = clips, model, rng, frames, count, filled
        channels = clips.latents[0].shape[1]
        self.x, self.clip = torch.zeros(2, count, channels, frames).unbind(0)
        self.local = torch.zeros(count, channels + 1, frames if filled else 1)
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
        clip, facts = self.clips.crops(rng, self.frames, count)
        source, _ = self.clips.crops(rng, self.frames, count)
        own = torch.tensor(rng.random(count) < 0.2)
        source[own] = clip[own]
        kinds = rng.random(count)
        level = np.where(kinds < 0.6, 0.9, np.where(kinds < 0.8, 1.0, rng.uniform(0.4, 1.0, count)))
        if self.filled:
            self.local[rows] = draw_local(rng, clip, share=1.0)
            level[:] = 1.0
        level = torch.tensor(level, dtype=torch.float32)
        texts = word(rng, facts)
        with torch.no_grad():
            ids, mask = self.model.tokenize(texts)
            context, duration = self.model.conditioner(
                self.model.encode_text(ids, mask), mask, draw_seconds(rng, self.frames, count, FRAME_SECONDS))
        if self.context is None:
            self.context, self.duration = context.clone(), duration.clone()
        start = (level * (1 - step / STEPS))[:, None, None]
        # The first ones start in the middle of their way, so that the rows are at different steps: as if they had gone well.
        source = torch.where(torch.as_tensor(step > 0).reshape(-1, 1, 1), clip, source)
        self.x[rows] = (1 - start) * source + start * torch.randn_like(source)
        self.clip[rows], self.level[rows], self.step[rows] = clip, level, step
        self.context[rows], self.duration[rows] = context, duration
        self.labels[rows] = label_matrix(facts, captions.LABEL_COUNT)
        self.heard[rows] = torch.stack([captions.worded(text, fact) for text, fact in zip(texts, facts)])

    def advance(self, velocity):
        """One Euler step of all."""
        self.x = self.x - (self.level / STEPS)[:, None, None] * velocity
        self.step += 1
        self.refill()
