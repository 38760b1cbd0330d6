"""Measures a model folder: reconstruction, prompt control, effect words, likeness to the source, the seed prompt.

    python evaluate.py --model models/retone-small --out DIR [--quick]

Sources and the judge come from a soundfont that training never saw. Writes DIR/report.json, report.md, spectrograms and index.html
with audio to listen to. All at the defaults of the model unless a line says otherwise: 8 steps, guidance 1, noise 0.9.
"""
import argparse
import html
import json
import os
import pickle

import numpy as np
import torch
from scipy.io import wavfile

from data.clips import make_clip
from data.render import DEFAULT_SOUNDFONT, HELD_OUT_SOUNDFONT, Synthesizer
from judge import measures
from judge.classifier import CLASSES, Judge, features
from model.retone import load

SECONDS = 96 * 2048 / 44100
SEED_PROMPT = "dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix"
WORD_PAIRS = (("dark", "bright", measures.centroid, "below"), ("spacious", "dry", measures.decay_seconds, "above"),
              ("distorted", "clean", measures.overtone_share, "above"))


class Evaluation:
    """One run; `counts` gives how many clips each part uses."""

    def __init__(self, model, counts, out):
        self.model, self.counts, self.out, self.report, self.examples = model, counts, out, {}, []
        self.held_out = Synthesizer(HELD_OUT_SOUNDFONT)

    def source(self, name, seed, synthesizer=None, effects=()):
        """A clip of one judged class, [2, samples]."""
        if name == "drums":
            return make_clip(synthesizer or self.held_out, seed, SECONDS, "drums", effects=effects)[1]
        return make_clip(synthesizer or self.held_out, seed, SECONDS, "instrument", name, effects)[1]

    def rebuild(self, audio):
        """Through the pretransform and back."""
        return self.model.pretransform.decode(self.model.pretransform.encode(audio))[:, :audio.shape[1]]

    def transform(self, sources, prompts, level=0.9, seed=0):
        """Audio-to-audio on lists; batches of eight."""
        out = []
        for start in range(0, len(sources), 8):
            latents = torch.from_numpy(np.stack([self.model.pretransform.encode(s) for s in sources[start:start + 8]]))
            result = self.model.transform(latents, prompts[start:start + 8], level, seed=seed + start)
            out += [self.model.pretransform.decode(z.numpy()) for z in result]
        return out

    def example(self, name, audio):
        """Keeps a clip for the listening page."""
        peak = max(1.0, float(np.abs(audio).max()))
        file = f"{len(self.examples):03d}.wav"
        wavfile.write(os.path.join(self.out, file), 44100, (audio.T / peak * 32767).astype(np.int16))
        self.examples.append((name, file))

    def train_judge(self, kept):
        """Judge on held-out renders; its accuracy on new originals, on reconstructions, and on the training soundfont.

        `kept` is a file that holds the judge and these figures between runs (it depends on the pretransform, not on the rest of the model).
        """
        if kept and os.path.exists(kept):
            with open(kept, "rb") as file:
                self.judge, figures = pickle.load(file)
            self.report.update(figures)
            return
        vectors, names = [], []
        for number in range(self.counts["judge"]):
            for index, name in enumerate(CLASSES):
                clip = self.source(name, 50_000_000 + 1000 * number + index, effects=None if number % 3 == 0 else ())
                vectors.append(features(clip))
                names.append(name)
                if number % 2 == 0:
                    vectors.append(features(self.rebuild(clip)))
                    names.append(name)
        self.judge = Judge().fit(vectors, names)
        tests = [(name, 60_000_000 + 1000 * n + i) for n in range(self.counts["judge_test"]) for i, name in enumerate(CLASSES)]
        names = [name for name, _ in tests]
        originals = [self.source(name, seed) for name, seed in tests]
        rebuilt = [self.rebuild(clip) for clip in originals]
        training = Synthesizer(DEFAULT_SOUNDFONT)
        seen = [self.source(name, seed, training) for name, seed in tests]
        self.report["judge"] = {
            "classes": len(CLASSES), "test clips": len(tests), "accuracy on originals": self.judge.accuracy(originals, names),
            "accuracy on reconstructions": self.judge.accuracy(rebuilt, names),
            "accuracy on renders of the training soundfont": self.judge.accuracy(seen, names)}
        self.reconstruction(originals, rebuilt)
        if kept:
            with open(kept, "wb") as file:
                pickle.dump((self.judge, self.report), file)

    def reconstruction(self, originals, rebuilt):
        """Distances between clips and their reconstructions."""
        bright = [self.source(CLASSES[i % 16], 70_000_000 + i, effects=("bright",)) for i in range(self.counts["pairs"])]
        high = [measures.high_db(self.rebuild(c)) - measures.high_db(c) for c in bright]
        wide = [self.source(CLASSES[i % 16], 71_000_000 + i, effects=("wide",)) for i in range(self.counts["pairs"])]
        width = [measures.width_db(self.rebuild(c)) - measures.width_db(c) for c in wide]
        self.report["reconstruction"] = {
            "log-mel distance (dB)": float(np.mean([measures.log_mel_distance(a, b) for a, b in zip(originals, rebuilt)])),
            "energy above 8 kHz, difference on bright clips, median (dB)": float(np.median(high)),
            "bright clips within 6 dB": float(np.mean(np.abs(high) < 6)),
            "stereo width, difference on wide clips, median (dB)": float(np.median(width)),
            "largest sample step over that of the original, 99th percentile": float(np.percentile(
                [measures.largest_step(b) / measures.largest_step(a) for a, b in zip(originals, rebuilt)], 99))}
        for index in (0, 7, 13):
            self.example(f"original: {CLASSES[index]}", originals[index])
            self.example(f"reconstruction: {CLASSES[index]}", rebuilt[index])

    def prompt_control(self):
        """Named targets on sources of another class."""
        rng = np.random.default_rng(3)
        pairs = []
        while len(pairs) < self.counts["transforms"]:
            source, target = rng.choice(len(CLASSES), 2, replace=False)
            pairs.append((CLASSES[source], CLASSES[target]))
        sources = [self.source(name, 80_000_000 + i) for i, (name, _) in enumerate(pairs)]
        forms = ("{}", "turn it into {}", "{} melody", "{}, clean")
        prompts = [(forms[i % 4] if target != "drums" else "rock {}").format(target if target != "drums" else "drums")
                   for i, (_, target) in enumerate(pairs)]
        results = self.transform(sources, prompts)
        ranks = [self.judge.rank(clip).index(target) for clip, (_, target) in zip(results, pairs)]
        stays = [self.judge.rank(clip)[0] == source for clip, (source, _) in zip(results, pairs)]
        per_class = {name: [r == 0 for r, (_, t) in zip(ranks, pairs) if t == name] for name in CLASSES}
        self.report["prompt control"] = {
            "transforms": len(pairs), "target first": float(np.mean(np.array(ranks) == 0)),
            "target among first three": float(np.mean(np.array(ranks) < 3)), "source named first": float(np.mean(stays)),
            "target first, by class": {k: f"{sum(v)}/{len(v)}" for k, v in per_class.items()}}
        for i in range(0, min(len(pairs), 12)):
            self.example(f"source: {pairs[i][0]}", sources[i])
            self.example(f"prompt: {prompts[i]}", results[i])

    def effect_words(self):
        """Same source, two opposite words."""
        out = {}
        for first, second, measure, direction in WORD_PAIRS:
            names = [CLASSES[i % 15] for i in range(self.counts["pairs"])]
            sources = [self.source(name, 90_000_000 + i) for i, name in enumerate(names)]
            a = self.transform(sources, [f"{first} {name}" for name in names], seed=7)
            b = self.transform(sources, [f"{second} {name}" for name in names], seed=7)
            values = np.array([(measure(x), measure(y)) for x, y in zip(a, b)])
            right = values[:, 0] < values[:, 1] if direction == "below" else values[:, 0] > values[:, 1]
            out[f"{first} {direction} {second} ({measure.__name__})"] = {
                "right": float(right.mean()), "medians": [float(v) for v in np.median(values, 0)], "pairs": len(values)}
            self.example(f"{first} {names[0]}", a[0])
            self.example(f"{second} {names[0]}", b[0])
        self.report["effect words"] = out

    def likeness(self):
        """Chroma correlation with the source as the noise level falls, and with unrelated sources."""
        melodic = [c for c in CLASSES if c not in ("drums", "bass")]
        names = [melodic[i % len(melodic)] for i in range(self.counts["pairs"])]
        sources = [self.source(name, 95_000_000 + i) for i, name in enumerate(names)]
        prompts = [names[(i + 5) % len(names)] for i in range(len(names))]
        out = {}
        for level in (0.9, 0.7, 0.5, 0.3, 0.1):
            results = self.transform(sources, prompts, level)
            out[f"level {level}"] = float(np.mean([measures.chroma_correlation(s, r) for s, r in zip(sources, results)]))
            if level == 0.5:
                out["level 0.5, unrelated sources"] = float(np.mean(
                    [measures.chroma_correlation(sources[i - 3], r) for i, r in enumerate(results)]))
        self.report["chroma correlation with the source"] = out

    def seed_prompt(self):
        """The seed document's prompt on sources of different classes."""
        sources = [self.source(CLASSES[(3 * i + 1) % 16], 97_000_000 + i) for i in range(10)]
        results = self.transform(sources, [SEED_PROMPT] * 10)
        lower = [measures.centroid(r) < measures.centroid(s) for s, r in zip(sources, results)]
        longer = [measures.decay_seconds(r) > measures.decay_seconds(s) for s, r in zip(sources, results)]
        self.report["seed prompt"] = {"lower centroid": sum(lower), "longer decay": sum(longer),
                                      "both": sum(a and b for a, b in zip(lower, longer)), "sources": 10}
        for i in range(3):
            self.example("source", sources[i])
            self.example("seed prompt", results[i])

    def write(self):
        """report.json, report.md, spectrograms and the listening page."""
        with open(os.path.join(self.out, "report.json"), "w") as file:
            json.dump(self.report, file, indent=1)
        lines = []
        for section, values in self.report.items():
            lines += [f"## {section}", "", "| measure | value |", "|---|---|"]
            for key, value in values.items():
                lines.append(f"| {key} | {f'{value:.3f}' if isinstance(value, float) else value} |")
            lines.append("")
        with open(os.path.join(self.out, "report.md"), "w") as file:
            file.write("\n".join(lines))
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
        rows = []
        for name, sound in self.examples:
            level = measures.log_mel(wavfile.read(os.path.join(self.out, sound))[1].T / 32768.0, 2048, 96)
            picture = sound.replace(".wav", ".png")
            pyplot.imsave(os.path.join(self.out, picture), level[::-1], cmap="magma")
            rows.append(f"<p>{html.escape(name)}<br><img src={picture} width=420 height=120><br><audio controls src={sound}></audio></p>")
        with open(os.path.join(self.out, "index.html"), "w") as file:
            file.write("<!doctype html><meta charset=utf-8><title>Listening page</title>" + "\n".join(rows))


FULL = {"judge": 60, "judge_test": 12, "transforms": 200, "pairs": 50}
QUICK = {"judge": 30, "judge_test": 4, "transforms": 48, "pairs": 16}
PARTS = ("prompt_control", "effect_words", "likeness", "seed_prompt")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true", help="fewer clips")
    parser.add_argument("--judge", help="file to keep the fitted judge in between runs")
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    run = Evaluation(load(options.model), QUICK if options.quick else FULL, options.out)
    run.train_judge(options.judge)
    for part in options.parts:
        getattr(run, part)()
        run.write()
        print(json.dumps(run.report, indent=1), flush=True)
    run.write()


if __name__ == "__main__":
    main()
