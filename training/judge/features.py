"""What the judge listens to: one vector of a sound, of any level and from a third of a second on."""
import numpy as np
from scipy.fft import dct
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from .measures.spectra import SAMPLE_RATE, decibels, fine_power, mel_bank

EDGES = np.geomspace(60, 16000, 17)
FREQUENCY = np.arange(2049) * SAMPLE_RATE / 4096
LAGS = np.array([-12, 0, 6, 12, 24, 48, 96, 135])     # frames of 2.9 ms around an onset
SHORTEST = int(0.9 * SAMPLE_RATE)


def features(audio):
    """Vector [659] of audio [2, samples]: colour, tonality by band, harmonics, attacks and decays, modulation."""
    mono = np.asarray(audio, np.float32).mean(0)
    mono = np.pad(mono * np.float32(0.1 / (np.sqrt(np.mean(mono ** 2)) + 1e-9)), (0, max(0, SHORTEST - len(mono))))
    level = decibels(fine_power(mono, 2048, 512) @ mel_bank(2048, 80).T.astype(np.float32)).T
    level = np.maximum(level - level.max(), -70)
    spectrum = fine_power(mono, 4096, 2048)
    return np.concatenate([colour(level), tonality(spectrum), harmonics(spectrum), strokes(mono), modulation(level)])


def colour(level):
    """Statistics over time of mel levels [80, frames] in dB, of their changes, and of cepstra."""
    loud = level[:, level.max(0) > -45]
    loud = loud if loud.shape[1] >= 8 else level
    shape, change, cepstra = loud - loud.mean(0), np.diff(level, axis=1), dct(loud, axis=0, norm="ortho")[1:30]
    return np.concatenate([shape.mean(1), np.percentile(shape, 90, 1), cepstra.mean(1), cepstra.std(1), np.diff(cepstra).std(1),
                           np.maximum(change, 0).mean(1), np.percentile(change, 95, 1), np.percentile(change, 15, 1),
                           np.percentile(level.max(0), [10, 50])])


def tonality(spectrum):
    """Height of the peaks over the floor, in dB, by band: mean and deviation over the loud frames of power [frames, F]."""
    level = decibels(spectrum)
    level = level[level.max(1) > level.max() - 30]
    out = []
    for low, high in zip(EDGES[:-1], EDGES[1:]):
        part = level[:, (FREQUENCY >= low) & (FREQUENCY < high)]
        if part.shape[1] < 3:
            out += [0, 0]
            continue
        height = part.max(1) - part.mean(1) if part.shape[1] < 6 else np.percentile(part, 95, axis=1) - np.percentile(part, 30, axis=1)
        out += [height.mean(), height.std()]
    return np.array(out)


def harmonics(spectrum):
    """Levels in dB of the first ten harmonics of the likeliest pitch of the louder half of the frames; the pitch; even against odd ones."""
    loud = np.argsort(-spectrum.sum(1))[:max(4, len(spectrum) // 2)]
    amplitude, pitch = np.sqrt(spectrum[loud]), np.geomspace(60, 1400, 120)
    place = np.clip(np.round(pitch[:, None] * np.arange(1, 11) * 4096 / SAMPLE_RATE).astype(int), 1, 2047)
    strength = amplitude[:, np.stack([place - 1, place, place + 1])].max(1)
    best = (np.sqrt(strength) * 0.85 ** np.arange(10)).sum(2).argmax(1)
    chosen = strength[np.arange(len(amplitude)), best]
    level = 20 * np.log10(chosen / (chosen.max(1, keepdims=True) + 1e-9) + 1e-4)
    octave = np.log2(pitch[best])
    return np.concatenate([level.mean(0), level.std(0), [octave.mean(), octave.std(), level[:, 1::2].mean() - level[:, 0::2].mean()]])


def strokes(mono):
    """Mean level in dB around the onsets, of 12 bands and of the whole, at `LAGS`; zeros without an onset."""
    bands = fine_power(mono, 512, 128) @ mel_bank(512, 12).T.astype(np.float32)
    level = decibels(bands.sum(1), 1e-9)
    level = np.maximum(level, level.max() - 60)
    rise = np.zeros_like(level)
    rise[6:-6] = level[12:] - level[:-12]
    at = np.flatnonzero((rise == maximum_filter1d(rise, 41)) & (rise > 4))
    at = at[(at > 20) & (at < len(level) - 140)]
    if not len(at):
        return np.zeros(12 * 6 + 8)
    smooth, after = decibels(uniform_filter1d(bands, 5, axis=0), 1e-9), at[:, None] + np.arange(60)
    around = np.maximum(smooth[at[:, None] + LAGS] - smooth[after].max((1, 2))[:, None, None], -60).mean(0)
    whole = level[at[:, None] + LAGS] - level[after].max(1, keepdims=True)
    return np.concatenate([around[[0, 2, 4, 5, 6, 7]].ravel(), whole.mean(0)])


def modulation(level):
    """Log strength of the changes at 0.5 to 40 Hz (tremolo, vibrato, roughness) in five ranges of mel levels [80, frames]."""
    out, rate = [], SAMPLE_RATE / 512
    for low, high in ((0, 15), (15, 30), (30, 45), (45, 60), (60, 80)):
        course = level[low:high].mean(0)
        strength = np.abs(np.fft.rfft((course - course.mean()) * np.hanning(len(course)))) / len(course)
        frequency = np.fft.rfftfreq(len(course), 1 / rate)
        out += [np.log(strength[(frequency >= a) & (frequency < b)].max(initial=0) + 1e-5)
                for a, b in ((0.5, 2), (2, 4), (4, 6), (6, 8), (8, 12), (12, 20), (20, 40))]
    return np.array(out)
