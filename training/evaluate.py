"""Measures a model folder: reconstruction, noise levels, rhythm, prompts, mono, long results, speed, prompt control, editing.

    python evaluate.py --engine node [--model ../models/retone-small] [--out DIR] [--quick] [--only EXPERIMENT ...]

Every experiment is at the model's defaults (steps, guidance) and at noise level 0.9 unless its name says otherwise. Sources are recordings
that no training uses (`judge/recordings.py`) and renders of soundfonts that no training uses; those train the judge as well. Prints the
table of what is wanted (`judge/targets.py`) and writes DIR/report.json, report.md, sounds and index.html to listen to them.
`--engine node` makes every sound with the TypeScript engine of this checkout (needs `npm ci`) as users get it, `--engine python` with PyTorch.
A run with `--only` adds to the report that is in DIR.
"""
import argparse
import json
import os
import time

import torch

from engines import ENGINES
from judge import recordings, report, targets
from judge.classifier import fitted_judge
from judge.experiments import EXPERIMENTS

HERE = os.path.dirname(os.path.abspath(__file__))
FULL = {"speech": 8, "levels": 12, "tempos": 4, "matrix sources": 6, "no drums": 10, "opposites": 24, "mono": 12, "course seconds": 120, "speed": 5,
        "judge": 32, "judge decoded": 4, "judge test": 4, "control": 6, "control of recordings": 3, "edits": 48}
QUICK = {"speech": 4, "levels": 4, "tempos": 2, "matrix sources": 2, "no drums": 5, "opposites": 6, "mono": 5, "course seconds": 30, "speed": 2,
         "judge": 10, "judge decoded": 2, "judge test": 2, "control": 2, "control of recordings": 1, "edits": 8}
OPTIONAL = ("words", "editing", "durations")


class Evaluation:
    """One run; `counts` gives how much each experiment does. Experiments fill `report` and give examples."""

    def __init__(self, options):
        self.model, self.out, self.level = options.model, options.out, options.level
        self.counts = QUICK if options.quick else FULL
        self.engine = ENGINES[options.engine](options.model, options.precision)
        self.judge_folder = options.judge or os.path.join(options.out, "judge")
        self.report, self.sounds, self.spectra, self.ceiling = {}, [], {}, {}
        self._recordings = self._judge = None

    @property
    def recordings(self):
        if self._recordings is None:
            self._recordings = recordings.find()
        return self._recordings

    @property
    def judge(self):
        """The instrument judge, fitted at its first use."""
        if self._judge is None:
            self._judge = fitted_judge(self.judge_folder, self.rebuild, self.counts["judge"], self.counts["judge decoded"])
        return self._judge

    def rebuild(self, audio):
        """Encoded and decoded."""
        return self.engine.rebuild(audio)[:, :audio.shape[1]]

    def transform(self, audio, prompt, level=0.9, seed=0):
        """Audio-to-audio of one sound."""
        return self.engine.transform(audio, prompt, level, seed)

    def example(self, name, audio):
        """Keeps a sound for the listening page."""
        file = f"{len(self.sounds):03d}.wav"
        report.write_sound(os.path.join(self.out, file), audio)
        self.sounds.append((name, file))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=os.path.join(HERE, "..", "models", "retone-small"))
    parser.add_argument("--out", default="evaluation", help="folder for the report")
    parser.add_argument("--engine", choices=ENGINES, default="python", help="what makes the sounds")
    parser.add_argument("--precision", help="of the node engine; default: the users'")
    parser.add_argument("--quick", action="store_true", help="a quarter of the work, for a first look")
    parser.add_argument("--judge", help="folder to keep fitted judges in between runs; default: judge in the report's folder")
    parser.add_argument("--level", type=float, default=0.9, help="noise level of the experiment control")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, help=f"experiments to run; default: all but {', '.join(OPTIONAL)}")
    parser.add_argument("--all", action="store_true", help=f"also {', '.join(OPTIONAL)}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.out, exist_ok=True)
    run = Evaluation(options)
    kept = os.path.join(options.out, "report.json")
    if options.only and os.path.exists(kept):
        with open(kept) as file:
            run.report = json.load(file)
    run.report["run"] = {**run.report.get("run", {}), "engine": options.engine, "precision": options.precision or "the users' default", "quick": options.quick}
    for name in options.only or [n for n in EXPERIMENTS if options.all or n not in OPTIONAL]:
        begin = time.time()
        EXPERIMENTS[name](run)
        run.report["run"][f"{name} (minutes)"] = round((time.time() - begin) / 60, 1)
        report.write_figures(options.out, run.report)
        print(f"{name}: {time.time() - begin:.0f} s", flush=True)
    run.engine.close()
    report.write_page(options.out, "Built-in model: listen", run.sounds)
    print("\n".join(targets.table(run.report)))


if __name__ == "__main__":
    main()
