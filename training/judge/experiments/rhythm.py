"""Beat and tempo of what a prompt asks for, from sources without drums."""
import os

from .. import measures
from ..clips import clip
from ..recordings import ASTERISK, SONIC_PI, WESNOTH, stereo
from .shared import median, share

#: (prompt, tempo that it asks for)
ASKED = (("rock drums", None), ("techno 128 BPM", 128), ("house beat, 100 BPM", 100), ("drum and bass, 170 BPM", 170))
PLAYED = (("piano", "broken", 92), ("acoustic guitar", "broken", 118), ("strings", "chords", 76), ("marimba", "melody", 104))
RECORDED = ((WESNOTH.format("elvish-theme"), 20), (WESNOTH.format("love_theme"), 10), (SONIC_PI.format("guit_em9"), 0),
            (ASTERISK.format("demo-congrats"), 0))
SECONDS, TOLERANCE = 9, 0.03


def rhythm(run):
    """Tempo counts as right within 3 % of what was asked, or of the source where the source has a beat."""
    sources = [(name, clip(name, 97_000_000 + i, "TimGM6mb", SECONDS, style, tempo), tempo) for i, (name, style, tempo) in enumerate(PLAYED)]
    for path, skip in RECORDED:
        audio = stereo(path, skip, SECONDS)
        sources.append((os.path.basename(path).split(".")[0], audio, measures.tempo(audio) if measures.pulse(audio) > 0.5 else None))
    out, results = {"pulse of the sources, median": median([measures.pulse(audio) for _, audio, _ in sources])}, {}
    for prompt, wanted in ASKED[:run.counts["tempos"]]:
        made = [run.transform(audio, prompt, 0.9, seed=10 + i) for i, (_, audio, _) in enumerate(sources)]
        results[prompt] = [measures.pulse(result) for result in made]
        out[f"{prompt}: pulse, median"] = median(results[prompt])
        right = [right_tempo(result, wanted, own) for result, (_, _, own) in zip(made, sources) if wanted or own]
        out[f"{prompt}: tempo right"] = share(right)
        if wanted:
            out[f"{prompt}: error against {wanted} BPM, median (%)"] = 100 * median([measures.tempo_error(result, wanted) for result in made])
        run.example(f"source: {sources[1][0]}", sources[1][1])
        run.example(prompt, made[1])
    out["pulse of rock drums and techno 128 BPM, median"] = median(results["rock drums"] + results["techno 128 BPM"])
    out["tempo of rock drums and techno 128 BPM right"] = (out["rock drums: tempo right"] + out["techno 128 BPM: tempo right"]) / 2
    run.report["rhythm"] = out


def right_tempo(result, *wanted):
    """Whether the tempo is within the tolerance of one of those wanted."""
    return any(measures.tempo_error(result, tempo) <= TOLERANCE for tempo in wanted if tempo)
