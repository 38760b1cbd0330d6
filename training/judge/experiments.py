"""What the evaluation does with a model. Every function takes the `Evaluation` that it adds its figures and examples to."""
import numpy as np

from . import measures, recordings
from .classifier import CLASSES

SEED_PROMPT = "dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix"
WORD_PAIRS = (("dark", "bright", measures.centroid, "below"), ("spacious", "dry", measures.decay_seconds, "above"),
              ("distorted", "clean", measures.overtone_share, "above"))
FORMS = ("{}", "turn it into {}", "{} melody", "{}, clean")
LEVELS = (0.9, 0.7, 0.5, 0.3, 0.1)


def judge(run):
    """How often the judge is right about clips that it did not train on: as they are, reconstructed, of the training soundfont."""
    tests = [(name, 60_000_000 + 1000 * n + i) for n in range(run.counts["judge_test"]) for i, name in enumerate(CLASSES)]
    names = [name for name, _ in tests]
    originals = [run.source(name, seed) for name, seed in tests]
    rebuilt = [run.rebuild(clip) for clip in originals]
    seen = [run.source(name, seed, run.training_synthesizer()) for name, seed in tests]
    run.report["judge"] = {
        "classes": len(CLASSES), "test clips": len(tests), "accuracy on originals": run.judge.accuracy(originals, names),
        "accuracy on reconstructions": run.judge.accuracy(rebuilt, names),
        "accuracy on renders of the training soundfont": run.judge.accuracy(seen, names)}
    bright = [run.source(CLASSES[i % 16], 70_000_000 + i, effects=("bright",)) for i in range(run.counts["pairs"])]
    high = [measures.high_db(run.rebuild(c)) - measures.high_db(c) for c in bright]
    wide = [run.source(CLASSES[i % 16], 71_000_000 + i, effects=("wide",)) for i in range(run.counts["pairs"])]
    width = [measures.width_db(run.rebuild(c)) - measures.width_db(c) for c in wide]
    run.report["reconstruction"] = {
        "log-mel distance (dB)": float(np.mean([measures.log_mel_distance(a, b) for a, b in zip(originals, rebuilt)])),
        "loudness, largest difference (LU)": float(np.max(np.abs([measures.loudness(b) - measures.loudness(a)
                                                                  for a, b in zip(originals, rebuilt)]))),
        "energy above 8 kHz, difference on bright clips, median (dB)": float(np.median(high)),
        "bright clips within 6 dB": float(np.mean(np.abs(high) < 6)),
        "stereo width, difference on wide clips, median (dB)": float(np.median(width)),
        "largest sample step over that of the original, 99th percentile": float(np.percentile(
            [measures.largest_step(b) / measures.largest_step(a) for a, b in zip(originals, rebuilt)], 99))}
    for index in (0, 7, 13):
        run.example(f"original: {CLASSES[index]}", originals[index])
        run.example(f"reconstruction: {CLASSES[index]}", rebuilt[index])


def prompt_control(run):
    """Named targets on sources of another class; also how loud the results are."""
    rng = np.random.default_rng(3)
    pairs = []
    while len(pairs) < run.counts["transforms"]:
        source, target = rng.choice(len(CLASSES), 2, replace=False)
        pairs.append((CLASSES[source], CLASSES[target]))
    sources = [run.source(name, 80_000_000 + i) for i, (name, _) in enumerate(pairs)]
    prompts = [FORMS[i % 4].format(target) if target != "drums" else "rock drums" for i, (_, target) in enumerate(pairs)]
    results = run.transform(sources, prompts)
    ranks = [run.judge.rank(clip).index(target) for clip, (_, target) in zip(results, pairs)]
    stays = [run.judge.rank(clip)[0] == source for clip, (source, _) in zip(results, pairs)]
    per_class = {name: [r == 0 for r, (_, t) in zip(ranks, pairs) if t == name] for name in CLASSES}
    run.report["prompt control"] = {
        "transforms": len(pairs), "target first": float(np.mean(np.array(ranks) == 0)),
        "target among first three": float(np.mean(np.array(ranks) < 3)), "source named first": float(np.mean(stays)),
        "target first, by class": {k: f"{sum(v)}/{len(v)}" for k, v in per_class.items()}}
    run.report["levels"] = levels(sources, results)
    for i in range(min(len(pairs), 12)):
        run.example(f"source: {pairs[i][0]}", sources[i])
        run.example(f"prompt: {prompts[i]}", results[i])


def levels(sources, results):
    """Loudness and peaks of results against their sources."""
    change = np.array([measures.loudness(r) - measures.loudness(s) for s, r in zip(sources, results)])
    return {"loudness against the source, 5th / 50th / 95th percentile (LU)": " / ".join(f"{v:+.1f}" for v in np.percentile(change, [5, 50, 95])),
            "within 3 LU of the source": float(np.mean(np.abs(change) < 3)),
            "largest peak": float(max(np.abs(r).max() for r in results)),
            "results with samples at full scale": float(np.mean([np.abs(r).max() >= 0.999 for r in results]))}


def effect_words(run):
    """Same source, two opposite words."""
    out = {}
    for first, second, measure, direction in WORD_PAIRS:
        names = [CLASSES[i % 15] for i in range(run.counts["pairs"])]
        sources = [run.source(name, 90_000_000 + i) for i, name in enumerate(names)]
        a = run.transform(sources, [f"{first} {name}" for name in names], seed=7)
        b = run.transform(sources, [f"{second} {name}" for name in names], seed=7)
        values = np.array([(measure(x), measure(y)) for x, y in zip(a, b)])
        right = values[:, 0] < values[:, 1] if direction == "below" else values[:, 0] > values[:, 1]
        out[f"{first} {direction} {second} ({measure.__name__})"] = {
            "right": float(right.mean()), "medians": [float(v) for v in np.median(values, 0)], "pairs": len(values)}
        run.example(f"{first} {names[0]}", a[0])
        run.example(f"{second} {names[0]}", b[0])
    run.report["effect words"] = out


def likeness(run):
    """Chroma correlation with the source as the noise level falls, and with unrelated sources."""
    melodic = [c for c in CLASSES if c not in ("drums", "bass")]
    names = [melodic[i % len(melodic)] for i in range(run.counts["pairs"])]
    sources = [run.source(name, 95_000_000 + i) for i, name in enumerate(names)]
    prompts = [names[(i + 5) % len(names)] for i in range(len(names))]
    out = {}
    for level in LEVELS:
        results = run.transform(sources, prompts, level)
        out[f"level {level}"] = float(np.mean([measures.chroma_correlation(s, r) for s, r in zip(sources, results)]))
        if level == 0.5:
            out["level 0.5, unrelated sources"] = float(np.mean(
                [measures.chroma_correlation(sources[i - 3], r) for i, r in enumerate(results)]))
    run.report["chroma correlation with the source"] = out


def seed_prompt(run):
    """A long prompt on sources of different classes."""
    sources = [run.source(CLASSES[(3 * i + 1) % 16], 97_000_000 + i) for i in range(10)]
    results = run.transform(sources, [SEED_PROMPT] * 10)
    lower = [measures.centroid(r) < measures.centroid(s) for s, r in zip(sources, results)]
    longer = [measures.decay_seconds(r) > measures.decay_seconds(s) for s, r in zip(sources, results)]
    run.report["seed prompt"] = {"lower centroid": sum(lower), "longer decay": sum(longer),
                                 "both": sum(a and b for a, b in zip(lower, longer)), "sources": 10}
    for i in range(3):
        run.example("source", sources[i])
        run.example("seed prompt", results[i])


def editing(run):
    """Regions filled in and endings made up, beside what silence, noise and the recording itself would give in their place."""
    names = [CLASSES[i % 16] for i in range(run.counts["edits"])]
    clips = [run.source(name, 98_000_000 + i, seconds=6) for i, name in enumerate(names)]
    rng = np.random.default_rng(6)
    noise = lambda clip: (rng.normal(0, np.sqrt(np.mean(clip ** 2)), clip.shape)).astype(np.float32)
    for task, start, end in (("inpainting", 2.0, 4.0), ("outpainting", 3.0, 6.0)):
        first, last = int(start * 44100), int(end * 44100)
        if task == "inpainting":
            made = [run.engine.inpaint(clip, start, end, name, seed=i) for i, (clip, name) in enumerate(zip(clips, names))]
        else:
            made = [run.engine.outpaint(clip[:, :first], end - start, name, seed=i) for i, (clip, name) in enumerate(zip(clips, names))]
        replaced = lambda clip, filling: np.concatenate([clip[:, :first], filling[:, first:last], clip[:, last:]], 1)
        rivals = {"made": made, "original": clips, "noise": [replaced(c, noise(c)) for c in clips],
                  "another clip": [replaced(c, clips[i - 5]) for i, c in enumerate(clips)]}
        kept = lambda clip: np.concatenate([clip[:, :first], clip[:, last:]], 1)
        out = {"clips": len(clips), "kept samples changed (without 20 ms at seams)": int(sum(
            (np.abs(m[:, :first - 882] - c[:, :first - 882]) > 1e-4).sum() for m, c in zip(made, clips)))}
        for name, group in rivals.items():
            out[f"{name}: loudness against the surroundings, median of |LU|"] = float(np.median(
                [abs(measures.loudness(c[:, first:last]) - measures.loudness(kept(c))) for c in group]))
            out[f"{name}: mean spectrum against the surroundings (dB)"] = float(np.mean(
                [measures.spectrum_distance(c[:, first:last], kept(c)) for c in group]))
            out[f"{name}: jump of the level at the seam, median (dB)"] = float(np.median([measures.seam_jump_db(c, first) for c in group]))
            out[f"{name}: seams with a click"] = float(np.mean([measures.clicks(c, first) for c in group]))
        out["made: instrument named in the region"] = float(np.mean(
            [run.judge.rank(m[:, first:last])[0] == name for m, name in zip(made, names)]))
        out["original: instrument named in the region"] = float(np.mean(
            [run.judge.rank(c[:, first:last])[0] == name for c, name in zip(clips, names)]))
        run.report[task] = out
        for i in range(3):
            run.example(f"{task}: {names[i]}", made[i])


def lengths(run):
    """Short and long results: the target named in excerpts of 4.5 s from the beginning to the end, and how steady their level is."""
    targets, window = ("harp", "choir", "flute", "bass", "distorted guitar", "drums", "saxophone", "trumpet"), int(4.5 * 44100)
    out = {}
    for seconds in (0.5, 1.5, 30, 60, 120):
        named, spread = [], []
        for number, target in enumerate(targets if seconds <= 30 else targets[:4]):
            source = [c for c in CLASSES if c != target][3 * number % 15]
            result = run.transform([run.source(source, 99_000_000 + number, seconds=seconds)],
                                   ["rock drums" if target == "drums" else target])[0]
            places = np.linspace(0, max(0, result.shape[1] - window), 6 if seconds > 20 else 1).astype(int)
            parts = [result[:, p:p + window] for p in places]
            named += [run.judge.rank(part)[0] == target for part in parts]
            spread.append(np.std([measures.loudness(part) for part in parts]))
        out[f"{seconds} s: target first"] = float(np.mean(named))
        if seconds > 20:
            out[f"{seconds} s: level of the excerpts, standard deviation (LU)"] = float(np.mean(spread))
    run.report["durations"] = out


def real_recordings(run):
    """Recordings that no program made, where Debian's packages with them are installed: reconstruction, and transforms."""
    clips = recordings.find()
    if not clips:
        run.report["recordings"] = {"found": 0}
        return
    rebuilt = [run.rebuild(audio) for _, audio in clips]
    targets = [CLASSES[5 * i % 16] for i in range(len(clips))]
    sources = [audio for _, audio in clips]
    made = run.transform(sources, ["rock drums" if t == "drums" else t for t in targets])
    long = [i for i, audio in enumerate(sources) if audio.shape[1] >= 2 * 44100]
    run.report["recordings"] = {
        "found": len(clips), "reconstruction, log-mel distance (dB)": float(np.mean(
            [measures.log_mel_distance(a, b) for a, b in zip(sources, rebuilt)])),
        "reconstruction, largest difference of loudness (LU)": float(np.max(np.abs(
            [measures.loudness(b) - measures.loudness(a) for a, b in zip(sources, rebuilt)]))),
        "transforms of two seconds or more": len(long),
        "target first": float(np.mean([run.judge.rank(made[i])[0] == targets[i] for i in long])),
        **levels([sources[i] for i in long], [made[i] for i in long])}
    for i in range(min(4, len(clips))):
        run.example(f"recording: {clips[i][0]}", sources[i])
        run.example("its reconstruction", rebuilt[i])
        run.example(f"prompt: {targets[i]}", made[i])


EXPERIMENTS = {function.__name__: function for function in (
    judge, prompt_control, effect_words, likeness, seed_prompt, editing, lengths, real_recordings)}
