"""The instrument classes: General MIDI programs and synthesisers of our own, playing ranges, habits, techniques.

Every class groups the sounds that a listener would give one name.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instrument:
    """One class that the model can be asked for.

    `programs` are General MIDI numbers from 0, or (bank, number); `own` names functions of `synths.SYNTHS`, used for `own_share` of the
    clips. `techniques` are further sounds with a word of their own: {word: programs}. `low` and `high` are MIDI note numbers, `patterns`
    name functions of `compose`. `pedal`: played with a sustain pedal at times. `sustained`: notes last as long as they are held.
    `weight`: how often the class is drawn.
    """
    name: str
    low: int
    high: int
    patterns: tuple
    programs: tuple = ()
    own: tuple = ()
    own_share: float = 0.5
    techniques: dict = field(default_factory=dict)
    pedal: bool = False
    sustained: bool = False
    weight: float = 1.0


_KEYS = ("melody", "chords", "arpeggio", "stabs", "riff")
_LINE = ("melody", "melody", "arpeggio", "long notes", "riff")
_PLUCKED = ("melody", "arpeggio", "chords", "strum")
_MALLETS = ("melody", "arpeggio", "riff")
_SUSTAINED = ("chords", "long notes", "melody")
_BASS = ("bass line", "bass line", "riff")


def _line(name, program, low, high, **more):
    return Instrument(name, low, high, _LINE, (program,), sustained=True, **more)


INSTRUMENTS = {i.name: i for i in [
    # keyboards
    Instrument("piano", 28, 96, _KEYS, (0, 1), ("salamander",), 0.35, pedal=True, weight=3),
    Instrument("honky-tonk piano", 40, 88, _KEYS, (3,), pedal=True, weight=0.7),
    Instrument("electric piano", 36, 88, _KEYS, (4, 5, (8, 4), (8, 5)), ("fm piano",), 0.2, pedal=True, weight=1.5),
    Instrument("harpsichord", 40, 86, _KEYS, (6, (8, 6))),
    Instrument("clavinet", 40, 84, ("riff", "riff", "stabs", "melody"), (7,), weight=0.8),
    Instrument("celesta", 60, 100, _MALLETS, (8,), weight=0.8),
    Instrument("glockenspiel", 67, 103, _MALLETS, (9,), weight=0.8),
    Instrument("music box", 60, 96, _MALLETS, (10,)),
    Instrument("vibraphone", 53, 89, _MALLETS + ("chords",), (11,), pedal=True),
    Instrument("marimba", 45, 90, _MALLETS, (12,)),
    Instrument("xylophone", 60, 96, _MALLETS, (13,), weight=0.8),
    Instrument("tubular bells", 55, 84, _MALLETS + ("long notes",), (14, (8, 14)), pedal=True),
    Instrument("dulcimer", 50, 86, _MALLETS, (15,), weight=0.7),
    Instrument("kalimba", 53, 86, _MALLETS, (108,), weight=0.8),
    Instrument("steel drums", 52, 86, _MALLETS, (114,)),
    Instrument("church organ", 31, 88, _SUSTAINED + ("chords",), (19, (8, 19)), ("pipe organ",), 0.4, sustained=True, weight=1.6),
    Instrument("electric organ", 36, 88, ("chords", "melody", "stabs", "riff"), (16, 17, 18, (8, 16), (8, 17)), ("hammond",), 0.5,
               sustained=True, weight=1.6),
    Instrument("harmonium", 41, 84, _SUSTAINED, (20,), sustained=True, weight=0.7),
    Instrument("accordion", 48, 86, _KEYS, (21, 23, (8, 21)), sustained=True),
    Instrument("harmonica", 55, 86, _LINE, (22,), sustained=True),
    # plucked strings
    Instrument("acoustic guitar", 40, 78, _PLUCKED, (24, 25, (8, 25)), weight=2,
               techniques={"nylon": (24,), "steel": (25,), "twelve-string": ((8, 25),), "harmonics": (31,)}),
    Instrument("electric guitar", 40, 82, _PLUCKED + ("riff",), (27, 26, (8, 27)), weight=2,
               techniques={"palm muted": (28,), "funk": ((8, 28),), "harmonics": (31,), "slide": ((8, 26),)}),
    Instrument("distorted guitar", 34, 76, ("riff", "riff", "power chords", "melody"), (30, 29), weight=2,
               techniques={"feedback": ((8, 30),)}),
    Instrument("ukulele", 55, 81, _PLUCKED, ((8, 24),), weight=0.8),
    Instrument("mandolin", 55, 88, _PLUCKED, ((16, 25),), weight=0.8),
    Instrument("banjo", 48, 80, ("arpeggio", "arpeggio", "melody", "strum"), (105,)),
    Instrument("sitar", 45, 78, ("melody", "arpeggio", "riff"), (104,)),
    Instrument("shamisen", 48, 80, ("melody", "riff"), (106,), weight=0.7),
    Instrument("koto", 48, 84, ("melody", "arpeggio"), (107, (8, 107)), weight=0.8),
    Instrument("harp", 31, 96, ("arpeggio", "arpeggio", "melody", "glissando"), (46,), pedal=True, weight=1.5),
    # basses
    Instrument("bass guitar", 28, 55, _BASS, (33, 34), weight=1.5, techniques={"slap": (36, 37), "picked": (34,)}),
    Instrument("upright bass", 28, 55, _BASS, (32,), weight=1.2),
    Instrument("fretless bass", 28, 55, _BASS + ("melody",), (35,), sustained=True, weight=0.7),
    Instrument("synth bass", 28, 55, _BASS, (38, 39, (8, 38), (8, 39)), ("synth bass",), 0.6, sustained=True, weight=1.2),
    Instrument("acid bass", 31, 58, ("acid",), (), ("acid bass",), sustained=True),
    Instrument("sub bass", 24, 43, ("bass line", "long notes"), (), ("sub bass",), sustained=True),
    Instrument("dubstep bass", 26, 43, ("wobble",), (), ("dubstep bass",), sustained=True),
    # bowed strings
    _line("violin", 40, 55, 98, weight=1.5),
    _line("viola", 41, 48, 86),
    _line("cello", 42, 36, 74, weight=1.3),
    Instrument("double bass", 28, 60, ("long notes", "bass line", "melody"), (43,), sustained=True),
    Instrument("strings", 33, 91, _SUSTAINED + ("ostinato",), (48, 49, (8, 48)), sustained=True, weight=2, techniques={"tremolo": (44,)}),
    Instrument("pizzicato strings", 40, 86, _MALLETS + ("ostinato",), (45,)),
    Instrument("synth strings", 36, 86, _SUSTAINED, (50, 51, (8, 50)), ("synth strings",), 0.5, sustained=True),
    Instrument("orchestra hit", 40, 79, ("stabs",), (55,), weight=0.6),
    Instrument("timpani", 36, 57, ("riff", "roll"), (47,), weight=0.8),
    # voices
    Instrument("choir", 41, 84, _SUSTAINED, (52, 53), ("choir",), 0.4, sustained=True, weight=1.6),
    Instrument("singing voice", 45, 81, ("melody", "long notes"), (85,), ("voice",), 0.75, sustained=True, weight=1.5),
    Instrument("synth voice", 45, 84, _SUSTAINED, (54, 91), ("vocoder",), 0.4, sustained=True, weight=0.8),
    # brass
    _line("trumpet", 56, 52, 84, weight=1.5, techniques={"muted": (59,)}),
    _line("trombone", 57, 40, 74),
    Instrument("tuba", 26, 58, ("bass line", "melody", "long notes"), (58,), sustained=True),
    _line("french horn", 60, 41, 79),
    Instrument("brass", 41, 82, ("chords", "stabs", "riff", "melody"), (61, (8, 61)), sustained=True, weight=1.5),
    Instrument("synth brass", 41, 84, ("chords", "stabs", "riff", "melody"), (62, 63, (8, 62)), ("synth brass",), 0.5, sustained=True),
    # winds
    Instrument("saxophone", 41, 84, _LINE, (65, 66, 64, 67), sustained=True, weight=1.5),
    _line("oboe", 68, 58, 91),
    _line("english horn", 69, 52, 81, weight=0.6),
    _line("bassoon", 70, 34, 72),
    _line("clarinet", 71, 50, 91, weight=1.2),
    _line("piccolo", 72, 74, 103, weight=0.7),
    _line("flute", 73, 60, 96, weight=1.5),
    _line("recorder", 74, 60, 93, weight=0.8),
    _line("pan flute", 75, 60, 93, weight=0.8),
    _line("shakuhachi", 77, 55, 88, weight=0.8),
    _line("whistle", 78, 67, 98, weight=0.8),
    _line("ocarina", 79, 60, 91, weight=0.7),
    _line("bagpipes", 109, 57, 81, weight=0.8),
    # electronic
    Instrument("synth pad", 36, 84, ("chords", "long notes"), (89, 90, 95, 94, 92), ("synth pad",), 0.5, sustained=True, weight=2),
    Instrument("synth lead", 45, 86, ("melody", "riff", "arpeggio"), (81, 86, 87, 84), ("synth lead",), 0.6, sustained=True, weight=1.3),
    Instrument("supersaw", 45, 86, ("chords", "stabs", "riff", "melody"), (), ("supersaw",), sustained=True),
    Instrument("synth pluck", 45, 90, ("arpeggio", "riff", "melody"), (), ("synth pluck",)),
    Instrument("chiptune", 45, 96, ("melody", "arpeggio", "riff"), (80,), ("pulse",), 0.8, sustained=True, weight=1.3),
    Instrument("fm bells", 55, 96, _MALLETS, (98,), ("fm bells",), 0.75),
    Instrument("theremin", 55, 88, ("melody", "long notes"), (), ("theremin",), sustained=True, weight=0.7),
    Instrument("glass harmonica", 55, 91, ("long notes", "chords", "melody"), (92,), ("glass",), 0.6, sustained=True, weight=0.7),
]}

#: Drum keys of General MIDI channel 10.
KICK, RIM, SNARE, CLAP, CLOSED_HAT, PEDAL_HAT, OPEN_HAT, LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE, BELL, TAMBOURINE, COWBELL, SHAKER, CONGA, LOW_CONGA, CLAVE = (
    36, 37, 38, 39, 42, 44, 46, 45, 47, 50, 49, 51, 53, 54, 56, 70, 63, 64, 75)
