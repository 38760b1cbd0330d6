"""Scores by program: keys, progressions, melodies, chords, bass lines, all on a grid of beats.

Times inside the patterns are beats; `Frame.seconds_at` makes seconds of them, with swing and the small errors of a player. Everything is
drawn from the numpy generator that is passed in, so a seed fixes the score.
"""
from dataclasses import dataclass, field

import numpy as np

MODES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10),
         "phrygian": (0, 1, 3, 5, 7, 8, 10), "mixolydian": (0, 2, 4, 5, 7, 9, 10), "blues": (0, 3, 5, 6, 7, 10, 12)}
PROGRESSIONS = [(0, 4, 5, 3), (0, 3, 4, 0), (5, 3, 0, 4), (0, 5, 3, 4), (0, 0, 3, 4), (0, 6, 5, 4), (0, 3), (0, 5), (0,),
                (1, 4, 0, 0), (0, 2, 3, 4), (3, 4, 0, 5), (0, 4, 1, 3)]


@dataclass
class Part:
    """Notes for one sound: tuples (start s, duration s, pitch, velocity).

    `program` and `bank` are General MIDI's, `font` (0 to 1) picks one of the soundfonts; or `own` names a synthesiser of `synths` or a kit
    of `kits`. `pedal` lists (down s, up s). `level` is the loudness within a band in dB, `seed` fixes what an own synthesiser draws.
    """
    program: int = 0
    drums: bool = False
    pan: float = 0.5
    volume: int = 100
    notes: list = field(default_factory=list)
    bank: int = 0
    font: float = 0.0
    own: str = ""
    pedal: list = field(default_factory=list)
    level: float = 0.0
    seed: int = 0
    beat: float = 0.5


@dataclass
class Frame:
    """What the parts of one score share: tempo (beats a minute), beats a bar, key, mode, chords, length, loudness (0 soft to 1 loud)."""
    tempo: int
    key: int
    mode: str
    progression: tuple
    seconds: float
    loudness: float
    meter: int = 4
    swing: float = 0.0
    looseness: float = 0.004
    section_bars: int = 4

    @property
    def beat(self):
        """Seconds a beat lasts."""
        return 60.0 / self.tempo

    @property
    def beats(self):
        """Beats the clip lasts."""
        return self.seconds / self.beat

    @property
    def bars(self):
        return int(np.ceil(self.beats / self.meter))

    def degree(self, number):
        """Semitones above C of scale degree `number` (0 = tonic; may exceed an octave)."""
        scale = MODES[self.mode]
        return self.key + scale[number % 7] + 12 * (number // 7)

    def chord_at(self, beat):
        """Scale degree of the chord that sounds at `beat`; chords last a bar."""
        return self.progression[int(beat / self.meter + 1e-6) % len(self.progression)]

    def section_at(self, beat):
        """Number of the section at `beat`."""
        return int(beat / self.meter / self.section_bars + 1e-6)

    def seconds_at(self, rng, beat):
        """The moment a player hits `beat`: later eighths by the swing, and a small error."""
        part = beat % 1
        late = self.swing * max(0.0, 1 - abs(part - 0.5) * 4) if self.swing else 0.0
        return max(0.0, (beat + late) * self.beat + rng.normal(0, self.looseness))


def random_frame(rng, seconds, tempo=None, mode=None, **more):
    """A random frame; `tempo` and `mode` fix those values."""
    tempo = int(tempo or round(float(rng.choice([rng.uniform(50, 84), rng.uniform(84, 126), rng.uniform(126, 180)]))))
    mode = mode or str(rng.choice(["major", "minor", "major", "minor", "dorian", "phrygian", "mixolydian"]))
    loudness = float(rng.beta(1.3, 1.1))
    more.setdefault("looseness", float(rng.choice([0.0, 0.003, 0.008])))
    return Frame(tempo, int(rng.integers(12)), mode, PROGRESSIONS[rng.integers(len(PROGRESSIONS))], seconds, loudness, **more)


def velocity(rng, frame, beat, accent=0.0):
    """20 to 127: the clip's loudness, a slow rise and fall, accents on strong beats, chance."""
    middle = 34 + 82 * frame.loudness
    phrase = 7 * np.sin(2 * np.pi * beat / (4 * frame.meter))
    strong = 7 if beat % frame.meter < 0.01 else 0
    return int(np.clip(middle + phrase + strong + 16 * accent + rng.normal(0, 5), 20, 127))


def fit(pitch, low, high):
    """`pitch` moved by octaves into the range."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return int(pitch if pitch >= low else low)


def _near(frame, degree, centre, low, high):
    """The pitch of a scale degree in the octave nearest to `centre`."""
    return fit(frame.degree(degree) + 12 * round((centre - frame.key) / 12), low, high)


def _cell(rng, length, choices):
    """Durations that add up to `length` beats."""
    cell = []
    while sum(cell) < length - 1e-6:
        cell.append(min(float(rng.choice(choices)), length - sum(cell)))
    return cell


def _bars(frame):
    return range(frame.bars)


def melody(rng, frame, low, high, register):
    """Two motifs of two bars, repeated with small changes and moved with the chords: A A B A."""
    centre = low + (high - low) * register
    choices = [[0.5, 1, 1, 2], [0.5, 0.5, 1], [1, 2, 1, 3], [0.25, 0.5, 0.5, 1], [1, 1.5, 0.5]][rng.integers(5)]
    rests, length = rng.uniform(0, 0.15), 2 * frame.meter
    motifs = []
    for _ in range(2):
        step, motif = int(rng.integers(0, 7)), []
        for duration in _cell(rng, length, choices):
            step = max(-5, min(11, step + int(rng.choice([-2, -1, -1, 0, 1, 1, 2, 3, -3]))))
            motif.append((duration, step, rng.random() < rests))
        motifs.append(motif)
    notes, beat, phrase = [], 0.0, 0
    while beat < frame.beats:
        section = frame.section_at(beat)
        motif = motifs[1 if (phrase % 4 == 2 or section % 3 == 2) else 0]
        lift = 7 if section % 4 == 3 and rng.random() < 0.5 else 0
        for duration, step, rest in motif:
            if rng.random() < 0.2:
                step = frame.chord_at(beat) + int(rng.choice([0, 2, 4]))
            if not rest and beat < frame.beats:
                notes.append((beat, duration * 0.92, _near(frame, step + lift, centre - 5, low, high), velocity(rng, frame, beat)))
            beat += duration
        phrase += 1
    return notes


def arpeggio(rng, frame, low, high, register):
    """Broken chords in eighths, triplets or sixteenths; the order changes with the section."""
    base = low + (high - low) * register - 8
    division = float(rng.choice([0.5, 0.5, 1 / 3, 0.25, 0.25] if frame.tempo < 130 else [0.5, 0.5, 1 / 3, 1]))
    orders = [(0, 2, 4, 7), (7, 4, 2, 0), (0, 2, 4, 7, 4, 2), (0, 4, 2, 4), (0, 4, 7, 9), (0, 7, 4, 7)]
    chosen = rng.permutation(len(orders))
    ring = rng.uniform(0.9, 2.5)
    notes, index, beat = [], 0, 0.0
    while beat < frame.beats:
        order = orders[chosen[frame.section_at(beat) % 2]]
        degree = frame.chord_at(beat) + order[index % len(order)]
        notes.append((beat, division * ring, _near(frame, degree, base, low, high), velocity(rng, frame, beat)))
        beat, index = (index + 1) * division, index + 1
    return notes


def _chord(rng, frame, beat, base, low, high, size):
    root = frame.chord_at(beat)
    return sorted({_near(frame, root + extra, base, low, high) for extra in (0, 2, 4, 6)[:size]} | ({_near(frame, root, base - 12, low, high)} if rng.random() < 0.4 else set()))


def chords(rng, frame, low, high, register):
    """Block chords: one, two or four a bar, or a syncopated figure."""
    base = low + (high - low) * register - 5
    figure = [(0,), (0, 2), (0, 1, 2, 3), (0, 1.5), (0, 1.5, 2.5), (0, 2.5)][rng.integers(6)]
    size = int(rng.choice([3, 3, 4]))
    spread = float(rng.choice([0, 0, 0.02, 0.06]))
    notes = []
    for bar in _bars(frame):
        marks = [m for m in figure if m < frame.meter]
        for index, mark in enumerate(marks):
            beat = bar * frame.meter + mark
            duration = ((marks + [frame.meter])[index + 1] - mark) * 0.95
            for order, pitch in enumerate(_chord(rng, frame, beat, base, low, high, size)):
                notes.append((beat + order * spread, duration, pitch, velocity(rng, frame, beat)))
    return notes


def long_notes(rng, frame, low, high, register):
    """Held notes of one to two bars, single or as fifths."""
    base, two = low + (high - low) * register, rng.random() < 0.4
    length = frame.meter * int(rng.choice([1, 1, 2]))
    notes, beat = [], 0.0
    while beat < frame.beats:
        degree = frame.chord_at(beat) + int(rng.choice([0, 0, 2, 4]))
        for extra in ((0, 4) if two else (0,)):
            notes.append((beat, length * 0.98, _near(frame, degree + extra, base, low, high), velocity(rng, frame, beat)))
        beat += length
    return notes


def riff(rng, frame, low, high, register):
    """A figure of one bar, repeated over the chords; every fourth time its end changes."""
    base = low + (high - low) * min(register, 0.6) * 0.7
    cell, time = [], 0.0
    while time < frame.meter - 1e-6:
        length = min(float(rng.choice([0.5, 0.5, 1, 0.25, 0.75, 1.5])), frame.meter - time)
        if time == 0 or rng.random() < 0.85:
            cell.append((time, length, int(rng.choice([0, 0, 0, 2, 3, 4, 7, -1]))))
        time += length
    short = rng.uniform(0.5, 0.95)
    notes = []
    for bar in _bars(frame):
        for start, length, step in cell:
            beat = bar * frame.meter + start
            if bar % 4 == 3 and start >= frame.meter / 2:
                step = int(rng.choice([0, 2, 4, 6, 7]))
            notes.append((beat, length * short, _near(frame, frame.chord_at(beat) + step, base, low, high), velocity(rng, frame, beat, start == 0)))
    return notes


def power_chords(rng, frame, low, high, register):
    """Roots with fifths: driving eighths, gallops or long ones."""
    base = low + 4 + 8 * min(register, 0.5)
    figure = [((0, .5), (.5, .5), (1, .5), (1.5, .5), (2, .5), (2.5, .5), (3, .5), (3.5, .5)),
              ((0, .5), (.5, .25), (.75, .25), (1, .5), (1.5, .25), (1.75, .25), (2, .5), (2.5, .25), (2.75, .25), (3, .5), (3.5, .5)),
              ((0, 4),), ((0, 1.5), (1.5, 1.5), (3, 1)), ((0, 2), (2, 1), (3, 1))][rng.integers(5)]
    notes = []
    for bar in _bars(frame):
        for start, length in figure:
            if start >= frame.meter:
                continue
            beat = bar * frame.meter + start
            root = _near(frame, frame.chord_at(beat), base, low, high)
            for extra in (0, 7, 12)[:2 + (length >= 1)]:
                notes.append((beat, length * 0.9, fit(root + extra, low, high), velocity(rng, frame, beat, start % 1 == 0)))
    return notes


def strum(rng, frame, low, high, register):
    """Strummed chords: down and up strokes in eighths, strings one after another."""
    base = low + (high - low) * 0.35
    figure = [(0, 1, 1.5, 2.5, 3, 3.5), (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5), (0, 1, 2, 2.5, 3), (0, 1.5, 2, 3)][rng.integers(4)]
    notes = []
    for bar in _bars(frame):
        marks = [m for m in figure if m < frame.meter]
        for index, mark in enumerate(marks):
            beat = bar * frame.meter + mark
            pitches = _chord(rng, frame, beat, base, low, high, 3)
            pitches = sorted(set(pitches + [fit(p + 12, low, high) for p in pitches[:2]]))
            if mark % 1:
                pitches = pitches[::-1][:4]
            duration = (marks + [frame.meter])[index + 1] - mark
            for order, pitch in enumerate(pitches):
                notes.append((beat + order * 0.018 * frame.tempo / 60, duration, pitch, max(20, velocity(rng, frame, beat) - (12 if mark % 1 else 0))))
    return notes


def stabs(rng, frame, low, high, register):
    """Short chords off the beat or in a syncopated figure."""
    base = low + (high - low) * register - 5
    figure = [(0.5, 1.5, 2.5, 3.5), (1, 3), (0, 1.5, 3), (0.75, 1.5, 2.75, 3.5), (0, 0.75, 1.5, 2.5)][rng.integers(5)]
    notes = []
    for bar in _bars(frame):
        for mark in figure:
            if mark < frame.meter:
                beat = bar * frame.meter + mark
                for pitch in _chord(rng, frame, beat, base, low, high, 3):
                    notes.append((beat, 0.3, pitch, velocity(rng, frame, beat, 0.3)))
    return notes


def ostinato(rng, frame, low, high, register):
    """Repeated short notes in eighths or sixteenths with accents."""
    base, division = low + (high - low) * register, float(rng.choice([0.5, 0.25] if frame.tempo < 140 else [0.5]))
    accents = [(0, 3, 6), (0, 4), (0, 3, 5)][rng.integers(3)]
    turn = [int(rng.choice([0, 0, 0, 2, 4, 1])) for _ in range(8)]
    notes = []
    for index in range(int(frame.beats / division)):
        beat = index * division
        degree = frame.chord_at(beat) + turn[index % 8]
        notes.append((beat, division * 0.6, _near(frame, degree, base, low, high), velocity(rng, frame, beat, 1.0 if index % 8 in accents else -0.5)))
    return notes


def glissando(rng, frame, low, high, register):
    """Runs up and down the scale, one a bar or two, with a note to end on."""
    notes = []
    for bar in range(0, frame.bars, 2):
        up = rng.random() < 0.6
        span = list(range(0, 21)) if up else list(range(20, -1, -1))
        start, step = bar * frame.meter, 1.6 / 21 * rng.uniform(0.8, 2.2)
        for index, degree in enumerate(span):
            notes.append((start + index * step, 3, _near(frame, frame.chord_at(start) + degree, low + 12, low, high), velocity(rng, frame, start + 0.1)))
    return notes


def roll(rng, frame, low, high, register):
    """A roll that swells, and strokes."""
    notes, root = [], fit(frame.degree(0), low, high)
    for bar in _bars(frame):
        start = bar * frame.meter
        if bar % 2 == 0:
            count = int(frame.meter * frame.beat * 13)
            for index in range(count):
                notes.append((start + index * frame.meter / count, 0.2, root, int(np.clip(30 + 80 * index / count + rng.normal(0, 4), 20, 127))))
        else:
            for mark in (0, 2, 3):
                if mark < frame.meter:
                    notes.append((start + mark, 1, root if mark else fit(root + 7, low, high), velocity(rng, frame, start, 1)))
    return notes


#: Figures of bass lines: (beat, length, scale steps to choose from).
BASS_FIGURES = {
    "roots": [(0, 1, (0,)), (1, 1, (0,)), (2, 1, (0,)), (3, 1, (0, 4))],
    "eighths": [(i / 2, 0.45, (0,)) for i in range(8)],
    "walking": [(0, 0.95, (0,)), (1, 0.95, (2, 1, 4)), (2, 0.95, (4, 3)), (3, 0.95, (5, 6, 3, 7))],
    "offbeat": [(i + 0.5, 0.4, (0,)) for i in range(4)],
    "octaves": [(i / 2, 0.4, (0,) if i % 2 == 0 else (7,)) for i in range(8)],
    "sixteenths": [(i / 4, 0.22, (0, 0, 0, 7)) for i in range(16)],
    "reggae": [(0, 0.7, (0,)), (1.5, 0.4, (0, 2)), (2, 0.8, (4,)), (3.5, 0.4, (2, 0))],
    "funk": [(0, 0.4, (0,)), (0.75, 0.2, (0,)), (1.5, 0.3, (7,)), (2.25, 0.2, (4, 6)), (2.5, 0.3, (6, 7)), (3.25, 0.2, (0,)), (3.5, 0.3, (4, -1))],
    "bossa": [(0, 1.4, (0,)), (1.5, 0.45, (4,)), (2, 1.4, (4,)), (3.5, 0.45, (0,))],
    "waltz": [(0, 0.9, (0, 4))],
    "hip hop": [(0, 1.2, (0,)), (1.75, 0.5, (0, 4)), (2.5, 1.2, (0, 6, 4))],
    "held": [(0, 3.9, (0,))],
    "rolling": [(0.25, 0.2, (0,)), (0.5, 0.2, (0,)), (0.75, 0.2, (0,)), (1.25, 0.2, (0,)), (1.5, 0.2, (0,)), (1.75, 0.2, (0, 7)), (2.25, 0.2, (0,)), (2.5, 0.2, (0,)),
                (2.75, 0.2, (0,)), (3.25, 0.2, (0,)), (3.5, 0.2, (0,)), (3.75, 0.2, (0, 6))],
    "shuffle": [(0, 0.6, (0,)), (0.5, 0.4, (0,)), (1, 0.6, (2, 4)), (1.5, 0.4, (4,)), (2, 0.6, (5,)), (2.5, 0.4, (5,)), (3, 0.6, (6, 4)), (3.5, 0.4, (4,))],
}


def bass_line(rng, frame, low, high, register, figure=None):
    """Roots, fifths and octaves in one of `BASS_FIGURES`; the last bar of four may run into the next."""
    figure = BASS_FIGURES[figure or str(rng.choice(["roots", "eighths", "walking", "octaves", "funk", "reggae", "bossa", "hip hop", "held"]))]
    notes = []
    for bar in _bars(frame):
        for start, length, steps in figure:
            if start >= frame.meter:
                continue
            beat = bar * frame.meter + start
            root = _near(frame, frame.chord_at(beat), low + 6, low, high)
            pitch = fit(root + frame.degree(int(rng.choice(steps))) - frame.degree(0), low, high)
            notes.append((beat, min(length, frame.meter - start), pitch, velocity(rng, frame, beat, 0.3)))
        if bar % 4 == 3 and len(figure) > 1 and rng.random() < 0.5:
            beat = (bar + 1) * frame.meter - 0.5
            notes.append((beat, 0.4, _near(frame, frame.chord_at(beat) + 6, low + 6, low, high), velocity(rng, frame, beat)))
    return notes


def acid(rng, frame, low, high, register):
    """A sixteenth pattern of one bar with octave jumps, rests, accents and ties, as a step sequencer plays it."""
    steps = [(int(rng.choice([0, 0, 0, 7, 2, 4, 6, -7])), rng.random() < 0.78, rng.random() < 0.3, rng.random() < 0.25) for _ in range(16)]
    notes = []
    for bar in _bars(frame):
        for index, (step, sounds, accent, tie) in enumerate(steps):
            if sounds and index / 4 < frame.meter:
                beat = bar * frame.meter + index / 4
                notes.append((beat, 0.35 if tie else 0.16, _near(frame, step, low + 10, low, high), velocity(rng, frame, beat, 2.0 if accent else -0.5)))
        if bar % 4 == 3:
            steps[int(rng.integers(16))] = (int(rng.choice([0, 7, 4])), True, True, False)
    return notes


def wobble(rng, frame, low, high, register):
    """Held bass notes, each with a rate of wobble of its own (see `synths.dubstep_bass`)."""
    figure = [((0, 2), (2, 1), (3, 1)), ((0, 1.5), (1.5, 0.5), (2, 2)), ((0, 1), (1, 1), (2, 2)), ((0, 4),)][rng.integers(4)]
    notes = []
    for bar in _bars(frame):
        for start, length in figure:
            beat = bar * frame.meter + start
            notes.append((beat, length * 0.95, _near(frame, frame.chord_at(beat), low + 6, low, high), velocity(rng, frame, beat, 0.5)))
    return notes


PATTERNS = {"melody": melody, "arpeggio": arpeggio, "chords": chords, "long notes": long_notes, "riff": riff, "bass line": bass_line,
            "power chords": power_chords, "strum": strum, "stabs": stabs, "ostinato": ostinato, "glissando": glissando, "roll": roll,
            "acid": acid, "wobble": wobble}


def timed(rng, frame, notes, stretch=1.0):
    """Notes in beats to notes in seconds that start within the clip; `stretch` scales the durations (staccato, legato)."""
    out = []
    for beat, length, pitch, loud in notes:
        start = frame.seconds_at(rng, beat)
        if start < frame.seconds - 0.03:
            out.append((start, max(0.04, length * frame.beat * stretch), int(pitch), int(loud)))
    return out


def pedals(frame):
    """(down, up) of a sustain pedal that is changed with every chord, in seconds."""
    bar = frame.meter * frame.beat
    return [(index * bar + 0.08, (index + 1) * bar + 0.02) for index in range(frame.bars)]
