"""Genres as bands: layers on one grid, a groove, tempo, mode, what may be left out."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A role of a band: instruments to choose from, pattern (of `compose.PATTERNS`, or "bass:FIGURE"), loudness in dB, register 0 to 1, chance."""
    role: str
    instruments: tuple
    patterns: tuple
    level: float = 0.0
    register: float = 0.5
    chance: float = 1.0


@dataclass(frozen=True)
class Band:
    layers: tuple
    tempo: tuple
    modes: tuple
    groove: str = ""
    drums_level: float = 0.0
    textures: tuple = ()
    effects: tuple = ()
    meter: int = 4
    weight: float = 1.0


def _bass(instruments, *figures, level=0.0, chance=1.0):
    return Layer("bass", instruments, tuple(f"bass:{figure}" for figure in figures), level, 0.2, chance)


def _chords(instruments, patterns=("chords",), level=-4.0, register=0.5, chance=1.0):
    return Layer("chords", instruments, patterns, level, register, chance)


def _melody(instruments, patterns=("melody",), level=-2.0, register=0.6, chance=0.8):
    return Layer("melody", instruments, patterns, level, register, chance)


_MINOR, _MAJOR, _ANY = ("minor", "dorian"), ("major", "mixolydian"), ("major", "minor", "dorian")

BANDS = {
    "cinematic ambient": Band((_chords(("synth pad", "strings", "choir", "synth strings"), ("chords", "long notes"), 0, 0.4),
                               Layer("bass", ("synth bass", "sub bass", "double bass", "cello"), ("long notes", "bass:held"), 1, 0.1)),
                              (50, 72), ("minor", "phrygian"), textures=(("metallic resonance", -8), ("drone", -7), ("sub drone", -11)), effects=("dark", "spacious"), weight=2.5),
    "ambient": Band((_chords(("synth pad", "glass harmonica", "choir", "synth strings"), ("long notes", "chords"), 0, 0.5),
                     _melody(("piano", "fm bells", "celesta", "electric guitar"), ("long notes", "melody", "arpeggio"), -4, 0.7, 0.6)),
                    (50, 80), _ANY, textures=(("synth texture", -10),), effects=("spacious",), weight=1.2),
    "orchestral": Band((_chords(("strings",), ("chords", "long notes"), 0, 0.5), Layer("brass", ("brass", "french horn", "trombone"), ("long notes", "chords"), -4, 0.4, 0.7),
                        _melody(("flute", "violin", "trumpet", "oboe", "clarinet"), ("melody",), 0, 0.6, 0.9), Layer("bass", ("cello", "double bass", "tuba"), ("bass:roots", "long notes"), -1, 0.2)),
                       (60, 140), _ANY, "orchestral percussion", -5, effects=("spacious",)),
    "orchestral trailer": Band((Layer("strings", ("strings",), ("ostinato",), 0, 0.35), Layer("brass", ("brass", "french horn", "trombone"), ("long notes", "stabs"), 0, 0.3),
                                _melody(("choir", "violin", "strings"), ("long notes",), -3, 0.6, 0.7), Layer("bass", ("double bass", "sub bass", "tuba"), ("bass:held", "bass:roots"), 0, 0.1)),
                               (80, 150), ("minor", "phrygian"), "orchestral percussion", 2, textures=(("impact", -4),), effects=("spacious",)),
    "rock": Band((Layer("guitar", ("distorted guitar",), ("power chords", "riff"), -1, 0.4), _bass(("bass guitar",), "eighths", "roots"),
                  _melody(("distorted guitar", "electric guitar", "electric organ"), ("melody",), -3, 0.8, 0.45)), (95, 165), ("minor", "mixolydian", "major"), "rock", 2),
    "pop": Band((_chords(("piano", "acoustic guitar", "synth pad", "electric guitar"), ("chords", "strum", "stabs")), _bass(("bass guitar", "synth bass"), "eighths", "roots", "octaves"),
                 _melody(("synth lead", "singing voice", "synth pluck", "electric guitar"), ("melody", "arpeggio"), -2, 0.6, 0.9)), (88, 128), ("major", "minor"), "pop", 1),
    "jazz trio": Band((_chords(("piano", "electric guitar", "vibraphone"), ("stabs", "melody", "chords"), 0, 0.6), _bass(("upright bass",), "walking", level=1),
                       _melody(("saxophone", "trumpet"), ("melody",), 0, 0.6, 0.35)), (90, 180), ("dorian", "mixolydian", "major"), "jazz", -1),
    "techno": Band((_bass(("synth bass", "sub bass", "acid bass"), "rolling", "sixteenths", "offbeat"), _chords(("synth pluck", "synth lead", "supersaw"), ("stabs", "arpeggio", "riff"), -5),
                    Layer("pad", ("synth pad",), ("long notes", "chords"), -9, 0.5, 0.5)), (120, 145), ("minor", "phrygian"), "techno", 4),
    "house": Band((_bass(("synth bass", "bass guitar"), "offbeat", "octaves", "funk"), _chords(("piano", "electric piano", "electric organ", "supersaw"), ("stabs",), -3),
                   _melody(("synth lead", "synth pluck", "synth voice"), ("riff", "melody"), -5, 0.6, 0.5)), (115, 130), _MINOR + ("major",), "house", 3),
    "drum and bass": Band((_bass(("sub bass", "dubstep bass", "synth bass"), "hip hop", "held", "rolling"), Layer("pad", ("synth pad", "strings", "electric piano"), ("chords", "long notes"), -6, 0.5, 0.8),
                           _melody(("synth pluck", "synth lead"), ("arpeggio", "riff"), -6, 0.6, 0.5)), (160, 178), _MINOR, "drum and bass", 4),
    "hip hop": Band((_bass(("sub bass", "bass guitar", "synth bass"), "hip hop", level=1), _chords(("electric piano", "piano", "strings", "brass"), ("riff", "stabs", "chords"), -3),
                     _melody(("flute", "vibraphone", "trumpet", "electric guitar"), ("riff", "melody"), -5, 0.6, 0.4)), (80, 104), _MINOR, "hip hop", 3),
    "lo-fi hip hop": Band((_chords(("electric piano", "piano", "electric guitar", "acoustic guitar"), ("chords", "arpeggio"), 0), _bass(("upright bass", "bass guitar", "sub bass"), "hip hop", "held", level=-1),
                           _melody(("vibraphone", "flute", "electric guitar", "saxophone"), ("melody",), -5, 0.6, 0.5)),
                          (65, 92), ("dorian", "minor", "major"), "lo-fi hip hop", 5, textures=(("vinyl crackle", -18),), effects=("lo-fi",), weight=1.5),
    "trap": Band((_bass(("sub bass",), "hip hop", "held", level=3), _chords(("fm bells", "piano", "synth pluck", "strings"), ("arpeggio", "riff", "chords"), -3),
                  _melody(("flute", "synth lead", "choir"), ("melody", "riff"), -5, 0.7, 0.5)), (130, 160), ("minor", "phrygian"), "trap", 3),
    "dubstep": Band((Layer("bass", ("dubstep bass",), ("wobble",), 2, 0.2), Layer("pad", ("synth pad", "strings", "choir"), ("long notes",), -8, 0.6, 0.6)), (138, 144), ("minor", "phrygian"), "dubstep", 3),
    "synthwave": Band((_bass(("synth bass",), "eighths", "sixteenths", "octaves", level=1), Layer("pad", ("synth pad", "synth strings"), ("chords",), -3, 0.5),
                       _melody(("synth lead", "synth brass", "supersaw"), ("melody", "arpeggio"), -2, 0.65, 0.9), Layer("chords", ("synth pluck", "fm bells"), ("arpeggio",), -6, 0.6, 0.6)),
                      (84, 118), _MINOR, "synthwave", 2),
    "reggae": Band((_chords(("electric guitar", "electric organ", "piano"), ("stabs",), -2), _bass(("bass guitar",), "reggae", level=2),
                    _melody(("electric organ", "trombone", "saxophone", "singing voice"), ("riff", "melody"), -4, 0.5, 0.5)), (64, 92), ("minor", "major", "mixolydian"), "reggae", 1),
    "funk": Band((Layer("guitar", ("electric guitar", "clavinet"), ("stabs", "riff"), -3, 0.5), _bass(("bass guitar",), "funk", level=1),
                  Layer("brass", ("brass", "saxophone"), ("stabs", "riff"), -3, 0.5, 0.6), _chords(("electric piano", "electric organ"), ("stabs",), -6, 0.5, 0.5)),
                 (92, 118), ("dorian", "mixolydian"), "funk", 2),
    "bossa nova": Band((_chords(("acoustic guitar", "piano"), ("stabs", "chords"), 0), _bass(("upright bass",), "bossa", level=-1), _melody(("flute", "saxophone", "singing voice", "vibraphone"), chance=0.8)),
                       (100, 150), ("major", "dorian"), "bossa nova", -3),
    "waltz": Band((_chords(("accordion", "piano", "strings", "acoustic guitar"), ("chords", "stabs"), -2), _bass(("double bass", "upright bass", "tuba"), "waltz", level=-1),
                   _melody(("violin", "accordion", "flute", "clarinet"), chance=0.95)), (90, 180), ("major", "minor"), "waltz", -5, meter=3),
    "blues": Band((Layer("guitar", ("electric guitar", "distorted guitar"), ("riff", "stabs", "melody"), -1, 0.4), _bass(("bass guitar", "upright bass"), "shuffle", "walking"),
                   _melody(("harmonica", "electric guitar", "saxophone", "piano"), chance=0.8)), (60, 130), ("blues", "mixolydian"), "blues", 0),
    "metal": Band((Layer("guitar", ("distorted guitar",), ("power chords",), 1, 0.1), _bass(("bass guitar",), "eighths", "sixteenths", level=-1),
                   _melody(("distorted guitar",), ("melody", "arpeggio"), -3, 0.85, 0.5)), (120, 180), ("minor", "phrygian"), "metal", 2),
    "disco": Band((_chords(("strings", "electric guitar", "electric piano"), ("stabs", "chords"), -3), _bass(("bass guitar",), "octaves", level=1),
                   Layer("brass", ("brass", "strings"), ("riff", "stabs"), -4, 0.6, 0.6)), (110, 128), _MINOR + ("major",), "disco", 2),
    "latin": Band((_chords(("piano", "acoustic guitar"), ("riff", "stabs"), 0), _bass(("bass guitar", "upright bass"), "bossa", "reggae"),
                   Layer("brass", ("trumpet", "brass", "trombone"), ("stabs", "melody"), -2, 0.5, 0.7)), (90, 130), ("minor", "major"), "latin", 1),
    "acoustic ballad": Band((_chords(("acoustic guitar", "piano"), ("arpeggio", "strum", "chords"), 0), _melody(("singing voice", "violin", "cello", "flute"), ("melody",), 0, 0.6, 0.85),
                             Layer("bass", ("upright bass", "cello", "bass guitar"), ("bass:roots", "bass:held"), -2, 0.2, 0.7), Layer("pad", ("strings",), ("long notes",), -7, 0.5, 0.5)),
                            (56, 86), ("major", "minor"), weight=1.1),
    "string quartet": Band((Layer("melody", ("violin",), ("melody",), 0, 0.65), Layer("strings", ("violin",), ("arpeggio", "melody", "long notes"), -2, 0.45), Layer("chords", ("viola",), ("long notes", "melody"), -2, 0.4),
                            Layer("bass", ("cello",), ("bass:roots", "long notes", "melody"), -1, 0.25)), (60, 140), _ANY, weight=1.1),
    "8-bit game": Band((_melody(("chiptune",), ("melody",), 0, 0.6, 1.0), Layer("chords", ("chiptune",), ("arpeggio",), -5, 0.5), Layer("bass", ("chiptune",), ("bass:octaves", "bass:eighths"), -1, 0.1)),
                       (110, 175), ("major", "minor"), "chiptune drums", -1, weight=1.1),
    "folk": Band((_chords(("acoustic guitar", "banjo", "mandolin"), ("strum", "arpeggio"), 0), _melody(("violin", "accordion", "flute", "whistle", "harmonica", "singing voice"), chance=0.9),
                  _bass(("upright bass",), "roots", chance=0.5)), (80, 140), ("major", "dorian", "mixolydian")),
    "sacred choir": Band((_chords(("choir",), ("chords", "long notes"), 0, 0.5), Layer("organ", ("church organ",), ("chords", "long notes"), -5, 0.4, 0.8)), (50, 84), ("minor", "major", "dorian"),
                         effects=("cathedral",)),
    "brass band": Band((_melody(("trumpet", "french horn"), ("melody", "riff"), 0, 0.6, 1.0), _chords(("brass", "trombone"), ("chords", "stabs"), -2), Layer("bass", ("tuba",), ("bass:roots", "bass:walking"), 0, 0.2)),
                       (96, 126), ("major",), "march", -1),
}
