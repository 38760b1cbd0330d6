"""One captioned clip from a seed: facts (a plain dict, stored) and stereo audio.

Facts: kind ("instrument", "drums", "texture", "band"), name, pattern, tempo ("slow", "fast" or ""), mode, register,
dynamics, effects (words of `effects.EFFECTS`, "dry" and "clean" where they are true), parts (of a band). `captions` words them.
"""
import numpy as np

from .compose import DRUM_GROOVES, PATTERNS, Part, drums, random_frame
from .effects import EFFECTS, EXCLUSIVE, ORDER, room
from .instruments import INSTRUMENTS
from .textures import TEXTURES

SAMPLE_RATE = 44100

#: Bands: layers as (instrument names, pattern, volume), groove, tempo range, mode, effects always applied.
BANDS = {
    "cinematic ambient": dict(
        layers=[(("synth pad", "strings", "choir"), "chords", 80), (("synth bass", "cello", "strings"), "long notes", 110)],
        textures=[("metallic resonance", 0.35), ("drone", 0.6)], groove=None, tempo=(50, 66), mode="minor",
        effects=("dark", "spacious")),
    "orchestral": dict(
        layers=[(("strings",), "chords", 100), (("brass", "choir"), "long notes", 80), (("flute", "violin", "trumpet"), "melody", 100),
                (("cello",), "bass line", 90)], textures=[], groove=None, tempo=(70, 140), mode=None, effects=("spacious",)),
    "rock": dict(
        layers=[(("distorted guitar",), "riff", 90), (("bass",), "bass line", 110)],
        textures=[], groove="rock", tempo=(105, 160), mode="minor", effects=()),
    "jazz": dict(
        layers=[(("piano",), "chords", 80), (("bass",), "bass line", 110), (("saxophone", "trumpet"), "melody", 95)],
        textures=[], groove="jazz", tempo=(90, 170), mode="dorian", effects=()),
    "techno": dict(
        layers=[(("synth bass",), "bass line", 110), (("synth lead", "synth pad"), "arpeggio", 75)],
        textures=[], groove="four on the floor", tempo=(122, 140), mode="minor", effects=()),
    "lo-fi hip hop": dict(
        layers=[(("electric piano",), "chords", 95), (("bass",), "bass line", 105)],
        textures=[], groove="hip hop", tempo=(68, 90), mode="dorian", effects=("lo-fi",)),
    "8-bit game": dict(
        layers=[(("chiptune",), "melody", 90), (("chiptune",), "arpeggio", 60), (("chiptune",), "bass line", 90)],
        textures=[], groove=None, tempo=(120, 165), mode="major", effects=()),
    "folk": dict(
        layers=[(("acoustic guitar",), "arpeggio", 100), (("violin", "accordion", "flute"), "melody", 90)],
        textures=[], groove=None, tempo=(80, 130), mode="major", effects=()),
}

KINDS = (("instrument", 0.66), ("drums", 0.08), ("texture", 0.13), ("band", 0.13))


def _choose_effects(rng, most):
    """Zero to `most` effect words that do not contradict each other."""
    count = int(rng.choice([0, 1, 2, 3], p=[0.42, 0.33, 0.18, 0.07]))
    chosen = []
    for word in rng.permutation(list(EFFECTS)):
        if len(chosen) < min(count, most) and not any({word, other} in EXCLUSIVE for other in chosen):
            chosen.append(str(word))
    return chosen


def _apply_effects(rng, audio, words):
    for word in ORDER:
        if word in words:
            audio = EFFECTS[word](rng, audio)
            audio = audio * (0.1 / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
    return audio


def _words_for(frame, register=None):
    return {"tempo": "slow" if frame.tempo < 80 else "fast" if frame.tempo > 132 else "",
            "mode": {"major": "major", "minor": "minor", "phrygian": "minor"}.get(frame.mode, ""),
            "dynamics": "soft" if frame.softness > 0.75 else "loud" if frame.softness < 0.2 else "",
            "register": "" if register is None else "high" if register > 0.7 else "low" if register < 0.25 else ""}


def instrument_part(rng, frame, name, pattern, volume=100, register=None):
    """A `Part` of one instrument class with one of its programs."""
    instrument = INSTRUMENTS[name]
    register = float(rng.uniform(0.1, 0.9)) if register is None else register
    program = int(instrument.programs[0] if rng.random() < 0.6 else rng.choice(instrument.programs))
    notes = PATTERNS[pattern](rng, frame, instrument.low, instrument.high, register)
    return Part(program, pan=float(np.clip(rng.normal(0.5, 0.12), 0, 1)), volume=volume, notes=notes)


def make_clip(synthesizer, seed, seconds=None, kind=None, name=None, effects=None):
    """(facts, audio float32 [2, samples]) of one clip; the same arguments always give the same clip.

    `kind`, `name`, `effects` fix what would be drawn; `seconds` is 6-12 by default.
    """
    rng = np.random.default_rng(seed)
    seconds = float(rng.uniform(6, 12)) if seconds is None else seconds
    kind = kind or str(rng.choice([k for k, _ in KINDS], p=[p for _, p in KINDS]))
    samples = int(seconds * SAMPLE_RATE)
    facts = {"kind": kind, "pattern": "", "tempo": "", "mode": "", "register": "", "dynamics": "", "parts": []}
    chosen = _choose_effects(rng, 3) if effects is None else list(effects)
    if kind == "instrument":
        name = name or str(rng.choice(list(INSTRUMENTS)))
        frame = random_frame(rng, seconds)
        pattern = str(rng.choice(INSTRUMENTS[name].patterns))
        register = float(rng.uniform(0.1, 0.9))
        audio = synthesizer.render([instrument_part(rng, frame, name, pattern, register=register)], seconds)
        facts.update(_words_for(frame, register), pattern=pattern)
    elif kind == "drums":
        name = name or str(rng.choice(list(DRUM_GROOVES)))
        frame = random_frame(rng, seconds, tempo=float(rng.uniform(70, 160)))
        program = int(rng.choice([0, 0, 8, 16, 24, 25, 32]))
        audio = synthesizer.render([Part(program, drums=True, notes=drums(rng, frame, name))], seconds)
        facts.update(_words_for(frame), mode="")
    elif kind == "texture":
        name = name or str(rng.choice(list(TEXTURES)))
        audio = TEXTURES[name](rng, samples)
    else:
        name = name or str(rng.choice(list(BANDS), p=np.array([3, 1, 1, 1, 1, 1, 1, 1]) / 10))
        band = BANDS[name]
        frame = random_frame(rng, seconds, tempo=float(rng.uniform(*band["tempo"])), mode=band["mode"])
        parts = []
        for names, pattern, volume in band["layers"]:
            part_name = str(rng.choice(names))
            facts["parts"].append(part_name)
            register = float(rng.uniform(0.0, 0.2)) if pattern in ("bass line", "long notes") else float(rng.uniform(0.3, 0.8))
            parts.append(instrument_part(rng, frame, part_name, pattern, volume, register))
        if band["groove"]:
            parts.append(Part(0, drums=True, volume=95, notes=drums(rng, frame, band["groove"])))
            facts["parts"].append("drums")
        audio = synthesizer.render(parts, seconds)
        audio = audio * (0.1 / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
        for texture, level in band["textures"]:
            if rng.random() < 0.85:
                extra = TEXTURES[texture](rng, samples)
                audio = audio + extra * (0.1 * level / (np.sqrt(np.mean(extra ** 2)) + 1e-9))
                facts["parts"].append(texture)
        facts.update(_words_for(frame))
        chosen = [w for w in chosen if not any({w, other} in EXCLUSIVE for other in band["effects"])
                  and w not in band["effects"]][:1] + list(band["effects"])
    audio = np.asarray(audio, np.float64)[:, :samples]
    audio = audio * (0.1 / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
    reverberant = {"spacious", "distant", "echo"} & set(chosen)
    if not reverberant and kind != "texture" and rng.random() < 0.45:
        audio = room(rng, audio)
    elif not reverberant and kind != "texture":
        facts["dry"] = True
    audio = _apply_effects(rng, audio, chosen)
    level = 10 ** (rng.uniform(-3, 3) / 20) * 0.1
    audio = audio * (level / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
    peak = np.abs(audio).max()
    if peak > 0.98:
        audio = audio * (0.98 / peak)
    facts.update(name=name, effects=chosen, clean="distorted" not in chosen and "lo-fi" not in chosen
                 and name not in ("distorted guitar", "rock"))
    return facts, audio.astype(np.float32)
