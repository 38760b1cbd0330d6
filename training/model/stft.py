"""The short-time Fourier transform of the spectral pretransform, with a periodic Hann window, and its inverse.

Frame j of a signal is the `size` samples from j*hop + hop/2 - size/2 on (zeros outside the signal), times the window
w[n] = 0.5 - 0.5 cos(2 pi n/size); its real FFT is scaled by 4/size, so that a sine of amplitude 1 has magnitude 1.
"""
import numpy as np
from scipy import fft


class Stft:
    """`bins` = size/2 + 1 complex numbers every `hop` samples; hop divides size."""

    def __init__(self, size, hop):
        self.size, self.hop, self.bins = size, hop, size // 2 + 1
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)

    def forward(self, audio):
        """Spectra complex64 [..., J, bins] of audio [..., S], S a multiple of the hop; J = S/hop."""
        before = self.size // 2 - self.hop // 2
        padded = np.pad(audio.astype(np.float32), [(0, 0)] * (audio.ndim - 1) + [(before, self.size)])
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.size, -1)[..., :audio.shape[-1]:self.hop, :]
        return fft.rfft(frames * self.window, axis=-1) * np.float32(4 / self.size)

    def inverse(self, spectra):
        """Audio float32 [..., J*hop] of spectra [..., J, bins]: windowed overlap-add over the overlapped squared window (at least 1e-3)."""
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
