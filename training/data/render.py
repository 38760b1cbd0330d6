"""Scores to stereo audio with FluidSynth, in process, through ctypes (libfluidsynth 2 or 3).

FluidSynth's own reverb and chorus are switched off: `effects` makes rooms, so that words and sound agree.
"""
import ctypes
import ctypes.util
import os

import numpy as np

SAMPLE_RATE = 44100
#: Debian and Ubuntu's place of FluidR3 GM (MIT licence); override with the variable or an argument.
DEFAULT_SOUNDFONT = os.environ.get("RETONE_SOUNDFONT", "/usr/share/sounds/sf2/FluidR3_GM.sf2")
#: MuseScore General (MIT licence): never trained on, used by the judges only.
HELD_OUT_SOUNDFONT = os.environ.get("RETONE_HELD_OUT_SOUNDFONT", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3")


def _library():
    name = ctypes.util.find_library("fluidsynth") or "libfluidsynth.so.3"
    library = ctypes.CDLL(name)
    for function in ("new_fluid_settings", "new_fluid_synth"):
        getattr(library, function).restype = ctypes.c_void_p
    return library


class Synthesizer:
    """One FluidSynth instance with one soundfont loaded; `render` may be called any number of times."""

    def __init__(self, soundfont=DEFAULT_SOUNDFONT):
        self.library = lib = _library()
        settings = ctypes.c_void_p(lib.new_fluid_settings())
        lib.fluid_settings_setnum(settings, b"synth.sample-rate", ctypes.c_double(SAMPLE_RATE))
        lib.fluid_settings_setnum(settings, b"synth.gain", ctypes.c_double(0.4))
        lib.fluid_settings_setint(settings, b"synth.reverb.active", 0)
        lib.fluid_settings_setint(settings, b"synth.chorus.active", 0)
        lib.fluid_settings_setint(settings, b"synth.polyphony", 128)
        self.synth = ctypes.c_void_p(lib.new_fluid_synth(settings))
        self.font = lib.fluid_synth_sfload(self.synth, os.fsencode(soundfont), 1)
        if self.font < 0:
            raise FileNotFoundError(f"no soundfont at {soundfont}")

    def render(self, parts, seconds):
        """Audio float32 [2, seconds * 44100] of a list of `compose.Part`."""
        lib, synth = self.library, self.synth
        lib.fluid_synth_system_reset(synth)
        events, channel = [], 0
        for part in parts:
            number = 9 if part.drums else channel
            if not part.drums:
                channel += 2 if channel == 8 else 1
            lib.fluid_synth_program_select(synth, number, self.font, 128 if part.drums else 0, part.program)
            lib.fluid_synth_cc(synth, number, 10, int(part.pan * 127))
            lib.fluid_synth_cc(synth, number, 7, int(part.volume))
            for start, duration, pitch, velocity in part.notes:
                events.append((int(start * SAMPLE_RATE), 1, number, pitch, velocity))
                events.append((int((start + duration) * SAMPLE_RATE), 0, number, pitch, 0))
        events.sort()
        total = int(seconds * SAMPLE_RATE)
        left, right = np.zeros(total, np.float32), np.zeros(total, np.float32)
        position = 0
        for time, on, number, pitch, velocity in events + [(total, 0, 0, 0, 0)]:
            time = min(time, total)
            if time > position:
                lib.fluid_synth_write_float(synth, time - position, left.ctypes.data_as(ctypes.c_void_p), position, 1,
                                            right.ctypes.data_as(ctypes.c_void_p), position, 1)
                position = time
            if time >= total:
                break
            if on:
                lib.fluid_synth_noteon(synth, number, int(pitch), int(velocity))
            else:
                lib.fluid_synth_noteoff(synth, number, int(pitch))
        return np.stack([left, right])
