"""A request of 30 s, from the command line to the finished mp3."""
import os
import subprocess
import tempfile
import time

import numpy as np

from ..recordings import SINGULARITY, stereo
from ..report import write_sound

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def speed(run):
    """Wall-clock and processor seconds of `retone transform`; the first run, which may compile, is not counted."""
    node = os.path.join(ROOT, "node_modules", ".bin", "node")
    if not os.path.exists(node):
        run.report["speed"] = {"not measured": "the TypeScript engine is not installed"}
        return
    with tempfile.TemporaryDirectory() as folder:
        source, result = os.path.join(folder, "source.wav"), os.path.join(folder, "result.mp3")
        write_sound(source, stereo(SINGULARITY.format("Nebula"), 20, 30))
        command = [node, os.path.join(ROOT, "apps", "cli", "src", "main.ts"), "transform", source, "--prompt", "warm analog synth pad",
                   "--model", os.path.abspath(run.model), "--seed", "1", "--output", result]
        wall, processor = [], []
        for _ in range(1 + run.counts["speed"]):
            begin, before = time.time(), os.times()
            subprocess.run(command, check=True, capture_output=True)
            after = os.times()
            wall.append(time.time() - begin)
            processor.append(after.children_user + after.children_system - before.children_user - before.children_system)
            os.remove(result)
    run.report["speed"] = {
        "30 s request to mp3, wall clock, best (s)": float(min(wall[1:])), "30 s request to mp3, wall clock, median (s)": float(np.median(wall[1:])),
        "30 s request to mp3, processor, median (s)": float(np.median(processor[1:])),
        "processes waiting for a core meanwhile": os.getloadavg()[0]}
