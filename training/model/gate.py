"""Silences what a decoder's windows spread before an attack (step 8 of `spectral`)."""
import numpy as np

from .noise import CELL, EDGES

#: Least rise in decibels within two cells that counts, and cells that pass until the next one may.
RISE, PAUSE = 12.0, 8
#: Cells before an attack that it may reach, and how far above the expected power they may be.
REACH, TOLERANCE = 32, 4.0
POWER_FLOOR = 1e-12


def attack_cells(envelopes, highest):
    """Cells at which attacks of noise begin, by its envelopes [groups, cells]; `highest` is half the sample rate."""
    widths = np.diff(np.array([0, *EDGES, highest])) / highest
    total = widths @ envelopes
    rise = np.zeros(len(total))
    rise[2:] = 10 * np.log10(total[2:] / total[:-2])
    found, cell = [], 2
    while cell < len(total):
        if rise[cell] > RISE:
            while cell + 1 < len(total) and rise[cell + 1] > rise[cell]:
                cell += 1
            found.append(cell - 1)
            cell += PAUSE
        else:
            cell += 1
    return found


def gated(audio, attacks, powers):
    """Audio [2, S] with less before the attacks. `powers` are (power per frame [J], cells of half the window, cells of a hop) per spectrogram."""
    power = (audio.astype(np.float64).reshape(2, -1, CELL) ** 2).mean((0, 2))
    gains = np.ones(len(power))
    for attack in attacks:
        # The last frames that end before the attack say what is to be heard before it.
        expected = sum(frames[max(0, (attack - half - hop // 2) // hop)] for frames, half, hop in powers)
        for cell in range(max(0, attack - REACH), attack):
            limit = (TOLERANCE * expected + POWER_FLOOR) / (power[cell] + POWER_FLOOR)
            gains[cell] = min(gains[cell], np.sqrt(min(1.0, limit)))
    at = (np.arange(audio.shape[1]) + 0.5) / CELL - 0.5
    return audio * np.interp(at, np.arange(len(gains)), gains).astype(np.float32)
