"""Recordings that no program made, from Debian's packages sonic-pi-samples (CC0) and alsa-utils (spoken). Never trained on, not
part of the repository; decoded with ffmpeg."""
import glob
import os
import subprocess

import numpy as np

PATTERNS = ("/usr/share/sonic-pi/samples/loop_*.flac", "/usr/share/sonic-pi/samples/guit_*.flac",
            "/usr/share/sonic-pi/samples/ambi_*.flac", "/usr/share/sounds/alsa/Front_*.wav")
SECONDS = 10


def find():
    """(name, float32 [2, samples]) of what is installed, the first ten seconds of each."""
    paths = [path for pattern in PATTERNS for path in sorted(glob.glob(pattern))]
    return [(os.path.basename(path).rsplit(".", 1)[0], _decoded(path)) for path in paths]


def _decoded(path):
    command = ["ffmpeg", "-v", "error", "-i", path, "-t", str(SECONDS), "-ac", "2", "-ar", "44100", "-f", "f32le", "-"]
    samples = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)
    return np.ascontiguousarray(samples.reshape(-1, 2).T)
