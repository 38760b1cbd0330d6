"""Attacks and envelopes: what a transform of 2048-sample windows blurs.

Spectra of 256 samples every 64 (1.45 ms); the level of an attack is the power from 0.8 to 14 kHz.
"""
import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, sosfilt

from .spectra import SAMPLE_RATE, decibels, fine_power

HOP = 64
HOP_RATE = SAMPLE_RATE / 512
BANDS = {"200-800 Hz": (200, 800), "800-3000 Hz": (800, 3000), "3-10 kHz": (3000, 10000)}


def hop_modulation(audio, band="3-10 kHz", rate=HOP_RATE):
    """Depth in per cent of the amplitude modulation at exactly `rate` Hz within a band of `BANDS`.

    Root mean square of that component of the band's envelope over the envelope's mean, both where the band is within 26 dB of
    its loudest half second. 100 % sinusoidal modulation reads 70.7; sounds without a comb read 0.3 to 1.5.
    """
    envelope = np.abs(sosfilt(butter(3, BANDS[band], "band", fs=SAMPLE_RATE, output="sos"), np.asarray(audio).mean(0)))
    envelope = envelope[:len(envelope) // HOP * HOP].reshape(-1, HOP).mean(1)
    mean = uniform_filter1d(envelope, 345) + 1e-6
    relative = np.where(mean > mean.max() * 0.05, envelope / mean - 1, 0)
    window = np.hanning(len(relative))
    frequency = np.fft.rfftfreq(len(relative), HOP / SAMPLE_RATE)
    spectrum = np.abs(np.fft.rfft(relative * window)) / window.sum() * 2
    near = np.abs(frequency - rate) < max(0.35, 0.8 * frequency[1])
    return float(spectrum[near].max() * 100 / np.sqrt(2))


def attack_level(audio):
    """Power from 0.8 to 14 kHz [frames], one frame every 64 samples, at least 45 dB below the loudest: what is softer is masked."""
    spectrum = fine_power(np.asarray(audio).mean(0), 256, HOP)
    frequency = np.arange(129) * SAMPLE_RATE / 256
    level = spectrum[:, (frequency > 800) & (frequency < 14000)].sum(1)
    return np.maximum(level, level.max() * 10 ** -4.5 + 1e-12)


def onsets(audio, least=9.0):
    """Frames (of 64 samples) at which the level rises by more than `least` dB in 11.6 ms, to within 30 dB of its peak.

    At least 30 ms lie between two onsets; none lies in the first 58 ms or the last 87 ms.
    """
    level = decibels(attack_level(audio))
    rise = np.zeros_like(level)
    rise[4:-4] = level[8:] - level[:-8]
    found = np.flatnonzero((rise == maximum_filter1d(rise, 41)) & (rise > least) & (np.roll(level, -6) > level.max() - 30))
    return found[(found > 40) & (found < len(level) - 60)]


def rise_db(audio, at):
    """Median over the onsets `at` (frames of the source) of the steepest rise in 11.6 ms within +-23 ms, in dB."""
    level = decibels(attack_level(audio))
    rises = [(part[8:] - part[:-8]).max() for part in (level[o - 16:o + 17] for o in at if o + 17 <= len(level))]
    return float(np.median(rises)) if rises else float("nan")


def pre_echo_db(audio, at):
    """Median over the onsets `at` of the level from 26 to 7 ms before an onset against 3 to 17 ms after it, in dB (below 0)."""
    level = attack_level(audio)
    values = [decibels(level[o - 18:o - 5].mean()) - decibels(level[o + 2:o + 12].mean()) for o in at if o + 12 <= len(level)]
    return float(np.median(values)) if values else float("nan")


def flux(audio, smooth=3):
    """Mean rise of log magnitudes [frames], windows of 1024 samples every 256 (172 frames a second), smoothed over `smooth` frames."""
    spectrum = fine_power(np.asarray(audio).mean(0), 1024, 256)
    log = np.log(1e-4 * np.sqrt(spectrum.max()) + np.sqrt(spectrum) + 1e-9)
    return uniform_filter1d(np.maximum(np.diff(log, axis=0), 0).mean(1), smooth)


def correlation(first, second):
    """Pearson correlation of two series over the shorter length; 0 where one of them is constant."""
    count = min(len(first), len(second))
    a, b = first[:count] - np.mean(first[:count]), second[:count] - np.mean(second[:count])
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float((a * b).sum() / size) if size > 1e-12 else 0.0


def onset_correlation(source, result):
    """Highest correlation of the spectral flux of two sounds within +-29 ms of each other; 1 = the same rhythm."""
    a, b = flux(source), flux(result)
    count = min(len(a), len(b))
    shift = lambda lag: correlation(a[max(0, lag):count + min(0, lag)], b[max(0, -lag):count + min(0, -lag)])
    return max(shift(lag) for lag in range(-5, 6))


def envelope(audio):
    """Level of 50 ms frames in dB [frames], at least 60 dB below the loudest."""
    count = audio.shape[1] // 2205
    level = decibels((np.asarray(audio)[:, :count * 2205].reshape(2, count, 2205) ** 2).mean((0, 2)))
    return np.maximum(level, level.max() - 60)


def envelope_correlation(source, result):
    """Pearson correlation of the levels of 50 ms frames in dB."""
    return correlation(envelope(source), envelope(result))
