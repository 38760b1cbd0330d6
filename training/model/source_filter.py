"""Edits that keep the recording where they can (step 9 of `spectral`)."""
import numpy as np

from .synthesis import neighbourhood, ramp

#: Noise levels up to the first keep as much of the source as they can, levels from the second on keep nothing.
FULL_LEVEL, NO_LEVEL = 0.4, 0.8
#: Changes up to the first number of decibels are made by filtering the source; from the second on, the decoded sound is taken.
FILTERED_UP_TO, DECODED_FROM = 6, 14
#: Logarithms of the least and the greatest gain of the filter.
LEAST_GAIN, GREATEST_GAIN = -7, 1.5


def source_weight(noise_level):
    """How much of the source is kept at a noise level, 0 to 1: continuous, and falling."""
    return np.cos(np.pi / 2 * ramp(noise_level, FULL_LEVEL, NO_LEVEL)) ** 2


def filtered(fixed, source, decoded, before, after, noise_level):
    """Audio float32 [2, S] of the source [2, S] and the decoded sound [2, S].

    `fixed` are the `SpectralFeatures`; `before` and `after` [T, D] the features that the source was encoded to and those it was changed to.
    """
    weight = source_weight(noise_level)
    if weight == 0:
        return decoded
    main, smooth = fixed.main, lambda x: neighbourhood(neighbourhood(x, 1, 0, "mean"), 1, 1, "mean")
    changes = [smooth(b - a) for a, b in zip(fixed.logs(before.astype(np.float64)), fixed.logs(after.astype(np.float64)))]
    change = main.spread(changes[-1])
    if len(changes) > 1:
        first = int(np.ceil(main.bin_of(main.first) - 1e-9))
        change[:, :first] = changes[0][:, 2 * np.arange(first)]
    kept = weight * (1 - ramp(20 / np.log(10) * np.abs(change), FILTERED_UP_TO, DECODED_FROM))
    spectra, decoded_spectra = main.stft.forward(source), main.stft.forward(decoded)
    gain = np.sqrt(kept) * np.exp(np.clip(change, LEAST_GAIN, GREATEST_GAIN))
    return main.stft.inverse((gain * spectra + np.sqrt(1 - kept) * decoded_spectra).astype(np.complex64))
