"""Trains the built-in model on the clips of a work folder, resumable after a kill.

    python prepare.py --work DIR && python render_dataset.py --work DIR --clips 12000
    python train.py --work DIR --minutes 600 [--final-rate 1e-4] [--tokens 2560]

Warms the text encoder up on naming the facts of a caption, then trains all jointly with rectified flow. Writes DIR/checkpoint.pt every
few minutes (weights, their moving average, optimisers, step), DIR/log.jsonl, DIR/plots/, and on a CPU now and then sounds in
DIR/samples/ to listen to. Run it again to go on: shards that were rendered since are used as well, also while it runs.
"""
import argparse
import copy
import json
import os
import time

import numpy as np
import torch
from torch import nn

from data import captions
from data.tokenizer import Tokenizer
from dataset import Clips, draw_bucket
from machine import reduced_precision, save, set_up
from model.retone import Retone
from objective import measure, naming_loss, pooled, training_losses

HERE = os.path.dirname(os.path.abspath(__file__))
EMA = 0.999
WARM_UP_STEPS = 500


def new_model(work):
    """An untrained `Retone` with the work folder's tokenizer (`prepare.py`)."""
    with open(os.path.join(HERE, "config", "model_config.json")) as file:
        config = json.load(file)
    with open(os.path.join(HERE, "config", "text-encoder", "config.json")) as file:
        text_config = json.load(file)
    torch.manual_seed(1)
    model = Retone(config, text_config, Tokenizer.load(os.path.join(work, "tokenizer.json")))
    nn.init.normal_(model.text_encoder.embed_tokens.weight, std=text_config["encoder"]["hidden_size"] ** -0.5)
    nn.init.zeros_(model.dit.transformer.project_out.weight)
    return model


def warm_up_text(model, head, clips, rng, steps):
    """Teaches the text encoder to name the facts of captions, so that prompts are apart before the DiT reads them."""
    optimiser = torch.optim.AdamW([*model.text_encoder.parameters(), *head.parameters()], lr=1e-3)
    for step in range(steps):
        batch = clips.batch(rng, 1, 128)
        loss = naming_loss(head(pooled(model.encode_text(batch.ids, batch.mask), batch.mask)), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"text warm-up {step}: {loss.item():.3f}", flush=True)


def optimisers(model, head, rate, device):
    """Muon for the matrices of the transformer's blocks where there is a GPU, AdamW for the rest.

    On a CPU AdamW serves all: Muon's orthogonalisation runs in bfloat16, and would cost as much as the step itself.
    """
    matrices = [p for p in model.dit.transformer.layers.parameters() if p.ndim == 2] if device == "cuda" else []
    chosen = {id(p) for p in matrices}
    rest = [p for p in [*model.parameters(), *head.parameters()] if id(p) not in chosen]
    adam = torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.99), weight_decay=0.01)
    if not matrices:
        return [adam]
    return [adam, torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")]


class Trainer:
    """Model, moving average, optimisers and step, kept in `DIR/checkpoint.pt`."""

    def __init__(self, work, device, rate, warm_up=WARM_UP_STEPS):
        self.work, self.device, self.path = work, device, os.path.join(work, "checkpoint.pt")
        self.clips, self.held_out = Clips(work, device=device), Clips(work, held_out=True, device=device)
        self.model = new_model(work).to(device)
        self.head = nn.Linear(self.model.text_encoder.config["hidden_size"], captions.LABEL_COUNT).to(device)
        self.step, state = 0, None
        if os.path.exists(self.path):
            state = torch.load(self.path, map_location=device)
            self.model.load_state_dict(state["model"])
            self.head.load_state_dict(state["head"])
            self.step = state["step"]
        else:
            warm_up_text(self.model, self.head, self.clips, np.random.default_rng(2), warm_up)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimisers = optimisers(self.model, self.head, rate, device)
        if state:
            self.average.load_state_dict(state["average"])
            # A checkpoint of another kind of machine has other optimisers: its weights go on with fresh ones.
            if len(state["optimisers"]) == len(self.optimisers):
                for optimiser, stored in zip(self.optimisers, state["optimisers"]):
                    optimiser.load_state_dict(stored)
        self.rng = np.random.default_rng(100 + self.step)
        torch.manual_seed(100 + self.step)

    def advance(self, rate, tokens):
        """One step of about `tokens` latent frames; returns the losses and the gradient's norm as tensors (reading them waits for a GPU)."""
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * min(1, (self.step + 1) / 200)
        with reduced_precision(self.device):
            flow, naming = training_losses(self.model, self.head, self.clips.batch(self.rng, *draw_bucket(self.rng, tokens)), self.rng)
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        (flow + 0.05 * naming).backward()
        parameters = [*self.model.parameters(), *self.head.parameters()]
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        decay = min(EMA, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)
        return torch.stack([flow.detach().float(), naming.detach().float(), norm.detach().float()])

    def store(self):
        save(self.path, model=self.model.state_dict(), average=self.average.state_dict(), head=self.head.state_dict(),
             optimisers=[optimiser.state_dict() for optimiser in self.optimisers], step=self.step)


def write_log(work, name, entry):
    """Prints an entry and appends it to DIR/name."""
    line = json.dumps(entry)
    print(line, flush=True)
    with open(os.path.join(work, name), "a") as file:
        file.write(line + "\n")


def train(trainer, minutes, rate, final_rate, tokens, every=50, measure_every=400, store_every=240.0, samples_every=2000):
    """Trains for some minutes; the rate falls linearly from `rate` to `final_rate` over them."""
    begin = saved = logged = time.time()
    seen = []
    while (gone := (time.time() - begin) / (minutes * 60)) < 1:
        seen.append(trainer.advance(rate + (final_rate - rate) * gone, tokens))
        if trainer.step % every == 0:
            flow, naming, norm = torch.stack(seen).mean(0).tolist()
            entry = {"step": trainer.step, "minutes": round((time.time() - begin) / 60, 2), "clips": trainer.clips.refresh(),
                     "seconds_a_step": round((time.time() - logged) / len(seen), 3), "flow": round(flow, 4), "naming": round(naming, 3), "norm": round(norm, 3)}
            if trainer.step % measure_every == 0:
                with reduced_precision(trainer.device):
                    entry["held_out"] = measure(trainer.average, trainer.held_out)
            if samples_every and trainer.step % samples_every == 0:
                from listen import write_samples
                write_samples(trainer.work, trainer.step, trainer.average)
            write_log(trainer.work, "log.jsonl", entry)
            seen, logged = [], time.time()
        if time.time() - saved > store_every:
            saved = time.time()
            trainer.store()
    trainer.store()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=65, help="how long this call trains")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--final-rate", type=float, default=None, help="falls linearly to this over the call's minutes")
    parser.add_argument("--tokens", type=int, default=2560, help="latent frames in a batch")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    trainer = Trainer(options.work, set_up(options.threads), options.rate)
    print(f"{sum(p.numel() for p in trainer.model.dit.parameters()) / 1e6:.2f} M DiT, "
          f"{sum(p.numel() for p in trainer.model.text_encoder.parameters()) / 1e6:.2f} M text, "
          f"{len(trainer.clips.facts)} clips, on {trainer.device}, from step {trainer.step}", flush=True)
    train(trainer, options.minutes, options.rate, options.rate if options.final_rate is None else options.final_rate, options.tokens)


if __name__ == "__main__":
    main()
