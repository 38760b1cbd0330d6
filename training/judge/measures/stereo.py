"""Stereo: width, and what a mono loudspeaker loses."""
import numpy as np
from scipy.signal import butter, sosfilt

from .spectra import loudness


def width_db(audio):
    """Energy of the side against the middle, in dB, at least -60."""
    middle, side = audio.mean(0), (audio[0] - audio[1]) / 2
    return float(10 * np.log10((side ** 2).sum() / ((middle ** 2).sum() + 1e-12) + 1e-6))


def bass_side_db(audio):
    """Energy of the side against the middle below 120 Hz, in dB, at least -60; above 0 the bass is out of phase."""
    return width_db(sosfilt(butter(4, 120, fs=44100, output="sos"), np.asarray(audio, np.float64), axis=1))


def mono_loss(audio):
    """Loudness in LU that is lost when both channels play their mean; 0 for mono sounds, 3 for unrelated channels."""
    return float(loudness(audio) - loudness(np.repeat(np.asarray(audio).mean(0, keepdims=True), 2, axis=0)))
