"""Sounds that are not notes, made by signal processing: name -> function (rng, samples) -> stereo float64 [2, samples] at 44.1 kHz.

`STEADY` names those without a beat of their own: their loudness can follow a rhythm.
"""
from .design import DESIGN
from .machines import MACHINES
from .metal import METAL
from .nature import NATURE
from .things import THINGS

TEXTURES = {**NATURE, **METAL, **MACHINES, **THINGS, **DESIGN}
STEADY = ("rain", "heavy rain", "wind", "stream", "fire", "static", "drone", "sub drone", "metallic resonance", "crickets", "vinyl crackle", "electric hum", "engine", "jet plane",
          "applause", "underwater", "steam", "waterfall", "synth texture", "ocean waves")
