"""Whether the prompt is heard: how often the judge names the instrument that was asked for. Its own errors stand beside it."""
import os

import numpy as np

from ..classes import prompt
from ..clips import clip
from ..independence import TRAINING
from ..players import Font
from ..recordings import labelled
from .shared import levels_of, share

FORMS = ("{}", "turn it into {}", "{} melody", "{}, clean")


def judge(run):
    """The judge's ceiling: right on clips of its own sources that it did not train on, on a training soundfont, on real recordings;
    each as it is, and encoded and decoded."""
    classes, count = run.judge.classes, run.counts["judge test"]
    cases = [(name, 60_000_000 + 100 * n + i) for n in range(count) for i, name in enumerate(classes)]
    groups = {"its own sources, other clips": [(name, clip(name, seed)) for name, seed in cases],
              **{f"renders of {font}": [(name, clip(name, seed, player)) for name, seed in cases]
                 for font, path in TRAINING.items() if os.path.exists(path) for player in (Font(path),)},
              "labelled recordings": [(name, audio) for name, audio in labelled() if name in classes]}
    out = {"classes": len(classes)}
    for group, pairs in groups.items():
        names = [name for name, _ in pairs]
        for kind, clips in (("", [audio for _, audio in pairs]), (", decoded", [run.rebuild(audio) for _, audio in pairs])):
            ranks = [run.judge.rank(audio).index(name) for name, audio in zip(names, clips)]
            out[f"{group}{kind}: right"], out[f"{group}{kind}: among three"] = share(np.array(ranks) == 0), share(np.array(ranks) < 3)
            if group == "renders of FluidR3":
                run.ceiling = {name: share([r == 0 for r, n in zip(ranks, names) if n == name]) for name in classes}
        out[f"{group}: clips"] = len(pairs)
    run.report["judge"] = out


def words_for(name, number):
    """The prompt for a class, in one of four forms."""
    return prompt(name) if name == "drums" else FORMS[number % 4].format(prompt(name))


def control(run):
    """Targets of every class, each from sources of other classes: rendered ones of the judge's players, and real recordings apart."""
    classes, rng = run.judge.classes, np.random.default_rng(3)
    real = [s for s in run.recordings if s.real and s.kind not in ("note", "test") and s.audio.shape[1] > 2 * 44100]
    out, per_class = {}, {}
    for group, count in (("rendered sources", run.counts["control"]), ("real recordings", run.counts["control of recordings"])):
        first, third, stays, sources, results, cases = [], [], [], [], [], []
        for number in range(count):
            for i, target in enumerate(classes):
                if group == "rendered sources":
                    other = str(rng.choice([name for name in classes if name != target]))
                    source = clip(other, 80_000_000 + 100 * number + i)
                else:
                    other, source = None, real[(i * 7 + number * 5) % len(real)].audio[:, :int(4.5 * 44100)]
                result = run.transform(source, words_for(target, number), run.level, seed=1000 * number + i)
                ranked = run.judge.rank(result)
                first.append(ranked[0] == target)
                third.append(target in ranked[:3])
                stays.append(ranked[0] == other)
                cases.append((target, ranked[0]))
                sources.append(source)
                results.append(result)
        out[f"{group}: transforms"], out[f"{group}: target first"], out[f"{group}: target among three"] = len(first), share(first), share(third)
        if group == "rendered sources":
            out[f"{group}: source named first"] = share(stays)
        per_class[group] = {name: share([heard == name for wanted, heard in cases if wanted == name]) for name in classes}
        out[f"{group}: lowest class"] = min(per_class[group].values())
        run.report[f"prompt control by class, {group}"] = {
            name: f"{value:.2f}" + (f" (judge on FluidR3, decoded: {run.ceiling[name]:.2f})" if run.ceiling else "") + mistakes(cases, name)
            for name, value in sorted(per_class[group].items(), key=lambda item: -item[1])}
        run.report[f"loudness of transforms, {group}"] = levels_of(sources, results)
        for i in range(0, min(len(results), len(classes)), 3):
            run.example(f"source ({group})", sources[i])
            run.example(f"prompt: {words_for(classes[i % len(classes)], 0)}", results[i])
    run.report["prompt control"] = {"level": run.level, **out}


def mistakes(cases, name):
    """The two classes that were named most often instead."""
    wrong = [heard for wanted, heard in cases if wanted == name != heard]
    common = sorted(set(wrong), key=wrong.count, reverse=True)[:2]
    return f"; instead {', '.join(f'{c} {wrong.count(c)}' for c in common)}" if common else ""
