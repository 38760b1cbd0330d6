"""Draws the README's picture: the spectrograms of a recording and of what became of it.

    python draw.py source.wav result.wav "the prompt" transform.png
"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy import signal
from scipy.io import wavfile


def spectrogram(path):
    rate, samples = wavfile.read(path)
    mono = samples.astype(np.float32).mean(1) / 32768
    frequencies, times, energy = signal.stft(mono, rate, nperseg=4096, noverlap=3584)
    return times, frequencies, 20 * np.log10(np.abs(energy) + 1e-6)


def main(source, result, prompt, picture):
    figure, axes = plt.subplots(2, 1, figsize=(10, 5), sharex=True, layout="constrained")
    for axis, path, title in zip(axes, (source, result), ("the recording", f"“{prompt}”")):
        times, frequencies, level = spectrogram(path)
        axis.pcolormesh(times, frequencies, level, vmin=-90, vmax=-20, cmap="magma", rasterized=True)
        axis.set(yscale="log", ylim=(60, 16000), ylabel="Hz")
        axis.set_yticks([100, 1000, 10000], ["100", "1k", "10k"])
        axis.set_title(title, loc="left", fontsize=11)
    axes[1].set_xlabel("seconds")
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
