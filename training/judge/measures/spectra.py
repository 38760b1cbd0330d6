"""Levels and spectra of a whole sound."""
from functools import lru_cache

import numpy as np
from scipy import fft
from scipy.signal import stft

from model.loudness import loudness  # noqa: F401 (one of the measures)

SAMPLE_RATE = 44100


def decibels(power, floor=1e-12):
    """10 log10 of a power, at least `floor`."""
    return 10 * np.log10(np.maximum(power, floor))


def power(audio, size=2048):
    """Power spectrogram [F, frames] of the mono sum; hop is a quarter of `size`."""
    return np.abs(stft(np.asarray(audio).mean(0), SAMPLE_RATE, nperseg=size, noverlap=size * 3 // 4)[2]) ** 2


def fine_power(mono, size, hop):
    """Power spectrogram [frames, size / 2 + 1] of a mono signal [samples]; frame j is centred at sample j * hop."""
    padded = np.pad(np.asarray(mono, np.float32), (size // 2, size))
    count = max(1, len(mono) // hop)
    window = np.hanning(size).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:count * hop:hop] * window
    return np.abs(fft.rfft(frames, axis=1) * np.float32(2 / window.sum())) ** 2


@lru_cache
def mel_bank(size, bands, low=40.0, high=18000.0):
    """Triangular mel filters [bands, F], each divided by its sum."""
    frequencies = np.arange(size // 2 + 1) * SAMPLE_RATE / size
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = np.linspace(mel(low), mel(high), bands + 2)
    position = mel(frequencies)
    rise = (position - edges[:-2, None]) / (edges[1] - edges[0])
    fall = (edges[2:, None] - position) / (edges[1] - edges[0])
    bank = np.maximum(0, np.minimum(rise, fall))
    return bank / np.maximum(bank.sum(1, keepdims=True), 1e-9)


def log_mel(audio, size=2048, bands=80, floor=-80.0):
    """Decibels [bands, frames], limited to `floor` below the loudest cell."""
    mel = mel_bank(size, bands) @ power(audio, size)
    return 10 * np.log10(np.maximum(mel, mel.max() * 10 ** (floor / 10) + 1e-14))


def log_mel_distance(first, second):
    """Mean absolute difference in dB over windows of 512, 1024, 2048 and 4096 samples (40, 64, 80, 96 mel bands)."""
    distances = []
    for size, bands in ((512, 40), (1024, 64), (2048, 80), (4096, 96)):
        bank = mel_bank(size, bands)
        a, b = (bank @ power(x, size) for x in (first, second))
        count, floor = min(a.shape[1], b.shape[1]), a.max() * 1e-8 + 1e-14
        distances.append(np.abs(10 * np.log10(a[:, :count] + floor) - 10 * np.log10(b[:, :count] + floor)).mean())
    return float(np.mean(distances))


def mean_spectrum(audio, bands=46):
    """Mean power of mel bands in dB [bands], against the power of the whole, at least -60 dB."""
    spectrum = mel_bank(2048, bands) @ power(audio).mean(1)
    return decibels(spectrum / (spectrum.sum() + 1e-15), 1e-6)


def spectrum_distance(first, second, bands=46):
    """Mean absolute difference in dB of two mean spectra, aligned in level (`mean_spectrum`)."""
    return float(np.abs(mean_spectrum(first, bands) - mean_spectrum(second, bands)).mean())


def centroid(audio):
    """Spectral centroid in hertz, weighted with amplitude, over the whole clip."""
    amplitude = np.sqrt(power(audio).mean(1))
    return float((amplitude * np.fft.rfftfreq(2048, 1 / SAMPLE_RATE)).sum() / (amplitude.sum() + 1e-12))


def overtone_share(audio):
    """Share of the energy above four times the strongest frequency: grows with distortion."""
    spectrum = power(audio, 4096).mean(1)
    spectrum[:4] = 0
    fundamental = int(np.argmax(spectrum))
    return float(spectrum[min(4 * fundamental, len(spectrum) - 1):].sum() / (spectrum.sum() + 1e-14))


def high_db(audio, above=8000):
    """Energy above a frequency in dB, relative to full scale squared times samples."""
    spectrum = np.abs(np.fft.rfft(np.asarray(audio).mean(0))) ** 2
    return float(10 * np.log10(spectrum[int(above * audio.shape[1] / SAMPLE_RATE):].sum() / audio.shape[1] + 1e-14))
