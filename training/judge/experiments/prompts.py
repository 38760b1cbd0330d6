"""Whether words make a difference: prompts against each other, opposites, negation, nonsense."""
import numpy as np

from .. import measures
from ..clips import band, clip
from .shared import PROMPTS, median, share

PARAPHRASES = (("piano", "solo piano"), ("heavy metal guitar", "distorted guitar"), ("techno", "electronic dance music"))
NONSENSE = ("qwertz uiop", "the", "make it better", "blorf")
OPPOSITES = (("dark", "bright", measures.centroid, -1), ("spacious", "dry", measures.decay_seconds, 1),
             ("distorted", "clean", measures.overtone_share, 1), ("wide", "mono", measures.width_db, 1))


def matrix_sources(run):
    """Six recordings of different kinds, 4.5 s each."""
    wanted = ("guit_em9", "loop_amen_full", "demo-abouttotry", "elvish-theme", "piano phrase", "Nebula")
    chosen = [next(s for s in run.recordings if s.name == name) for name in wanted[:run.counts["matrix sources"]]]
    return [sound.audio[:, :int(4.5 * 44100)] for sound in chosen]


def spectra(run, prompt, seed=1):
    """Mean spectra [sources, bands] of the results of one prompt; kept for the whole run."""
    if (prompt, seed) not in run.spectra:
        run.spectra[prompt, seed] = np.stack([measures.spectra.mean_spectrum(run.transform(audio, prompt, 0.9, seed=seed))
                                              for audio in matrix_sources(run)])
    return run.spectra[prompt, seed]


def distance(a, b):
    """Mean absolute difference in dB of two sets of mean spectra, source by source."""
    return float(np.abs(a - b).mean())


def matrix(run):
    """A prompt is apart if every other one of the 20, and the empty prompt, is further from it (same seed) than its own second seed."""
    seeds = {prompt: distance(spectra(run, prompt, 1), spectra(run, prompt, 2)) for prompt in PROMPTS}
    others = (*PROMPTS, "")
    out, apart = {}, []
    for prompt in PROMPTS:
        far = {other: distance(spectra(run, prompt), spectra(run, other)) for other in others if other != prompt}
        nearest = min(far, key=far.get)
        apart.append(far[nearest] > seeds[prompt])
        out[f"{prompt[:40]}: {'apart' if apart[-1] else 'not apart'}; two seeds (dB)"] = seeds[prompt]
        out[f"{prompt[:40]}: nearest is \"{nearest[:30]}\" (dB)"] = far[nearest]
    run.report["prompt matrix"] = {"prompts apart, of 20": int(sum(apart)), "two seeds, mean (dB)": float(np.mean(list(seeds.values()))), **out}


def no_drums(run):
    """"no drums" on ten sources with drums: the percussive share must fall by at least 3 dB; "rock drums" and the empty prompt beside it."""
    names = ("loop_amen_full", "loop_compus", "loop_mehackit2", "loop_electric", "loop_safari")
    sources = [next(s.audio for s in run.recordings if s.name == name) for name in names]
    sources += [band(96_000_000 + i, tempo, seconds=5.0) for i, tempo in enumerate((84, 96, 110, 124, 140))]
    sources = sources[::10 // run.counts["no drums"]]
    change = lambda prompt: [measures.percussive_db(run.transform(audio, prompt, 0.9, seed=i)) - measures.percussive_db(audio)
                             for i, audio in enumerate(sources)]
    without, rock, empty = change("no drums"), change("rock drums"), change("")
    run.report["no drums"] = {"sources": len(sources), "drum energy falls by 3 dB": share([v < -3 for v in without]),
                              "no drums: change of the percussive share, median (dB)": median(without),
                              "rock drums: change of the percussive share, median (dB)": median(rock),
                              "empty prompt: change of the percussive share, median (dB)": median(empty)}


def words(run):
    """Opposites, paraphrases and nonsense. Nonsense should be nearer to the empty prompt than two seeds are to each other."""
    out = {}
    names = ("piano", "acoustic guitar", "strings", "choir", "flute", "trumpet", "marimba", "violin", "harp", "electric guitar", "saxophone", "accordion")
    for first, second, measure, sign in OPPOSITES:
        right = []
        for i in range(run.counts["opposites"]):
            name = names[i % len(names)]
            source = clip(name, 95_000_000 + i)
            a, b = (measure(run.transform(source, f"{word} {name}", 0.9, seed=7)) for word in (first, second))
            right.append(sign * (a - b) > 0)
        out[f'"{first}" against "{second}" ({measure.__name__}): right'] = share(right)
    seeds = np.mean([distance(spectra(run, prompt, 1), spectra(run, prompt, 2)) for prompt in ("", "harp", "solo piano")])
    out["two seeds, mean of three prompts (dB)"] = float(seeds)
    for first, second in PARAPHRASES:
        out[f'paraphrases "{first}" and "{second}" (dB)'] = distance(spectra(run, first), spectra(run, second))
    far = {prompt: distance(spectra(run, prompt), spectra(run, "")) for prompt in NONSENSE}
    out.update({f'nonsense "{prompt}" against the empty prompt (dB)': value for prompt, value in far.items()})
    out["nonsense nearer to the empty prompt than two seeds"] = share([value < seeds for value in far.values()])
    warned = []
    for prompt in NONSENSE:
        run.transform(matrix_sources(run)[0], prompt, 0.9)
        warned.append(bool(run.engine.warnings))
    out["nonsense with a warning"] = share(warned)
    run.report["words"] = out
