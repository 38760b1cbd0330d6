"""Encode, then decode: what the pretransform alone does to the 54 recordings."""
import numpy as np

from .. import measures
from ..recordings import NOTES
from .shared import median


def reconstruction(run):
    sounds = run.recordings
    rebuilt = [run.rebuild(sound.audio) for sound in sounds]
    pairs = list(zip(sounds, rebuilt))
    of = lambda *kinds: [(s.audio, r) for s, r in pairs if s.kind in kinds]
    every = [(s.audio, r) for s, r in pairs]
    out = {}
    for band in measures.attacks.BANDS:
        out[f"hop-rate modulation, {band}, median (%)"] = median([measures.hop_modulation(r, band) for _, r in every])
        out[f"hop-rate modulation, {band}, sources (%)"] = median([measures.hop_modulation(s, band) for s, _ in every])
    for name, kinds in (("drums", ("drums", "percussion")), ("speech", ("speech",)), ("mixes", ("mix",)), ("orchestra", ("orchestra",))):
        out[f"hop-rate modulation, 3-10 kHz, {name} (%)"] = median([measures.hop_modulation(r) for _, r in of(*kinds)])
    clean = [(s.audio, r, measures.onsets(s.audio)) for s, r in pairs if s.clean and s.kind == "drums"]
    rises = [measures.rise_db(r, at) - measures.rise_db(s, at) for s, r, at in clean]
    out["rise against the source, clean percussion, median (dB)"] = median(rises)
    out["rise against the source, clean percussion, worst (dB)"] = float(min(rises, key=lambda v: -abs(v)))
    out["rise of clean percussion, sources, median (dB)"] = median([measures.rise_db(s, at) for s, _, at in clean])
    others = [(s, r, measures.onsets(s)) for s, r in of("drums", "percussion", "mix", "orchestra", "guitar", "piano")]
    others = [(s, r, at) for s, r, at in others if len(at) > 3]
    out["rise against the source, music, median (dB)"] = median([measures.rise_db(r, at) - measures.rise_db(s, at) for s, r, at in others])
    out["pre-echo against the source, clean percussion, median (dB)"] = median(
        [measures.pre_echo_db(r, at) - measures.pre_echo_db(s, at) for s, r, at in clean])
    out["log-mel distance, median (dB)"] = median([measures.log_mel_distance(s, r) for s, r in every])
    out["onset correlation, median"] = median([measures.onset_correlation(s, r) for s, r in every])
    out["onset correlation, drums, median"] = median([measures.onset_correlation(s, r) for s, r in of("drums", "percussion")])
    out["envelope correlation, median"] = median([measures.envelope_correlation(s, r) for s, r in every])
    out["chroma correlation, music, median"] = median(
        [measures.chroma_correlation(s, r) for s, r in of("guitar", "piano", "choir", "orchestra", "mix")])
    out["STOI of speech, median"] = median([measures.stoi(s, r) for s, r in of("speech")])
    out["largest difference of loudness (LU)"] = float(max(abs(measures.loudness(r) - measures.loudness(s)) for s, r in every))
    out["energy above 8 kHz against the source, median (dB)"] = median([measures.high_db(r) - measures.high_db(s) for s, r in every])
    wide = [(s, r) for s, r in every if measures.width_db(s) > -20]
    out[f"stereo width against the source, {len(wide)} wide ones, median (dB)"] = median(
        [measures.width_db(r) - measures.width_db(s) for s, r in wide])
    out["results with samples beyond full scale"] = int(sum(np.abs(r).max() > 1 for _, r in every))
    run.report["reconstruction"] = out
    run.report["reconstruction of notes"] = notes(dict((s.name, (s.audio, r)) for s, r in pairs))
    for name in ("loop_amen_full", "hand claps", "demo-abouttotry", "E1 contrabass"):
        sound, result = next((s, r) for s, r in pairs if s.name == name)
        run.example(f"source: {name}", sound.audio)
        run.example(f"encoded and decoded: {name}", result)


def notes(pairs):
    """Purity and tuning of single notes, before and after; pitch is against the source's own."""
    out = {}
    for note in NOTES:
        source, result = pairs[note.name]
        before, after = (measures.harmonic_to_noise_db(x, note.hertz, *note.steady) for x in (source, result))
        (cents, _), (heard, wobble) = (measures.pitch_deviation(x, note.hertz, *note.steady) for x in (source, result))
        out[f"{note.name}: harmonic-to-noise ratio (dB)"] = after
        out[f"{note.name}: harmonic-to-noise ratio of the source (dB)"] = before
        out[f"{note.name}: pitch against the source (cents)"] = heard - cents
        out[f"{note.name}: wobble (cents)"] = wobble
    return out
