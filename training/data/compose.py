"""Scores by program: keys, progressions, melodies, chords, bass lines, drum patterns.

A score is a list of `Part`s; times are seconds, pitches MIDI numbers, velocities 1-127.
Everything is drawn from the numpy generator passed in, so a seed fixes the score.
"""
from dataclasses import dataclass, field

from .instruments import (CLOSED_HAT, CLAP, CONGA, CRASH, HIGH_TOM, KICK, LOW_TOM, MID_TOM, OPEN_HAT, RIDE, RIM,
                          SHAKER, SNARE)

MODES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10),
         "dorian": (0, 2, 3, 5, 7, 9, 10), "phrygian": (0, 1, 3, 5, 7, 8, 10)}
PROGRESSIONS = [(0, 4, 5, 3), (0, 3, 4, 0), (5, 3, 0, 4), (0, 5, 3, 4), (0, 0, 3, 4), (0, 6, 5, 4), (0, 3), (0, 5), (0,),
                (1, 4, 0, 0), (0, 2, 3, 4)]


@dataclass
class Part:
    """Notes for one General MIDI program: tuples (start s, duration s, pitch, velocity)."""
    program: int
    drums: bool = False
    pan: float = 0.5
    volume: int = 100
    notes: list = field(default_factory=list)


@dataclass
class Frame:
    """What the parts of one score share: tempo (quarter notes a minute), key, mode, chords, length in seconds."""
    tempo: float
    key: int
    mode: str
    progression: tuple
    seconds: float
    softness: float  # 0 loud .. 1 soft

    @property
    def beat(self):
        return 60.0 / self.tempo

    def degree(self, number):
        """Semitones above the key of scale degree `number` (0 = tonic, may exceed one octave)."""
        scale = MODES[self.mode]
        return self.key + scale[number % 7] + 12 * (number // 7)

    def chord_at(self, time):
        """Scale degree of the chord that sounds at `time`; chords last four beats."""
        return self.progression[int(time / (4 * self.beat)) % len(self.progression)]


def random_frame(rng, seconds, tempo=None, mode=None):
    """A random frame; `tempo` and `mode` fix those values."""
    tempo = tempo or float(rng.choice([rng.uniform(55, 80), rng.uniform(80, 125), rng.uniform(125, 175)]))
    mode = mode or str(rng.choice(["major", "minor", "major", "minor", "dorian", "phrygian"]))
    return Frame(tempo, int(rng.integers(12)), mode, PROGRESSIONS[rng.integers(len(PROGRESSIONS))], seconds,
                 float(rng.uniform(0, 1)))


def _velocity(rng, frame, accent=0.0):
    return int(max(25, min(127, 108 - 50 * frame.softness + 12 * accent + rng.normal(0, 6))))


def _fit(pitch, low, high):
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return int(pitch if pitch >= low else low)


def _rhythm(rng, frame, choices):
    """Note starts and lengths in seconds from a repeated two-bar rhythm of `choices` (beats)."""
    cell = []
    while sum(cell) < 8 - 1e-6:
        cell.append(min(float(rng.choice(choices)), 8 - sum(cell)))
    time, index = 0.0, 0
    while time < frame.seconds - 0.1:
        length = cell[index % len(cell)] * frame.beat
        yield time, length
        time, index = time + length, index + 1


def melody(rng, frame, low, high, register):
    """A scale walk that leans on chord tones, two-bar rhythm, few rests."""
    centre = low + (high - low) * register
    step = int(rng.integers(0, 7))
    choices = [[0.5, 1, 1, 2], [0.5, 0.5, 1], [1, 2, 1, 3], [0.25, 0.5, 0.5, 1]][rng.integers(4)]
    rests = rng.uniform(0, 0.15)
    notes = []
    for time, length in _rhythm(rng, frame, choices):
        step += int(rng.choice([-2, -1, -1, 0, 1, 1, 2, 3, -3]))
        if rng.random() < 0.3:
            step = frame.chord_at(time) + int(rng.choice([0, 2, 4]))
        step = max(-5, min(11, step))
        if rng.random() < rests:
            continue
        pitch = _fit(frame.degree(step) + 12 * round((centre - frame.key - 5) / 12), low, high)
        notes.append((time, length * 0.92, pitch, _velocity(rng, frame, time % (4 * frame.beat) < 0.01)))
    return notes


def arpeggio(rng, frame, low, high, register):
    """Broken chords, up, down or up and down, in eighths, triplets or sixteenths."""
    base = low + (high - low) * register - 8
    division = float(rng.choice([0.5, 0.5, 1 / 3, 0.25]))
    order = [(0, 2, 4, 7), (7, 4, 2, 0), (0, 2, 4, 7, 4, 2), (0, 4, 2, 4), (0, 4, 7, 9)][rng.integers(5)]
    ring = rng.uniform(0.9, 2.5)
    notes, index, time = [], 0, 0.0
    while time < frame.seconds - 0.1:
        degree = frame.chord_at(time) + order[index % len(order)]
        pitch = _fit(frame.degree(degree) + 12 * round((base - frame.key) / 12), low, high)
        notes.append((time, division * frame.beat * ring, pitch, _velocity(rng, frame, index % len(order) == 0)))
        index, time = index + 1, time + division * frame.beat
    return notes


def chords(rng, frame, low, high, register):
    """Block chords in a repeated rhythm, three or four voices in close position."""
    base = low + (high - low) * register - 6
    voices = (0, 2, 4) if rng.random() < 0.6 else (0, 2, 4, 6)
    choices = [[4], [2], [1, 2, 1], [1], [0.5, 1, 1.5]][rng.integers(5)]
    notes = []
    for time, length in _rhythm(rng, frame, choices):
        root = frame.chord_at(time)
        spread = rng.uniform(0, 0.015)
        for number, voice in enumerate(voices):
            pitch = _fit(frame.degree(root + voice) + 12 * round((base - frame.key) / 12), low, high)
            notes.append((time + number * spread, length * 0.95, pitch, _velocity(rng, frame)))
    return notes


def long_notes(rng, frame, low, high, register):
    """Slow held tones, sometimes in two voices."""
    base = low + (high - low) * register
    two = rng.random() < 0.4
    notes = []
    for time, length in _rhythm(rng, frame, [4, 4, 8, 2]):
        degree = frame.chord_at(time) + int(rng.choice([0, 2, 4]))
        for extra in ((0, 4) if two else (0,)):
            pitch = _fit(frame.degree(degree + extra) + 12 * round((base - frame.key) / 12), low, high)
            notes.append((time, length, pitch, _velocity(rng, frame)))
    return notes


def riff(rng, frame, low, high, register):
    """A one-bar figure repeated over the chords, with fifths below."""
    base = low + (high - low) * min(register, 0.5) * 0.7
    cell, time = [], 0.0
    while time < 4:
        length = float(rng.choice([0.5, 0.5, 1, 0.25, 1.5]))
        cell.append((time, min(length, 4 - time), int(rng.choice([0, 0, 0, 2, 3, 4, -1]))))
        time += length
    fifth = rng.random() < 0.5
    notes, bar = [], 0
    while bar * 4 * frame.beat < frame.seconds:
        for start, length, step in cell:
            time = (bar * 4 + start) * frame.beat
            degree = frame.chord_at(time) + step
            for extra in ((0, 4) if fifth else (0,)):
                pitch = _fit(frame.degree(degree + extra) + 12 * round((base - frame.key) / 12), low, high)
                notes.append((time, length * frame.beat * 0.85, pitch, _velocity(rng, frame, start == 0)))
        bar += 1
    return notes


def bass_line(rng, frame, low, high, register):
    """Roots, fifths and octaves in a steady rhythm."""
    choices = [[1], [0.5], [1, 0.5, 0.5], [2], [1.5, 0.5]][rng.integers(5)]
    notes = []
    for time, length in _rhythm(rng, frame, choices):
        degree = frame.chord_at(time) + int(rng.choice([0, 0, 0, 4, 7, 2]))
        pitch = _fit(frame.degree(degree) + 24, low, high)
        notes.append((time, length * 0.9, pitch, _velocity(rng, frame, time % (4 * frame.beat) < 0.01)))
    return notes


PATTERNS = {"melody": melody, "arpeggio": arpeggio, "chords": chords, "long notes": long_notes, "riff": riff,
            "bass line": bass_line}

DRUM_GROOVES = {
    "rock": {KICK: (0, 4, 8, 10), SNARE: (4, 12), CLOSED_HAT: tuple(range(0, 16, 2))},
    "four on the floor": {KICK: (0, 4, 8, 12), CLAP: (4, 12), OPEN_HAT: (2, 6, 10, 14), CLOSED_HAT: (0, 4, 8, 12)},
    "hip hop": {KICK: (0, 3, 10), SNARE: (4, 12), CLOSED_HAT: (0, 2, 4, 6, 7, 8, 10, 12, 14)},
    "breakbeat": {KICK: (0, 2, 10), SNARE: (4, 7, 9, 12), CLOSED_HAT: tuple(range(0, 16, 2))},
    "jazz": {RIDE: (0, 4, 7, 8, 12, 15), KICK: (0, 8), RIM: (6, 14)},
    "latin": {CONGA: (0, 3, 6, 10, 12), SHAKER: tuple(range(16)), RIM: (0, 6, 12), KICK: (0, 8)},
    "toms": {LOW_TOM: (0, 3, 8, 11), MID_TOM: (4, 6, 14), HIGH_TOM: (12, 13), KICK: (0, 8)},
}


def drums(rng, frame, groove):
    """One of the grooves in sixteenths, with ghost strokes, dropped strokes and an occasional crash."""
    step = frame.beat / 4
    pattern = {key: set(hits) for key, hits in DRUM_GROOVES[groove].items()}
    for key in pattern:
        for _ in range(int(rng.integers(0, 2))):
            pattern[key] ^= {int(rng.integers(16))}
    swing = rng.uniform(0, 0.25) if groove in ("jazz", "hip hop") else 0.0
    notes, bar = [], 0
    while bar * 16 * step < frame.seconds:
        if bar % 4 == 0 and rng.random() < 0.3:
            notes.append((bar * 16 * step, 1.0, CRASH, 90))
        for key, hits in pattern.items():
            for hit in hits:
                time = (bar * 16 + hit + (swing if hit % 2 else 0)) * step
                if time < frame.seconds - 0.05:
                    notes.append((time, step, key, _velocity(rng, frame, hit % 4 == 0)))
        bar += 1
    return notes
