"""Renders captioned clips and stores what training needs of them.

    python prepare.py --work DIR
    python render_dataset.py --work DIR --clips 12000 [--processes 2]

Writes shards DIR/clips/NNNNN.npz and NNNNN.jsonl (one line a clip: facts, first frame, number of frames, and for one of two clips with the
same score the other's line). The arrays hold all clips of the shard one after another: latents [frames, K] and structure [frames, S]
in float16, tokens int16 [clips, VARIANTS, L] of several wordings of each clip's caption, and heard uint8 [clips, VARIANTS, labels]: the
facts that each wording decides. Shards that exist are skipped, so the command can be stopped, repeated and extended.
"""
import argparse
import json
import multiprocessing
import os

import numpy as np

from data import captions
from data.clips import make_clip, make_pair
from data.render import load_synthesizers
from data.tokenizer import Tokenizer
from fit_pretransform import load
from model.loudness import gain_for
from model.structure import Structure

CLIPS_PER_SHARD = 128
#: Every so many entries of a shard are two clips with the same score: about half of all clips, which is what turning one sound into another is learnt from.
PAIR_EVERY = 3
#: Every shard of this rest class holds a few long clips instead, so that long requests are heard in training.
LONG_EVERY, LONG_SECONDS, LONG_SHARE = 8, 30.0, 40  # in per cent of the number of short ones
VARIANTS, EMPTY, MAX_TOKENS = 8, 0.03, 64


class Shard:
    """Arrays and lines of the clips added so far."""

    def __init__(self, pretransform, tokenizer, rng):
        self.pretransform, self.tokenizer, self.rng, self.structure = pretransform, tokenizer, rng, Structure()
        self.arrays = {name: [] for name in ("latents", "structure", "tokens", "heard")}
        self.lines, self.frames = [], 0

    def add(self, facts, audio, pair=None):
        """Adds a clip; `pair` is the line of its partner."""
        audio = audio[:, :audio.shape[1] // self.pretransform.ratio * self.pretransform.ratio]
        audio = audio * np.float32(gain_for(audio, self.pretransform.config["loudness"]))
        tokens, heard = self.worded(facts)
        for name, array in (("latents", self.pretransform.encode(audio).T.astype(np.float16)), ("tokens", tokens), ("heard", heard),
                            ("structure", self.structure.analyse(audio).T.astype(np.float16))):
            self.arrays[name].append(array)
        frames = len(self.arrays["latents"][-1])
        line = {"facts": facts, "start": self.frames, "frames": frames}
        self.lines.append(line if pair is None else {**line, "pair": pair})
        self.frames += frames

    def worded(self, facts):
        """Token ids [VARIANTS, L] and decided facts [VARIANTS, labels] of several captions of the facts."""
        tokens = np.zeros((VARIANTS, MAX_TOKENS), np.int16)
        heard = np.zeros((VARIANTS, captions.LABEL_COUNT), np.uint8)
        for row in range(VARIANTS):
            text = "" if self.rng.random() < EMPTY else captions.caption(self.rng, facts)
            ids = self.tokenizer.encode(text, MAX_TOKENS)
            tokens[row, :len(ids)] = ids
            heard[row] = np.asarray(captions.worded(text, facts)) if text else 0
        return tokens, heard

    def write(self, target):
        """Writes target.npz, then target.jsonl, each in one stroke; the shard counts when the latter is there."""
        stacked = {name: np.concatenate(x) if name in ("latents", "structure") else np.stack(x) for name, x in self.arrays.items()}
        with open(target + ".npz.new", "wb") as file:
            np.savez(file, **stacked)
        os.replace(target + ".npz.new", target + ".npz")
        with open(target + ".jsonl.new", "w") as file:
            file.write("".join(json.dumps(line) + "\n" for line in self.lines))
        os.replace(target + ".jsonl.new", target + ".jsonl")


def render_shard(work, number, clips=CLIPS_PER_SHARD):
    """Renders shard `number` of a work folder, of about so many clips, unless it is there."""
    target = os.path.join(work, "clips", f"{number:05d}")
    if os.path.exists(target + ".jsonl"):
        return
    synthesizers = load_synthesizers()
    shard = Shard(load(work), Tokenizer.load(os.path.join(work, "tokenizer.json")), np.random.default_rng(number))
    long = number % LONG_EVERY == LONG_EVERY - 1
    seconds, count = (LONG_SECONDS, -(-clips * LONG_SHARE // 100)) if long else (None, clips)
    seed = number * clips
    while len(shard.lines) < count:
        seed += 1
        if seed % PAIR_EVERY == 0:
            line = len(shard.lines)
            for offset, (facts, audio) in enumerate(make_pair(synthesizers, seed, seconds)):
                shard.add(facts, audio, pair=line + 1 - offset)
        else:
            shard.add(*make_clip(synthesizers, seed, seconds))
    shard.write(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--clips", type=int, default=12000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    os.makedirs(os.path.join(options.work, "clips"), exist_ok=True)
    shards = range(-(-options.clips // CLIPS_PER_SHARD))
    with multiprocessing.Pool(options.processes) as pool:
        pool.starmap(render_shard, [(options.work, number) for number in shards], chunksize=1)


if __name__ == "__main__":
    main()
