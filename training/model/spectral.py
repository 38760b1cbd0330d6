"""The spectral pretransform: audio to phase-less latents and back (`pretransform.type: "spectral"`).

Latents that carry the waveform's phase cannot be learnt on two cores, so these hold log magnitudes on a warped frequency
axis and a few stereo numbers, compressed by a linear map. Coming back, the phase is made anew. All steps are
deterministic; this docstring is the specification that other ports follow.

Config (`model.pretransform.config`)
    fft_size N 2048, hop_length H 512, frames_per_latent G 4, downsampling_ratio G*H = 2048,
    bins_per_octave B 36, max_frequency 20000, floor 3e-5, stereo_edges (hertz), latent_dim K,
    low_fft_size M 4096 and crossover [430, 520] hertz (both optional: without them there is one spectrogram),
    phase_iterations 2, phase_momentum 0.99, io_channels 2, loudness -17 (`model/loudness.py`; optional).

Framing (`model/stft.py`)
    Audio [2, S] is zero-padded at its end to a multiple of G*H; T = S/(G*H) latents, J = G*T frames. Frame j of a spectrogram
    of window n is the n samples from j*H + H/2 - n/2 on (zeros outside the audio), times the periodic Hann window; its
    real FFT is scaled by 4/n, so that a sine of amplitude 1 has magnitude 1. It has n/2 + 1 bins, 44100/n hertz apart.

Frequency axes (`model/bands.py`)
    Main axis (window N, d = 44100/N): linear at the bottom, logarithmic above. q = B/ln 2; bin k is at p_k = q asinh(k/q);
    its bands are b = 0 .. floor(q asinh(max_frequency/(d q))).
    Low axis (window M; only with `low_fft_size`): p_k = k; its bands are b = 0 .. ceil(crossover[1] M/44100) + 2. The main axis
    then begins with the band floor(p_l) of bin l = floor(crossover[0]/d) - 2.
    Weight of bin k in band b: max(0, 1 - |p_k - b|), each band's weights divided by their sum.

Features of latent t, in this order (n bands on both axes together; D = G*n + 2*E, E = len(stereo_edges) - 1)
    for its G frames, for the bands of the low axis and then of the main axis:
        ln(sqrt(sum_k weight (|L_k|^2 + |R_k|^2)/2) + floor)
    balance of E bands:  atanh-like level difference  clip(0.5 ln((EL + e)/(ER + e)), -2.5, 2.5)
    width of E bands:    0.5 arccos(clip((C + e)/sqrt((EL + e)(ER + e)), -1, 1))
    where EL, ER are the sums of |L|^2, |R|^2 and C that of Re(L conj R) over the latent's G frames and the bins of window N
    with edge_i <= k*d < edge_(i+1), and e = 1e-9. In other words: parametric stereo.

Latents (tensors `mean` [D], `analysis` [D, K], `synthesis` [K, D] under `pretransform.model.`)
    z = (features - mean) @ analysis;   features = mean + z @ synthesis.   Layout of z outside: [K, T].
"""
import numpy as np

from .bands import SAMPLE_RATE, layers
from .phase import integrated_phase

STEREO_FLOOR = 1e-9
DECORRELATION_DEPTH = 2.404825557695773

DEFAULT_CONFIG = {
    "fft_size": 2048, "hop_length": 512, "frames_per_latent": 4, "downsampling_ratio": 2048, "bins_per_octave": 36,
    "max_frequency": 20000, "low_fft_size": 4096, "crossover": [430, 520], "floor": 3e-5,
    "stereo_edges": [0, 250, 500, 1000, 2000, 4000, 8000, 22051], "latent_dim": 192, "phase_iterations": 2,
    "phase_momentum": 0.99, "loudness": -17, "io_channels": 2}


class SpectralFeatures:
    """The fixed part: audio <-> features. Everything that has no trained numbers."""

    def __init__(self, config):
        self.config = config
        self.group, self.floor = config["frames_per_latent"], config["floor"]
        self.ratio = config["hop_length"] * self.group
        self.layers = layers(config)
        self.main = self.layers[-1]
        #: Numbers that describe one frame.
        self.bands = sum(layer.count for layer in self.layers)
        edges = np.asarray(config["stereo_edges"])
        self.stereo_bands = len(edges) - 1
        self.stereo_band = np.searchsorted(edges, self.main.frequencies, side="right") - 1
        self.dimension = self.group * self.bands + 2 * self.stereo_bands

    def analyse(self, audio):
        """Features float32 [T, D] of stereo audio [2, S] (padded here to whole latents)."""
        audio = np.pad(audio, ((0, 0), (0, -audio.shape[1] % self.ratio)))
        latents, logs = audio.shape[1] // self.ratio, []
        for layer in self.layers:
            spectra = layer.stft.forward(audio)
            power = np.abs(spectra) ** 2
            logs.append(layer.analyse(power.mean(0), self.floor))
        onehot = (self.stereo_band[:, None] == np.arange(self.stereo_bands)).astype(np.float32)
        grouped = lambda x: (x @ onehot).reshape(latents, self.group, -1).sum(1)
        left, right = grouped(power[0]) + STEREO_FLOOR, grouped(power[1]) + STEREO_FLOOR
        cross = grouped((spectra[0] * spectra[1].conj()).real) + STEREO_FLOOR
        balance = np.clip(0.5 * np.log(left / right), -2.5, 2.5)
        width = 0.5 * np.arccos(np.clip(cross / np.sqrt(left * right), -1, 1))
        return np.concatenate([np.concatenate(logs, 1).reshape(latents, -1), balance, width], 1).astype(np.float32)

    def logs(self, features):
        """Log magnitudes float32 [J, bands of the layer] of every layer, of features [T, D]."""
        frames = features[:, :self.group * self.bands].reshape(-1, self.bands)
        return np.split(frames, np.cumsum([layer.count for layer in self.layers])[:-1], 1)

    def magnitudes(self, features):
        """Magnitudes float32 [J, bins] of every layer, of features [T, D]."""
        return [layer.magnitudes(logs, self.floor) for layer, logs in zip(self.layers, self.logs(features))]

    def with_phase(self, magnitudes, iterations=None):
        """Complex spectra [J, bins] of every layer's magnitudes."""
        hop = self.config["hop_length"]
        spectra, consistent = [], [None] * len(self.layers)
        for layer, m in zip(self.layers, magnitudes):
            spectra.append((m * np.exp(1j * integrated_phase(m, layer.stft.size, hop))).astype(np.complex64))
        for _ in range(self.config["phase_iterations"] if iterations is None else iterations):
            audio = self.joined(spectra)
            for i, (layer, m) in enumerate(zip(self.layers, magnitudes)):
                now = layer.stft.forward(audio)
                guess = now if consistent[i] is None else now + np.float32(self.config["phase_momentum"]) * (now - consistent[i])
                consistent[i] = now
                size = np.abs(guess)
                spectra[i] = (m * np.where(size > 0, guess / np.maximum(size, 1e-30), 1)).astype(np.complex64)
        return spectra

    def joined(self, spectra):
        """Audio of the spectra [..., J, bins] of every layer: inverse transforms, crossfaded in frequency, summed."""
        return sum(layer.stft.inverse(x * gain) for layer, x, gain in zip(self.layers, spectra, self.crossfade))

    @property
    def crossfade(self):
        if len(self.layers) == 1:
            return [np.float32(1)]
        low, high = self.config["crossover"]
        rise = [(0.5 - 0.5 * np.cos(np.pi * np.clip((layer.frequencies - low) / (high - low), 0, 1))).astype(np.float32) for layer in self.layers]
        return [1 - rise[0], rise[1]]

    def synthesise(self, features, iterations=None):
        """Stereo audio float32 [2, T*ratio] of features [T, D]."""
        spectra = self.with_phase(self.magnitudes(features), iterations)
        stereo = features[:, self.group * self.bands:].astype(np.float64)
        left, right = [], []
        for layer, x in zip(self.layers, spectra):
            band = np.searchsorted(np.asarray(self.config["stereo_edges"]), layer.frequencies, side="right") - 1
            per_bin = lambda v: np.repeat(v, self.group, 0)[:, band]
            balance, width = per_bin(stereo[:, :self.stereo_bands]), per_bin(stereo[:, self.stereo_bands:])
            spread = np.exp(1j * DECORRELATION_DEPTH * np.sin(2 * np.pi * np.arange(layer.stft.bins) * 2048 / layer.stft.size / 16)) * np.sin(width)
            left.append((np.sqrt(1 + np.tanh(balance)) * (np.cos(width) + spread) * x).astype(np.complex64))
            right.append((np.sqrt(1 - np.tanh(balance)) * (np.cos(width) - spread) * x).astype(np.complex64))
        return self.joined([np.stack(pair) for pair in zip(left, right)])


class SpectralPretransform:
    """Audio <-> latents: `SpectralFeatures` and the linear map that training fits (`fit_pretransform.py`)."""

    def __init__(self, config, mean, analysis, synthesis):
        self.config, self.features = config, SpectralFeatures(config)
        self.mean, self.analysis, self.synthesis = (np.asarray(x, np.float32) for x in (mean, analysis, synthesis))

    @property
    def ratio(self):
        return self.features.ratio

    def encode(self, audio):
        """Latents float32 [K, T] of audio [2, S]."""
        return ((self.features.analyse(audio) - self.mean) @ self.analysis).T

    def decode(self, latents, iterations=None):
        """Audio float32 [2, T*ratio] of latents [K, T]."""
        return self.features.synthesise(self.mean + latents.T @ self.synthesis, iterations)

    def tensors(self):
        """Name -> array, as stored under `pretransform.model.`."""
        return {"mean": self.mean, "analysis": self.analysis, "synthesis": self.synthesis}
