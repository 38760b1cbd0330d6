"""What a mono loudspeaker loses of the results."""
from .. import measures
from .shared import PROMPTS, SEED_PROMPT, median


def mono(run):
    sounds = [s for s in run.recordings if s.kind in ("guitar", "piano", "choir", "orchestra", "mix", "drums", "speech") and s.audio.shape[1] > 88200]
    sounds = sounds[::max(1, len(sounds) // run.counts["mono"])]
    sources = [sound.audio for sound in sounds]
    seed = [run.transform(audio, SEED_PROMPT, 0.9, seed=i) for i, audio in enumerate(sources)]
    other = [run.transform(audio, PROMPTS[1 + 3 * i % 19], 0.9, seed=i) for i, audio in enumerate(sources)]
    out = {"sources": len(sources)}
    for name, group in (("sources", sources), ("seed prompt", seed), ("other prompts", other)):
        out[f"{name}: mono loss, median (LU)"] = median([measures.mono_loss(x) for x in group])
        out[f"{name}: mono loss, worst (LU)"] = max(measures.mono_loss(x) for x in group)
        out[f"{name}: side over middle below 120 Hz, median (dB)"] = median([measures.bass_side_db(x) for x in group])
    darker = [measures.centroid(r) < measures.centroid(s) for s, r in zip(sources, seed)]
    longer = [measures.decay_seconds(r) > measures.decay_seconds(s) for s, r in zip(sources, seed)]
    out["seed prompt: darker than the source"], out["seed prompt: decays longer"] = f"{sum(darker)} of {len(seed)}", f"{sum(longer)} of {len(seed)}"
    run.report["mono"] = out
    for audio, result in list(zip(sources, seed))[:2]:
        run.example("source", audio)
        run.example("seed prompt", result)
