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
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from critics import accuracy, train_critic, train_statistician, veiled
from data import captions
from dataset import Clips
from fit_pretransform import load as load_pretransform
from listen import write_samples
from machine import reduced_precision, save, set_up
from model.critic import Critic, Statistician
from objective import naming_loss
from train import new_model, write_log
from trajectories import STEPS, Pool

EMA = 0.99
#: (frames, trajectories, whether regions are filled in, share of the steps)
POOLS = ((64, 36, False, 0.25), (128, 18, False, 0.37), (192, 12, False, 0.12), (128, 18, True, 0.12), (192, 12, True, 0.05),
         (640, 4, False, 0.05), (1292, 2, False, 0.02), (2584, 1, False, 0.02))
#: The critic hears at most so many frames at once.
HEARD = 192
#: The student before is asked at every so many steps only: it costs as much as the student.
ANCHOR_EVERY = 2
NAMING, REALNESS = 0.1, 0.05


def excerpt(rng, *tensors):
    """The same place of at most HEARD frames out of all."""
    frames = tensors[0].shape[2]
    start = int(rng.integers(0, max(1, frames - HEARD + 1)))
    return [x[..., start:start + HEARD] for x in tensors]


def anchored(before, pool, velocity):
    """How far the student has gone from what it was."""
    with torch.no_grad():
        wanted = before(pool.x, pool.t, pool.context, pool.duration, pool.local).float()
    return F.mse_loss(velocity, wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--critic-minutes", type=float, help="default: an eighth of the minutes")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--naming", type=float, default=NAMING)
    parser.add_argument("--realness", type=float, default=REALNESS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--target", default="refined.pt")
    options = parser.parse_args()
    set_up(options.threads)
    in_work = lambda name: os.path.join(options.work, name)
    clips = Clips(options.work)
    model = new_model(options.work)
    model.load_state_dict(torch.load(in_work("distilled.pt"))["average"])
    model.requires_grad_(False)
    before, student, average, step = model.dit, copy.deepcopy(model.dit), copy.deepcopy(model), 0
    critic = Critic(clips.latents.shape[1], captions.LABEL_COUNT)
    judging = torch.optim.AdamW(critic.parameters(), lr=2e-4, betas=(0.5, 0.99), weight_decay=0.01)
    statistician = Statistician(load_pretransform(options.work), captions.LABEL_COUNT)
    if os.path.exists(in_work("critics.pt")):
        stored = torch.load(in_work("critics.pt"))
        critic.load_state_dict(stored["critic"])
        statistician.load_state_dict(stored["statistician"])
    else:
        train_critic(critic, clips, np.random.default_rng(4), options.critic_minutes or options.minutes / 8)
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
        with reduced_precision("cpu"):
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
        with reduced_precision("cpu"):
            real, made = veiled(real, level), veiled(heard.detach(), level)
            logits, on_real = critic(real, level, pool.labels)
            _, on_made = critic(made, level, pool.labels)
            _, near_real = critic(real + 0.05 * torch.randn_like(real), level, pool.labels)
            steady = (near_real - on_real).float().pow(2).mean() * 20  # a finite difference in place of a gradient penalty
            loss = (F.softplus(-on_real.float()).mean() + F.softplus(on_made.float()).mean() + steady
                    + naming_loss(logits.float(), pool.labels))
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
            write_log(options.work, "refine.jsonl", entry)
        if time.time() - saved > 180:
            saved = time.time()
            save(in_work(options.target), average=average.state_dict(), student=student.state_dict(), critic=critic.state_dict(), step=step)
    save(in_work(options.target), average=average.state_dict(), student=student.state_dict(), critic=critic.state_dict(), step=step)
    write_samples(options.work, step, average, guidance=1.0, name="samples-refined")


if __name__ == "__main__":
    main()
