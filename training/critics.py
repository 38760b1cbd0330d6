"""Trains the critics of `refine.py` on clips, and says how well the student's sounds please them."""
import time

import numpy as np
import torch

from data import captions
from machine import reduced_precision
from objective import naming_loss


def veiled(latents, level):
    """Latents under a little noise: a critic that hears through it gives smoother advice."""
    return latents + level[:, None, None] * torch.randn_like(latents)


def train_critic(critic, clips, rng, minutes, rate=1e-3):
    """Teaches the critic to name the facts of clips."""
    optimiser = torch.optim.AdamW(critic.parameters(), lr=rate, weight_decay=0.05)
    begin, step = time.time(), 0
    while time.time() - begin < minutes * 60:
        for group in optimiser.param_groups:
            group["lr"] = rate * (1 - (time.time() - begin) / (minutes * 60))
        frames, count = ((64, 64), (128, 32))[step % 2]
        batch, level = clips.batch(rng, frames, count), torch.rand(count, device=clips.device) * 0.6
        with reduced_precision(clips.device):
            loss = naming_loss(critic(veiled(batch.latents, level), level, batch.labels)[0].float(), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        if step % 100 == 0:
            print(f"critic {step}: {loss.item():.3f}", flush=True)


def train_statistician(statistician, clips, rng, steps=3000):
    """Teaches it the same, from statistics taken once."""
    vectors, labels = [], []
    with torch.no_grad():
        for number in range(240):
            batch = clips.batch(rng, (64, 96, 128)[number % 3], 64)
            vectors.append(statistician.statistics(batch.latents))
            labels.append(batch.labels)
    vectors, labels = torch.cat(vectors), torch.cat(labels)
    optimiser = torch.optim.AdamW(statistician.name.parameters(), lr=1e-3, weight_decay=0.05)
    for step in range(steps):
        rows = torch.from_numpy(rng.integers(len(vectors), size=256))
        loss = naming_loss(statistician.name(vectors[rows]), labels[rows])
        optimiser.param_groups[0]["lr"] = 1e-3 * (1 - step / steps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@torch.no_grad()
def accuracy(name, clips, count=256):
    """How often `name` (latents, labels -> logits) is right about what sounds in clips it was not trained on."""
    batch = clips.batch(np.random.default_rng(3), 96, count)
    logits = name(batch.latents, batch.labels)[:, :captions.NAME_COUNT]
    return float((logits.argmax(1) == batch.labels[:, :captions.NAME_COUNT].argmax(1)).float().mean())
