"""Regions filled in and endings made up, beside what noise, another clip and the recording itself would give in their place."""
import numpy as np

from .. import measures
from ..classes import prompt
from ..clips import clip


def editing(run):
    names = [run.judge.classes[i % len(run.judge.classes)] for i in range(run.counts["edits"])]
    clips = [clip(name, 98_000_000 + i, seconds=6) for i, name in enumerate(names)]
    rng = np.random.default_rng(6)
    noise = lambda sound: (rng.normal(0, np.sqrt(np.mean(sound ** 2)), sound.shape)).astype(np.float32)
    for task, start, end in (("inpainting", 2.0, 4.0), ("outpainting", 3.0, 6.0)):
        first, last = int(start * 44100), int(end * 44100)
        if task == "inpainting":
            made = [run.engine.inpaint(sound, start, end, prompt(name), seed=i) for i, (sound, name) in enumerate(zip(clips, names))]
        else:
            made = [run.engine.outpaint(sound[:, :first], end - start, prompt(name), seed=i) for i, (sound, name) in enumerate(zip(clips, names))]
        replaced = lambda sound, filling: np.concatenate([sound[:, :first], filling[:, first:last], sound[:, last:]], 1)
        rivals = {"made": made, "original": clips, "noise": [replaced(c, noise(c)) for c in clips],
                  "another clip": [replaced(c, clips[i - 5]) for i, c in enumerate(clips)]}
        kept = lambda sound: np.concatenate([sound[:, :first], sound[:, last:]], 1)
        out = {"clips": len(clips), "kept samples changed (without 20 ms at seams)": int(sum(
            (np.abs(m[:, :first - 882] - c[:, :first - 882]) > 1e-4).sum() for m, c in zip(made, clips)))}
        for name, group in rivals.items():
            difference = [abs(measures.loudness(c[:, first:last]) - measures.loudness(kept(c))) for c in group]
            out[f"{name}: loudness against the surroundings, median of |LU|"] = float(np.median(difference))
            out[f"{name}: mean spectrum against the surroundings (dB)"] = float(np.mean(
                [measures.spectrum_distance(c[:, first:last], kept(c)) for c in group]))
            out[f"{name}: jump of the level at the seam, median (dB)"] = float(np.median([measures.seam_jump_db(c, first) for c in group]))
            out[f"{name}: seams with a click"] = float(np.mean([measures.clicks(c, first) for c in group]))
        for name, group in (("made", made), ("original", clips)):
            out[f"{name}: instrument named in the region"] = float(np.mean(
                [run.judge.rank(sound[:, first:last])[0] == wanted for sound, wanted in zip(group, names)]))
        run.report[task] = out
        for i in range(3):
            run.example(f"{task}: {names[i]}", made[i])
