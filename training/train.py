"""Trains the built-in model: one command from nothing, resumable after a kill.

    python train.py --work DIR --minutes 65

Renders clips and fits the pretransform first if DIR has none (`fit_pretransform.py`, `render_dataset.py`), trains the tokenizer,
warms the text encoder up on naming the facts of a caption, then trains all jointly with rectified flow. Writes DIR/checkpoint.pt every
few minutes (weights, their moving average, optimiser, step), DIR/log.jsonl, DIR/plots/, and every 400 steps sounds in DIR/samples/ to
listen to. Run it again to go on.
"""
import argparse
import copy
import ctypes
import json
import os
import subprocess
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from data import captions, tokenizer
from dataset import Clips, draw_bucket, draw_local, draw_seconds, draw_times, label_matrix, word
from fit_pretransform import load as load_pretransform
from listen import write_samples
from model.retone import Retone

HERE = os.path.dirname(os.path.abspath(__file__))
FRAME_SECONDS = 2048 / 44100
VOCABULARY = 1500
PROMPT_DROPOUT = 0.12
EMA = 0.999


def set_up_machine(threads):
    """Settings that make CPU steps several times faster: keep freed memory, no denormals."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)           # M_MMAP_MAX
        libc.mallopt(-1, 2 ** 31 - 1)  # M_TRIM_THRESHOLD
    except OSError:
        pass
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)


def new_model(work):
    """An untrained `Retone` with the work folder's tokenizer (trained here when missing)."""
    with open(os.path.join(HERE, "config", "model_config.json")) as file:
        config = json.load(file)
    with open(os.path.join(HERE, "config", "text-encoder", "config.json")) as file:
        text_config = json.load(file)
    path = os.path.join(work, "tokenizer.json")
    if not os.path.exists(path):
        facts = [entry[3] for entry in Clips(work).entries]
        pieces, merges = tokenizer.train_vocabulary(captions.corpus(np.random.default_rng(1), facts, 30000), VOCABULARY)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(tokenizer.document(pieces, merges), file, ensure_ascii=False)
    torch.manual_seed(1)
    model = Retone(config, text_config, tokenizer.Tokenizer.load(path))
    nn.init.normal_(model.text_encoder.embed_tokens.weight, std=text_config["encoder"]["hidden_size"] ** -0.5)
    nn.init.zeros_(model.dit.transformer.project_out.weight)
    return model


def pooled(model, ids, mask):
    """Mean of the encoder's valid rows, and the rows."""
    rows = model.encode_text(ids, mask)
    return (rows * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp_min(1), rows


def label_loss(logits, targets):
    """Naming loss: softmax over what sounds plus independent facts."""
    names = captions.NAME_COUNT
    named = targets[:, :names].argmax(1)
    return F.cross_entropy(logits[:, :names], named) + F.binary_cross_entropy_with_logits(
        logits[:, names:], targets[:, names:]) * 5


def warm_up_text(model, head, clips, rng, steps):
    """Teaches the text encoder to name the facts of captions, so that prompts are apart before the DiT reads them."""
    optimiser = torch.optim.AdamW([*model.text_encoder.parameters(), *head.parameters()], lr=1e-3)
    for step in range(steps):
        facts = [clips.entries[i][3] for i in rng.integers(len(clips.entries), size=128)]
        summary, _ = pooled(model, *model.tokenize(word(rng, facts, empty=0)))
        loss = label_loss(head(summary), label_matrix(facts, captions.LABEL_COUNT))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"text warm-up {step}: {loss.item():.3f}", flush=True)


def velocity_loss(model, head, latents, facts, rng, frames):
    """(flow loss, naming loss) of one batch."""
    count = len(facts)
    ids, mask = model.tokenize(word(rng, facts))
    summary, rows = pooled(model, ids, mask)
    naming = label_loss(head(summary), label_matrix(facts, captions.LABEL_COUNT))
    context, duration = model.conditioner(rows, mask, draw_seconds(rng, frames, count, FRAME_SECONDS))
    kept = torch.tensor(rng.random(count) >= PROMPT_DROPOUT, dtype=torch.float32)
    t = draw_times(rng, count)
    noise = torch.randn_like(latents)
    x = latents + t[:, None, None] * (noise - latents)
    prediction = model.dit(x, t, context * kept[:, None, None], duration, draw_local(rng, latents))
    return F.mse_loss(prediction.float(), noise - latents), naming


@torch.no_grad()
def measure(model, clips, frames=128, count=96):
    """Held-out flow loss at fixed levels with right and with shuffled captions: {"0.5": x, "0.5 shuffled": y, ...}."""
    rng = np.random.default_rng(5)
    latents, facts = clips.crops(rng, frames, count)
    ids, mask = model.tokenize(word(rng, facts, empty=0))
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(5))
    out = {}
    with torch.autocast("cpu", torch.bfloat16):
        rows = model.encode_text(ids, mask)
        context, duration = model.conditioner(rows, mask, torch.full((count,), frames * FRAME_SECONDS))
        for level in (0.2, 0.5, 0.8, 0.9, 0.97):
            for name, order in (("", torch.arange(count)), (" shuffled", torch.arange(count).roll(7))):
                x = latents + level * (noise - latents)
                v = model.dit(x, torch.full((count,), level), context[order], duration, torch.zeros(count, x.shape[1] + 1, 1))
                out[f"{level}{name}"] = round(F.mse_loss(v.float(), noise - latents).item(), 4)
    return out


def plot(work):
    """Loss curves of log.jsonl to plots/loss.png."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    with open(os.path.join(work, "log.jsonl")) as file:
        lines = [line for line in map(json.loads, file) if "held_out" in line]
    if not lines:
        return
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for key in lines[-1]["held_out"]:
        axes.plot([l["step"] for l in lines], [l["held_out"][key] for l in lines], "--" if "shuffled" in key else "-", label=key)
    axes.set(xlabel="step", ylabel="velocity loss, held-out clips", yscale="log")
    axes.legend(fontsize=7)
    os.makedirs(os.path.join(work, "plots"), exist_ok=True)
    figure.savefig(os.path.join(work, "plots", "loss.png"), dpi=110)
    pyplot.close(figure)


def save(path, **state):
    """Writes a checkpoint in one stroke, so that a kill never leaves half a file."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)


def prepare(work, clips):
    """Pretransform and clips, if the work folder lacks them."""
    if not os.path.exists(os.path.join(work, "pretransform.npz")):
        subprocess.run([sys.executable, os.path.join(HERE, "fit_pretransform.py"), "--work", work], check=True)
    subprocess.run([sys.executable, os.path.join(HERE, "render_dataset.py"), "--work", work, "--clips", str(clips)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=65, help="how long this call trains")
    parser.add_argument("--clips", type=int, default=9000)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--final-rate", type=float, default=None, help="falls linearly to this over the call's minutes")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    set_up_machine(options.threads)
    prepare(options.work, options.clips)

    clips, held_out = Clips(options.work), Clips(options.work, held_out=True)
    model = new_model(options.work)
    head = nn.Linear(model.text_encoder.config["hidden_size"], captions.LABEL_COUNT)
    checkpoint = os.path.join(options.work, "checkpoint.pt")
    parameters = [*model.parameters(), *head.parameters()]
    step = 0
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        head.load_state_dict(state["head"])
        step = state["step"]
    else:
        warm_up_text(model, head, clips, np.random.default_rng(2), 500)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.99), weight_decay=0.01)
    if step:
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    rng = np.random.default_rng(100 + step)
    torch.manual_seed(100 + step)
    print(f"{sum(p.numel() for p in model.dit.parameters()) / 1e6:.2f} M DiT, "
          f"{sum(p.numel() for p in model.text_encoder.parameters()) / 1e6:.2f} M text, {len(clips.entries)} clips, from step {step}",
          flush=True)
    begin = saved = logged = time.time()
    losses, first = [], step
    while time.time() - begin < options.minutes * 60:
        gone = (time.time() - begin) / (options.minutes * 60)
        rate = options.rate if options.final_rate is None else options.rate + (options.final_rate - options.rate) * gone
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 200)
        frames, count = draw_bucket(rng)
        latents, facts = clips.crops(rng, frames, count)
        with torch.autocast("cpu", torch.bfloat16):
            flow, naming = velocity_loss(model, head, latents, facts, rng, frames)
        optimiser.zero_grad()
        (flow + 0.05 * naming).backward()
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        decay = min(EMA, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_mul_(list(average.parameters()), decay)
            torch._foreach_add_(list(average.parameters()), list(model.parameters()), alpha=1 - decay)
        losses.append((flow.item(), naming.item(), float(norm)))
        if step % 50 == 0 or step == first + 5:
            pace, logged = (time.time() - logged) / len(losses), time.time()
            entry = {"step": step, "minutes": round((time.time() - begin) / 60, 2), "seconds_a_step": round(pace, 3),
                     "flow": round(float(np.mean([l[0] for l in losses])), 4), "naming": round(float(np.mean([l[1] for l in losses])), 3),
                     "norm": round(float(np.mean([l[2] for l in losses])), 3)}
            losses = []
            if step % 200 == 0:
                entry["held_out"] = measure(average, held_out)
                if step % 400 == 0:
                    write_samples(os.path.join(options.work, "samples"), step, average, load_pretransform(options.work))
                logged = time.time()
            print(json.dumps(entry), flush=True)
            with open(os.path.join(options.work, "log.jsonl"), "a") as file:
                file.write(json.dumps(entry) + "\n")
        if time.time() - saved > 240:
            saved = time.time()
            save(checkpoint, model=model.state_dict(), average=average.state_dict(), head=head.state_dict(),
                 optimiser=optimiser.state_dict(), step=step)
    save(checkpoint, model=model.state_dict(), average=average.state_dict(), head=head.state_dict(),
         optimiser=optimiser.state_dict(), step=step)
    plot(options.work)


if __name__ == "__main__":
    main()
