"""Refines the distilled student on the way that users take: 8 Euler steps, from pure noise or from a source under noise.

    python refine.py --work DIR --minutes 40

Guidance alone leaves weak classes and exaggerates loud ones. Here a critic (`model/critic.py`), trained on the clips' latents, hears the
student's estimate of the result at every step of its own trajectories. The student learns to satisfy it (the prompt's facts are
heard; the estimate sounds like a clip of that kind), and to stay near what it was before. After Novack et al. 2025, "Fast
text-to-audio generation with adversarial post-training". Trajectories: other sources than the prompt's, inpainting, up to two minutes.

Reads DIR/distilled.pt, writes DIR/refined.pt (and DIR/critics.pt); run it again to go on.
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

from data import captions
from dataset import Clips, draw_local, draw_seconds, label_matrix, word
from fit_pretransform import load as load_pretransform
from listen import write_samples
from model.critic import Critic, Statistician
from train import FRAME_SECONDS, label_loss, new_model, save, set_up_machine

STEPS = 8
EMA = 0.99
#: (frames, trajectories, whether regions are filled in, share of the steps)
POOLS = ((64, 36, False, 0.25), (128, 18, False, 0.37), (192, 12, False, 0.12), (128, 18, True, 0.12), (192, 12, True, 0.05),
         (640, 4, False, 0.05), (1292, 2, False, 0.02), (2584, 1, False, 0.02))
#: The critic hears at most so many frames at once.
HEARD = 192
#: The student before is asked at every so many steps only: it costs as much as the student.
ANCHOR_EVERY = 2
NAMING, REALNESS = 0.1, 0.05


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


def excerpt(rng, *tensors):
    """The same place of at most HEARD frames out of all."""
    frames = tensors[0].shape[2]
    start = int(rng.integers(0, max(1, frames - HEARD + 1)))
    return [x[..., start:start + HEARD] for x in tensors]


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
        latents, facts = clips.crops(rng, frames, count)
        labels, level = label_matrix(facts, captions.LABEL_COUNT), torch.rand(count) * 0.6
        with torch.autocast("cpu", torch.bfloat16):
            loss = label_loss(critic(veiled(latents, level), level, labels)[0].float(), labels)
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
            latents, facts = clips.crops(rng, (64, 96, 128)[number % 3], 64)
            vectors.append(statistician.statistics(latents))
            labels.append(label_matrix(facts, captions.LABEL_COUNT))
    vectors, labels = torch.cat(vectors), torch.cat(labels)
    optimiser = torch.optim.AdamW(statistician.name.parameters(), lr=1e-3, weight_decay=0.05)
    for step in range(steps):
        rows = torch.from_numpy(rng.integers(len(vectors), size=256))
        loss = label_loss(statistician.name(vectors[rows]), labels[rows])
        optimiser.param_groups[0]["lr"] = 1e-3 * (1 - step / steps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@torch.no_grad()
def accuracy(name, clips, count=256):
    """How often `name` (latents, labels -> logits) is right about what sounds in clips it was not trained on."""
    latents, facts = clips.crops(np.random.default_rng(3), 96, count)
    labels = label_matrix(facts, captions.LABEL_COUNT)
    logits = name(latents, labels)[:, :captions.NAME_COUNT]
    return float((logits.argmax(1) == labels[:, :captions.NAME_COUNT].argmax(1)).float().mean())


def naming_loss(logits, labels, heard):
    """As `label_loss`, row by row, counting only the facts that the caption speaks of."""
    names = captions.NAME_COUNT
    named = F.cross_entropy(logits[:, :names], labels[:, :names].argmax(1), reduction="none")
    facts = F.binary_cross_entropy_with_logits(logits[:, names:], labels[:, names:], reduction="none") * heard[:, names:]
    return named + 0.3 * facts.sum(1)


def anchored(before, pool, velocity):
    """How far the student has gone from what it was."""
    with torch.no_grad():
        wanted = before(pool.x, pool.t, pool.context, pool.duration, pool.local).float()
    return F.mse_loss(velocity, wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--critic-minutes", type=float, default=5)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--naming", type=float, default=NAMING)
    parser.add_argument("--realness", type=float, default=REALNESS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--target", default="refined.pt")
    options = parser.parse_args()
    set_up_machine(options.threads)
    in_work = lambda name: os.path.join(options.work, name)
    clips = Clips(options.work)
    model = new_model(options.work)
    model.load_state_dict(torch.load(in_work("distilled.pt"))["average"])
    model.requires_grad_(False)
    before, student, average, step = model.dit, copy.deepcopy(model.dit), copy.deepcopy(model), 0
    critic = Critic(clips.latents[0].shape[1], captions.LABEL_COUNT)
    judging = torch.optim.AdamW(critic.parameters(), lr=2e-4, betas=(0.5, 0.99), weight_decay=0.01)
    statistician = Statistician(load_pretransform(options.work), captions.LABEL_COUNT)
    if os.path.exists(in_work("critics.pt")):
        stored = torch.load(in_work("critics.pt"))
        critic.load_state_dict(stored["critic"])
        statistician.load_state_dict(stored["statistician"])
    else:
        train_critic(critic, clips, np.random.default_rng(4), options.critic_minutes)
        train_statistician(statistician, clips, np.random.default_rng(5))
        save(in_work("critics.pt"), critic=critic.state_dict(), statistician=statistician.state_dict())
    held_out = Clips(options.work, held_out=True)
    statistician.eval().requires_grad_(False)
    print(f"right about held-out clips: critic {accuracy(lambda x, y: critic(x, torch.zeros(len(x)), y)[0], held_out):.3f}, "
          f"statistician {accuracy(lambda x, y: statistician(x), held_out):.3f}", flush=True)
    if os.path.exists(in_work(options.target)):
        state = torch.load(in_work(options.target))
        student.load_state_dict(state["student"])
        critic.load_state_dict(state["critic"])
        average.load_state_dict(state["average"])
        step = state["step"]
    student.requires_grad_(True)
    parameters, averaged = list(student.parameters()), list(average.dit.parameters())
    learning = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.5, 0.99), weight_decay=0.0)
    rng = np.random.default_rng(700 + step)
    torch.manual_seed(700 + step)
    pools = [Pool(clips, model, rng, *kind[:3]) for kind in POOLS]
    begin = saved = time.time()
    first, seen, ended = step, [], []
    while time.time() - begin < options.minutes * 60:
        gone = (time.time() - begin) / (options.minutes * 60)
        for group in learning.param_groups:
            group["lr"] = options.rate * min(1, (step - first + 1) / 50) * (1 - 0.9 * gone)
        pool = pools[rng.choice(len(POOLS), p=[share for *_, share in POOLS])]
        t = pool.t
        keep = pool.local[:, :1]
        level = torch.rand(pool.count) * 0.5
        with torch.autocast("cpu", torch.bfloat16):
            velocity = student(pool.x, t, pool.context, pool.duration, pool.local).float()
            anchor = ANCHOR_EVERY * anchored(before, pool, velocity) if step % ANCHOR_EVERY == 0 else torch.tensor(0.0)
            made = pool.x - t[:, None, None] * velocity
            made = keep * pool.clip + (1 - keep) * made
            heard, real = excerpt(rng, made, pool.clip)
            logits_made, realness = critic(veiled(heard, level), level, pool.labels)
        #: a low noise level leaves little to the prompt
        weight = ((pool.level - 0.3) / 0.5).clamp(0, 1)
        by_statistics = naming_loss(statistician(heard), pool.labels, pool.heard)
        naming = ((naming_loss(logits_made.float(), pool.labels, pool.heard) + by_statistics) * weight).mean()
        adversarial = (F.softplus(-realness.float()).mean(1) * weight).mean()
        learning.zero_grad()
        (anchor + options.naming * naming + options.realness * adversarial).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        learning.step()

        judging.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            real, made = veiled(real, level), veiled(heard.detach(), level)
            logits, on_real = critic(real, level, pool.labels)
            _, on_made = critic(made, level, pool.labels)
            _, near_real = critic(real + 0.05 * torch.randn_like(real), level, pool.labels)
            steady = (near_real - on_real).float().pow(2).mean() * 20  # a finite difference in place of a gradient penalty
            loss = (F.softplus(-on_real.float()).mean() + F.softplus(on_made.float()).mean() + steady
                    + label_loss(logits.float(), pool.labels))
        loss.backward()
        nn.utils.clip_grad_norm_(critic.parameters(), 1.0)
        judging.step()

        ending = pool.step == STEPS - 1
        if ending.any():
            ended.append(by_statistics.detach()[ending].mean().item())
        pool.advance(velocity.detach())
        step += 1
        decay = min(EMA, (1 + step - first) / (10 + step - first))
        with torch.no_grad():
            torch._foreach_mul_(averaged, decay)
            torch._foreach_add_(averaged, parameters, alpha=1 - decay)
        seen.append((anchor.item(), naming.item(), adversarial.item(), on_real.float().mean().item(), on_made.float().mean().item()))
        if step % 25 == 0:
            entry = {"refine step": step, "minutes": round((time.time() - begin) / 60, 2)}
            entry.update(zip(("anchor", "naming", "adversarial", "on real", "on made"), (round(float(v), 4) for v in np.mean(seen, 0))))
            entry["statistics at the end"] = round(float(np.mean(ended)), 4) if ended else None
            seen, ended = [], []
            print(json.dumps(entry), flush=True)
            with open(in_work("refine.jsonl"), "a") as file:
                file.write(json.dumps(entry) + "\n")
        if time.time() - saved > 180:
            saved = time.time()
            save(in_work(options.target), average=average.state_dict(), student=student.state_dict(), critic=critic.state_dict(), step=step)
    save(in_work(options.target), average=average.state_dict(), student=student.state_dict(), critic=critic.state_dict(), step=step)
    write_samples(in_work("samples-refined"), step, average, load_pretransform(options.work), guidance=1.0)


if __name__ == "__main__":
    main()
