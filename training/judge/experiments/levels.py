"""How much of the source is left at each noise level, and what a transform keeps at the default level."""
from .. import measures
from .shared import PROMPTS, levels_of, median, share

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.75, 0.8, 0.9)
SPEECH_PROMPTS = ("harp", "synth pad")


def levels(run):
    speech = [sound for sound in run.recordings if sound.kind == "speech"][:run.counts["speech"]]
    out = {}
    for level in (0.3, 0.5):
        values = [measures.stoi(sound.audio, run.transform(sound.audio, prompt, level, seed=i))
                  for i, sound in enumerate(speech) for prompt in SPEECH_PROMPTS]
        out[f"STOI of speech at {level}, median"] = median(values)
        out[f"STOI of speech at {level}, worst"] = min(values)
    music = [sound for sound in run.recordings if sound.kind in ("guitar", "piano", "choir", "orchestra", "mix", "drums", "percussion")
             and sound.audio.shape[1] > 44100 * 1.5]
    few = music[::max(1, len(music) // run.counts["levels"])]
    for level in LEVELS:
        made = [run.transform(sound.audio, PROMPTS[(3 * i + 1) % 20], level, seed=i) for i, sound in enumerate(few)]
        put_likeness(out, level, few, made)
    melodic = [sound for sound in music if sound.kind not in ("drums", "percussion")]
    made = {sound.name: run.transform(sound.audio, PROMPTS[(7 * i + 1) % 20], 0.9, seed=i) for i, sound in enumerate(music)}
    out["onset correlation with the source at 0.9, median"] = median([measures.onset_correlation(s.audio, made[s.name]) for s in music])
    out["chroma correlation with the source at 0.9, median"] = median([measures.chroma_correlation(s.audio, made[s.name]) for s in melodic])
    out["envelope correlation with the source at 0.9, median"] = median([measures.envelope_correlation(s.audio, made[s.name]) for s in music])
    out["hop-rate modulation at 0.9, 3-10 kHz, median (%)"] = median([measures.hop_modulation(made[s.name]) for s in music])
    out["results with dead gaps (over 2 % of the frames)"] = share([measures.dead_gaps(s.audio, made[s.name]) > 0.02 for s in music])
    out["recordings"] = len(music)
    run.report["levels"] = out
    run.report["loudness of transforms at 0.9"] = levels_of([s.audio for s in music], [made[s.name] for s in music])
    for sound in music[::8]:
        run.example(f"source: {sound.name}", sound.audio)
        run.example("at 0.9", made[sound.name])


def put_likeness(out, level, sounds, made):
    """Medians of the likeness of results to their sources at one level; chroma of melodic ones."""
    out[f"log-mel distance to the source at {level} (dB)"] = median([measures.log_mel_distance(s.audio, m) for s, m in zip(sounds, made)])
    out[f"onset correlation at {level}"] = median([measures.onset_correlation(s.audio, m) for s, m in zip(sounds, made)])
    out[f"chroma correlation at {level}"] = median([measures.chroma_correlation(s.audio, m) for s, m in zip(sounds, made)
                                                    if s.kind not in ("drums", "percussion")])
