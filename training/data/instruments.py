"""The instrument classes: General MIDI programs, playing ranges, habits.

Every class groups General MIDI programs that a listener would give one name.
`low` and `high` are MIDI note numbers, `patterns` name functions of `compose`.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """One class the model can be asked for; `programs` are General MIDI numbers from 0."""
    name: str
    programs: tuple
    low: int
    high: int
    patterns: tuple


_KEYS = ("melody", "chords", "arpeggio")
_LINE = ("melody", "melody", "arpeggio", "long notes")
_PLUCKED = ("melody", "arpeggio", "chords")
_MALLETS = ("melody", "arpeggio")
_SUSTAINED = ("chords", "long notes", "melody")

INSTRUMENTS = {i.name: i for i in [
    Instrument("piano", (0, 1), 36, 88, _KEYS),
    Instrument("electric piano", (4, 5), 40, 84, _KEYS),
    Instrument("harpsichord", (6,), 40, 84, _KEYS),
    Instrument("music box", (10,), 60, 96, _MALLETS),
    Instrument("vibraphone", (11,), 53, 89, _MALLETS),
    Instrument("marimba", (12,), 48, 88, _MALLETS),
    Instrument("bells", (14, 9), 55, 88, _MALLETS),
    Instrument("organ", (19, 16), 36, 84, _SUSTAINED),
    Instrument("accordion", (21,), 48, 84, _KEYS),
    Instrument("acoustic guitar", (24, 25), 40, 76, _PLUCKED),
    Instrument("electric guitar", (27, 26), 40, 80, _PLUCKED),
    Instrument("distorted guitar", (30, 29), 36, 74, ("riff", "melody", "chords")),
    Instrument("bass", (33, 34, 32), 28, 52, ("bass line",)),
    Instrument("synth bass", (38, 39), 28, 52, ("bass line",)),
    Instrument("violin", (40,), 55, 93, _LINE),
    Instrument("cello", (42,), 36, 69, _LINE),
    Instrument("strings", (48, 49), 36, 86, _SUSTAINED),
    Instrument("pizzicato strings", (45,), 40, 84, _MALLETS),
    Instrument("harp", (46,), 40, 91, ("arpeggio", "arpeggio", "melody")),
    Instrument("choir", (52,), 43, 81, _SUSTAINED),
    Instrument("trumpet", (56,), 55, 82, _LINE),
    Instrument("brass", (61,), 43, 79, ("chords", "riff", "melody")),
    Instrument("saxophone", (65, 66), 46, 80, _LINE),
    Instrument("clarinet", (71,), 50, 87, _LINE),
    Instrument("flute", (73,), 60, 93, _LINE),
    Instrument("sitar", (104,), 45, 76, _PLUCKED),
    Instrument("steel drums", (114,), 52, 84, _MALLETS),
    Instrument("synth pad", (89, 90, 95), 36, 79, ("chords", "long notes")),
    Instrument("synth lead", (81,), 45, 84, ("melody", "riff", "arpeggio")),
    Instrument("chiptune", (80,), 45, 93, ("melody", "arpeggio", "riff")),
]}

#: Drum keys of General MIDI channel 10.
KICK, RIM, SNARE, CLAP, CLOSED_HAT, OPEN_HAT, LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE, SHAKER, CONGA = (
    36, 37, 38, 39, 42, 46, 45, 47, 50, 49, 51, 70, 63)
