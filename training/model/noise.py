"""The noise of the spectral decoder and how its power runs in time (steps 4 and 5 of `spectral`)."""
import functools

import numba
import numpy as np

from .bands import SAMPLE_RATE

#: Samples after which the noise repeats.
PERIOD = 1 << 17
#: Samples of one step of an envelope.
CELL = 64
#: Edges in hertz of the groups of frequencies that have an envelope each; crossfades are half an octave wide.
EDGES = (350, 700, 1400, 2800, 5600, 11200)
#: Updates of an envelope before and after its rises are made steps.
ITERATIONS, REFINEMENTS = 10, 6
POWER_FLOOR = 1e-12
#: Least rise in power, and longest in cells, that is taken for an attack.
ATTACK_RISE, ATTACK_CELLS = 8.0, 40


def group_gains(frequencies):
    """Power gains [groups, len(frequencies)] of the groups; they sum to 1 at every frequency."""
    octave = np.log2(np.maximum(frequencies, 1)[None] / np.array(EDGES)[:, None])
    rise = np.sin(np.pi / 2 * np.clip(2 * octave + 0.5, 0, 1)) ** 2
    ones, zeros = np.ones_like(rise[:1]), np.zeros_like(rise[:1])
    return np.concatenate([ones, rise]) - np.concatenate([rise, zeros])


@functools.lru_cache(maxsize=1)
def band_noises():
    """Noise float32 [groups, PERIOD]: power density 1 over all groups, random phases, periodic."""
    bins = PERIOD // 2 + 1
    states, state = np.empty(bins), 1
    for i in range(bins):
        state = (state * 1664525 + 1013904223) % (1 << 32)
        states[i] = state
    spectrum = np.exp(2j * np.pi / (1 << 32) * states) * np.sqrt(PERIOD)
    gains = np.sqrt(group_gains(np.arange(bins) * SAMPLE_RATE / PERIOD))
    return np.fft.irfft(spectrum * gains, PERIOD, axis=-1).astype(np.float32)


def kernel(stft):
    """Share [cells] of every cell in a frame's power."""
    cells = (stft.window.astype(np.float64) ** 2).reshape(-1, CELL).sum(1)
    return cells / cells.sum()


@numba.njit(cache=True)
def _over_frames(cells, shape, per_hop, out):
    """Powers out [J] that an envelope [cells] gives the frames; the outermost cells go on beyond the ends."""
    before = len(shape) // 2 - per_hop // 2
    for j in range(len(out)):
        total = 0.0
        for i in range(len(shape)):
            total += shape[i] * cells[min(max(j * per_hop - before + i, 0), len(cells) - 1)]
        out[j] = total


@numba.njit(cache=True)
def _update(cells, powers, now, shape, per_hop):
    """One multiplicative update of an envelope for the Itakura-Saito divergence."""
    frames, parts = len(powers), len(shape) // per_hop
    before = len(shape) // 2 - per_hop // 2
    for i in range(len(cells)):
        up, down = 0.0, 0.0
        for p in range(parts):
            j = min(max((i + before) // per_hop - p, 0), frames - 1)
            weight = shape[(i + before) % per_hop + p * per_hop] / now[j]
            down += weight
            up += weight * powers[j] / now[j]
        cells[i] = max(cells[i] * up / down, POWER_FLOOR)


@numba.njit(cache=True)
def _sharpen(cells):
    """Makes a step of every rise by ATTACK_RISE within ATTACK_CELLS, at the place that keeps the energy."""
    start = 0
    while start + 1 < len(cells):
        end = start
        while end + 1 < len(cells) and cells[end + 1] >= cells[end]:
            end += 1
        low, high = cells[start], cells[end]
        if high >= ATTACK_RISE * low and end - start <= ATTACK_CELLS:
            energy = 0.0
            for i in range(start, end + 1):
                energy += cells[i] - low
            loud = energy / (high - low)
            for i in range(start, end + 1):
                cells[i] = low + (high - low) * min(max(loud - (end - i), 0.0), 1.0)
        start = max(end, start + 1)


def envelopes(powers, stft):
    """Envelopes [groups, cells] of power whose frames have the given powers [groups, J]: a non-negative deconvolution."""
    shape, per_hop = kernel(stft), stft.hop // CELL
    powers = np.maximum(powers, POWER_FLOOR).astype(np.float64)
    centres = (np.arange(powers.shape[1]) + 0.5) * per_hop - 0.5
    result = np.empty((len(powers), powers.shape[1] * per_hop))
    now = np.empty(powers.shape[1])
    for cells, power in zip(result, powers):
        cells[:] = np.exp(np.interp(np.arange(len(cells)), centres, np.log(power)))
        for i in range(ITERATIONS + REFINEMENTS):
            if i == ITERATIONS:
                _sharpen(cells)
            _over_frames(cells, shape, per_hop, now)
            _update(cells, power, now, shape, per_hop)
    return result


def frame_powers(cells, stft):
    """Powers [groups, J] that envelopes [groups, cells] give the frames."""
    shape, per_hop = kernel(stft), stft.hop // CELL
    out = np.empty((len(cells), cells.shape[1] // per_hop))
    for row, powers in zip(cells, out):
        _over_frames(row, shape, per_hop, powers)
    return out


def attacks(cells, stft):
    """How much of an attack lies within each frame, 0 to 1 [groups, J]: rises of an envelope by 8 to 14 dB within two cells."""
    per_hop, length = stft.hop // CELL, stft.size // CELL
    before = length // 2 - per_hop // 2
    rise = np.zeros_like(cells)
    rise[:, 2:] = np.clip((10 * np.log10(cells[:, 2:] / cells[:, :-2]) - 8) / 6, 0, 1)
    padded = np.pad(rise, ((0, 0), (before, length)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length, 1)[:, :cells.shape[1]:per_hop]
    return frames.max(-1)


def noise_spectra(cells, stft, delay):
    """Spectra complex64 [J, bins] of noise with the envelopes [groups, cells], shifted by `delay` samples of its period."""
    samples = cells.shape[1] * CELL
    index, at = (np.arange(samples) + delay) % PERIOD, (np.arange(samples) + 0.5) / CELL - 0.5
    gains = [np.interp(at, np.arange(cells.shape[1]), root) for root in np.sqrt(cells)]
    signal = sum(noise[index] * gain for noise, gain in zip(band_noises(), gains)).astype(np.float32)
    # The window's mean square is 3/8, so white noise of variance 1 has power 16/n^2 * 3 n/8 = 6/n in every bin.
    return stft.forward(signal) * np.float32(np.sqrt(stft.size / 6))
