"""Batches from the shards that `render_dataset.py` wrote: latents, structure, captions; and the conditions drawn for them.

Everything is held as tensors on the training device, so that a batch costs a few gathers: a GPU is not kept waiting.
"""
import glob
import json
import os

import numpy as np
import torch

from data import captions
from model.structure import KINDS, Structure

#: (frames of a crop, share of the steps). 21.5 frames a second.
BUCKETS = ((64, 0.35), (128, 0.40), (192, 0.20), (640, 0.05))
#: Frames of the long clips; requests for more are served by repeating them.
LONGEST = 640
HELD_OUT_SHARD = 0
FRAME_SECONDS = 2048 / 44100
STRUCTURE = Structure()
#: The chance that a clip that has a partner (the same score with another sound) is what the partner is to be turned into.
PARTNERED = 0.7


class Batch:
    """Clips and their captions.

    `latents` [B, C, T]; `origin` [B, C, T] and `structure` values [B, S, T]: of the recording that is to be turned into the clip, which
    is the clip itself or its partner; `edited` [B]: whether it is the partner; `ids` and `mask` [B, L] of a caption each; `labels` [B, facts]
    that are true, `heard`: those that the caption decides.
    """

    def __init__(self, **parts):
        self.__dict__.update(parts)


class Clips:
    """All clips of a work folder, or the held-out ones; `refresh` adds the shards rendered since.

    `rng` is numpy's everywhere, so that a run can be repeated. Frames of all clips lie one after another.
    """

    def __init__(self, work, held_out=False, device="cpu"):
        self.work, self.held_out, self.device, self.loaded = work, held_out, device, set()
        self.frames = 0
        self.latents = self.structure = None
        self.start, self.length, self.partner = (np.zeros(0, np.int64) for _ in range(3))
        self.facts, self.tokens, self.heard, self.labels = [], None, None, None
        self.refresh()

    def refresh(self):
        """Loads shards that were not there before; returns the number of clips."""
        parts = []
        for path in sorted(glob.glob(os.path.join(self.work, "clips", "*.jsonl"))):
            shard = int(os.path.basename(path)[:5])
            if shard in self.loaded or (shard == HELD_OUT_SHARD) != self.held_out:
                continue
            self.loaded.add(shard)
            with np.load(path.replace(".jsonl", ".npz")) as arrays, open(path) as file:
                parts.append(({name: arrays[name] for name in ("latents", "structure", "tokens", "heard")}, [json.loads(line) for line in file]))
        if parts:
            self._append(parts)
        return len(self.facts)

    def _append(self, parts):
        on_device = lambda old, new: torch.cat([*([] if old is None else [old]), *(torch.from_numpy(x).to(self.device) for x in new)])
        starts, lengths, partners, clips = [], [], [], len(self.facts)
        for arrays, entries in parts:
            starts += [entry["start"] + self.frames for entry in entries]
            lengths += [entry["frames"] for entry in entries]
            partners += [clips + entry["pair"] if entry.get("pair") is not None else -1 for entry in entries]
            self.frames += len(arrays["latents"])
            clips += len(entries)
            self.facts += [entry["facts"] for entry in entries]
        self.start, self.length, self.partner = (np.concatenate([old, np.asarray(new, np.int64)]) for old, new in (
            (self.start, starts), (self.length, lengths), (self.partner, partners)))
        self.latents = on_device(self.latents, [arrays["latents"] for arrays, _ in parts])
        self.structure = on_device(self.structure, [arrays["structure"] for arrays, _ in parts])
        self.tokens = on_device(self.tokens, [arrays["tokens"] for arrays, _ in parts])
        self.heard = on_device(self.heard, [arrays["heard"] for arrays, _ in parts])
        self.labels = on_device(self.labels, [label_matrix([entry["facts"] for entry in entries]) for _, entries in parts])
        self.longest = min(LONGEST, self.length.max())

    def batch(self, rng, frames, count):
        """A `Batch` of random clips at random places; the longest clips are repeated where more is asked."""
        chosen = rng.choice(np.flatnonzero(self.length >= min(frames, self.longest)), count)
        return self.batch_of(rng, chosen, frames)

    def batch_of(self, rng, chosen, frames):
        """As `batch`, of these clips."""
        length = self.length[chosen]
        offset = (rng.random(len(chosen)) * np.maximum(1, length - frames + 1)).astype(np.int64)
        place = (offset[:, None] + np.arange(frames)) % length[:, None]
        partner = self.partner[chosen]
        edited = (partner >= 0) & (rng.random(len(chosen)) < PARTNERED)
        origin = np.where(edited, partner, chosen)
        rows = lambda table, clips: table[torch.from_numpy(self.start[clips][:, None] + place).to(self.device)].transpose(1, 2).float()
        index = torch.from_numpy(chosen).to(self.device)
        wording = torch.from_numpy(rng.integers(self.tokens.shape[1], size=len(chosen))).to(self.device)
        ids = self.tokens[index, wording].long()
        return Batch(latents=rows(self.latents, chosen), origin=rows(self.latents, origin), structure=rows(self.structure, origin),
                     edited=edited, ids=ids, mask=(ids > 0).float(), labels=self.labels[index].float(), heard=self.heard[index, wording].float())


def label_matrix(facts):
    """Multi-hot uint8 [B, LABEL_COUNT] of `captions.labels`."""
    out = np.zeros((len(facts), captions.LABEL_COUNT), np.uint8)
    for row, fact in enumerate(facts):
        out[row, captions.labels(fact)] = 1
    return out


def draw_bucket(rng, tokens):
    """(frames, count) for one step of about `tokens` frames."""
    frames = BUCKETS[rng.choice(len(BUCKETS), p=[share for _, share in BUCKETS])][0]
    return frames, max(1, tokens // frames)


def draw_seconds(rng, frames, count):
    """Requested durations [count]: half the crop's own, half that of a longer piece the crop might be from (up to 190 s)."""
    own = frames * FRAME_SECONDS
    longer = np.exp(rng.uniform(np.log(own), np.log(190), count))
    return torch.tensor(np.where(rng.random(count) < 0.5, own, longer), dtype=torch.float32)


#: From this noise level on, what is left of a recording may be turned into another sound.
EDIT_FROM = 0.7


def draw_times(rng, count, edited=False):
    """Noise levels [count]: mostly logit-normal, leaning to noise, where the prompt decides; the rest uniform. Edits: four of five from `EDIT_FROM` on."""
    normal = 1 / (1 + np.exp(-rng.normal(0.5, 1.1, count)))
    levels = np.where(rng.random(count) < 0.85, normal, rng.random(count))
    high = edited & (rng.random(count) < 0.8)
    levels = np.where(high, rng.uniform(EDIT_FROM, 1, count), levels)
    return torch.tensor(np.maximum(levels, 1e-3), dtype=torch.float32)


def noised(batch, t, noise):
    """Latents [B, C, T] at noise levels t [B]: of the recording to start from where so much noise hides what it was, else of the clip itself."""
    start = torch.where((t >= EDIT_FROM)[:, None, None], batch.origin, batch.latents)
    return start + t[:, None, None] * (noise - start)


def draw_keep(rng, count, frames):
    """Inpainting masks [count, 1, frames], 1 = keep: a third keeps nothing, the others lack a beginning, an end or spans."""
    mask = np.zeros((count, 1, frames), np.float32)
    for row in range(count):
        kind = rng.random()
        if kind < 0.35:
            continue
        mask[row] = 1
        if kind < 0.6:
            cut = int(frames * rng.uniform(0.2, 0.8))
            mask[row, 0, slice(cut, None) if rng.random() < 0.7 else slice(0, cut)] = 0
        else:
            for _ in range(int(rng.integers(1, 3))):
                length = int(frames * rng.uniform(0.1, 0.6))
                start = int(rng.integers(0, frames - length + 1))
                mask[row, 0, start:start + length] = 0
    return torch.from_numpy(mask)


def blurred(values, widths):
    """Running mean over time of values [B, S, T]; widths [B] (integers >= 1) in frames."""
    total = torch.nn.functional.pad(values.cumsum(2), (1, 0))
    time, frames = torch.arange(values.shape[2], device=values.device), values.shape[2]
    half = (widths[:, None] - 1) // 2
    low, high = (time - half).clamp(0, frames), (time + widths[:, None] - half).clamp(0, frames)
    gather = lambda at: torch.gather(total, 2, at[:, None].expand(-1, values.shape[1], -1))
    return (gather(high) - gather(low)) / (high - low)[:, None]


def draw_strengths(rng, count):
    """Strengths [count, 3] of pitch, attack and loudness: each is absent in half of the clips, or all are, or all are there as at inference."""
    strengths = np.where(rng.random((count, len(KINDS))) < 0.5, rng.uniform(0.3, 1, (count, len(KINDS))), 0)
    kind = rng.random(count)
    strengths[kind < 0.2] = 0
    strengths[kind > 0.65] = 1
    return torch.tensor(strengths, dtype=torch.float32)


def structure_channels(structure, strengths, blur=None):
    """Channels [B, 3 + S, T] of values [B, S, T] at strengths [B, 3], blurred by `blur` [B] latents."""
    return STRUCTURE.channels_at(structure if blur is None else blurred(structure, blur), strengths)


def draw_local(rng, batch, share=0.3):
    """Local condition [B, 1 + C + 3 + S, T] of a `Batch`: for a `share` of the batches with inpainting masks; structure with random strengths and blur."""
    count, channels, frames = batch.latents.shape
    device = batch.latents.device
    filled = rng.random() < share
    keep = draw_keep(rng, count, frames).to(device) if filled else torch.zeros(count, 1, frames, device=device)
    strengths = draw_strengths(rng, count)
    if filled:  # at inference a region is filled in without structure
        strengths[torch.from_numpy(rng.random(count) < 0.8)] = 0
    blur = torch.from_numpy(np.where(rng.random(count) < 0.5, 1, rng.integers(1, 5, count))).to(device)
    return torch.cat([keep, batch.latents * keep, structure_channels(batch.structure, strengths.to(device), blur)], 1)
