"""Batches from the shards that `render_dataset.py` wrote: latents, captions worded anew each time, conditions drawn."""
import glob
import json
import os

import numpy as np
import torch

from data.captions import caption, labels

#: (frames of a crop, clips in a batch, share of the steps). 21.5 frames a second.
BUCKETS = ((64, 40, 0.35), (128, 20, 0.40), (192, 13, 0.20), (640, 4, 0.05))
#: Frames of the long clips; requests for more are served by repeating them.
LONGEST = 640
HELD_OUT_SHARD = 0


class Clips:
    """All clips of a work folder in memory; `rng` is numpy's, so that a run can be repeated."""

    def __init__(self, work, held_out=False):
        self.latents, self.entries = [], []
        for path in sorted(glob.glob(os.path.join(work, "clips", "*.jsonl"))):
            shard = int(os.path.basename(path)[:5])
            if (shard == HELD_OUT_SHARD) != held_out:
                continue
            self.latents.append(np.load(path.replace(".jsonl", ".npy")))
            with open(path) as file:
                for line in file:
                    entry = json.loads(line)
                    self.entries.append((len(self.latents) - 1, entry["start"], entry["frames"], entry["facts"]))
        self.lengths = np.array([entry[2] for entry in self.entries])
        self.longest = min(LONGEST, self.lengths.max())

    def crops(self, rng, frames, count):
        """(latents float32 [count, C, frames], facts list) of random clips at random places; the longest clips are repeated where more is asked."""
        chosen, facts = [], []
        for index in rng.choice(np.flatnonzero(self.lengths >= min(frames, self.longest)), count):
            shard, start, length, fact = self.entries[index]
            offset = int(rng.integers(max(1, length - frames + 1)))
            places = start + (offset + np.arange(frames)) % length
            chosen.append(self.latents[shard][places].T)
            facts.append(fact)
        return torch.from_numpy(np.stack(chosen).astype(np.float32)), facts


def draw_bucket(rng):
    """(frames, count) for one step."""
    frames, count, _ = BUCKETS[rng.choice(len(BUCKETS), p=[share for _, _, share in BUCKETS])]
    return frames, count


def draw_seconds(rng, frames, count, frame_seconds):
    """Requested durations: half the crop's own, half that of a longer piece the crop might be from (up to 190 s)."""
    own = frames * frame_seconds
    longer = np.exp(rng.uniform(np.log(own), np.log(190), count))
    return torch.tensor(np.where(rng.random(count) < 0.5, own, longer), dtype=torch.float32)


def draw_times(rng, count):
    """Noise levels: mostly logit-normal, leaning to noise, where the prompt decides; the rest uniform."""
    normal = 1 / (1 + np.exp(-rng.normal(0.5, 1.1, count)))
    return torch.tensor(np.where(rng.random(count) < 0.85, normal, rng.random(count)), dtype=torch.float32)


def draw_local(rng, latents, share=0.3):
    """Local condition: but for a `share` of the batches zeros [B, 1 + C, 1]; else masks (1 = keep) and masked latents [B, 1 + C, frames]."""
    count, channels, frames = latents.shape
    if rng.random() > share:
        return torch.zeros(count, channels + 1, 1)
    mask = np.zeros((count, 1, frames), np.float32)
    for row in range(count):
        kind = rng.random()
        if kind < 0.35:
            continue
        mask[row] = 1
        if kind < 0.6:  # continue from a beginning, or lead up to an end
            cut = int(frames * rng.uniform(0.2, 0.8))
            mask[row, 0, slice(cut, None) if rng.random() < 0.7 else slice(0, cut)] = 0
        else:
            for _ in range(int(rng.integers(1, 3))):
                length = int(frames * rng.uniform(0.1, 0.6))
                start = int(rng.integers(0, frames - length + 1))
                mask[row, 0, start:start + length] = 0
    mask = torch.from_numpy(mask)
    return torch.cat([mask, latents * mask], 1)


def word(rng, facts, empty=0.03):
    """Captions of a list of facts, a few left empty."""
    return ["" if rng.random() < empty else caption(rng, fact) for fact in facts]


def label_matrix(facts, count):
    """Multi-hot [B, count] of `captions.labels`."""
    out = torch.zeros(len(facts), count)
    for row, fact in enumerate(facts):
        out[row, labels(fact)] = 1
    return out
