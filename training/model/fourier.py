"""Expo Fourier features of a scalar, as used for time and duration."""
import math

import torch


def expo_fourier_features(value, dim=256, lowest=0.5, highest=10000.0):
    """[B] float32 -> [B, dim]: cosines, then sines, of 2 pi f value for `dim`/2 geometric frequencies. Always float32."""
    ramp = torch.linspace(0, 1, dim // 2, dtype=torch.float32, device=value.device)
    frequencies = torch.exp(ramp * (math.log(highest) - math.log(lowest)) + math.log(lowest))
    angles = value.float()[:, None] * frequencies * (2 * math.pi)
    return torch.cat([angles.cos(), angles.sin()], -1)
