"""Fits the linear map of the spectral pretransform: principal components of features of rendered clips.

    python fit_pretransform.py --work DIR

Writes DIR/pretransform.npz (mean, analysis, synthesis). Components are ordered by variance; each is scaled by
deviation^-0.6, all by one number that makes the mean square of the latents 1: between raw (quiet components drown in the
noise of the diffusion) and whitened (they count as much as loud ones).
"""
import argparse
import os

import numpy as np

from data.clips import make_clip
from data.render import DEFAULT_SOUNDFONT, Synthesizer
from model.spectral import DEFAULT_CONFIG, SpectralFeatures, SpectralPretransform

#: How much a stereo feature counts against one log magnitude in the least squares of the compression.
STEREO_WEIGHT = 8.0
WHITENING = 0.6


def fit(features, config):
    """A `SpectralPretransform` from features [frames, D]."""
    fixed = SpectralFeatures(config)
    weight = np.ones(fixed.dimension)
    weight[fixed.group * fixed.bands:] = STEREO_WEIGHT
    mean = features.mean(0, dtype=np.float64)
    centred = (features - mean) * weight
    variance, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    count = config["latent_dim"]
    deviation, vectors = np.sqrt(variance[::-1][:count]), vectors[:, ::-1][:, :count]
    scale = deviation ** -WHITENING
    scale /= np.sqrt(np.mean((deviation * scale) ** 2))
    return SpectralPretransform(config, mean, weight[:, None] * vectors * scale, (vectors / scale / weight[:, None]).T)


def load(work):
    """The fitted pretransform of a work folder."""
    stored = np.load(os.path.join(work, "pretransform.npz"))
    return SpectralPretransform(DEFAULT_CONFIG, stored["mean"], stored["analysis"], stored["synthesis"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--soundfont", default=DEFAULT_SOUNDFONT)
    parser.add_argument("--clips", type=int, default=700)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    synthesizer, fixed = Synthesizer(options.soundfont), SpectralFeatures(DEFAULT_CONFIG)
    features = np.concatenate([fixed.analyse(make_clip(synthesizer, 9_000_000 + seed)[1]) for seed in range(options.clips)])
    fitted = fit(features, DEFAULT_CONFIG)
    # rounded to half precision here, so that training sees the numbers that are shipped
    stored = {name: value.astype(np.float16).astype(np.float32) for name, value in fitted.tensors().items()}
    np.savez(os.path.join(options.work, "pretransform.npz"), **stored)
    print(f"{len(features)} frames, {features.shape[1]} features, latents {fitted.config['latent_dim']}")


if __name__ == "__main__":
    main()
