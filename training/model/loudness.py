"""Loudness after ITU-R BS.1770-4, and a limiter: what brings recordings to the level that the model knows, and results back.

A recording is multiplied so that its loudness becomes the config's `loudness` before it is encoded (softer than -60 LUFS: left
alone). A result is brought to that loudness, divided by the same factor, and limited; a region that is filled in is made as loud as
what is kept within three seconds of it.
"""
import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import lfilter

SAMPLE_RATE = 44100
SOFTEST, CEILING, LOOK_AROUND = -60.0, 0.98, 0.02


def _k_weighted(audio):
    k, q, high = np.tan(np.pi * 1681.974450955533 / SAMPLE_RATE), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = high ** 0.4996667741545416
    shelf = ([high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k],
             [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])
    k, q = np.tan(np.pi * 38.13547087602444 / SAMPLE_RATE), 0.5003270373238773
    a = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
    return lfilter([a[0], -2 * a[0], a[0]], a, lfilter(*shelf, audio, axis=-1), axis=-1)


def loudness(audio):
    """Integrated loudness in LUFS of audio [channels, samples]; -inf for silence. Shorter than 400 ms counts as one block."""
    step, samples = SAMPLE_RATE // 10, audio.shape[1]
    power = (_k_weighted(np.asarray(audio, np.float64)) ** 2).sum(0)
    cells = np.pad(power, (0, -samples % step)).reshape(-1, step).sum(1)
    width = min(4, len(cells))
    blocks = np.convolve(cells, np.ones(width), "valid") / min(4 * step, samples)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = lambda x: -0.691 + 10 * np.log10(x)
        blocks = blocks[level(blocks) > -70]
        if not len(blocks):
            return -np.inf
        return float(level(blocks[level(blocks) > level(blocks.mean()) - 10].mean()))


def gain_for(audio, wanted):
    """Factor that brings a recording to the wanted loudness."""
    given = loudness(audio)
    return 1.0 if given < SOFTEST else 10 ** ((wanted - given) / 20)


def limited(audio):
    """Audio whose peaks stay below the ceiling; gain falls and rises smoothly around them."""
    peaks = np.abs(audio).max(0)
    if peaks.max(initial=0) <= CEILING:
        return audio
    reach = 2 * round(LOOK_AROUND * SAMPLE_RATE) + 1
    gain = minimum_filter1d(np.minimum(1, CEILING / np.maximum(peaks, 1e-9)), reach, mode="nearest")
    return (audio * uniform_filter1d(gain, reach, mode="nearest")).astype(np.float32)
