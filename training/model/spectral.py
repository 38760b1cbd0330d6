"""The spectral pretransform: audio to phase-less latents and back (`pretransform.type: "spectral"`).

Latents that carry the waveform's phase cannot be learnt on two cores, so these hold log magnitudes on a warped frequency
axis and a few stereo numbers, compressed by a linear map. Coming back, the phase is made anew. All steps are
deterministic; this docstring is the specification that other ports follow.

Config (`model.pretransform.config`)
    fft_size N 2048, hop_length H 512, frames_per_latent G 4, downsampling_ratio G*H = 2048,
    bins_per_octave B 36, max_frequency 20000, floor 3e-5, stereo_edges (hertz), latent_dim K,
    phase_iterations 6, phase_momentum 0.99, io_channels 2, loudness -17 (`model/loudness.py`; optional).

Framing
    Audio [2, S] is zero-padded at its end to a multiple of G*H; T = S/(G*H) latents, J = G*T frames. Frame j is the N samples
    from j*H + H/2 - N/2 on (zeros outside the audio), times the periodic Hann window w[n] = 0.5 - 0.5 cos(2 pi n/N); its
    real FFT is scaled by 4/N, so that a sine of amplitude 1 has magnitude 1. F = N/2 + 1 bins, d = 44100/N hertz apart.

Frequency axis: linear at the bottom, logarithmic above
    q = B/ln 2;  position of bin k: p_k = q asinh(k/q);  n = floor(q asinh(max_frequency/(d q))) + 1 bands.
    Weight of bin k in band b: max(0, 1 - |p_k - b|), each band's weights divided by their sum.

Features of latent t, in this order (D = G*n + 2*E, E = number of stereo bands = len(stereo_edges) - 1)
    for its G frames, for n bands: ln(sqrt(sum_k weight (|L_k|^2 + |R_k|^2)/2) + floor)
    balance of E bands:  atanh-like level difference  clip(0.5 ln((EL + e)/(ER + e)), -2.5, 2.5)
    width of E bands:    0.5 arccos(clip((C + e)/sqrt((EL + e)(ER + e)), -1, 1))
    where EL, ER are the sums of |L|^2, |R|^2 and C that of Re(L conj R) over the latent's G frames and the bins with
    edge_i <= k*d < edge_(i+1), and e = 1e-9. In other words: parametric stereo.

Latents (tensors `mean` [D], `analysis` [D, K], `synthesis` [K, D] under `pretransform.model.`)
    z = (features - mean) @ analysis;   features = mean + z @ synthesis.   Layout of z outside: [K, T].

Decoding
    1. Magnitude of frame j, bin k: bands interpolated linearly at p_k in the log domain, limited to 0.3, exp, minus floor, at
       least 0; 0 where p_k > n - 1 + 4 (band n-1 is held between n - 1 and n + 3).
    2. First phase, single-pass spectrogram inversion (Beauregard, Harish, Wyse 2015). phi starts at 0 for all bins. Per
       frame: peaks are bins k = 1..F-2 with m[k] > m[k-1] and m[k] >= m[k+1]. With a, b, c = m[k-1], m[k], m[k+1] the peak's
       offset is o = clip(0.5 (a - c)/min(a - 2b + c, -1e-12), -0.5, 0.5) and its new phase phi[k] + 2 pi H (k + o)/N. Every bin
       takes the phase of its peak (regions change half-way between peaks, an exact half-way bin belongs to the lower
       one) plus pi times its distance to it. A frame without peaks keeps phi.
    3. `phase_iterations` rounds of fast Griffin-Lim (Perraudin, Balazs, Sondergaard 2013): X = m e^(i phi);
       c = STFT(ISTFT(X)); y = c + phase_momentum (c - previous c) (first round: y = c); X = m y/|y| (y = 0: X = m).
    4. Stereo: for each latent and band, with b = balance, a = width: L = sqrt(1 + tanh b) (cos a + sin a u_k) X,
       R = sqrt(1 - tanh b) (cos a - sin a u_k) X, u_k = exp(i 2.404825557695773 sin(2 pi k/16)). (2.4048... is the first
       zero of the Bessel function J0, which makes u a decorrelator: its mean over k is zero. It spreads over +-12 ms.)
    5. ISTFT of both: inverse real FFT, times N/4, times w, overlap-add at the frames' places, divided by the overlap-added
       w^2 (at least 1e-3), cut to S samples.
"""
import numpy as np
from scipy import fft

SAMPLE_RATE = 44100
STEREO_FLOOR = 1e-9
MAX_LOG_MAGNITUDE = 0.3
DECORRELATION_DEPTH = 2.404825557695773

DEFAULT_CONFIG = {
    "fft_size": 2048, "hop_length": 512, "frames_per_latent": 4, "downsampling_ratio": 2048, "bins_per_octave": 36,
    "max_frequency": 20000, "floor": 3e-5, "stereo_edges": [0, 250, 500, 1000, 2000, 4000, 8000, 22051],
    "latent_dim": 128, "phase_iterations": 6, "phase_momentum": 0.99, "loudness": -17, "io_channels": 2}


class SpectralFeatures:
    """The fixed part: audio <-> features. Everything that has no trained numbers."""

    def __init__(self, config):
        self.config = config
        self.size, self.hop, self.group = config["fft_size"], config["hop_length"], config["frames_per_latent"]
        self.ratio = self.hop * self.group
        self.bins = self.size // 2 + 1
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.size) / self.size)).astype(np.float32)
        q = config["bins_per_octave"] / np.log(2)
        spacing = SAMPLE_RATE / self.size
        self.position = q * np.arcsinh(np.arange(self.bins) / q)
        self.bands = int(np.floor(q * np.arcsinh(config["max_frequency"] / (spacing * q)))) + 1
        weights = np.maximum(0, 1 - np.abs(self.position[None] - np.arange(self.bands)[:, None]))
        self.weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
        edges = np.asarray(config["stereo_edges"])
        self.stereo_bands = len(edges) - 1
        self.stereo_band = np.searchsorted(edges, np.arange(self.bins) * spacing, side="right") - 1
        self.dimension = self.group * self.bands + 2 * self.stereo_bands

    def stft(self, audio):
        """Spectra complex64 [..., J, F] of audio [..., S], S a multiple of the ratio."""
        before = self.size // 2 - self.hop // 2
        padded = np.pad(audio.astype(np.float32), [(0, 0)] * (audio.ndim - 1) + [(before, self.size)])
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.size, -1)[..., :audio.shape[-1]:self.hop, :]
        return fft.rfft(frames * self.window, axis=-1) * np.float32(4 / self.size)

    def istft(self, spectra):
        """Audio float32 [..., J*H] of spectra [..., J, F]."""
        frames = fft.irfft(spectra, self.size, axis=-1).astype(np.float32) * (self.window * np.float32(self.size / 4))
        count, samples = spectra.shape[-2], spectra.shape[-2] * self.hop
        parts = self.size // self.hop
        total = np.zeros(spectra.shape[:-2] + (count + parts, self.hop), np.float32)
        weight = np.zeros((count + parts, self.hop), np.float32)
        square = (self.window ** 2).reshape(parts, self.hop)
        cells = frames.reshape(frames.shape[:-1] + (parts, self.hop))
        for part in range(parts):
            total[..., part:part + count, :] += cells[..., part, :]
            weight[part:part + count] += square[part]
        total /= np.maximum(weight, 1e-3)
        before = self.size // 2 - self.hop // 2
        return total.reshape(total.shape[:-2] + (-1,))[..., before:before + samples]

    def analyse(self, audio):
        """Features float32 [T, D] of stereo audio [2, S] (padded here to whole latents)."""
        audio = np.pad(audio, ((0, 0), (0, -audio.shape[1] % self.ratio)))
        spectra = self.stft(audio)
        power = np.abs(spectra) ** 2
        bands = np.log(np.sqrt(power.mean(0) @ self.weights.T) + self.config["floor"])
        latents = audio.shape[1] // self.ratio
        onehot = (self.stereo_band[:, None] == np.arange(self.stereo_bands)).astype(np.float32)
        grouped = lambda x: (x @ onehot).reshape(latents, self.group, -1).sum(1)
        left, right = grouped(power[0]) + STEREO_FLOOR, grouped(power[1]) + STEREO_FLOOR
        cross = grouped((spectra[0] * spectra[1].conj()).real) + STEREO_FLOOR
        balance = np.clip(0.5 * np.log(left / right), -2.5, 2.5)
        width = 0.5 * np.arccos(np.clip(cross / np.sqrt(left * right), -1, 1))
        return np.concatenate([bands.reshape(latents, -1), balance, width], 1).astype(np.float32)

    def magnitudes(self, features):
        """Magnitudes float32 [J, F] of features [T, D]."""
        bands = features[:, :self.group * self.bands].reshape(-1, self.bands)
        low = np.minimum(self.position.astype(int), self.bands - 2)
        part = np.clip(self.position - low, 0, 1).astype(np.float32)
        log = bands[:, low] * (1 - part) + bands[:, low + 1] * part
        magnitudes = np.maximum(np.exp(np.minimum(log, MAX_LOG_MAGNITUDE)) - self.config["floor"], 0)
        magnitudes[:, self.position > self.bands + 3] = 0
        return magnitudes

    def first_phase(self, magnitudes):
        """Single-pass phases [J, F] (step 2 of the specification)."""
        count = magnitudes.shape[1]
        index, phase = np.arange(count), np.zeros(count)
        out = np.zeros(magnitudes.shape)
        for frame, m in enumerate(magnitudes.astype(np.float64)):
            peaks = np.flatnonzero((m[1:-1] > m[:-2]) & (m[1:-1] >= m[2:])) + 1
            if len(peaks):
                a, b, c = m[peaks - 1], m[peaks], m[peaks + 1]
                offset = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-12), -0.5, 0.5)
                advanced = phase[peaks] + 2 * np.pi * self.hop * (peaks + offset) / self.size
                region = np.searchsorted((peaks[1:] + peaks[:-1]) / 2, index)
                phase = (advanced[region] + np.pi * (index - peaks[region])) % (2 * np.pi)
            out[frame] = phase
        return out

    def with_phase(self, magnitudes, iterations=None):
        """Complex spectra [J, F] of magnitudes (steps 2 and 3)."""
        spectra = (magnitudes * np.exp(1j * self.first_phase(magnitudes))).astype(np.complex64)
        previous = None
        for _ in range(self.config["phase_iterations"] if iterations is None else iterations):
            consistent = self.stft(self.istft(spectra))
            guess = consistent if previous is None else (
                consistent + np.float32(self.config["phase_momentum"]) * (consistent - previous))
            previous = consistent
            size = np.abs(guess)
            spectra = magnitudes * np.where(size > 0, guess / np.maximum(size, 1e-30), 1)
        return spectra.astype(np.complex64)

    def synthesise(self, features, iterations=None):
        """Stereo audio float32 [2, T*ratio] of features [T, D]."""
        spectra = self.with_phase(self.magnitudes(features), iterations)
        stereo = features[:, self.group * self.bands:].astype(np.float64)
        per_bin = lambda x: np.repeat(x, self.group, 0)[:, self.stereo_band]
        balance, width = per_bin(stereo[:, :self.stereo_bands]), per_bin(stereo[:, self.stereo_bands:])
        spread = np.exp(1j * DECORRELATION_DEPTH * np.sin(2 * np.pi * np.arange(self.bins) / 16)) * np.sin(width)
        left = np.sqrt(1 + np.tanh(balance)) * (np.cos(width) + spread) * spectra
        right = np.sqrt(1 - np.tanh(balance)) * (np.cos(width) - spread) * spectra
        return self.istft(np.stack([left, right]).astype(np.complex64))


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
