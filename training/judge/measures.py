"""Plain signal measures. Audio is float [2, samples] at 44.1 kHz."""
import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import stft

from model.loudness import loudness  # noqa: F401 (one of the measures)

SAMPLE_RATE = 44100


def power(audio, size=2048):
    """Power spectrogram [F, frames] of the mono sum."""
    return np.abs(stft(np.asarray(audio).mean(0), SAMPLE_RATE, nperseg=size, noverlap=size * 3 // 4)[2]) ** 2


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


def centroid(audio):
    """Spectral centroid in hertz, weighted with amplitude, over the whole clip."""
    amplitude = np.sqrt(power(audio).mean(1))
    return float((amplitude * np.fft.rfftfreq(2048, 1 / SAMPLE_RATE)).sum() / (amplitude.sum() + 1e-12))


def decay_seconds(audio):
    """Seconds to fall by 60 dB at the rate of the clip's steep falls (reverberation makes all falls gentle).

    Level of octave bands, smoothed over 58 ms so that beating does not count as falling; per band the 5th percentile of the falling slopes
    (over 93 ms) within 40 dB of its peak; the mean over bands. On renders of a held-out soundfont the same clip with and without the
    "spacious" effect is ordered rightly in 44 of 45 cases (with unsmoothed levels and the median slope: 32).
    """
    spectrum, rates = power(audio), []
    for low in (125, 250, 500, 1000, 2000, 4000):
        band = uniform_filter1d(spectrum[int(low / 21.53):int(2 * low / 21.53)].sum(0), 5)
        level = 10 * np.log10(band + 1e-14)
        slope = (level[8:] - level[:-8]) / (8 * 512 / SAMPLE_RATE)
        falling = slope[(slope < -1) & (level[:-8] > level.max() - 40)]
        if len(falling) > 3:
            rates.append(np.percentile(falling, 5))
    return float(60 / -np.mean(rates)) if rates else 60.0


def overtone_share(audio):
    """Share of the energy above four times the strongest frequency: grows with distortion."""
    spectrum = power(audio, 4096).mean(1)
    spectrum[:4] = 0
    fundamental = int(np.argmax(spectrum))
    return float(spectrum[min(4 * fundamental, len(spectrum) - 1):].sum() / (spectrum.sum() + 1e-14))


def width_db(audio):
    """Energy of the side against the middle, in dB, at least -60."""
    middle, side = audio.mean(0), (audio[0] - audio[1]) / 2
    return float(10 * np.log10((side ** 2).sum() / ((middle ** 2).sum() + 1e-12) + 1e-6))


def high_db(audio, above=8000):
    """Energy above a frequency in dB, relative to full scale squared times samples."""
    spectrum = np.abs(np.fft.rfft(np.asarray(audio).mean(0))) ** 2
    return float(10 * np.log10(spectrum[int(above * audio.shape[1] / SAMPLE_RATE):].sum() / audio.shape[1] + 1e-14))


def chroma(audio):
    """Pitch-class energies [12, frames], each frame divided by its norm."""
    size = 8192
    spectrum = np.sqrt(power(audio, size))
    frequencies = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    used = (frequencies > 80) & (frequencies < 4000)
    classes = np.round(12 * np.log2(frequencies[used] / 440)).astype(int) % 12
    out = np.stack([spectrum[used][classes == c].sum(0) for c in range(12)])
    return out / (np.linalg.norm(out, axis=0) + 1e-9)


def chroma_correlation(first, second):
    """Pearson correlation of two chromagrams over all frames and classes."""
    a, b = chroma(first), chroma(second)
    count = min(a.shape[1], b.shape[1])
    return float(np.corrcoef(a[:, :count].ravel(), b[:, :count].ravel())[0, 1])


def largest_step(audio):
    """Largest jump between neighbouring samples over the RMS: a click detector."""
    return float(np.abs(np.diff(audio, axis=1)).max() / (np.sqrt(np.mean(audio ** 2)) + 1e-9))


def spectrum_distance(first, second):
    """Mean absolute difference in dB of two mean log-mel spectra (40 bands), each against its own loudest band."""
    bank = mel_bank(2048, 40)
    spectra = [10 * np.log10(bank @ power(x).mean(1) + 1e-12) for x in (first, second)]
    a, b = (np.maximum(s - s.max(), -60) for s in spectra)
    return float(np.abs(a - b).mean())


def seam_jump_db(audio, place, reach=2205):
    """Absolute change of the level from the 50 ms before a place to the 50 ms after it, in dB; levels at least -60 dB."""
    before, after = (max(float(np.mean(audio[:, a:b] ** 2)), 1e-6) for a, b in ((place - reach, place), (place, place + reach)))
    return abs(10 * np.log10(after / before))


def clicks(audio, place, reach=441):
    """Whether the largest second difference within 10 ms of a place is over twice the largest one elsewhere."""
    bend = np.abs(np.diff(audio, 2, axis=1)).max(0)
    near = bend[place - reach:place + reach].max()
    rest = max(bend[:place - reach].max(initial=0), bend[place + reach:].max(initial=0))
    return bool(near > 2 * rest)
