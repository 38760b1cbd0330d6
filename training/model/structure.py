"""Structure of a recording: its pitches, attacks and loudness over time, without its timbre.

The diffusion transformer sees these channels beside the noisy latents, so that much noise can take a recording's sound away and
leave its melody and its beat. All steps are deterministic; this docstring is the specification that other ports follow.

Config (`model.conditioning.configs`, type "structure"): pitches P 48, lowest_pitch 36 (MIDI note of the first one), hop_length
H 512, frames_per_latent G 4. Audio [2, S] at the loudness that the model works at; S a multiple of G*H; T = S/(G*H) latents.
m_N[j, k] = sqrt((|L|^2 + |R|^2)/2) of the `Stft` with window N and hop H.

Pitch salience [P, T], after Salamon and Gomez 2012 ("Melody extraction from polyphonic music signals using pitch contour
characteristics"): of every second frame (j = 0, 2, ...) of m_4096, the peaks k with m[k] > m[k-1] and m[k] >= m[k+1], m[k] > 1e-3 and
55 <= f <= 5000 Hz, where f = 44100/4096 (k + o), o = clip(0.5 (a - c)/(a - 2b + c), -0.5, 0.5) with a, b, c = ln(m + 1e-9) at
k-1, k, k+1. A peak gives 0.8^(h-1) sqrt(m[k]) to the pitch p = 69 + 12 log2(f/(440 h)) - lowest_pitch for h = 1..6, divided linearly
between the pitches floor(p) and floor(p) + 1. Pitches above the range are moved down by octaves; below it, the one with h = 1
is moved up and the others are left out. The sum s over the latent's frames becomes (s/(max over pitches + 0.1 frames))^2.

Attacks [3G, T], group by group: in the groups 40-250, 250-2500, 2500-16000 Hz, each cut into 4 bands of equal width in octaves,
E = ln(sum of m_1024^2 over the band's bins + 1e-6); min(1, mean over the group's bands of max(0, E[j] - E[j-1])/4); 0 in frame 0.
Loudness [G, T]: clip(1 + log10(sum over all bins of m_1024[j]^2 + 1e-9)/6, 0, 1).

Channels given to the transformer [3 + P + 4G, T]: the strengths of the three kinds (0 = absent), then each kind times its strength.
"""
import numpy as np
import torch

from .stft import Stft

SAMPLE_RATE = 44100
DEFAULT_CONFIG = {"pitches": 48, "lowest_pitch": 36, "hop_length": 512, "frames_per_latent": 4}
HARMONICS, HARMONIC_DECAY, FAINTEST_PEAK, SALIENCE_FLOOR = 6, 0.8, 1e-3, 0.1
LOWEST_PEAK, HIGHEST_PEAK = 55.0, 5000.0
GROUP_EDGES, BANDS_PER_GROUP = (40, 250, 2500, 16000), 4
#: Kinds of channels, each with a strength of its own.
KINDS = ("pitch", "attack", "loudness")


class Structure:
    """Audio -> values [P + 4G, T]; `channels` counts them with their strengths."""

    def __init__(self, config=DEFAULT_CONFIG):
        self.pitches, self.lowest = config["pitches"], config["lowest_pitch"]
        self.group, self.hop = config["frames_per_latent"], config["hop_length"]
        self.sizes = (self.pitches, 3 * self.group, self.group)
        self.channels = len(KINDS) + sum(self.sizes)
        self.fine, self.coarse = Stft(4096, 2 * self.hop), Stft(1024, self.hop)
        self._bands = self._attack_bands()

    def _attack_bands(self):
        """Membership float32 [bins, 3 * BANDS_PER_GROUP] of the short window's bins."""
        edges = np.concatenate([np.geomspace(low, high, BANDS_PER_GROUP + 1)[:-1] for low, high in zip(GROUP_EDGES, GROUP_EDGES[1:])]
                               + [[GROUP_EDGES[-1]]])
        frequencies = np.arange(self.coarse.bins) * SAMPLE_RATE / self.coarse.size
        return np.stack([(frequencies >= low) & (frequencies < high) for low, high in zip(edges, edges[1:])], 1).astype(np.float32)

    def analyse(self, audio):
        """Values float32 [P + 4G, T] of stereo audio [2, S]: pitches, attacks, loudness."""
        audio = np.pad(audio, ((0, 0), (0, -audio.shape[1] % (self.group * self.hop))))
        attacks, loudness = self._attacks_and_loudness(audio)
        return np.concatenate([self._salience(audio), attacks, loudness]).astype(np.float32)

    def _salience(self, audio):
        shift = self.hop // 2  # centres the frame on that of frame 2i with hop `hop`
        padded = np.pad(audio, ((0, 0), (shift, 0)))[:, :audio.shape[1]]
        power = (np.abs(self.fine.forward(padded)) ** 2).mean(0)
        m, log = np.sqrt(power), np.log(np.sqrt(power) + 1e-9)
        inner = m[:, 1:-1]
        frames, bins = np.nonzero((inner > m[:, :-2]) & (inner >= m[:, 2:]) & (inner > FAINTEST_PEAK))
        bins += 1
        a, b, c = log[frames, bins - 1], log[frames, bins], log[frames, bins + 1]
        offset = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-12), -0.5, 0.5)
        f = (bins + offset) * SAMPLE_RATE / self.fine.size
        heard = (f >= LOWEST_PEAK) & (f <= HIGHEST_PEAK)
        frames, f, amplitude = frames[heard], f[heard], np.sqrt(m[frames, bins])[heard]
        latents = frames * 2 // self.group
        out = np.zeros((audio.shape[1] // (self.group * self.hop), self.pitches))
        for h in range(1, HARMONICS + 1):
            p = 69 + 12 * np.log2(f / (440 * h)) - self.lowest
            used = p > -1e9 if h == 1 else p >= 0
            p = np.where(p < 0, p + 12 * np.ceil(-p / 12), p)
            p = np.where(p >= self.pitches, p - 12 * np.floor((p - self.pitches) / 12 + 1), p)
            low = np.floor(p).astype(int)
            high = np.where(low + 1 == self.pitches, self.pitches - 12, low + 1)
            weight = amplitude * HARMONIC_DECAY ** (h - 1) * used
            np.add.at(out, (latents, low), weight * (1 - (p - low)))
            np.add.at(out, (latents, high), weight * (p - low))
        return (out / (out.max(1, keepdims=True) + SALIENCE_FLOOR * self.group / 2)).T ** 2

    def _attacks_and_loudness(self, audio):
        power = (np.abs(self.coarse.forward(audio)) ** 2).mean(0)
        energy = np.log(power @ self._bands + 1e-6)
        rise = np.maximum(0, np.diff(energy, axis=0, prepend=energy[:1])).reshape(len(energy), 3, BANDS_PER_GROUP).mean(2)
        loudness = np.clip(1 + np.log10(power.sum(1) + 1e-9) / 6, 0, 1)
        by_latent = lambda x: x.reshape(-1, self.group).T
        attacks = np.minimum(1, rise / 4)
        return np.concatenate([by_latent(attacks[:, g]) for g in range(3)]), by_latent(loudness)

    def channels_at(self, values, strengths):
        """Channels [B, 3 + P + 4G, T] of values [B, P + 4G, T] at strengths [B, 3] from 0 to 1 (tensors)."""
        repeated = torch.cat([strengths[:, kind:kind + 1].expand(-1, size) for kind, size in enumerate(self.sizes)], 1)
        return torch.cat([strengths[..., None].expand(-1, -1, values.shape[2]), values * repeated[..., None]], 1)


def strength_at(level):
    """Strength of all kinds at initial noise levels: all of it up to 0.9, none at 1, where nothing of the source is kept."""
    return np.clip((1 - level) / 0.1, 0, 1)
