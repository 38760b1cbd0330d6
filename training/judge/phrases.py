"""Phrases that the judge's sources play: lists of (start s, duration s, MIDI note, velocity), drawn from a numpy generator."""
import numpy as np

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))

#: Strokes of one bar in sixteenths by General MIDI drum key.
GROOVES = (
    {36: (0, 8), 38: (4, 12), 42: range(0, 16, 2)}, {36: (0, 6, 10), 38: (4, 12), 42: range(0, 16, 2), 46: (14,)},
    {36: (0, 4, 8, 12), 39: (4, 12), 46: (2, 6, 10, 14)}, {36: (0, 7, 10), 40: (4, 12), 42: range(16)},
    {36: (0, 8), 51: (0, 4, 6, 8, 12, 14), 37: (6, 14)}, {36: (0, 10), 38: (4, 12, 15), 51: range(0, 16, 2)},
    {35: (0, 3, 8), 45: (4, 6), 48: (12, 13), 43: (14, 15)}, {36: (0, 8), 38: (2, 4, 7, 10, 12), 44: range(0, 16, 4), 49: (0,)})


def _degree(scale, number):
    return scale[number % len(scale)] + 12 * (number // len(scale))


def _times(rng, beat, seconds, lengths):
    """Starts and lengths of a repeated bar."""
    bar = []
    while sum(bar) < 4 - 1e-6:
        bar.append(min(float(rng.choice(lengths)), 4 - sum(bar)))
    time, index = float(rng.uniform(0, 0.15)), 0
    while time < seconds - 0.1:
        yield time, bar[index % len(bar)] * beat
        time, index = time + bar[index % len(bar)] * beat, index + 1


def phrase(rng, style, low, high, seconds, tempo=None):
    """Notes of one style: melody, broken (chords), chords, held, bass or drums; `tempo` in beats a minute, else drawn."""
    beat = 60 / (tempo or rng.uniform(60, 160))
    force, spread = rng.uniform(45, 120), rng.uniform(2, 10)
    velocity = lambda accent=0: int(np.clip(force + accent + rng.normal(0, spread), 20, 127))
    if style == "drums":
        return _drums(rng, beat, seconds, velocity)
    key, scale = int(rng.integers(12)), SCALES[rng.integers(len(SCALES))]
    centre = rng.uniform(low + 0.15 * (high - low), high - 0.15 * (high - low))
    place = lambda degree: _fold(key + 12 * round((centre - key - 4) / 12) + _degree(scale, degree), low, high)
    notes, step = [], int(rng.integers(5))
    if style == "melody":
        for time, length in _times(rng, beat, seconds, ((0.5, 1, 2), (0.5, 1), (1, 1.5, 0.5), (0.25, 0.5, 1))[rng.integers(4)]):
            step = int(np.clip(step + rng.integers(-3, 4), -4, 9))
            if rng.random() > 0.1:
                notes.append((time, length * rng.uniform(0.6, 1.05), place(step), velocity()))
    elif style == "broken":
        pattern, share, ring = rng.permutation(6)[:4] * 2, float(rng.choice([0.25, 1 / 3, 0.5])), rng.uniform(0.8, 3)
        for index, time in enumerate(np.arange(0.05, seconds - 0.1, share * beat)):
            notes.append((time, share * beat * ring, place(int(pattern[index % 4]) + 3 * (int(time / (4 * beat)) % 2)), velocity(8 * (index % 4 == 0))))
    elif style in ("chords", "held"):
        for time, length in _times(rng, beat, seconds, ((1, 2), (2, 4), (0.5, 1))[rng.integers(3)] if style == "chords" else (4, 3)):
            step = int(rng.integers(7))
            for voice in ((0, 2, 4) if style == "chords" else (0, 4)[:1 + rng.integers(2)]):
                notes.append((time + rng.uniform(0, 0.02), length * 0.95, place(step + voice), velocity()))
    else:
        for time, length in _times(rng, beat, seconds, ((1,), (0.5,), (0.5, 1), (1.5, 0.5))[rng.integers(4)]):
            notes.append((time, length * 0.9, _fold(key + 24 + _degree(scale, int(rng.choice([0, 0, 4, 2]))), low, high), velocity()))
    return notes


def _fold(note, low, high):
    while note > high:
        note -= 12
    while note < low:
        note += 12
    return int(note)


def _drums(rng, beat, seconds, velocity):
    groove, notes = GROOVES[rng.integers(len(GROOVES))], []
    for bar in np.arange(0, seconds, 4 * beat):
        for key, strokes in groove.items():
            for stroke in strokes:
                time = bar + stroke * beat / 4 + 0.02
                if time < seconds - 0.05 and rng.random() > 0.06:
                    notes.append((time, beat / 4, key, velocity(8 * (stroke % 4 == 0))))
    return notes
