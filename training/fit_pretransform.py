"""Fits the linear map of the spectral pretransform (mean, analysis, synthesis): principal components of features of clips.

Components are ordered by variance; each is scaled by
deviation^-0.6, all by one number that makes the mean square of the latents 1: between raw (quiet components drown in the
noise of the diffusion) and whitened (they count as much as loud ones).
"""
import os

import numpy as np

from model.spectral import DEFAULT_CONFIG, SpectralFeatures, SpectralPretransform

#: How much a stereo feature counts against one log magnitude in the least squares of the compression.
STEREO_WEIGHT = 8.0
WHITENING = 0.6


class Moments:
    """Mean and covariance of features, collected in float64 from any number of sounds."""

    def __init__(self, dimension):
        self.count, self.sum, self.products = 0, np.zeros(dimension), np.zeros((dimension, dimension))

    def add(self, features):
        """Adds features [frames, D]."""
        features = features.astype(np.float64)
        self.count += len(features)
        self.sum += features.sum(0)
        self.products += features.T @ features

    def mean_and_covariance(self):
        mean = self.sum / self.count
        return mean, self.products / self.count - np.outer(mean, mean)


def low_weight(hertz):
    """How much a log magnitude of the low axis counts, by its frequency: 2 up to 120 Hz, 0.96 at 520 Hz.

    An error of 1 dB beside a spectral peak moves the peak by the same number of hertz everywhere, which is more cents the lower
    the peak is: with weight 1 the second partial of a contrabass's E1 comes back 28 cents flat, with these weights 2 cents sharp.
    """
    return np.clip(2 * np.sqrt(120 / np.maximum(hertz, 1)), 0.8, 2)


def feature_weights(fixed):
    """Weights [D] of the least squares."""
    frame = np.ones(fixed.bands)
    if len(fixed.layers) > 1:
        low = fixed.layers[0]
        frame[:low.count] = low_weight(low.frequencies[:low.count])
    return np.concatenate([np.tile(frame, fixed.group), np.full(2 * fixed.stereo_bands, STEREO_WEIGHT)])


def fit(moments, config):
    """A `SpectralPretransform` from the `Moments` of features."""
    weight = feature_weights(SpectralFeatures(config))
    mean, covariance = moments.mean_and_covariance()
    variance, vectors = np.linalg.eigh(covariance * weight * weight[:, None])
    count = config["latent_dim"]
    deviation, vectors = np.sqrt(variance[::-1][:count]), vectors[:, ::-1][:, :count]
    scale = deviation ** -WHITENING
    scale /= np.sqrt(np.mean((deviation * scale) ** 2))
    return SpectralPretransform(config, mean, weight[:, None] * vectors * scale, (vectors / scale / weight[:, None]).T)


def load(work):
    """The fitted pretransform of a work folder."""
    stored = np.load(os.path.join(work, "pretransform.npz"))
    return SpectralPretransform(DEFAULT_CONFIG, stored["mean"], stored["analysis"], stored["synthesis"])


def fit_and_store(moments, path):
    """Fits, and writes the map rounded to half precision: training sees the numbers that are shipped."""
    fitted = fit(moments, DEFAULT_CONFIG)
    np.savez(path, **{name: value.astype(np.float16).astype(np.float32) for name, value in fitted.tensors().items()})
