"""Bakes guidance into the model: a student learns the guided velocity of the trained model.

    python distill.py --work DIR --minutes 150 --guidance 4

Reads DIR/checkpoint.pt (its moving average is teacher and start), writes DIR/distilled.pt, which `export.py --checkpoint distilled.pt` takes. The
target is the mean velocity of `--substeps` guided Euler steps of the teacher over one step of the 8-step schedule, so that few steps suffice.
A share of the examples pairs a clip with another clip's caption at high noise: what audio-to-audio asks for. Its structure stays
the clip's own: guidance leads towards the words, and the structure is there on both sides.
Resumable: run it again and it goes on from distilled.pt.
"""
import argparse
import copy
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dataset import Clips, draw_bucket, draw_local, draw_seconds, noised
from machine import reduced_precision, save, set_up
from model.sampling import ramped_guidance
from train import new_model, write_log

STEPS = 8
UNGUIDED = 0.1
MISMATCHED = 0.35
RESCALE = 0.7
EMA = 0.995


@torch.no_grad()
def teacher_velocity(teacher, x, t, context, duration, local, guidance, substeps):
    """Mean guided velocity from t down to max(0, t - 1/STEPS); guidance [B] (1 = none)."""
    width = torch.clamp(t, max=1 / STEPS) / substeps
    start = x
    for number in range(substeps):
        now = t - number * width
        w = ramped_guidance(guidance, now)[:, None, None]
        conditional = teacher.dit(x, now, context, duration, local).float()
        free = teacher.dit(x, now, torch.zeros_like(context), duration, local).float()
        plain, denoised = x - now[:, None, None] * conditional, x - now[:, None, None] * (free + w * (conditional - free))
        # strong guidance inflates log magnitudes, which are exponents of loudness: give back most of the plain estimate's deviation
        ratio = plain.std((1, 2), keepdim=True) / denoised.std((1, 2), keepdim=True).clamp_min(1e-6)
        denoised = denoised * (RESCALE * ratio + 1 - RESCALE)
        x = x - width[:, None, None] * (x - denoised) / now[:, None, None]
    return (start - x) / (substeps * width)[:, None, None]


def mismatched(batch, clips, rng, t):
    """Gives some clips the caption of another clip, at a noise level from 0.55 on."""
    rows = np.flatnonzero(rng.random(len(t)) < MISMATCHED)
    if len(rows):
        others = clips.batch_of(rng, rng.integers(len(clips.facts), size=len(rows)), 1)
        index = torch.from_numpy(rows).to(batch.ids.device)
        batch.ids[index], batch.mask[index] = others.ids, others.mask
        t[rows] = rng.uniform(0.55, 1.0, len(rows))
    return batch, t


def distilled_loss(student, teacher, batch, t, rng, guidance, substeps):
    """Squared error of the student's velocity against the teacher's guided one, for a share of the batch unguided and without prompt."""
    count, _, frames = batch.latents.shape
    device = batch.latents.device
    free = (torch.from_numpy(rng.random(count) < UNGUIDED).to(device)) | (batch.mask.sum(1) == 0)
    scale = torch.where(free, 1.0, guidance)
    x = noised(batch, t, torch.randn_like(batch.latents))
    local = draw_local(rng, batch)
    with torch.no_grad():
        rows = student.encode_text(batch.ids, batch.mask)
        context, duration = student.conditioner(rows, batch.mask, draw_seconds(rng, frames, count).to(device))
        context = torch.where(free[:, None, None], torch.zeros_like(context), context)
        wanted = teacher_velocity(teacher, x, t, context, duration, local, scale, substeps)
    return F.mse_loss(student.dit(x, t, context, duration, local).float(), wanted)


def distill(work, device, minutes, guidance, rate, tokens, substeps=1):
    """Trains the student for some minutes; its rate falls to a twentieth over them."""
    clips, target = Clips(work, device=device), os.path.join(work, "distilled.pt")
    teacher = new_model(work).to(device)
    teacher.load_state_dict(torch.load(os.path.join(work, "checkpoint.pt"), map_location=device)["average"])
    teacher.requires_grad_(False)
    student, step = copy.deepcopy(teacher), 0
    student.dit.requires_grad_(True)
    if os.path.exists(target):
        state = torch.load(target, map_location=device)
        student.load_state_dict(state["average"])
        step = state["step"]
    average = copy.deepcopy(student).requires_grad_(False)
    parameters, averaged = list(student.dit.parameters()), list(average.dit.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.99), weight_decay=0.0)
    rng = np.random.default_rng(500 + step)
    torch.manual_seed(500 + step)
    begin = saved = time.time()
    losses, first = [], step
    store = lambda: save(target, average=average.state_dict(), step=step, guidance=guidance)
    while (gone := (time.time() - begin) / (minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step - first + 1) / 50) * (1 - 0.95 * gone)
        batch = clips.batch(rng, *draw_bucket(rng, tokens))
        t = rng.uniform(0.02, 1.0, len(batch.latents))
        batch, t = mismatched(batch, clips, rng, t)
        with reduced_precision(device):
            loss = distilled_loss(student, teacher, batch, torch.tensor(t, dtype=torch.float32).to(device), rng, guidance, substeps)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        decay = min(EMA, (1 + step - first) / (10 + step - first))
        with torch.no_grad():
            torch._foreach_lerp_(averaged, parameters, 1 - decay)
        losses.append(loss.detach())
        if step % 25 == 0:
            write_log(work, "distil.jsonl", {"distil step": step, "minutes": round((time.time() - begin) / 60, 2),
                                             "loss": round(torch.stack(losses).mean().item(), 4)})
            losses = []
        if time.time() - saved > 240:
            saved = time.time()
            store()
    store()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=150)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--substeps", type=int, default=1)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--tokens", type=int, default=2560)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    distill(options.work, set_up(options.threads), options.minutes, options.guidance, options.rate, options.tokens, options.substeps)


if __name__ == "__main__":
    main()
