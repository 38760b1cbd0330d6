"""Measures a model folder: reconstruction, prompt control, effect words, likeness to the source, editing, durations, recordings.

    python evaluate.py --model models/retone-small --out DIR [--engine node] [--quick]

Sources and the judge come from a soundfont that training never saw. Writes DIR/report.json, report.md, spectrograms and index.html
with audio to listen to. All at the defaults of the model unless a line says otherwise: 8 steps, guidance 1, noise 0.9. `--engine
node` makes every sound with the TypeScript engine instead of PyTorch (needs `npm install` in the repository).
"""
import argparse
import os
import pickle
import time

import torch

from data.clips import make_clip
from data.render import DEFAULT_SOUNDFONT, HELD_OUT_SOUNDFONT, Synthesizer
from engines import ENGINES
from judge import report
from judge.classifier import CLASSES, Judge, features
from judge.experiments import EXPERIMENTS

SECONDS = 96 * 2048 / 44100
FULL = {"judge": 60, "judge_test": 12, "transforms": 200, "pairs": 50, "edits": 48}
QUICK = {"judge": 30, "judge_test": 4, "transforms": 48, "pairs": 16, "edits": 16}


class Evaluation:
    """One run; `counts` gives how many clips each experiment uses. Experiments fill `report` and give examples."""

    def __init__(self, engine, counts, out):
        self.engine, self.counts, self.out, self.report, self.sounds = engine, counts, out, {}, []
        self.held_out, self.judge = Synthesizer(HELD_OUT_SOUNDFONT), None

    def source(self, name, seed, synthesizer=None, effects=(), seconds=SECONDS):
        """A clip of one judged class, [2, samples]."""
        kind = ("drums",) if name == "drums" else ("instrument", name)
        return make_clip(synthesizer or self.held_out, seed, seconds, *kind, effects=effects)[1]

    def training_synthesizer(self):
        return Synthesizer(DEFAULT_SOUNDFONT)

    def rebuild(self, audio):
        """Through the pretransform and back."""
        return self.engine.rebuild(audio)[:, :audio.shape[1]]

    def transform(self, sources, prompts, level=0.9, seed=0):
        """Audio-to-audio on lists; every source has a seed of its own."""
        return [self.engine.transform(source, prompt, level, seed + i) for i, (source, prompt) in enumerate(zip(sources, prompts))]

    def example(self, name, audio):
        """Keeps a sound for the listening page."""
        file = f"{len(self.sounds):03d}.wav"
        report.write_sound(os.path.join(self.out, file), audio)
        self.sounds.append((name, file))

    def train_judge(self, kept):
        """Fits the judge on held-out renders, half of them also reconstructed; `kept` is a file to keep it in between runs."""
        if kept and os.path.exists(kept):
            with open(kept, "rb") as file:
                self.judge = pickle.load(file)
            return
        vectors, names = [], []
        for number in range(self.counts["judge"]):
            for index, name in enumerate(CLASSES):
                clip = self.source(name, 50_000_000 + 1000 * number + index, effects=None if number % 3 == 0 else ())
                versions = [clip, self.rebuild(clip)] if number % 2 == 0 else [clip]
                vectors += [features(version) for version in versions]
                names += [name] * len(versions)
        self.judge = Judge().fit(vectors, names)
        if kept:
            with open(kept, "wb") as file:
                pickle.dump(self.judge, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--engine", choices=ENGINES, default="python", help="what makes the sounds")
    parser.add_argument("--quick", action="store_true", help="fewer clips")
    parser.add_argument("--judge", help="file to keep the fitted judge in between runs")
    parser.add_argument("--parts", nargs="*", default=list(EXPERIMENTS), choices=EXPERIMENTS)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    run = Evaluation(ENGINES[options.engine](options.model), QUICK if options.quick else FULL, options.out)
    begin = time.time()
    run.train_judge(options.judge)
    for part in options.parts:
        EXPERIMENTS[part](run)
        run.report["run"] = {"engine": options.engine, "minutes": round((time.time() - begin) / 60, 1)}
        report.write_figures(options.out, run.report)
        print(part, run.report["run"], flush=True)
    run.engine.close()
    report.write_page(options.out, "Built-in model: listen", run.sounds)


if __name__ == "__main__":
    main()
