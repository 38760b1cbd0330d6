"""Course of a sound over time: decay, change over minutes, gaps, seams."""
import numpy as np
from scipy.ndimage import uniform_filter1d

from .attacks import envelope
from .spectra import SAMPLE_RATE, decibels, mel_bank, power


def spectral_change_db(audio, seconds=5):
    """Mean absolute difference in dB between the mean spectra of all pairs of parts of `seconds`; how far a sound is from standing still.

    46 mel bands, at least 60 dB below the loudest one of all parts. Music of 30 to 120 s: 1.8 to 5.6 dB; a drone: below 0.5.
    """
    length = int(seconds * SAMPLE_RATE)
    parts = [mel_bank(2048, 46) @ power(audio[:, begin:begin + length]).mean(1)
             for begin in range(0, audio.shape[1] - length + 1, length)]
    if len(parts) < 2:
        raise ValueError(f"audio must be at least {2 * seconds} s long (got {audio.shape[1] / SAMPLE_RATE:.1f} s)")
    spectra = decibels(np.stack(parts), np.max(parts) * 1e-6)
    return float(np.mean([np.abs(a - b).mean() for i, a in enumerate(spectra) for b in spectra[:i]]))


def dead_gaps(source, result, depth=45.0):
    """Share of 50 ms frames in which the source plays (within 30 dB of its loud frames), but the result is `depth` dB below its own."""
    a, b = envelope(source), envelope(result)
    count = min(len(a), len(b))
    plays = a[:count] > np.percentile(a, 95) - 30
    silent = b[:count] < np.percentile(b, 95) - depth
    return float((plays & silent).sum() / max(1, plays.sum()))


def decay_seconds(audio):
    """Seconds to fall by 60 dB at the rate of the clip's steep falls (reverberation makes all falls gentle).

    Level of octave bands, smoothed over 58 ms so that beating does not count as falling; per band the 5th percentile of the falling slopes
    (over 93 ms) within 40 dB of its peak; the mean over bands.
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


def largest_step(audio):
    """Largest jump between neighbouring samples over the RMS: a click detector."""
    return float(np.abs(np.diff(audio, axis=1)).max() / (np.sqrt(np.mean(audio ** 2)) + 1e-9))


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
