"""Shows that the judge shares no recording with the training sources: the same note of both, compared as waveforms.

    python -m judge.independence [--out FILE.json]

For every class, three notes and two velocities: the highest cross-correlation (1 = the same recording) of the judge's player with each training
soundfont, over retunings of +-8 cents. Two different recordings of one instrument stay below 0.8, but nearly pure tones can reach
more. A program above 0.9 with one of them is not to be used by the judge.
"""
import argparse
import json
import os

import numpy as np
from scipy import fft

from data.render import Synthesizer

from .classes import ALL
from .players import TIMGM, Font, Patches

LIMIT = 0.9
TRAINING = {"FluidR3": "/usr/share/sounds/sf2/FluidR3_GM.sf2", "MuseScore General": "/usr/share/sounds/sf3/MuseScore_General_Full.sf3",
            "sf_GMbank": "/usr/share/sounds/sf2/sf_GMbank.sf2"}
CENTS = np.arange(-8, 9, 2)
SECONDS, LENGTH = 1.6, 1 << 17
DRUM_KEYS = (36, 38, 42, 46, 49, 51, 45)


def note(player, program, pitch, velocity):
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


def table():
    """[(player, class, program, {training source: highest likeness over notes})]."""
    players = {"TimGM6mb": Font(TIMGM), "freepats": Patches()}
    sources = {name: Font(path) for name, path in TRAINING.items() if os.path.exists(path)}
    rows = []
    for entry in ALL:
        for program in entry.programs or (-1,):
            pitches = DRUM_KEYS if program < 0 else [round(entry.low + (entry.high - entry.low) * part) for part in (0.3, 0.5, 0.7)]
            cases = [(pitch, velocity) for pitch in pitches for velocity in ((100,) if program < 0 else (70, 110))]
            trained = {name: [note(font, program, *case) for case in cases] for name, font in sources.items()}
            for name, player in players.items():
                if player.has(program):
                    own = [note(player, program, *case) for case in cases]
                    rows.append((name, entry.name, program, {source: max(map(likeness, own, notes)) for source, notes in trained.items()}))
                    print(rows[-1][:3], {k: round(v, 2) for k, v in rows[-1][3].items()}, flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    options = parser.parse_args()
    rows = table()
    failed = [row for row in rows if max(row[3].values()) > LIMIT]
    print(f"{len(rows) - len(failed)} of {len(rows)} programs are below {LIMIT}; above: "
          + (", ".join(f"{player} {program} ({name})" for player, name, program, _ in failed) or "none"))
    if options.out:
        with open(options.out, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
