"""Renders captioned clips and stores their latents.

    python render_dataset.py --work DIR --clips 6000 [--processes 2]

Writes shards DIR/clips/NNNNN.npy (float16 latents [frames, K], clips one after another) and NNNNN.jsonl (one line a clip: facts, first
frame, number of frames). Shards that exist are skipped, so the command can be repeated and extended.
"""
import argparse
import json
import multiprocessing
import os

import numpy as np

from data.clips import make_clip
from data.render import DEFAULT_SOUNDFONT, Synthesizer
from fit_pretransform import load

CLIPS_PER_SHARD = 250
#: Every shard of this rest class holds a few long clips instead, so that long requests are heard in training.
LONG_EVERY, LONG_SECONDS, LONG_CLIPS = 8, 30.0, 60


def render_shard(work, soundfont, shard):
    target = os.path.join(work, "clips", f"{shard:05d}")
    if os.path.exists(target + ".jsonl"):
        return
    pretransform, synthesizer = load(work), Synthesizer(soundfont)
    long = shard % LONG_EVERY == LONG_EVERY - 1
    latents, lines, position = [], [], 0
    for number in range(LONG_CLIPS if long else CLIPS_PER_SHARD):
        facts, audio = make_clip(synthesizer, shard * CLIPS_PER_SHARD + number, LONG_SECONDS if long else None)
        samples = audio.shape[1] // pretransform.ratio * pretransform.ratio
        latents.append(pretransform.encode(audio[:, :samples]).T.astype(np.float16))
        lines.append(json.dumps({"facts": facts, "start": position, "frames": len(latents[-1])}))
        position += len(latents[-1])
    np.save(target + ".npy", np.concatenate(latents))
    with open(target + ".jsonl", "w") as file:
        file.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--soundfont", default=DEFAULT_SOUNDFONT)
    parser.add_argument("--clips", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    os.makedirs(os.path.join(options.work, "clips"), exist_ok=True)
    jobs = [(options.work, options.soundfont, shard) for shard in range(-(-options.clips // CLIPS_PER_SHARD))]
    with multiprocessing.Pool(options.processes) as pool:
        pool.starmap(render_shard, jobs, chunksize=1)


if __name__ == "__main__":
    main()
