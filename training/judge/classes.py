"""What the judge can name, and how its clips are played.

The table is fixed, and apart from the training data's: figures of two revisions of the model can be compared although its data
change. Programs are General MIDI numbers from 0.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Class:
    """One class; `prompt` asks for it, `programs` play it between the MIDI notes `low` and `high` in the given `styles`."""
    name: str
    programs: tuple
    low: int
    high: int
    styles: tuple
    prompt: str = ""


_KEYS = ("melody", "chords", "broken")
_LINE = ("melody", "broken", "held")
_MALLET = ("melody", "broken")

ALL = [Class(*row) for row in (
    ("piano", (0, 1), 36, 88, _KEYS), ("electric piano", (4, 5), 40, 84, _KEYS), ("harpsichord", (6,), 40, 84, _KEYS),
    ("music box", (10,), 60, 96, _MALLET), ("vibraphone", (11,), 53, 89, _MALLET), ("marimba", (12,), 48, 88, _MALLET),
    ("bells", (14, 9), 60, 88, _MALLET), ("church organ", (19,), 36, 84, ("chords", "held")),
    ("hammond organ", (16,), 36, 84, ("chords", "held", "melody")), ("accordion", (21, 23), 48, 84, _KEYS),
    ("acoustic guitar", (24, 25), 40, 76, _KEYS), ("electric guitar", (27, 26), 40, 80, _KEYS),
    ("distorted guitar", (30, 29), 36, 74, ("melody", "chords", "broken")), ("bass", (33, 34, 32), 28, 52, ("bass",)),
    ("synth bass", (38, 39), 28, 52, ("bass",)), ("violin", (40,), 55, 93, _LINE), ("cello", (42,), 36, 69, _LINE),
    ("strings", (48, 49), 36, 86, ("chords", "held")), ("pizzicato strings", (45,), 40, 84, _MALLET),
    ("harp", (46,), 40, 91, ("broken", "melody")), ("choir", (52, 53), 43, 81, ("chords", "held")),
    ("trumpet", (56,), 55, 82, _LINE), ("brass", (61,), 43, 79, ("chords", "melody")), ("saxophone", (65, 66, 64), 46, 80, _LINE),
    ("clarinet", (71,), 50, 87, _LINE), ("flute", (73,), 60, 93, _LINE), ("sitar", (104,), 45, 76, _MALLET),
    ("steel drums", (114,), 52, 84, _MALLET), ("drums", (), 0, 0, ("drums",), "rock drums"))]

BY_NAME = {c.name: c for c in ALL}

#: Classes that the judge cannot tell reliably when an unknown soundfont plays them: it names at most half of FluidR3's and MuseScore General's
#: (electric guitar .25, trumpet .25, saxophone .30, vibraphone .50, violin .50). They serve as sources, not as targets.
UNCERTAIN = ("electric guitar", "trumpet", "saxophone", "vibraphone", "violin")

#: The 24 classes that are judged.
JUDGED = tuple(c.name for c in ALL if c.name not in UNCERTAIN)


def prompt(name):
    """Words that ask for a class."""
    return BY_NAME[name].prompt or name
