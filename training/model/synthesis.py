"""From features back to sound: the decoder of the spectral pretransform (its steps are numbered in `spectral`)."""
import numpy as np

from . import noise
from .bands import MAX_LOG_MAGNITUDE
from .gate import attack_cells, gated
from .phase import integrated_phase, tracked_phase

DECORRELATION_DEPTH = 2.404825557695773
WIDEST = np.pi / 4
#: A band is noise where it rises above its surroundings by less than the first, and a partial above the second number of decibels.
NOISE_BELOW, TONE_ABOVE = 4.0, 8.0
#: By how much these numbers are raised at an attack.
ATTACK_BOOST = 6.0
#: Half the surroundings of a band, in bands.
SURROUNDINGS = 6
#: Half the smoothing of noise magnitudes at attacks, in bins.
SMOOTHING = 16


def ramp(values, low, high):
    """0 up to `low`, 1 from `high` on, linear between."""
    return np.clip((values - low) / (high - low), 0, 1)


def neighbourhood(values, reach, axis, reduce):
    """`reduce` ("mean" or "max") over the values within `reach` places along an axis, fewer at its ends."""
    values = np.moveaxis(values, axis, 0)
    stack = []
    for shift in range(-reach, reach + 1):
        moved = np.full(values.shape, np.nan)
        moved[max(0, -shift):len(values) - max(0, shift)] = values[max(0, shift):len(values) - max(0, -shift)]
        stack.append(moved)
    result = np.nanmean(stack, 0) if reduce == "mean" else np.nanmax(stack, 0)
    return np.moveaxis(result, 0, axis)


def group_attacks(logs, gains):
    """Attacks 0 to 1 [J, groups] by band logs [J, bands]: rises of a group's power by 8 to 16 dB over four frames."""
    level = 10 * np.log10(np.exp(2 * logs) @ (gains / np.maximum(gains.sum(1, keepdims=True), 1e-9)).T + 1e-12)
    rise = np.zeros_like(level)
    rise[2:-2] = level[4:] - level[:-4]
    return ramp(neighbourhood(rise, 1, 0, "max"), 8, 16)


def noise_share(logs, frequencies):
    """Share of noise in the power of every band [J, bands]; `frequencies` [bands] of the bands' centres."""
    decibels = 20 / np.log(10) * logs
    height = decibels - neighbourhood(decibels, SURROUNDINGS, 1, "mean")
    height = neighbourhood(neighbourhood(height, 1, 0, "mean"), 1, 1, "max")
    gains = noise.group_gains(frequencies)
    boost = ATTACK_BOOST * (group_attacks(logs, gains) @ gains)
    return np.clip((TONE_ABOVE + boost - height) / (TONE_ABOVE - NOISE_BELOW), 0, 1) * ramp(frequencies, 300, 600)


def partials(layer, logs, tone, floor):
    """Magnitudes [J, bins] of the main lobes of a Hann window at the peaks of the bands; `tone` [J, bands]: their share of power."""
    power = np.maximum(np.exp(np.minimum(logs, MAX_LOG_MAGNITUDE)) - floor, 0) ** 2 * tone * layer.bins_per_band
    peak = np.zeros(power.shape, bool)
    peak[:, 1:-1] = (logs[:, 1:-1] > logs[:, :-2]) & (logs[:, 1:-1] >= logs[:, 2:]) & (tone[:, 1:-1] > 0.01)
    frame, band = np.nonzero(peak)
    padded = np.pad(peak, ((0, 0), (2, 2)))
    below = power[frame, band - 1] * np.where(padded[frame, band], 0.5, 1)
    above = power[frame, band + 1] * np.where(padded[frame, band + 4], 0.5, 1)
    energy = below + power[frame, band] + above + 1e-30
    at = layer.bin_of(layer.first + band + (above - below) / energy)
    amplitude = np.sqrt(energy / 1.5)
    out = np.zeros((len(logs), layer.stft.bins))
    nearest = np.floor(at + 0.5).astype(int)
    for shift in (-2, -1, 0, 1, 2):
        k = np.clip(nearest + shift, 0, layer.stft.bins - 1)
        np.maximum.at(out, (frame, k), amplitude * main_lobe(nearest + shift - at))
    return out


def main_lobe(x):
    """Spectrum of the Hann window at `x` bins from its centre, within the main lobe: sinc(x)/(1 - x^2), 1 at 0."""
    x = np.abs(x)
    near = np.abs(x - 1) < 1e-6
    inner = np.sinc(x) / np.where(near, 1, 1 - x * x)
    return np.where(x < 2, np.where(near, 0.5, inner), 0)


def smoothed(magnitudes):
    """Root of the mean square of magnitudes [J, bins] over neighbouring bins, weighted by a raised cosine; ends are held."""
    shifts = np.arange(-SMOOTHING + 1, SMOOTHING)
    weights = 0.5 + 0.5 * np.cos(np.pi * shifts / SMOOTHING)
    padded = np.pad(magnitudes.astype(np.float64) ** 2, ((0, 0), (SMOOTHING - 1, SMOOTHING - 1)), mode="edge")
    count = magnitudes.shape[1]
    return np.sqrt(sum(w * padded[:, i:i + count] for i, w in enumerate(weights)) / weights.sum())


class Synthesis:
    """Decodes features of one `SpectralFeatures`."""

    def __init__(self, features):
        self.features = features
        self.layers, self.main, self.config = features.layers, features.main, features.config
        self.crossfades = [np.ones(self.main.stft.bins, np.float32)]
        if len(self.layers) > 1:
            low, high = self.config["crossover"]
            rise = [np.sin(np.pi / 2 * ramp(layer.frequencies, low, high)) ** 2 for layer in self.layers]
            self.crossfades = [(1 - rise[0]).astype(np.float32), rise[1].astype(np.float32)]

    def magnitudes(self, features):
        """(magnitudes of the low spectrogram or None, of partials, of noise, shares of noise) of features [T, D]."""
        logs, main, floor = self.features.logs(features.astype(np.float64)), self.main, self.features.floor
        low = self.layers[0].magnitudes(logs[0], floor) if len(logs) > 1 else None
        interpolated = main.magnitudes(logs[-1], floor)
        share = noise_share(logs[-1], main.centres)
        noise_part = np.clip(main.spread(share), 0, 1)
        mix = ramp(main.frequencies, 900, 1300)
        tones = (1 - mix) * interpolated * np.sqrt(1 - noise_part) + mix * partials(main, logs[-1], 1 - share, floor)
        return low, tones, interpolated * np.sqrt(noise_part), share

    def spectra(self, features):
        """(middle and side spectra [(middle, side) per layer], each [J, bins]; envelopes of the noise [groups, cells]; what `gated` expects of powers)."""
        low, tones, noises, _ = self.magnitudes(features)
        stft = self.main.stft
        low_phase, shared = None, None
        # A frame's mean square, weighted by its squared window, is a third of the sum of its squared magnitudes.
        result, powers = [], [((tones ** 2 + noises ** 2).sum(1) / 3, stft.size // 2 // noise.CELL, stft.hop // noise.CELL)]
        if low is not None:
            layer = self.layers[0]
            low_phase = integrated_phase(low[:, :layer.count + 2], layer.stft.size, layer.stft.hop)
            low_phase = np.pad(low_phase, ((0, 0), (0, low.shape[1] - low_phase.shape[1])))
            middle = low * np.exp(1j * low_phase)
            result.append((middle, middle * self.decorrelator(layer)))
            below = layer.frequencies < self.config["crossover"][0]
            powers.append(((low[:, below] ** 2).sum(1) / 3, layer.stft.size // 2 // noise.CELL, stft.hop // noise.CELL))
            shared = [edge / self.main.frequencies[1] for edge in self.config["crossover"]]
        middle = tones * np.exp(1j * tracked_phase(tones, stft.size, stft.hop, low_phase, shared))
        side = middle * self.decorrelator(self.main)
        gains = noise.group_gains(self.main.frequencies)
        cells = noise.envelopes(((noises.astype(np.float64) ** 2) @ (gains / gains.sum(1, keepdims=True)).T).T, stft)
        attack = noise.attacks(cells, stft).T @ gains
        level = np.sqrt(((1 - attack) * noises ** 2 + attack * smoothed(noises) ** 2) / (noise.frame_powers(cells, stft).T @ gains))
        result.append((middle + level * noise.noise_spectra(cells, stft, 0), side + level * noise.noise_spectra(cells, stft, noise.PERIOD // 2)))
        return result, cells, powers

    def decorrelator(self, layer):
        """Factors [bins] that turn a partial's phase; their mean is 0."""
        return np.exp(1j * DECORRELATION_DEPTH * np.sin(2 * np.pi * np.arange(layer.stft.bins) * self.main.stft.size / layer.stft.size / 16))

    def synthesise(self, features):
        """Stereo audio float32 [2, T*ratio] of features [T, D]."""
        fixed, total = self.features, 0
        spectra, cells, powers = self.spectra(features)
        stereo = features[:, fixed.group * fixed.bands:].astype(np.float64)
        for layer, gain, (middle, side) in zip(self.layers, self.crossfades, spectra):
            band = fixed.stereo_band_of(layer.frequencies)
            per_bin = lambda x: np.repeat(x, fixed.group, 0)[:, band] * ramp(layer.frequencies, 120, 200)
            balance = per_bin(np.clip(stereo[:, :fixed.stereo_bands], -2.5, 2.5))
            width = per_bin(np.clip(stereo[:, fixed.stereo_bands:], 0, WIDEST))
            left = np.sqrt(1 + np.tanh(balance)) * (np.cos(width) * middle + np.sin(width) * side)
            right = np.sqrt(1 - np.tanh(balance)) * (np.cos(width) * middle - np.sin(width) * side)
            total = total + layer.stft.inverse((np.stack([left, right]) * gain).astype(np.complex64))
        return gated(total, attack_cells(cells, self.main.frequencies[-1]), powers)
