"""Scores to stereo audio: FluidSynth, in process, through ctypes (libfluidsynth 2 or 3); sampled pianos; synthesisers of our own.

FluidSynth's own reverb and chorus are switched off: `effects` makes rooms, so that words and sound agree.
"""
import ctypes
import ctypes.util
import glob
import os
from functools import lru_cache

import numpy as np

from .kits import KITS, play
from .recordings import available as recordings_available
from .recordings import one_shots
from .synths import SYNTHS

SAMPLE_RATE = 44100
#: Debian's places of the soundfonts that clips are made with (see README.md for their licences); the first that exists of each row is used.
SOUNDFONTS = [("/usr/share/sounds/sf2/FluidR3_GM.sf2",),
              ("/usr/share/sounds/sf2/MuseScore_General_Full.sf2", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3")]
#: A folder whose soundfonts are used instead of those.
SOUNDFONT_FOLDER = os.environ.get("RETONE_SOUNDFONTS")
DEFAULT_SOUNDFONT = os.environ.get("RETONE_SOUNDFONT", SOUNDFONTS[0][0])
HELD_OUT_SOUNDFONT = os.environ.get("RETONE_HELD_OUT_SOUNDFONT", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3")
#: Folder with npm packages @audio-samples/piano-velocityN (Salamander grand piano, CC-BY 3.0, Alexander Holm).
SALAMANDER = os.environ.get("RETONE_SALAMANDER", os.path.join(os.path.dirname(__file__), "..", "node_modules", "@audio-samples"))


def _library():
    name = ctypes.util.find_library("fluidsynth") or "libfluidsynth.so.3"
    library = ctypes.CDLL(name)
    for function in ("new_fluid_settings", "new_fluid_synth", "fluid_synth_get_sfont_by_id"):
        getattr(library, function).restype = ctypes.c_void_p
    return library


class Synthesizer:
    """FluidSynth with one soundfont loaded; `render` may be called any number of times."""

    def __init__(self, soundfont=DEFAULT_SOUNDFONT):
        self.library = lib = _library()
        settings = self.settings = ctypes.c_void_p(lib.new_fluid_settings())
        lib.fluid_settings_setnum(settings, b"synth.sample-rate", ctypes.c_double(SAMPLE_RATE))
        lib.fluid_settings_setnum(settings, b"synth.gain", ctypes.c_double(0.4))
        lib.fluid_settings_setint(settings, b"synth.reverb.active", 0)
        lib.fluid_settings_setint(settings, b"synth.chorus.active", 0)
        lib.fluid_settings_setint(settings, b"synth.polyphony", 128)
        self.synth = ctypes.c_void_p(lib.new_fluid_synth(settings))
        self.font = lib.fluid_synth_sfload(self.synth, os.fsencode(soundfont), 1)
        if self.font < 0:
            raise FileNotFoundError(f"no soundfont at {soundfont}")
        for level in (1, 2):  # missing presets are expected, see `_select`
            lib.fluid_set_log_function(level, None, None)

    def _select(self, channel, bank, program):
        """A preset, or the one that stands for it where the soundfont lacks it."""
        for place in [(bank, program), *([(128, program & ~7), (128, 0)] if channel == 9 else [(0, program)])]:
            if self.library.fluid_synth_program_select(self.synth, channel, self.font, *place) == 0:
                return

    def _renew(self):
        """A fresh instance with the loaded soundfont: tails, filters and channels of the last clip would change this one."""
        lib = self.library
        fresh = ctypes.c_void_p(lib.new_fluid_synth(self.settings))
        font = ctypes.c_void_p(lib.fluid_synth_get_sfont_by_id(self.synth, self.font))
        lib.fluid_synth_remove_sfont(self.synth, font)
        self.font = lib.fluid_synth_add_sfont(fresh, font)
        lib.delete_fluid_synth(self.synth)
        self.synth = fresh

    def render(self, parts, seconds):
        """Audio float32 [2, seconds * 44100] of a list of `compose.Part`."""
        self._renew()
        lib, synth = self.library, self.synth
        events, channel = [], 0
        for part in parts:
            number = 9 if part.drums else channel
            if not part.drums:
                channel += 2 if channel == 8 else 1
            self._select(number, 128 if part.drums else part.bank, part.program)
            lib.fluid_synth_cc(synth, number, 10, int(part.pan * 127))
            lib.fluid_synth_cc(synth, number, 7, int(part.volume))
            for start, duration, pitch, velocity in part.notes:
                events.append((int(start * SAMPLE_RATE), 3, number, int(pitch), int(velocity)))
                events.append((int((start + duration) * SAMPLE_RATE), 1, number, int(pitch), 0))
            for down, up in part.pedal:
                events.append((int(down * SAMPLE_RATE), 2, number, 64, 127))
                events.append((int(up * SAMPLE_RATE), 0, number, 64, 0))
        events.sort()
        total = int(seconds * SAMPLE_RATE)
        # FluidSynth works in blocks of 64 samples; a rest of a block would move the notes of the next clip
        padded = -(-total // 64) * 64
        left, right = np.zeros(padded, np.float32), np.zeros(padded, np.float32)
        position = 0
        for time, kind, number, pitch, velocity in events + [(padded, 1, 0, 0, 0)]:
            time = padded if time >= total else time
            if time > position:
                lib.fluid_synth_write_float(synth, time - position, left.ctypes.data_as(ctypes.c_void_p), position, 1,
                                            right.ctypes.data_as(ctypes.c_void_p), position, 1)
                position = time
            if time >= padded:
                break
            if kind == 3:
                lib.fluid_synth_noteon(synth, number, pitch, velocity)
            elif kind == 1:
                lib.fluid_synth_noteoff(synth, number, pitch)
            else:
                lib.fluid_synth_cc(synth, number, pitch, velocity)
        return np.stack([left[:total], right[:total]])


@lru_cache(maxsize=1)
def load_synthesizers():
    """One `Synthesizer` for each soundfont of `SOUNDFONTS` that is installed (the first must be), or of the folder `RETONE_SOUNDFONTS`; loaded once a process."""
    if SOUNDFONT_FOLDER:
        return [Synthesizer(path) for path in sorted(glob.glob(os.path.join(SOUNDFONT_FOLDER, "*.sf[23]")))]
    found = [next((path for path in row if os.path.exists(path)), None) for row in SOUNDFONTS]
    if not found[0]:
        raise FileNotFoundError(f"no soundfont at {SOUNDFONTS[0][0]}: install fluid-soundfont-gm")
    return [Synthesizer(path) for path in found if path]


_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_samples = {}


def salamander_layers():
    """Folders of the sampled velocities that are installed, [(velocity number 1-16, folder)]."""
    found = []
    for folder in glob.glob(os.path.join(SALAMANDER, "piano-velocity*")):
        number = folder.rsplit("velocity", 1)[1]
        if number.isdigit():
            found.append((int(number), os.path.join(folder, "audio")))
    return sorted(found)


def _sample(folder, layer, pitch):
    """(audio float32 [2, samples], pitch) of the sampled note nearest to `pitch`; samples lie on A, C, D# and F#."""
    nearest = min((p for p in range(21, 109) if p % 12 in (9, 0, 3, 6)), key=lambda p: abs(p - pitch))
    path = os.path.join(folder, f"{_NAMES[nearest % 12]}{nearest // 12 - 1}v{layer}.ogg")
    if path not in _samples:
        import soundfile
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        audio = audio.T if audio.shape[1] == 2 else np.repeat(audio.T, 2, 0)
        loud = np.flatnonzero(np.abs(audio).max(0) > 0.02 * np.abs(audio).max())
        audio = audio[:, max(0, loud[0] - 100):][:, :9 * rate]
        _samples[path] = (audio.astype(np.float16), rate / SAMPLE_RATE)
    audio, rate = _samples[path]
    return audio, rate * 2 ** ((pitch - nearest) / 12)


def salamander(part, seconds):
    """A `Part` on the sampled grand piano: the nearest layer and note, resampled; releases damp in a tenth of a second, or at the pedal's rise."""
    layers = salamander_layers()
    total = int(seconds * SAMPLE_RATE)
    out = np.zeros((2, total), np.float32)
    for start, duration, pitch, velocity in part.notes:
        first = int(start * SAMPLE_RATE)
        layer, folder = min(layers, key=lambda item: abs(item[0] * 8 - velocity))
        audio, ratio = _sample(folder, layer, pitch)
        end = start + duration
        for down, up in part.pedal:
            if down <= end < up:
                end = up
        held = int((end - start) * SAMPLE_RATE)
        samples = min(total - first, held + int(0.35 * SAMPLE_RATE), int((audio.shape[1] - 2) / ratio))
        if samples < 64:
            continue
        place = np.arange(samples) * ratio
        low = place.astype(np.intp)
        share = (place - low).astype(np.float32)
        piece = audio[:, :low[-1] + 2].astype(np.float32)
        piece = piece[:, low] * (1 - share) + piece[:, low + 1] * share
        if samples > held:
            piece[:, held:] *= np.exp(-np.arange(samples - held) / (0.08 * SAMPLE_RATE)).astype(np.float32)
        peak = 1e-4 + np.abs(audio[:, :8000]).max()
        out[:, first:first + samples] += piece * np.float32((velocity / 127) ** 1.5 / float(peak))
    return out


def perform(synthesizers, part, seconds):
    """Audio float32 [2, seconds * 44100] of one `Part`, whatever plays it; `synthesizers` is one `Synthesizer` or a list of them."""
    synthesizers = synthesizers if isinstance(synthesizers, (list, tuple)) else [synthesizers]
    rng = np.random.default_rng(part.seed)
    if part.own == "salamander" and salamander_layers():
        return salamander(part, seconds)
    if part.own in ("sonic", "tabla") and recordings_available():
        return play(one_shots(rng, part.own == "tabla"), part.notes, seconds).astype(np.float32)
    if part.own in KITS:
        return play(KITS[part.own](rng), part.notes, seconds).astype(np.float32)
    if part.own in SYNTHS:
        return SYNTHS[part.own](rng, part.notes, seconds, part.beat)
    synthesizer = synthesizers[min(int(part.font * len(synthesizers)), len(synthesizers) - 1)]
    return synthesizer.render([part], seconds)
