"""Long results: whether they stand still, and whether the prompt holds from the beginning to the end."""
import numpy as np

from .. import measures
from ..classes import prompt
from ..clips import clip
from ..recordings import SINGULARITY, WESNOTH, stereo
from .shared import SEED_PROMPT


def course(run):
    """Difference of the spectra of all pairs of 5 s."""
    seconds = run.counts["course seconds"]
    out = {}
    real = {"Nebula": stereo(SINGULARITY.format("Nebula"), 10, seconds), "battle": stereo(WESNOTH.format("battle"), 10, seconds)}
    for name, audio in real.items():
        out[f"recording \"{name}\", {seconds} s (dB)"] = measures.spectral_change_db(audio)
    for words in ("lo-fi hip hop beat", SEED_PROMPT, "rock drums"):
        result = run.engine.generate(seconds, words, seed=3)
        out[f"generated \"{words[:22]}\", {seconds} s (dB)"] = measures.spectral_change_db(result)
        if words != SEED_PROMPT:
            run.example(f"generated: {words}", result[:, :30 * 44100])
    result = run.transform(real["Nebula"], "lo-fi hip hop beat", 0.9, seed=3)
    out[f"\"Nebula\" as \"lo-fi hip hop beat\" at 0.9, {seconds} s (dB)"] = measures.spectral_change_db(result)
    run.report["course"] = out


def durations(run):
    """Short and long results: the target named in excerpts of 4.5 s from beginning to end, and how steady their level is."""
    targets, window = ("harp", "choir", "flute", "bass", "distorted guitar", "drums", "saxophone", "trumpet"), int(4.5 * 44100)
    names = run.judge.classes
    out = {}
    for seconds in (0.5, 1.5, 30, 60, 120):
        named, spread = [], []
        for number, target in enumerate(targets if seconds <= 30 else targets[:4]):
            source = [c for c in names if c != target][3 * number % (len(names) - 1)]
            result = run.transform(clip(source, 99_000_000 + number, seconds=seconds), prompt(target), 0.9, seed=number)
            places = np.linspace(0, max(0, result.shape[1] - window), 6 if seconds > 20 else 1).astype(int)
            parts = [result[:, p:p + window] for p in places]
            named += [run.judge.rank(part)[0] == target for part in parts]
            spread.append(np.std([measures.loudness(part) for part in parts]))
        out[f"{seconds} s: target first"] = float(np.mean(named))
        if seconds > 20:
            out[f"{seconds} s: level of the excerpts, standard deviation (LU)"] = float(np.mean(spread))
    run.report["durations"] = out
