"""Bakes guidance into the model: a student learns the guided velocity of the trained model.

    python distill.py --work DIR --minutes 25 --guidance 6

Reads DIR/checkpoint.pt (its moving average is teacher and start), writes DIR/distilled.pt, which `export.py --checkpoint distilled.pt` takes. The
target is the mean velocity of `--substeps` guided Euler steps of the teacher over one step of the 8-step schedule, so that few steps suffice.
A share of the examples pairs a clip with another clip's caption at high noise: what audio-to-audio asks for.
Resumable: run it again and it goes on from distilled.pt.
"""
import argparse
import copy
import json
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dataset import Clips, draw_bucket, draw_local, draw_seconds, word
from model.sampling import ramped_guidance
from train import FRAME_SECONDS, new_model, save, set_up_machine

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


def draw(clips, rng):
    """One batch: (latents, noise, t, captions, seconds)."""
    frames, count = draw_bucket(rng)
    latents, facts = clips.crops(rng, frames, count)
    t = rng.uniform(0.02, 1.0, count)
    captions = word(rng, facts)
    for row in np.flatnonzero(rng.random(count) < MISMATCHED):
        t[row] = rng.uniform(0.55, 1.0)
        captions[row] = word(rng, [clips.entries[rng.integers(len(clips.entries))][3]], empty=0)[0]
    return latents, torch.tensor(t, dtype=torch.float32), captions, draw_seconds(rng, frames, count, FRAME_SECONDS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--guidance", type=float, default=6.0)
    parser.add_argument("--substeps", type=int, default=1)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    set_up_machine(options.threads)
    clips = Clips(options.work)
    teacher, target = new_model(options.work), os.path.join(options.work, "distilled.pt")
    teacher.load_state_dict(torch.load(os.path.join(options.work, "checkpoint.pt"))["average"])
    teacher.requires_grad_(False)
    student, step = copy.deepcopy(teacher), 0
    student.dit.requires_grad_(True)
    if os.path.exists(target):
        state = torch.load(target)
        student.load_state_dict(state["average"])
        step = state["step"]
    average = copy.deepcopy(student).requires_grad_(False)
    parameters, averaged = list(student.dit.parameters()), list(average.dit.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.99), weight_decay=0.0)
    rng = np.random.default_rng(500 + step)
    torch.manual_seed(500 + step)
    begin = saved = time.time()
    losses, first = [], step
    while time.time() - begin < options.minutes * 60:
        gone = (time.time() - begin) / (options.minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1, (step - first + 1) / 50) * (1 - 0.95 * gone)
        latents, t, captions, seconds = draw(clips, rng)
        guidance = torch.where(torch.tensor(rng.random(len(t))) < UNGUIDED, 1.0, options.guidance).float()
        guidance[[i for i, c in enumerate(captions) if not c]] = 1.0
        x = latents + t[:, None, None] * (torch.randn_like(latents) - latents)
        local = draw_local(rng, latents)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                ids, mask = student.tokenize(captions)
                context, duration = student.conditioner(student.encode_text(ids, mask), mask, seconds)
                context = torch.where((guidance == 1.0)[:, None, None], torch.zeros_like(context), context)
                wanted = teacher_velocity(teacher, x, t, context, duration, local, guidance, options.substeps)
            loss = F.mse_loss(student.dit(x, t, context, duration, local).float(), wanted)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        decay = min(EMA, (1 + step - first) / (10 + step - first))
        with torch.no_grad():
            torch._foreach_mul_(averaged, decay)
            torch._foreach_add_(averaged, parameters, alpha=1 - decay)
        losses.append(loss.item())
        if step % 25 == 0:
            entry = {"distil step": step, "minutes": round((time.time() - begin) / 60, 2), "loss": round(float(np.mean(losses)), 4)}
            losses = []
            print(json.dumps(entry), flush=True)
            with open(os.path.join(options.work, "distil.jsonl"), "a") as file:
                file.write(json.dumps(entry) + "\n")
        if time.time() - saved > 240:
            saved = time.time()
            save(target, average=average.state_dict(), step=step, guidance=options.guidance)
    save(target, average=average.state_dict(), step=step, guidance=options.guidance)


if __name__ == "__main__":
    main()
