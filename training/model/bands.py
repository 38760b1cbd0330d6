"""One spectrogram of the spectral pretransform and the frequency bands that describe it."""
import numpy as np

from .stft import Stft

SAMPLE_RATE = 44100
MAX_LOG_MAGNITUDE = 0.3
#: How far beyond the centre of the highest band its level is held, in bands.
HELD_BANDS = 4


class Bands:
    """A frequency axis over the bins of one `Stft`: `position` of every bin, in bands, and the bands `first`..`last`.

    The weight of bin k in band b is max(0, 1 - |position_k - b|), divided by the sum of the band's weights.
    """

    def __init__(self, size, hop, position, first, last, q=None):
        self.stft, self.position, self.first, self.count = Stft(size, hop), position, first, last - first + 1
        weights = np.maximum(0, 1 - np.abs(position[None] - np.arange(first, last + 1)[:, None]))
        self.weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
        self.frequencies = np.arange(self.stft.bins) * SAMPLE_RATE / size
        #: Bins (fractional) of positions in bands: the inverse of `position`.
        self.bin_of = (lambda at: at) if q is None else (lambda at: q * np.sinh(at / q))
        at = np.arange(first, last + 1)
        self.centres = self.bin_of(at) * SAMPLE_RATE / size
        self.bins_per_band = np.ones(len(at)) if q is None else np.cosh(at / q)
        inner = np.clip(position - first, 0, self.count - 1)
        self._below = np.minimum(inner.astype(int), self.count - 2)
        self._part = inner - self._below
        self._outside = (position < first) | (position > last + HELD_BANDS)

    def analyse(self, power, floor):
        """Log magnitudes float32 [..., count] of power spectra [..., bins]."""
        return np.log(np.sqrt(power @ self.weights.T) + floor)

    def spread(self, levels):
        """Values [..., bins] of values per band [..., count]: interpolated linearly, held at both ends."""
        return levels[..., self._below] * (1 - self._part) + levels[..., self._below + 1] * self._part

    def magnitudes(self, logs, floor):
        """Magnitudes [..., bins] of log magnitudes [..., count]."""
        magnitudes = np.maximum(np.exp(np.minimum(self.spread(logs), MAX_LOG_MAGNITUDE)) - floor, 0)
        magnitudes[..., self._outside] = 0
        return magnitudes


def warped_position(bins, bins_per_octave):
    """Positions [bins] on an axis that is linear at the bottom and logarithmic above: q asinh(k/q), q = bins_per_octave/ln 2."""
    q = bins_per_octave / np.log(2)
    return q * np.arcsinh(np.arange(bins) / q)


def layers(config):
    """The `Bands` of a configuration, the long window's first (absent without `low_fft_size`)."""
    size, hop = config["fft_size"], config["hop_length"]
    spacing = SAMPLE_RATE / size
    position = warped_position(size // 2 + 1, config["bins_per_octave"])
    q = config["bins_per_octave"] / np.log(2)
    last = int(np.floor(q * np.arcsinh(config["max_frequency"] / (spacing * q))))
    if "low_fft_size" not in config:
        return [Bands(size, hop, position, 0, last, q)]
    low_size, (low_edge, high_edge) = config["low_fft_size"], config["crossover"]
    # Two bins beyond the crossover on either side: half the main lobe of the Hann window.
    highest = int(np.ceil(high_edge * low_size / SAMPLE_RATE)) + 2
    lowest = int(np.floor(low_edge / spacing)) - 2
    return [Bands(low_size, hop, np.arange(low_size // 2 + 1.0), 0, highest),
            Bands(size, hop, position, int(np.floor(position[lowest])), last, q)]
