"""Shows that the judge shares no recording with the training sources: the same note of both, compared as waveforms.

    python -m judge.independence [--out FILE.json] [--font NAME=FILE ...]

For every class and program, three notes: the highest cross-correlation (1 = the same recording) of the judge's player with each training
soundfont, over retunings of +-8 cents: of the waveforms, and of their second differences, which weigh an octave by 12 dB and so
compare overtones and noise. Nearly pure tones (harp, marimba) correlate above 0.9 whatever their recording; the second
differences of one recording in two fonts still reach 0.89 or more, those of different recordings of one instrument 0.7 at most. A program
above 0.8 in both is not to be used by the judge (`clips.EXCLUDED` lists what is left out).
"""
import argparse
import json
import os

import numpy as np
from scipy import fft

from data.compose import Part
from data.render import salamander, salamander_layers

from .classes import ALL
from .players import GMBANK, TIMGM, Font, Patches

LIMIT = 0.8
TRAINING = {"FluidR3": "/usr/share/sounds/sf2/FluidR3_GM.sf2", "MuseScore General": "/usr/share/sounds/sf3/MuseScore_General_Full.sf3"}
CENTS = np.arange(-8, 9, 2)
SECONDS, LENGTH = 1.6, 1 << 17
DRUM_KEYS = (36, 38, 42, 46, 49, 51, 45)


class Salamander:
    """The sampled grand piano of the training data, where its npm packages are installed (`data.render.SALAMANDER`)."""

    def has(self, program):
        return program in (0, 1)

    def play(self, notes, program, seconds):
        return salamander(Part(own="salamander", notes=list(notes)), seconds).mean(0)


def note(player, program, pitch, velocity=100):
    """One note of 1.3 s, mono float32 [samples]."""
    return player.play([(0.02, 1.3, pitch, velocity)], program, SECONDS)


def likeness(first, second):
    """Highest normalised cross-correlation of two mono signals, 0 to 1, over `CENTS` of retuning of the first."""
    spectrum = fft.rfft(second / (np.linalg.norm(second) + 1e-9), LENGTH)
    best, place = 0.0, np.arange(len(first))
    for cents in CENTS:
        moved = np.interp(place * 2 ** (cents / 1200), place, first)
        moved = moved / (np.linalg.norm(moved) + 1e-9)
        best = max(best, float(np.abs(fft.irfft(fft.rfft(moved, LENGTH).conj() * spectrum, LENGTH)).max()))
    return best


def both(first, second):
    """(likeness of the waveforms, likeness of their second differences)."""
    return likeness(first, second), likeness(np.diff(first, n=2), np.diff(second, n=2))


def table(training):
    """[{player, class, program, likeness: {training source: [waveform, overtones]}}], the highest over notes."""
    players = {"TimGM6mb": Font(TIMGM), "sf_GMbank": Font(GMBANK), "freepats": Patches()}
    sources = {name: Font(path) for name, path in training.items()}
    if salamander_layers():
        sources["Salamander"] = Salamander()
    else:
        print("Salamander is not installed and not compared", flush=True)
    rows = []
    for entry in ALL:
        for program in entry.programs or (-1,):
            pitches = DRUM_KEYS if program < 0 else [round(entry.low + (entry.high - entry.low) * part) for part in (0.3, 0.5, 0.7)]
            trained = {name: [note(source, program, pitch) for pitch in pitches] for name, source in sources.items()
                       if not isinstance(source, Salamander) or source.has(program)}
            for name, player in players.items():
                if player.has(program):
                    own = [note(player, program, pitch) for pitch in pitches]
                    found = {source: np.max([both(a, b) for a, b in zip(own, notes)], 0).round(3).tolist() for source, notes in trained.items()}
                    rows.append({"player": name, "class": entry.name, "program": program, "likeness": found})
                    print(name, entry.name, program, found, flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="file for the table as JSON")
    parser.add_argument("--font", nargs="*", default=[], help="more training soundfonts, NAME=FILE")
    options = parser.parse_args()
    training = {**TRAINING, **dict(entry.split("=", 1) for entry in options.font)}
    absent = [path for path in training.values() if not os.path.exists(path)]
    if absent:
        raise FileNotFoundError(f"every training soundfont must be installed (missing: {', '.join(absent)})")
    rows = table(training)
    same = [row for row in rows if max(min(pair) for pair in row["likeness"].values()) > LIMIT]
    print(f"{len(rows) - len(same)} of {len(rows)} programs are other recordings; the same ones: "
          + (", ".join(f"{row['player']} {row['program']} ({row['class']})" for row in same) or "none"))
    for part, name in enumerate(("waveform", "second difference")):
        highest = max((pair[part], row["player"], row["class"], source) for row in rows for source, pair in row["likeness"].items())
        print(f"highest likeness of the {name}: {highest}")
    if options.out:
        with open(options.out, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
