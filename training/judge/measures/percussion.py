"""Percussion: how much of a sound is strokes."""
import numpy as np
from scipy.ndimage import median_filter

from .spectra import fine_power


def percussive_db(audio):
    """Energy of the percussive part against the whole, in dB (0 at most): strokes without pitch.

    Median filters over 0.2 s and over 730 Hz of the magnitudes (windows of 1024 samples every 512) part a spectrogram into
    what stays in time and what is wide in frequency (Fitzgerald 2010); a cell is percussive where the second is over twice the first.
    """
    magnitude = np.sqrt(fine_power(np.asarray(audio).mean(0), 1024, 512))
    steady, struck = median_filter(magnitude, (17, 1)), median_filter(magnitude, (1, 17))
    share = (magnitude[struck > 2 * steady] ** 2).sum() / ((magnitude ** 2).sum() + 1e-15)
    return float(10 * np.log10(share + 1e-6))
