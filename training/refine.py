"""Refines the distilled student on the way that users take: 8 Euler steps, from pure noise or from a source under noise.

    python refine.py --work DIR --minutes 40

Guidance alone leaves weak classes and exaggerates loud ones. Here a critic (`model/critic.py`), trained on the clips' latents, hears the
student's estimate of the result at every step of its own trajectories. The student learns to satisfy it (the prompt's facts are
heard; the estimate sounds like a clip of that kind), and to stay near what it was before. After Novack et al. 2025, "Fast
text-to-audio generation with adversarial post-training". Trajectories: other sources than the prompt's, inpainting, up to two minutes.

Reads DIR/distilled.pt, writes DIR/refined.pt (and DIR/critic.pt); run it again to go on.
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
from model.critic import Critic
from train import FRAME_SECONDS, label_loss, new_model, save, set_up_machine

STEPS = 8
EMA = 0.998
#: (frames, trajectories, share of the steps)
POOLS = ((64, 36, 0.30), (128, 18, 0.42), (192, 12, 0.16), (640, 4, 0.06), (1292, 2, 0.03), (2584, 1, 0.03))
#: The critic hears at most so many frames at once.
HEARD = 192
NAMING, REALNESS = 0.03, 0.02


class Pool:
    """Trajectories of one length, each at a step of its own; one that ends makes room for a new one."""

    def __init__(self, clips, model, rng, frames, count):
        self.clips, self.model, self.rng, self.frames, self.count = clips, model, rng, frames, count
        channels = clips.latents[0].shape[1]
        self.x, self.clip = torch.zeros(2, count, channels, frames).unbind(0)
        self.local = torch.zeros(count, channels + 1, frames)
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
        level = np.where(kinds < 0.5, 0.9, np.where(kinds < 0.75, 1.0, rng.uniform(0.4, 1.0, count)))
        local = torch.zeros(count, clip.shape[1] + 1, self.frames)
        filled = torch.tensor(rng.random(count) < 0.2)
        if filled.any():
            drawn = draw_local(rng, clip[filled], share=1.0)
            local[filled] = drawn
            level[filled.numpy()] = 1.0
        level = torch.tensor(level, dtype=torch.float32)
        texts = word(rng, facts)
        with torch.no_grad():
            ids, mask = self.model.tokenize(texts)
            context, duration = self.model.conditioner(
                self.model.encode_text(ids, mask), mask, draw_seconds(rng, self.frames, count, FRAME_SECONDS))
        if self.context is None:
            self.context, self.duration = context.clone(), duration.clone()
        start = (level * (1 - step / STEPS))[:, None, None]
        self.x[rows] = (1 - start) * source + start * torch.randn_like(source)
        self.clip[rows], self.local[rows], self.level[rows], self.step[rows] = clip, local, level, step
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


@torch.no_grad()
def critic_accuracy(critic, clips, count=256):
    """How often the critic names what sounds in clips it was not trained on."""
    rng = np.random.default_rng(3)
    latents, facts = clips.crops(rng, 128, count)
    labels = label_matrix(facts, captions.LABEL_COUNT)
    logits = critic.eval()(latents, torch.zeros(count), labels)[0][:, :captions.NAME_COUNT]
    critic.train()
    return float((logits.argmax(1) == labels[:, :captions.NAME_COUNT].argmax(1)).float().mean())


def naming_loss(logits, labels, heard):
    """As `label_loss`, row by row, counting only the facts that the caption speaks of."""
    names = captions.NAME_COUNT
    named = F.cross_entropy(logits[:, :names], labels[:, :names].argmax(1), reduction="none")
    facts = F.binary_cross_entropy_with_logits(logits[:, names:], labels[:, names:], reduction="none") * heard[:, names:]
    return named + 0.3 * facts.sum(1)


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
    if os.path.exists(in_work("critic.pt")):
        critic.load_state_dict(torch.load(in_work("critic.pt"))["critic"])
    else:
        train_critic(critic, clips, np.random.default_rng(4), options.critic_minutes)
        print(f"critic names {critic_accuracy(critic, Clips(options.work, held_out=True)):.3f} of held-out clips", flush=True)
        save(in_work("critic.pt"), critic=critic.state_dict())
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
    pools = [Pool(clips, model, rng, frames, count) for frames, count, _ in POOLS]
    begin = saved = time.time()
    first, seen = step, []
    while time.time() - begin < options.minutes * 60:
        gone = (time.time() - begin) / (options.minutes * 60)
        for group in learning.param_groups:
            group["lr"] = options.rate * min(1, (step - first + 1) / 50) * (1 - 0.9 * gone)
        pool = pools[rng.choice(len(POOLS), p=[share for _, _, share in POOLS])]
        t = pool.t
        keep = pool.local[:, :1]
        level = torch.rand(pool.count) * 0.5
        with torch.autocast("cpu", torch.bfloat16):
            velocity = student(pool.x, t, pool.context, pool.duration, pool.local).float()
            with torch.no_grad():
                wanted = before(pool.x, t, pool.context, pool.duration, pool.local).float()
            made = pool.x - t[:, None, None] * velocity
            made = keep * pool.clip + (1 - keep) * made
            heard, real = excerpt(rng, made, pool.clip)
            logits, realness = critic(veiled(heard, level), level, pool.labels)
        #: a low noise level leaves little to the prompt
        weight = ((pool.level - 0.3) / 0.5).clamp(0, 1)
        anchor = F.mse_loss(velocity, wanted)
        naming = (naming_loss(logits.float(), pool.labels, pool.heard) * weight).mean()
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
            seen = []
            print(json.dumps(entry), flush=True)
            with open(in_work("refine.jsonl"), "a") as file:
                file.write(json.dumps(entry) + "\n")
        if time.time() - saved > 180:
            saved = time.time()
            save(in_work(options.target), average=average.state_dict(), student=student.state_dict(), critic=critic.state_dict(), step=step)
    save(in_work(options.target), average=average.state_dict(), student=student.state_dict(), critic=critic.state_dict(), step=step)


if __name__ == "__main__":
    main()
