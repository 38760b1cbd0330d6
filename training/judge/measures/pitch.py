"""Pitch: chroma of anything; purity and tuning of single notes."""
import numpy as np

from .attacks import correlation
from .spectra import SAMPLE_RATE, fine_power


def chroma(audio):
    """Pitch-class magnitudes [12, frames] from 110 to 4000 Hz, windows of 4096 samples every 1024, each frame divided by its norm."""
    spectrum = np.sqrt(fine_power(np.asarray(audio).mean(0), 4096, 1024))
    frequency = np.arange(2049) * SAMPLE_RATE / 4096
    used = (frequency > 110) & (frequency < 4000)
    classes = np.round(12 * np.log2(frequency[used] / 440)).astype(int) % 12
    out = np.stack([spectrum[:, used][:, classes == c].sum(1) for c in range(12)])
    return out / (np.linalg.norm(out, axis=0) + 1e-9)


def chroma_correlation(first, second):
    """Pearson correlation of two chromagrams over all frames and classes."""
    a, b = chroma(first), chroma(second)
    count = min(a.shape[1], b.shape[1])
    return correlation(a[:, :count].ravel(), b[:, :count].ravel())


def _middle(audio, start, end):
    return np.asarray(audio, np.float64).mean(0)[int(start * SAMPLE_RATE):int(end * SAMPLE_RATE)]


def harmonic_to_noise_db(audio, fundamental, start, end):
    """Energy at the harmonics of a steady note against the energy between them, in dB.

    From 0.6 to 12 times the fundamental (Hz), at most 10 kHz, seconds `start` to `end`; a harmonic is as wide as 1.2 % of the
    fundamental (at least 5 Hz), and wider above the sixth, where strings are stretched.
    """
    mono = _middle(audio, start, end)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2
    frequency = np.fft.rfftfreq(len(mono), 1 / SAMPLE_RATE)
    used = (frequency > fundamental * 0.6) & (frequency < min(10000, fundamental * 12))
    number = np.round(frequency / fundamental)
    width = max(5.0, 0.012 * fundamental) * np.maximum(1, number * 0.15)
    inside = used & (np.abs(frequency - number * fundamental) < width) & (number >= 1)
    return float(10 * np.log10((spectrum[inside].sum() + 1e-15) / (spectrum[used & ~inside].sum() + 1e-15)))


def pitch_deviation(audio, fundamental, start, end):
    """(median, standard deviation) in cents of the strongest frequency within 6 % of the fundamental, seconds `start` to `end`."""
    mono, size = _middle(audio, start, end), 8192
    frequency = np.arange(4 * size // 2 + 1) * SAMPLE_RATE / (4 * size)
    near = np.flatnonzero((frequency > fundamental * 0.94) & (frequency < fundamental * 1.06))
    cents = []
    for begin in range(0, len(mono) - size + 1, 1024):
        spectrum = np.abs(np.fft.rfft(mono[begin:begin + size] * np.hanning(size), 4 * size))
        peak = near[np.argmax(spectrum[near])]
        a, b, c = np.log(spectrum[peak - 1:peak + 2] + 1e-12)
        offset = 0.5 * (a - c) / min(a - 2 * b + c, -1e-12)
        cents.append(1200 * np.log2((peak + np.clip(offset, -0.5, 0.5)) * SAMPLE_RATE / (4 * size) / fundamental))
    return float(np.median(cents)), float(np.std(cents))
