"""The spectral pretransform: audio to phase-less latents and back (`pretransform.type: "spectral"`).

Latents that carry the waveform's phase cannot be learnt on two cores, so these hold log magnitudes on a warped frequency
axis and a few stereo numbers, compressed by a linear map. Coming back, the phase is made anew. All steps are
deterministic; this docstring is the specification that other ports follow.

Config (`model.pretransform.config`)
    fft_size N 2048, hop_length H 512, frames_per_latent G 4, downsampling_ratio G*H = 2048,
    bins_per_octave B 36, max_frequency 20000, floor 3e-5, stereo_edges (hertz), latent_dim K,
    low_fft_size M 4096 and crossover [430, 520] hertz (both or neither: without them there is one spectrogram; M = 2 N),
    io_channels 2, loudness -17 (`model/loudness.py`; optional).

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

Decoding (`model/synthesis.py`, `model/phase.py`, `model/noise.py`)
    Smooth magnitudes are not those of any sound: with aligned phases every frame becomes a pulse at its centre, a buzz at the
    rate of the hops. So bands are split into partials, whose lobes are made as narrow as a sine's, and noise, which gets the
    phases and the fluctuation of real noise. ramp(x, a, b) is 0 up to a, 1 from b on, linear between. "Near" values are
    averaged over fewer places at the ends. f_b is the frequency of a band's centre, f_k that of a bin.

    1. Shares. Log magnitudes x of the main axis; y = 20 lg(e) x. h = y - mean of y over bands b-6..b+6; then the mean over frames
       j-1..j+1, then the maximum over bands b-1..b+1. Groups g with power gains G_g(f) (step 4); level of a group
       10 lg(sum_b G_g(f_b) e^(2x) / max(sum_b G_g(f_b), 1e-9) + 1e-12); its rise from frame j-2 to j+2 (0 in the outermost two frames),
       maximum over j-1..j+1, ramp(8, 16): attack A_g. Share of noise
       s = clip((8 + 6 sum_g A_g G_g(f_b) - h)/4, 0, 1) ramp(f_b, 300, 600). Share of partials: 1 - s.
       Magnitudes m of bin k: x interpolated linearly at p_k, limited to 0.3, exp, minus floor, at least 0; the highest band
       is held for 4 bands, then 0; 0 below the first band. s_k: s interpolated likewise. Noise magnitudes: m sqrt(s_k).
    2. Low spectrogram (only with `low_fft_size`): magnitudes as in step 1, all partials. Phases by heap integration of the phase
       gradient (Prusa, Balazs, Sondergaard 2017) over the bins up to two above the highest band; logarithms of at least 1e-9.
       Advance per hop: r d/dk ln m + 2 pi H k/M with r = H/(0.25645 M); peaks k = 1..5 and the bins beside them advance by
       2 pi H/M times the peak's frequency (step 3) instead. Advance per bin: -(d/dj ln m)/r - pi. Differences are central, 0 at the ends;
       steps use the mean of the two ends' gradients. Bins at most 1e-6 of the largest keep phase 0. The loudest bin that
       has no phase starts with phase 0; from then on the loudest bin in the heap gives its neighbours without one theirs, in the order j+1, j-1,
       k+1, k-1. Of equal magnitudes the lower index j*bins + k comes first.
    3. Partials of the main spectrogram. Power of a band in bins: q_b = max(exp(min(x, 0.3)) - floor, 0)^2 (1 - s) cosh(b/q).
       Peaks: inner bands with x_b > x_(b-1), x_b >= x_(b+1), 1 - s > 0.01. Energy E = u + q_b + v with u = q_(b-1), v = q_(b+1), each
       halved if the band beyond it is a peak too. Centre c = b + (v - u)/E, frequency q sinh(c/q) bins, amplitude sqrt(E/1.5), magnitude
       of a bin at distance |x| < 2: amplitude sinc(x)/(1 - x^2), for the two bins on either side of the nearest one; where lobes overlap, the
       larger. Below 900 Hz: m sqrt(1 - s_k); above 1300 Hz: these lobes; between: (1 - ramp) and ramp times them.
       Phases: bins start with the phase 2 pi frac(k 0.6180339887498949) and frequency k. Per frame: peaks k with m_k > m_(k-1), m_k >= m_(k+1);
       with r the larger neighbour over m_k, the peak's frequency is k +- clip((2r - 1)/(r + 1), -0.5, 0.5), towards the larger neighbour.
       Its phase is the bin's last one plus 2 pi H/N times the mean of its frequency and the bin's last one (its own alone where they differ by 1.5
       or more). Between the crossover's edges it is instead phi_low(k') + pi (k' - k), k' = floor(2 frequency + 0.5). Every bin takes the
       phase and frequency of its peak, plus pi times its distance to it; regions change half-way, an exact half-way bin belongs to the lower
       peak. A frame without peaks keeps all.
    4. Envelopes. Groups between 0, 350, 700, 1400, 2800, 5600, 11200 Hz and above. Rise at an edge e: sin^2(pi/2 clip(2 log2(f/e) + 0.5, 0, 1));
       G of a group is the rise at its lower edge (1 for the first) minus that at its upper (0 for the last). Noise power of a group in
       frame j: mean of m^2 s_k over the bins, weighted by G; at least 1e-12. The envelope has one value per 64 samples. K_i: the sums of w^2 over the 64
       samples of cell i of a frame, divided by their sum. Power of a frame: sum of K times its cells (the outermost cells go on
       beyond the ends). Start: exp of the frames' log powers interpolated linearly between their centres. 16 times:
       cell *= (sum_j K P_j/Q_j^2)/(sum_j K/Q_j), at least 1e-12, P wanted, Q present powers (the outermost frames go on). Before the 11th:
       every run of values that do not fall, from a to b >= 8 a within 40 cells, becomes a step: a before, b after (one cell between them), of the same sum.
    5. Noise. x = 1; for every bin of a real spectrum of period 131072: x = (1664525 x + 1013904223) mod 2^32, phase
       2 pi x/2^32, magnitude sqrt(131072). Per group times sqrt(G), inverse real FFT. A second, independent noise is the same from its sample 65536 on. The signal: sum over groups of the periodic noise times
       the square root of the envelope (interpolated linearly between the cells' centres). Its STFT times sqrt(N/6) has the powers Q.
       Noise spectrum: that, times the noise magnitudes, over sqrt(sum_g Q_g G_g). Attacks of a frame: maximum over its cells of
       ramp(10 lg(cell/the second before it), 8, 14), summed over the groups times G: the squares of the noise magnitudes are mixed by it
       with their weighted means over bins k-15..k+15, weights 0.5 + 0.5 cos(pi i/16) (bins beyond the ends as the last ones).
    6. Stereo. u_k = exp(i 2.404825557695773 sin(2 pi k N/(n 16))) for the bins of window n (2.4048... is the first zero of the Bessel
       function J0: the mean of u is zero). Middle M: partials + first noise; side S: partials times u + second noise.
       For each latent and band, balance b (limited to +-2.5) and width a (limited to 0..pi/4, so that no channel plays out of phase), both
       times ramp(f_k, 120, 200): L = sqrt(1 + tanh b) (cos a M + sin a S), R = sqrt(1 - tanh b) (cos a M - sin a S).
    7. ISTFT of both channels and spectrograms: inverse real FFT, times n/4, times the window, overlap-add, divided by the overlap-added squared window (at
       least 1e-3). The low spectrogram is faded out and the main one in between the crossover's edges, by cos^2 and sin^2; their sum is the sound.

    8. Gate (`model/gate.py`). Total envelope: the groups' envelopes weighted by the widths of the groups between 0 and 22050 Hz over 22050. Its
       rise at cell c: 10 lg of it over that two cells before. From cell 2 on: where the rise exceeds 12, go on to the next cell while that one's is
       larger; an attack begins at a = that cell - 1; go on 8 cells later. Expected power before it: a third of the sums of the squared magnitudes
       (partials and noise, before they are mixed for attacks) of main frame max(0, floor((a - 20)/8)) and (below crossover[0]) of low frame
       max(0, floor((a - 36)/8)). Gain of cells a-32..a-1: sqrt of at most 1 and (4 expected + 1e-12)/(mean square of the cell in both channels + 1e-12);
       of several attacks the smallest. Gains are interpolated linearly between the cells' centres.

    9. Edits of a recording with noise level l (`model/source_filter.py`). W = cos^2(pi/2 ramp(l, 0.4, 0.8)); where W = 0 the sound is that of step 8.
       Change c of a band: log magnitude of the result's features minus that of the features of the recording's own latents, averaged
       over frames j-1..j+1 and bands b-1..b+1 of the same axis. c_k: interpolated linearly at p_k (held at the ends); for bins below the main axis's first
       band, that of the low axis's band 2k. V = W (1 - ramp(20 lg(e) |c_k|, 6, 14)). Spectra of window N of both channels:
       sqrt(V) exp(clip(c_k, -7, 1.5)) times the recording's plus sqrt(1 - V) times those of the sound of step 8; ISTFT.
"""
import numpy as np

from .bands import SAMPLE_RATE, layers
from .source_filter import filtered
from .synthesis import Synthesis

STEREO_FLOOR = 1e-9

DEFAULT_CONFIG = {
    "fft_size": 2048, "hop_length": 512, "frames_per_latent": 4, "downsampling_ratio": 2048, "bins_per_octave": 36,
    "max_frequency": 20000, "low_fft_size": 4096, "crossover": [430, 520], "floor": 3e-5,
    "stereo_edges": [0, 250, 500, 1000, 2000, 4000, 8000, 22051], "latent_dim": 192, "loudness": -17, "io_channels": 2}


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
        self.stereo_band_of = lambda frequencies: np.searchsorted(edges, frequencies, side="right") - 1
        self.dimension = self.group * self.bands + 2 * self.stereo_bands

    def analyse(self, audio):
        """Features float32 [T, D] of stereo audio [2, S] (padded here to whole latents)."""
        audio = np.pad(audio, ((0, 0), (0, -audio.shape[1] % self.ratio)))
        latents, logs = audio.shape[1] // self.ratio, []
        for layer in self.layers:
            spectra = layer.stft.forward(audio)
            power = np.abs(spectra) ** 2
            logs.append(layer.analyse(power.mean(0), self.floor))
        onehot = (self.stereo_band_of(self.main.frequencies)[:, None] == np.arange(self.stereo_bands)).astype(np.float32)
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


class SpectralPretransform:
    """Audio <-> latents: `SpectralFeatures` and the linear map that training fits (`fit_pretransform.py`)."""

    def __init__(self, config, mean, analysis, synthesis):
        self.config, self.features = config, SpectralFeatures(config)
        self.synthesiser = Synthesis(self.features)
        self.mean, self.analysis, self.synthesis = (np.asarray(x, np.float32) for x in (mean, analysis, synthesis))

    @property
    def ratio(self):
        return self.features.ratio

    def encode(self, audio):
        """Latents float32 [K, T] of audio [2, S]."""
        return ((self.features.analyse(audio) - self.mean) @ self.analysis).T

    def decode(self, latents):
        """Audio float32 [2, T*ratio] of latents [K, T]."""
        return self.synthesiser.synthesise(self.decode_features(latents))

    def decode_edited(self, latents, source, source_latents, noise_level):
        """Audio float32 [2, T*ratio] of latents [K, T] that were made of those of a recording [2, T*ratio], which is kept where they changed little."""
        after, before = self.decode_features(latents), self.decode_features(source_latents)
        return filtered(self.features, source, self.synthesiser.synthesise(after), before, after, noise_level)

    def decode_features(self, latents):
        """Features float32 [T, D] of latents [K, T]; summed in double precision, since phases along partials let differences grow."""
        return (self.mean + latents.T.astype(np.float64) @ self.synthesis).astype(np.float32)

    def tensors(self):
        """Name -> array, as stored under `pretransform.model.`."""
        return {"mean": self.mean, "analysis": self.analysis, "synthesis": self.synthesis}
