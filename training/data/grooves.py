"""Drum patterns in sixteenths (or triplets) by genre, with ghost notes, swing, fills and cymbals at new sections.

A line of a pattern is a string, a character a step: X accent, x stroke, o ghost note, ? now and then, . rest.
"""
from dataclasses import dataclass

import numpy as np

from .instruments import (BELL, CLAP, CLAVE, CLOSED_HAT, CONGA, COWBELL, CRASH, HIGH_TOM, KICK, LOW_CONGA, LOW_TOM, MID_TOM,
                          OPEN_HAT, PEDAL_HAT, RIDE, RIM, SHAKER, SNARE, TAMBOURINE)

_STRENGTH = {"X": 1.0, "x": 0.78, "o": 0.36, "?": 0.5}


@dataclass(frozen=True)
class Groove:
    """Variants (dicts key -> line), tempo range, kits: numbers are General MIDI drum programs, words are `kits`'."""
    variants: tuple
    tempo: tuple
    kits: tuple
    swing: tuple = (0.0, 0.0)
    meter: int = 4
    steps: int = 4
    fills: float = 0.7


_HAT8, _HAT16 = "X.x.X.x.X.x.X.x.", "XoxoXoxoXoxoXoxo"
_ROCK, _ELECTRO, _808 = (0, 1, 8, 16, 3, "acoustic"), ("909", "house", 24, "sonic"), ("808", 25, "808", "sonic")

GROOVES = {
    "rock": Groove(({KICK: "X.......X.x.....", SNARE: "....X.......X...", CLOSED_HAT: _HAT8},
                    {KICK: "X.x.....X.x.....", SNARE: "....X..o....X..o", RIDE: _HAT8},
                    {KICK: "X.....x.X.x...?.", SNARE: "....X.......X...", OPEN_HAT: "X...x...X...x..."}), (90, 165), _ROCK),
    "pop": Groove(({KICK: "X.......X.......", SNARE: "....X.......X...", CLOSED_HAT: _HAT8, TAMBOURINE: "....x.......x..."},
                   {KICK: "X..x....X..x....", CLAP: "....X.......X...", CLOSED_HAT: _HAT16},
                   {KICK: "X.....x...x.....", SNARE: "....X.......X...", SHAKER: _HAT16}), (85, 128), (0, 8, 2, "909", "acoustic")),
    "jazz": Groove(({RIDE: "X..x.xX..x.x", PEDAL_HAT: "...x.....x..", SNARE: "?....?..?..o", KICK: "o..o..o..o.."},
                    {RIDE: "X..x.xX..x.x", PEDAL_HAT: "...x.....x..", SNARE: "o.xo.xo.xo.x"},
                    {RIDE: "x..X.xx..X.x", PEDAL_HAT: "...x.....x..", KICK: "x....?..o..."}), (90, 180), (40, 40, 41, 32, 33), steps=3, fills=0.5),
    "techno": Groove(({KICK: "X...X...X...X...", OPEN_HAT: "..x...x...x...x.", CLOSED_HAT: "xoxoxoxoxoxoxoxo"},
                      {KICK: "X...X...X...X...", CLAP: "....x.......x...", OPEN_HAT: "..X...X...X...X."},
                      {KICK: "X...X...X...X..o", RIM: "..x..x..x..x..x.", CLOSED_HAT: "..x...x...x...x.", LOW_TOM: ".....?....?..?.."}), (120, 145), _ELECTRO),
    "house": Groove(({KICK: "X...X...X...X...", CLAP: "....X.......X...", OPEN_HAT: "..X...X...X...X.", SHAKER: _HAT16},
                     {KICK: "X...X...X...X...", SNARE: "....X..o....X.o.", CLOSED_HAT: "xox.xox.xox.xox.", COWBELL: "...?..?....?..?."}),
                    (115, 130), _ELECTRO, (0.0, 0.12)),
    "drum and bass": Groove(({KICK: "X.........x.....", SNARE: "....X.......X...", CLOSED_HAT: _HAT8},
                             {KICK: "X.........X.....", SNARE: "....X..o.o..X..o", CLOSED_HAT: _HAT16},
                             {KICK: "X.x.......x.....", SNARE: "....X..x.x..X.?.", RIDE: _HAT8}), (160, 180), (16, 0, "dnb", "dnb", "sonic")),
    "breakbeat": Groove(({KICK: "X.x.......xx....", SNARE: "....X..o.o..X..o", CLOSED_HAT: _HAT8},
                         {KICK: "X..x......x..x..", SNARE: "....X..o.o.oX...", RIDE: _HAT8},
                         {KICK: "X.x.......x.....", SNARE: "....X..x.x....X.", CLOSED_HAT: _HAT8}), (95, 140), (0, 3, 8, "dnb", "sonic")),
    "hip hop": Groove(({KICK: "X..x......x.....", SNARE: "....X.......X...", CLOSED_HAT: _HAT8},
                       {KICK: "X.....x..xx.....", SNARE: "....X.......X..o", CLOSED_HAT: "x.xxx.x.x.xxx.x."},
                       {KICK: "X.x....x..x...x.", CLAP: "....X.......X...", CLOSED_HAT: _HAT8}), (80, 104), (0, 8, "808", "lofi", "sonic"), (0.05, 0.22)),
    "lo-fi hip hop": Groove(({KICK: "X......x..x.....", SNARE: "....X.......X...", CLOSED_HAT: "x.x.x.x.x.x.x.xo"},
                             {KICK: "X..x......x.....", RIM: "....X.......X...", CLOSED_HAT: _HAT8},
                             {KICK: "X.....x...x..?..", SNARE: "....x.......x..o", SHAKER: _HAT8}), (65, 92), ("lofi", "lofi", 40, 8), (0.12, 0.3), fills=0.3),
    "trap": Groove(({KICK: "X.....x...x.....", CLAP: "........X.......", CLOSED_HAT: "x.x.x.x.xoxox.x."},
                    {KICK: "X..x......x...?.", SNARE: "........X.......", CLOSED_HAT: "xoxox.x.x.xoxoxo", OPEN_HAT: "..............x."}), (130, 160), _808, fills=0.4),
    "dubstep": Groove(({KICK: "X.........x.....", SNARE: "........X.......", CLOSED_HAT: "x..x..x.x..x..x."},
                       {KICK: "X.....x.....x...", SNARE: "........X.......", CLOSED_HAT: _HAT8}), (136, 146), ("dnb", "909", 24, "sonic")),
    "synthwave": Groove(({KICK: "X...X...X...X...", SNARE: "....X.......X...", CLOSED_HAT: _HAT8},
                         {KICK: "X.......X.x.....", SNARE: "....X.......X...", CLOSED_HAT: _HAT16}), (84, 120), ("gated", "gated", 24, 16)),
    "reggae": Groove(({KICK: "........X.......", SNARE: "........X.......", CLOSED_HAT: "X.x.X.x.X.x.X.x."},
                      {KICK: "........X.......", RIM: "........X.......", CLOSED_HAT: "..X...X...X...X."},
                      {KICK: "X...X...X...X...", SNARE: "........X....o..", CLOSED_HAT: "x.x.x.x.x.x.x.xo"}), (64, 92), (0, 8, 3), (0.04, 0.18)),
    "funk": Groove(({KICK: "X.x.......x..x..", SNARE: "....X..o.o..X..o", CLOSED_HAT: "XxxxXxxxXxxxXxxx"},
                    {KICK: "X..x..x...x.....", SNARE: "..o.X.o..o.oX..o", CLOSED_HAT: "X.x.X.x.X.x.X..x", OPEN_HAT: ".............x.."}), (90, 118), (0, 3, 5, "acoustic"), (0.0, 0.12)),
    "bossa nova": Groove(({KICK: "X..xX..xX..xX..x", RIM: "X..x..x...x..x..", CLOSED_HAT: _HAT8},
                          {KICK: "X..xX..xX..xX..x", RIM: "..x..x..x..x...x", SHAKER: _HAT16}), (100, 150), (40, 32, 0), fills=0.2),
    "waltz": Groove(({KICK: "X...........", SNARE: "....x...x...", CLOSED_HAT: "x...x...x..."},
                     {KICK: "X...........", RIDE: "x...x.x.x...", PEDAL_HAT: "....x...x..."}), (90, 180), (0, 40, 32), meter=3, fills=0.2),
    "blues": Groove(({KICK: "X.....X..x..", SNARE: "...X.....X..", CLOSED_HAT: "X.xX.xX.xX.x"},
                     {KICK: "X..?..X.....", SNARE: "...X..o..X.o", RIDE: "X.xX.xX.xX.x"}), (60, 130), (0, 8, 40, "acoustic"), steps=3),
    "metal": Groove(({KICK: "XxXxXxXxXxXxXxXx", SNARE: "....X.......X...", CRASH: "X.......X.......", RIDE: "x.x.x.x.x.x.x.x."},
                     {KICK: "X.xxX.xxX.xxX.xx", SNARE: "....X.......X...", OPEN_HAT: "X...X...X...X..."},
                     {KICK: "X.x.X.x.X.x.X.x.", SNARE: ".x.x.x.x.x.x.x.x", RIDE: "X...X...X...X..."}), (120, 180), (16, 17, 18, 8)),
    "disco": Groove(({KICK: "X...X...X...X...", SNARE: "....X.......X...", OPEN_HAT: "..X...X...X...X.", CLOSED_HAT: "xx.xxx.xxx.xxx.x"},
                     {KICK: "X...X...X...X...", CLAP: "....X.......X...", CLOSED_HAT: _HAT16, TAMBOURINE: "....x.......x..."}), (110, 128), (0, 8, "909", "house")),
    "latin": Groove(({CONGA: "x..xx..x..x.x...", LOW_CONGA: "......x.......xx", SHAKER: _HAT16, CLAVE: "X..x..x...x.x..."},
                     {CONGA: "..x...xx..x...xx", COWBELL: "X.x.x.x.X.x.x.x.", KICK: "...x..x....x..x.", CLAVE: "..x.x...X..x..x."},
                     {CONGA: "x.xxx.xxx.xxx.xx", LOW_CONGA: "...x.......x....", TAMBOURINE: _HAT8}), (90, 135), (0, 8, 24)),
    "tribal": Groove(({LOW_TOM: "X..x....X..x....", MID_TOM: "....x.x.......x.", HIGH_TOM: "............xx..", KICK: "X.......X......."},
                      {LOW_TOM: "X.x...X.x...X.x.", MID_TOM: "...x.x...x.x...x", KICK: "X...X...X...X..."}), (80, 130), (0, 8, 48, "taiko", "taiko")),
    "march": Groove(({SNARE: "XoxoXxxoXoxoXxxx", KICK: "X.......X......."},
                     {SNARE: "X.xxX.xxX.xxXxxx", KICK: "X...X...X...X...", CRASH: "X..............."}), (96, 126), (48, 0, 8), fills=0.2),
    "orchestral percussion": Groove(({KICK: "X.......X...x...", LOW_TOM: "X..x..x.X..x..x.", CRASH: "X..............."},
                                     {LOW_TOM: "X.xxX.xxX.xxX.xx", KICK: "X.....X.X.....X.", SNARE: "..............xx"}), (70, 150), (48, "taiko", "taiko", 48)),
    "industrial": Groove(({KICK: "X..x..X...x.X...", SNARE: "....X.......X..x", COWBELL: "..x..x....x..x..", CLOSED_HAT: _HAT16},
                          {KICK: "X.X...x.X.X...x.", LOW_TOM: "....X..x....X..x", OPEN_HAT: "..x...x...x...x.", RIM: "x..x..x..x..x..x"}), (90, 140), ("909", "sonic", "dnb", 24)),
    "tabla": Groove(({CONGA: "X..xX.x.X..x..x.", LOW_CONGA: "x.....x.x...x...", CLAVE: "..o..o....o..o.o", KICK: "X.......x......."},
                     {CONGA: "X.xxX.xx..xxX.xx", LOW_CONGA: "X...x...X...x..x", RIM: "......x.......x.", COWBELL: "..x......x......"}), (80, 140), ("tabla",), fills=0.2),
    "chiptune drums": Groove(({KICK: "X...X...X...X...", SNARE: "....X.......X...", CLOSED_HAT: _HAT8},
                              {KICK: "X..x..x.X..x....", SNARE: "....X.......X..x", CLOSED_HAT: _HAT16}), (110, 175), ("chip",)),
}


def _fill(rng, steps):
    """A fill over the second half of a bar of `steps` strokes: list of (step, key, strength)."""
    kind, out = rng.integers(4), []
    for index in range(steps // 2, steps):
        place = (index - steps // 2) / (steps / 2)
        if kind == 0:
            out.append((index, SNARE, 0.5 + 0.5 * place))
        elif kind == 1:
            out.append((index, (HIGH_TOM, MID_TOM, LOW_TOM)[min(2, int(place * 3))], 0.85))
        elif kind == 2 and rng.random() < 0.7:
            out.append((index, (SNARE, HIGH_TOM, MID_TOM, LOW_TOM)[rng.integers(4)], 0.8))
        elif kind == 3 and index >= steps - 4:
            out.append((index, SNARE, 0.9))
    return out


def drum_notes(rng, frame, name, sparse=False):
    """Strokes (start s, length s, key, velocity) of a groove over the whole clip. `sparse` leaves fills and cymbals out."""
    groove = GROOVES[name]
    order = rng.permutation(len(groove.variants))
    steps_bar = len(next(iter(groove.variants[0].values())))
    length = frame.meter / steps_bar
    dropped = {}
    base = 0.52 + 0.48 * frame.loudness
    notes = []
    for bar in range(frame.bars):
        section = frame.section_at(bar * frame.meter)
        lines = groove.variants[order[section % 2 % len(order)] if section % 4 != 3 else order[0]]
        last = (bar + 1) % frame.section_bars == 0
        fill = _fill(rng, steps_bar) if last and not sparse and rng.random() < groove.fills else []
        strokes = [(index, key, strength) for index, key, strength in fill]
        if section and bar % frame.section_bars == 0 and not sparse and rng.random() < 0.6 and name not in ("latin", "bossa nova", "lo-fi hip hop"):
            strokes.append((0, CRASH, 0.9))
        for key, line in lines.items():
            change = dropped.setdefault((key, section), int(rng.integers(steps_bar)) if rng.random() < 0.3 and key not in (KICK, SNARE, CLAP) else -1)
            for index, mark in enumerate(line):
                if mark == "." or index == change or (mark == "?" and rng.random() < 0.5):
                    continue
                if fill and index >= steps_bar // 2 and key != KICK:
                    continue
                strokes.append((index, key, _STRENGTH[mark]))
                if name == "trap" and key == CLOSED_HAT and mark == "o" and rng.random() < 0.5:
                    strokes.append((index + 0.5, key, 0.5))
        for index, key, strength in strokes:
            beat = bar * frame.meter + index * length
            if steps_bar == 16 and frame.swing:
                beat += frame.swing * length if index % 2 == 1 else 0
            start = max(0.0, beat * frame.beat + rng.normal(0, frame.looseness))
            if start < frame.seconds - 0.03:
                notes.append((start, 0.25, key, int(np.clip(127 * strength * base + rng.normal(0, 5), 12, 127))))
    return notes
