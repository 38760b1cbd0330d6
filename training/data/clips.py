"""One captioned clip, or a pair of clips with the same score, from a seed: facts (a plain dict, stored) and stereo audio.

Facts: kind ("instrument", "drums", "texture", "voice", "band"), name, and where they are true: pattern, tempo ("slow", "fast" or ""), bpm (0 where there is no beat), mode,
key, register, dynamics, techniques, kit, parts (of a band), absent (what was left out), drums (whether there are any), effects (words of `effects.EFFECTS`), dry, clean.
`captions` words them.
"""
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.signal import butter, sosfilt

from . import recordings, voices
from .bands import BANDS
from .compose import PATTERNS, Part, bass_line, fit, pedals, random_frame, timed
from .effects import EFFECTS, EXCLUSIVE, ORDER, WEIGHTS, room
from .grooves import GROOVES, drum_notes
from .instruments import INSTRUMENTS, KICK, LOW_TOM, SNARE
from .render import Synthesizer, perform, salamander_layers
from .textures import STEADY, TEXTURES

SAMPLE_RATE = 44100
SECONDS, LONG_SECONDS = 12.0, 30.0
KINDS = (("instrument", 0.40), ("band", 0.25), ("drums", 0.10), ("texture", 0.12), ("voice", 0.03), ("recording", 0.10))

#: What a listener calls the sound of an instrument when it is missing from a band.
FAMILIES = {"piano": ("piano", "honky-tonk piano", "electric piano"), "guitar": ("acoustic guitar", "electric guitar", "distorted guitar", "ukulele", "mandolin", "banjo"),
            "strings": ("strings", "violin", "viola", "cello", "pizzicato strings", "synth strings"), "brass": ("brass", "trumpet", "trombone", "tuba", "french horn", "synth brass"),
            "vocals": ("choir", "singing voice", "synth voice"), "organ": ("church organ", "electric organ", "harmonium"),
            "bass": ("bass guitar", "upright bass", "fretless bass", "synth bass", "acid bass", "sub bass", "dubstep bass", "double bass"),
            "synth": ("synth pad", "synth lead", "supersaw", "synth pluck", "fm bells", "synth bass", "acid bass", "sub bass", "dubstep bass", "synth strings", "synth brass", "synth voice",
                      "chiptune", "theremin"), "saxophone": ("saxophone",), "flute": ("flute",)}
KIT_WORDS = {**{n: "acoustic" for n in range(8)}, **{n: "room" for n in range(8, 16)}, **{n: "power" for n in range(16, 20)}, 24: "electronic", 25: "808",
             **{n: "jazz" for n in range(32, 37)}, **{n: "brushes" for n in range(40, 43)}, 48: "orchestral", "808": "808", "909": "909", "house": "909", "lofi": "lo-fi", "dnb": "electronic",
             "gated": "gated", "chip": "8-bit", "taiko": "taiko", "acoustic": "acoustic", "sonic": "sampled", "tabla": "tabla"}
KITS_ALL = tuple(dict.fromkeys(KIT_WORDS.values()))


@dataclass
class Plan:
    """What is to be heard, before it is rendered."""
    kind: str
    name: str
    frame: object
    parts: list = field(default_factory=list)     # of (role, Part)
    textures: list = field(default_factory=list)  # of (name, dB)
    facts: dict = field(default_factory=dict)
    effects: list = field(default_factory=list)
    seed: int = 0


def _seed(rng):
    return int(rng.integers(2 ** 31))


def _only(synthesizers):
    """Whether one soundfont alone is to play all that it can."""
    return isinstance(synthesizers, Synthesizer)


def choose_effects(rng, most=3, fixed=()):
    """Zero to `most` effect words that contradict neither each other nor the `fixed` ones."""
    count = int(rng.choice([0, 1, 2, 3], p=[0.42, 0.33, 0.18, 0.07]))
    weights = np.array([WEIGHTS.get(word, 1.0) for word in EFFECTS])
    chosen = []
    for word in rng.choice(list(EFFECTS), len(EFFECTS), replace=False, p=weights / weights.sum()):
        if len(chosen) < min(count, most) and word not in fixed and not any({word, other} in EXCLUSIVE for other in [*chosen, *fixed]):
            chosen.append(str(word))
    return chosen


def _normal(audio):
    return audio * np.float32(0.1 / (np.sqrt(np.mean(audio ** 2, dtype=np.float64)) + 1e-9))


def keep_sane(audio):
    """No side below 120 Hz, and nowhere more side than 0.8 of the middle, so that the clip survives being folded to mono."""
    middle, side = (audio[0] + audio[1]) / 2, (audio[0] - audio[1]) / 2
    if np.abs(side).max() < 1e-6:
        return np.stack([middle, middle])
    side = sosfilt(butter(4, 140 / (SAMPLE_RATE / 2), "highpass", output="sos"), side)
    excess = np.sqrt(np.mean(side ** 2) / (np.mean(middle ** 2) + 1e-12))
    if excess > 0.8:
        side = side * (0.8 / excess)
    return np.stack([middle + side, middle - side])


def _words_for(frame, register=None):
    return {"tempo": "slow" if frame.tempo < 80 else "fast" if frame.tempo > 132 else "", "bpm": frame.tempo,
            "mode": {"major": "major", "minor": "minor", "phrygian": "minor"}.get(frame.mode, ""), "key": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")[frame.key],
            "dynamics": "soft" if frame.loudness < 0.22 else "loud" if frame.loudness > 0.8 else "",
            "register": "" if register is None else "high" if register > 0.72 else "low" if register < 0.22 else ""}


def instrument_part(rng, synthesizers, frame, name, pattern, register, technique="", stretch=1.0, notes=None, level=0.0):
    """A `Part` of one instrument class; `notes` in seconds replace what the pattern would write."""
    instrument = INSTRUMENTS[name]
    own = "" if _only(synthesizers) and instrument.programs else str(rng.choice(instrument.own)) if instrument.own and (not instrument.programs or rng.random() < instrument.own_share) else ""
    if own == "salamander" and not salamander_layers():
        own = ""
    programs = instrument.techniques.get(technique) or instrument.programs or (0,)
    program = programs[0] if rng.random() < 0.5 else programs[rng.integers(len(programs))]
    bank, program = program if isinstance(program, tuple) else (0, program)
    if technique in instrument.techniques:
        own = ""
    if notes is None:
        draw = bass_line(rng, frame, instrument.low, instrument.high, register, pattern[5:]) if pattern.startswith("bass:") else PATTERNS[pattern](
            rng, frame, instrument.low, instrument.high, register)
        notes = timed(rng, frame, draw, stretch)
    return Part(program, pan=float(np.clip(rng.normal(0.5, 0.1), 0.15, 0.85)), notes=notes, bank=bank, font=float(rng.random()), own=own, level=level, seed=_seed(rng), beat=frame.beat,
                pedal=pedals(frame) if instrument.pedal and rng.random() < 0.5 else [])


def drum_part(rng, synthesizers, frame, groove, kit=None, notes=None, level=0.0):
    """(Part, kit word) of a groove on one of its kits, or on `kit`."""
    kits = [k for k in GROOVES[groove].kits if not (_only(synthesizers) and isinstance(k, str))] or [0]
    kit = kits[rng.integers(len(kits))] if kit is None else kit
    if kit in ("sonic", "tabla") and not recordings.available():
        kit = "acoustic"
    own = kit if isinstance(kit, str) else ""
    notes = drum_notes(rng, frame, groove) if notes is None else notes
    return Part(0 if own else kit, drums=True, notes=notes, font=float(rng.random()), own=own, level=level, seed=_seed(rng), beat=frame.beat), KIT_WORDS[kit]


def _pattern_and_technique(rng, name):
    """(pattern, technique, stretch, words) of a solo instrument."""
    instrument = INSTRUMENTS[name]
    pattern = str(rng.choice(instrument.patterns))
    technique, stretch, words = "", 1.0, []
    if instrument.techniques and rng.random() < 0.3:
        technique = str(rng.choice(list(instrument.techniques)))
        words.append(technique)
    draw = rng.random()
    if pattern in ("melody", "riff", "chords", "bass line", "arpeggio") and instrument.sustained:
        if draw < 0.13:
            stretch, words = 0.32, words + ["staccato"]
        elif draw < 0.26:
            stretch, words = 1.12, words + ["legato"]
        else:
            stretch = float(rng.uniform(0.75, 1.05))
    elif not instrument.sustained:
        stretch = float(rng.uniform(0.4, 1.6))
    if pattern == "chords" and "guitar" in name and "harmonics" in words:
        pattern = "arpeggio"
    return pattern, technique, stretch, words


def _pick_instrument(rng):
    weights = np.array([i.weight for i in INSTRUMENTS.values()])
    return str(rng.choice(list(INSTRUMENTS), p=weights / weights.sum()))


def plan_instrument(rng, synthesizers, seconds, name=None):
    name = name or _pick_instrument(rng)
    frame = random_frame(rng, seconds, meter=int(rng.choice([4, 4, 4, 4, 3])))
    pattern, technique, stretch, words = _pattern_and_technique(rng, name)
    register = float(rng.uniform(0.1, 0.9))
    part = instrument_part(rng, synthesizers, frame, name, pattern, register, technique, stretch)
    facts = {**_words_for(frame, register), "pattern": pattern, "techniques": words, "drums": name == "timpani"}
    if part.pedal:
        facts["techniques"] = facts["techniques"] + ["pedal"]
    return Plan("instrument", name, frame, [("solo", part)], facts=facts, seed=_seed(rng))


def plan_drums(rng, synthesizers, seconds, name=None):
    name = name or str(rng.choice(list(GROOVES)))
    groove = GROOVES[name]
    frame = random_frame(rng, seconds, tempo=rng.integers(groove.tempo[0], groove.tempo[1] + 1), meter=groove.meter, swing=float(rng.uniform(*groove.swing)))
    part, kit = drum_part(rng, synthesizers, frame, name)
    facts = {**_words_for(frame), "mode": "", "key": "", "kit": kit, "drums": True}
    return Plan("drums", name, frame, [("drums", part)], facts=facts, seed=_seed(rng))


def _families(*names):
    """All families that any of the instruments belongs to."""
    return {family for family, members in FAMILIES.items() if any(name in members for name in names)}


def _develop(rng, plan):
    """Long clips change: layers pause for a section, drums for two bars."""
    frame = plan.frame
    section = frame.section_bars * frame.meter * frame.beat
    count = int(np.ceil(frame.seconds / section))
    for role, part in plan.parts:
        if count < 3 or role == "solo":
            continue
        silent = int(rng.integers(0 if role == "melody" else 1, count))
        start, end = silent * section, (silent + 1) * section
        if role == "drums":
            start = end - 2 * frame.meter * frame.beat
        if rng.random() < (0.35 if role != "bass" else 0.15):
            part.notes = [n for n in part.notes if not start - 0.02 <= n[0] < end - 0.02]
    return plan


def plan_band(rng, synthesizers, seconds, name=None, leave_out=True):
    weights = np.array([b.weight for b in BANDS.values()])
    name = name or str(rng.choice(list(BANDS), p=weights / weights.sum()))
    band = BANDS[name]
    swing = float(rng.uniform(*GROOVES[band.groove].swing)) if band.groove else 0.0
    mode = str(rng.choice(band.modes))
    frame = random_frame(rng, seconds, tempo=rng.integers(band.tempo[0], band.tempo[1] + 1), mode=mode, meter=band.meter,
                         swing=0.33 / 2 if name in ("jazz trio", "blues") else swing / 4)
    if mode == "blues" or name == "blues":
        frame.progression = (0, 0, 3, 0, 4, 3, 0, 4) if mode != "blues" else (0,)
    frame.loudness = float(np.clip(frame.loudness, 0.25, 1)) if name not in ("metal", "rock", "orchestral trailer") else float(rng.uniform(0.65, 1))
    if name in ("techno", "house", "8-bit game", "synthwave", "trap", "dubstep"):
        frame.looseness = 0.0
    plan = Plan("band", name, frame, seed=_seed(rng))
    layers = [layer for layer in band.layers if rng.random() < layer.chance] or list(band.layers[:1])
    groove, absent = band.groove, []
    if name in ("ambient", "orchestral", "hip hop") and groove and rng.random() < (0.5 if name == "orchestral" else 0):
        groove = ""
    draw = rng.random() if leave_out and name not in ("cinematic ambient", "ambient") else 1
    if groove and draw < 0.22:
        groove, absent = "", ["drums"]
    elif len(layers) >= 2 and draw < 0.36:
        gone = layers.pop(int(rng.integers(len(layers))))
        absent = [gone.role] if gone.role in ("bass", "melody") else []
    kinds = []
    for layer in layers:
        part_name = str(rng.choice(layer.instruments))
        pattern = str(rng.choice(layer.patterns))
        register = float(np.clip(layer.register + rng.uniform(-0.15, 0.15), 0, 1))
        part = instrument_part(rng, synthesizers, frame, part_name, pattern, register, level=layer.level + rng.uniform(-1.5, 1.5))
        plan.parts.append((layer.role, part))
        kinds.append(part_name)
    if len(layers) < len(band.layers) and "bass" not in absent and "melody" not in absent:
        missing = _families(*(i for layer in band.layers for i in layer.instruments)) - _families(*kinds)
        if missing and rng.random() < 0.5:
            absent.append(str(rng.choice(sorted(missing))))
    if "bass" in absent and "bass" in _families(*kinds):
        absent.remove("bass")
    kit = ""
    if groove:
        part, kit = drum_part(rng, synthesizers, frame, groove, level=band.drums_level + rng.uniform(-1.5, 1.5))
        plan.parts.append(("drums", part))
        kinds.append("drums")
    for texture, level in band.textures:
        if rng.random() < 0.8:
            plan.textures.append((texture, level + rng.uniform(-3, 2)))
            kinds.append(texture)
    plan.facts = {**_words_for(frame), "parts": kinds, "absent": absent, "drums": bool(groove), "kit": kit}
    plan.effects = list(band.effects)
    return _develop(rng, plan) if seconds > 20 else plan


def _mix(synthesizers, plan, rng):
    """The parts of a plan, each at its loudness, and its textures: float32 [2, samples]."""
    frame, samples = plan.frame, int(plan.frame.seconds * SAMPLE_RATE)
    if len(plan.parts) == 1 and not plan.textures:
        return perform(synthesizers, plan.parts[0][1], frame.seconds)
    out = np.zeros((2, samples), np.float32)
    section = frame.section_bars * frame.meter * frame.beat
    for role, part in plan.parts:
        audio = perform(synthesizers, part, frame.seconds)
        active = np.abs(audio[0]) + np.abs(audio[1]) > 1e-4
        level = np.sqrt((audio[:, active] ** 2).mean()) if active.any() else 1
        gain = np.float32(0.1 * 10 ** (part.level / 20) / (level + 1e-9))
        if frame.seconds > 20:
            points = np.arange(0, frame.seconds + section, section)
            curve = 10 ** (rng.uniform(-3, 1.5, len(points)) / 20)
            gain = gain * np.interp(np.arange(samples) / SAMPLE_RATE, points, curve).astype(np.float32)
        out += audio * gain
    level = np.sqrt(np.mean(out ** 2)) or 0.1
    for texture, decibels in plan.textures:
        extra = TEXTURES[texture](rng, samples)
        out += (extra * (level * 10 ** (decibels / 20) / (np.sqrt(np.mean(extra ** 2)) + 1e-9))).astype(np.float32)
    return out


def follow(audio, onsets, depth, fall):
    """`audio` whose loudness jumps at the onsets (seconds, strength 0 to 1) and falls between them."""
    envelope = np.full(audio.shape[1], 1 - depth, np.float32)
    shape = np.exp(-np.arange(int(fall * 5 * SAMPLE_RATE)) / (fall * SAMPLE_RATE)).astype(np.float32)
    for start, strength in onsets:
        first = int(start * SAMPLE_RATE)
        piece = envelope[first:first + len(shape)]
        np.maximum(piece, (1 - depth) + depth * strength * shape[:len(piece)], out=piece)
    return audio * envelope


def _recording(rng, synthesizers, seconds, name=None):
    """(kind, name, facts, audio) of recordings: grooves on recorded strokes, or one recording played as notes or struck again and again."""
    if name is None and rng.random() < 0.45:
        sound = str(rng.choice(list(GROOVES))) if rng.random() < 0.75 else "tabla"
        groove = GROOVES[sound]
        frame = random_frame(rng, seconds, tempo=rng.integers(groove.tempo[0], groove.tempo[1] + 1), meter=groove.meter, swing=float(rng.uniform(*groove.swing)))
        part, kit = drum_part(rng, synthesizers, frame, sound, kit="tabla" if sound == "tabla" else "sonic")
        return "drums", sound, {**_words_for(frame), "mode": "", "key": "", "kit": kit, "drums": True, "source": "recording"}, perform(synthesizers, part, seconds)
    file = name or str(rng.choice(list(recordings.RECORDINGS)))
    kind, sound = recordings.RECORDINGS[file]
    facts = {"source": "recording"}
    if file in recordings.NOTES:
        frame = random_frame(rng, seconds)
        instrument = INSTRUMENTS[sound]
        notes = timed(rng, frame, bass_line(rng, frame, instrument.low, instrument.high, 0.3))
        source, root = recordings.read(file), recordings.NOTES[file]
        audio = np.zeros((2, int(seconds * SAMPLE_RATE)), np.float32)
        for start, length, pitch, loud in notes:
            first, held = int(start * SAMPLE_RATE), int((length + 0.05) * SAMPLE_RATE)
            piece = recordings.resample(source, 2 ** ((pitch - root) / 12))[:, :min(held, audio.shape[1] - first)]
            audio[:, first:first + piece.shape[1]] += piece * np.float32(loud / 127) * np.minimum(1, np.arange(piece.shape[1])[::-1] / 800).astype(np.float32)
        facts.update(_words_for(frame), pattern="bass line")
    else:
        audio = recordings.stretched(rng, file, seconds)
    return kind, sound, facts, audio


_EMPTY = {"pattern": "", "tempo": "", "bpm": 0, "mode": "", "key": "", "register": "", "dynamics": "", "techniques": [], "kit": "", "parts": [], "absent": [], "drums": False}


def _finish(rng, kind, name, facts, audio, effects, chosen=None):
    """(facts, audio): room or none, effects, sane stereo, loudness."""
    audio = _normal(np.asarray(audio, np.float32))
    effects = list(effects)
    if chosen is None:
        effects += choose_effects(rng, 1 if kind == "band" else 3, effects)
    else:
        effects = list(chosen)
    reverberant = {"spacious", "distant", "echo", "cathedral"} & set(effects)
    dry = False
    if not reverberant and kind not in ("texture", "voice") and rng.random() < 0.45:
        audio = room(rng, audio)
    elif not reverberant and kind != "texture":
        dry = True
    for word in ORDER:
        if word in effects:
            audio = _normal(EFFECTS[word](rng, audio))
    audio = keep_sane(audio)
    level = 10 ** (rng.uniform(-3, 3) / 20) * 0.1
    audio = audio * (level / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
    for _ in range(2):  # peaks of more than 18 dB over the loudness are rounded, so that single clicks do not make the rest quiet
        limit = 8 * np.sqrt(np.mean(audio ** 2))
        if np.abs(audio).max() > limit:
            audio = limit * np.tanh(audio / limit)
            audio = audio * (level / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
    peak = np.abs(audio).max()
    if peak > 0.98:
        audio = audio * (0.98 / peak)
    facts = {**_EMPTY, **facts, "kind": kind, "name": name, "effects": effects}
    if "reversed" in effects:
        facts.update(pattern="", techniques=[])
    if dry:
        facts["dry"] = True
    facts["clean"] = not {"distorted", "lo-fi", "bitcrushed", "telephone"} & set(effects) and name not in ("distorted guitar", "rock", "metal", "dubstep", "dubstep bass", "industrial")
    return facts, audio.astype(np.float32)


def make_clip(synthesizers, seed, seconds=None, kind=None, name=None, effects=None):
    """(facts, audio float32 [2, samples]) of one clip; the same arguments always give the same clip
    (but for the samples of speech, see `voices`).

    `synthesizers`: a list (see `render.load_synthesizers`), or one `Synthesizer`, which then plays all that its soundfont can. `kind`, `name`, `effects` fix
    what would be drawn; `seconds` is 12 by default.
    """
    rng = np.random.default_rng(seed)
    seconds = SECONDS if seconds is None else seconds
    kind = kind or str(rng.choice([k for k, _ in KINDS], p=[p for _, p in KINDS]))
    if (kind == "voice" and not voices.available()) or (kind == "recording" and not recordings.available()):
        kind = "texture"
    samples = int(seconds * SAMPLE_RATE)
    if kind in ("instrument", "drums", "band"):
        plan = {"instrument": plan_instrument, "drums": plan_drums, "band": plan_band}[kind](rng, synthesizers, seconds, name)
        return _finish(rng, kind, plan.name, plan.facts, _mix(synthesizers, plan, np.random.default_rng(plan.seed)), plan.effects, effects)
    if kind == "texture":
        name = name or str(rng.choice(list(TEXTURES)))
        return _finish(rng, kind, name, {}, TEXTURES[name](rng, samples), [], effects)
    if kind == "voice":
        name = name or str(rng.choice(list(voices.VOICES)))
        return _finish(rng, kind, name, {}, voices.VOICES[name](rng, seconds)[:, :samples], [], effects)
    kind, name, facts, audio = _recording(rng, synthesizers, seconds, name)
    return _finish(rng, kind, name, facts, audio, [], effects)


def _onsets(part):
    """(seconds, strength) of the starts of a part's notes."""
    return [(note[0], note[3] / 127) for note in part.notes if not part.drums or note[2] in (KICK, SNARE, LOW_TOM) or note[3] > 95]


def _moved(notes, name):
    """Notes moved by whole octaves so that most lie in the range of an instrument, single ones further."""
    instrument = INSTRUMENTS[name]
    middle = np.mean([n[2] for n in notes]) if notes else 60
    shift = 12 * round(((instrument.low + instrument.high) / 2 - middle) / 12 * 0.7)
    return [(start, length, fit(pitch + shift, instrument.low, instrument.high), loud) for start, length, pitch, loud in notes]


def _render(synthesizers, plan, effects, rng):
    return _finish(rng, plan.kind, plan.name, plan.facts, _mix(synthesizers, plan, np.random.default_rng(plan.seed)), plan.effects, effects)


def _with_instrument(rng, synthesizers, plan, name):
    """The plan of a solo with another instrument."""
    part = plan.parts[0][1]
    other = instrument_part(rng, synthesizers, plan.frame, name, plan.facts["pattern"], 0.5, notes=_moved(part.notes, name))
    facts = {**plan.facts, "register": "", "techniques": [t for t in plan.facts["techniques"] if t in ("staccato", "legato") and INSTRUMENTS[name].sustained] + (["pedal"] if other.pedal else [])}
    return replace(plan, name=name, parts=[("solo", other)], facts=facts)


def _drums_as_notes(rng, plan, name):
    """The strokes of a drum part as notes of an instrument: a pitch for every piece of the kit."""
    instrument = INSTRUMENTS[name]
    pitches = {}
    for _, _, key, _ in plan.parts[0][1].notes:
        if key not in pitches:
            degree = len(pitches) * 2 if key != KICK else 0
            pitches[key] = fit(plan.frame.degree(degree) + 36 + (0 if key == KICK else 12), instrument.low, instrument.high)
    return [(start, 0.22, pitches[key], loud) for start, _, key, loud in plan.parts[0][1].notes]


PAIRS = (("instruments", 0.44), ("kits", 0.12), ("drums to notes", 0.08), ("to texture", 0.12), ("part left out", 0.10), ("solo to band", 0.08), ("effects", 0.06))


def make_pair(synthesizers, seed, seconds=None):
    """Two clips ((facts, audio), (facts, audio)) of the same length with the same score and timing; either can be the source of the other."""
    rng = np.random.default_rng(seed)
    seconds = SECONDS if seconds is None else seconds
    kind = str(rng.choice([k for k, _ in PAIRS], p=[p for _, p in PAIRS]))
    first, second = np.random.default_rng(_seed(rng)), np.random.default_rng(_seed(rng))
    one, two = (choose_effects(rng, 2) if rng.random() < 0.4 else [], choose_effects(rng, 2) if rng.random() < 0.5 else [])
    if kind == "instruments":
        plan = plan_instrument(rng, synthesizers, seconds)
        name = _pick_instrument(rng)
        while name == plan.name:
            name = _pick_instrument(rng)
        return _render(synthesizers, plan, one, first), _render(synthesizers, _with_instrument(rng, synthesizers, plan, name), two, second)
    if kind in ("kits", "drums to notes", "to texture") and not (kind == "to texture" and rng.random() < 0.4):
        plan = plan_drums(rng, synthesizers, seconds)
        if kind == "kits":
            name = str(rng.choice([g for g in GROOVES if g != plan.name]))
            part, kit = drum_part(rng, synthesizers, plan.frame, name, notes=plan.parts[0][1].notes)
            other = replace(plan, parts=[("drums", part)], facts={**plan.facts, "kit": kit})
            return _render(synthesizers, plan, one, first), _render(synthesizers, other, two, second)
        if kind == "drums to notes":
            name = str(rng.choice(["piano", "bass guitar", "marimba", "electric guitar", "synth pluck", "synth bass", "pizzicato strings", "chiptune", "acoustic guitar", "xylophone", "kalimba", "harp"]))
            part = instrument_part(rng, synthesizers, plan.frame, name, "riff", 0.5, notes=_drums_as_notes(rng, plan, name))
            other = replace(plan, kind="instrument", name=name, parts=[("solo", part)], facts={**plan.facts, "kit": "", "drums": False, "pattern": "riff", "techniques": []})
            return _render(synthesizers, plan, one, first), _render(synthesizers, other, two, second)
    elif kind == "to texture":
        plan = plan_instrument(rng, synthesizers, seconds)
    elif kind == "part left out":
        names = [n for n, b in BANDS.items() if b.groove]
        plan = plan_band(rng, synthesizers, seconds, str(rng.choice(names)), leave_out=False)
        other = deepcopy(plan)
        if rng.random() < 0.7 and plan.facts["drums"]:
            other.parts = [p for p in other.parts if p[0] != "drums"]
            other.facts.update(absent=["drums"], drums=False, kit="", parts=[p for p in plan.facts["parts"] if p != "drums"])
        else:
            index = int(rng.integers(len([p for p in other.parts if p[0] != "drums"])))
            gone = other.facts["parts"].pop(index)
            role = other.parts.pop(index)[0]
            missing = sorted(_families(gone) - _families(*other.facts["parts"]))
            other.facts["absent"] = ([role] if role == "melody" and not any(r == "melody" for r, _ in other.parts) else missing)[:1]
        return _render(synthesizers, plan, None, first), _render(synthesizers, other, None, second)
    elif kind == "solo to band":
        plan = plan_band(rng, synthesizers, seconds, leave_out=False)
        candidates = [(role, part, name) for (role, part), name in zip(plan.parts, plan.facts["parts"]) if role != "drums"]
        role, part, name = candidates[rng.integers(len(candidates))]
        facts = {**plan.facts, "parts": [], "absent": [], "drums": False, "kit": "", "pattern": "bass line" if role == "bass" else "", "techniques": []}
        solo = Plan("instrument", name, plan.frame, [("solo", part)], facts=facts, seed=plan.seed)
        return _render(synthesizers, solo, one, first), _render(synthesizers, plan, None, second)
    else:
        plan = (plan_band if rng.random() < 0.4 else plan_instrument if rng.random() < 0.7 else plan_drums)(rng, synthesizers, seconds)
        plan.effects = []
        return _render(synthesizers, plan, [], first), _render(synthesizers, plan, choose_effects(rng, 2) or ["spacious"], second)
    name = str(rng.choice(STEADY))
    texture = follow(TEXTURES[name](second, int(seconds * SAMPLE_RATE)), _onsets(plan.parts[0][1]), rng.uniform(0.5, 0.9), rng.uniform(0.1, 0.35))
    facts = {"bpm": plan.facts["bpm"], "tempo": plan.facts["tempo"], "techniques": ["rhythmic"]}
    return _render(synthesizers, plan, one, first), _finish(second, "texture", name, facts, texture, [], two)
