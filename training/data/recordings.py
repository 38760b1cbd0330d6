"""Recordings of Debian's package sonic-pi-samples (all CC0): effects struck again and varied, notes that play parts, single strokes as drum kits.

`HELD_OUT` is never read here: the judge uses those files as recordings that the model has not heard.
"""
import json
import os
from functools import lru_cache

import numpy as np

from . import instruments as keys

SAMPLE_RATE = 44100
FOLDER = os.environ.get("RETONE_RECORDINGS", "/usr/share/sonic-pi/samples")

with open(os.path.join(os.path.dirname(__file__), "..", "judge", "held_out.json")) as _file:
    #: Names of files that training never reads. All loops are among them.
    HELD_OUT = frozenset(json.load(_file))

#: What is heard: file -> (kind, name).
RECORDINGS = {
    "ambi_dark_woosh": ("texture", "whoosh"), "ambi_soft_buzz": ("texture", "electric hum"), "ambi_swoosh": ("texture", "whoosh"), "perc_swoosh": ("texture", "whoosh"),
    "misc_burp": ("texture", "creature"), "vinyl_backspin": ("texture", "turntable scratch"), "vinyl_rewind": ("texture", "turntable scratch"),
    "vinyl_scratch": ("texture", "turntable scratch"), "perc_impact1": ("texture", "impact"), "perc_impact2": ("texture", "impact"),
    "glitch_robot2": ("texture", "glitch"), "glitch_perc2": ("texture", "glitch"), "glitch_perc3": ("texture", "glitch"), "glitch_perc4": ("texture", "glitch"),
    "glitch_perc5": ("texture", "glitch"), "mehackit_phone2": ("texture", "telephone"), "mehackit_phone3": ("texture", "telephone"), "mehackit_phone4": ("texture", "telephone"),
    "mehackit_robot1": ("texture", "robot"), "mehackit_robot2": ("texture", "robot"), "mehackit_robot4": ("texture", "robot"), "mehackit_robot5": ("texture", "robot"),
    "mehackit_robot6": ("texture", "robot"), "mehackit_robot7": ("texture", "robot"), "elec_beep": ("texture", "computer beeps"), "elec_blup": ("texture", "computer beeps"),
    "elec_bell": ("texture", "bell"), "elec_wood": ("texture", "wood blocks"),
    "bass_drop_c": ("instrument", "synth bass"), "bass_hard_c": ("instrument", "synth bass"), "bass_hit_c": ("instrument", "synth bass"), "bass_trance_c": ("instrument", "synth bass"),
    "bass_dnb_f": ("instrument", "dubstep bass"), "bass_voxy_hit_c": ("instrument", "dubstep bass"), "glitch_bass_g": ("instrument", "dubstep bass"),
}
#: Sampled notes: MIDI numbers, so that they can play parts.
NOTES = {"bass_drop_c": 36, "bass_hard_c": 36, "bass_hit_c": 36, "bass_trance_c": 36, "bass_voxy_hit_c": 36, "bass_dnb_f": 29, "glitch_bass_g": 31}

_KICKS = ("bd_808", "bd_ada", "bd_boom", "bd_fat", "bd_gas", "bd_haus", "bd_klub", "bd_mehackit", "bd_pure", "bd_sone", "bd_tek", "bd_zome", "bd_zum", "drum_bass_hard", "drum_bass_soft",
          "elec_soft_kick", "elec_hollow_kick")
_SNARES = ("sn_dolf", "sn_generic", "sn_zome", "drum_snare_soft", "elec_snare", "elec_hi_snare", "elec_lo_snare", "elec_mid_snare", "elec_filt_snare")
_STROKES = {keys.KICK: _KICKS, keys.SNARE: _SNARES, keys.CLAP: ("sn_zome", "elec_hi_snare", "elec_filt_snare"), keys.CLOSED_HAT: ("drum_cymbal_closed", "elec_tick", "elec_cymbal", "drum_cymbal_pedal"),
            keys.PEDAL_HAT: ("drum_cymbal_pedal",), keys.OPEN_HAT: ("drum_cymbal_soft", "drum_splash_soft"), keys.CRASH: ("drum_cymbal_hard", "drum_splash_hard"),
            keys.RIDE: ("drum_cymbal_soft", "elec_ping"), keys.HIGH_TOM: ("drum_tom_hi_hard", "drum_tom_hi_soft", "elec_fuzz_tom"), keys.MID_TOM: ("drum_tom_mid_hard", "drum_tom_mid_soft"),
            keys.LOW_TOM: ("drum_tom_lo_soft",), keys.RIM: ("elec_flip", "elec_plip", "elec_pop"), keys.COWBELL: ("drum_cowbell",), keys.SHAKER: ("elec_tick",),
            keys.CONGA: ("tabla_tas1", "elec_bong"), keys.LOW_CONGA: ("tabla_ghe1", "elec_bong"), keys.CLAVE: ("elec_twip", "elec_blip", "elec_wood"), keys.TAMBOURINE: ("elec_cymbal", "elec_triangle"),
            keys.BELL: ("elec_bell",)}
#: The tabla as a kit for the grooves of hand drums.
_TABLA = {keys.CONGA: ("tabla_na", "tabla_te1", "tabla_tas1", "tabla_na_s"), keys.LOW_CONGA: ("tabla_ghe1", "tabla_ghe4", "tabla_ke1", "tabla_ghe7"), keys.SHAKER: ("tabla_te_ne", "tabla_re"),
          keys.CLAVE: ("tabla_te_m", "tabla_tas3", "tabla_tas2"), keys.KICK: ("tabla_ghe2", "tabla_ghe3", "tabla_ghe6", "tabla_ghe8"), keys.COWBELL: ("tabla_tun1", "tabla_tun2"),
          keys.TAMBOURINE: ("tabla_dhec",), keys.RIM: ("tabla_ke2", "tabla_ke3")}


def _path(name):
    """The file of a recording: FLAC as in the package, or Ogg Vorbis."""
    return next((path for path in (os.path.join(FOLDER, name + end) for end in (".flac", ".ogg")) if os.path.exists(path)), None)


def available():
    """Whether the package is installed."""
    return _path("bd_pure") is not None


@lru_cache(maxsize=None)
def read(name):
    """Stereo float32 [2, samples] of one file at 44.1 kHz."""
    assert name not in HELD_OUT, name
    import soundfile
    audio, rate = soundfile.read(_path(name), dtype="float32", always_2d=True)
    audio = audio.T if audio.shape[1] > 1 else np.repeat(audio.T, 2, 0)
    return resample(audio[:2], rate / SAMPLE_RATE) if rate != SAMPLE_RATE else audio[:2]


def resample(audio, ratio):
    """`audio` [2, n] read `ratio` times as fast (pitch and tempo rise together)."""
    place = np.arange(int((audio.shape[1] - 2) / ratio)) * ratio
    low = place.astype(np.intp)
    share = (place - low).astype(np.float32)
    return audio[:, low] * (1 - share) + audio[:, low + 1] * share


def one_shots(rng, tabla=False):
    """A kit (see `kits.play`) of single recorded strokes, each as it is or tuned a little."""
    kit = {}
    for key, names in (_TABLA if tabla else _STROKES).items():
        stroke = resample(read(str(rng.choice(names))), 2 ** (rng.normal(0, 1.2) / 12)).mean(0).astype(np.float64)
        kit[key] = stroke[:int(1.6 * SAMPLE_RATE)] / (np.abs(stroke).max() + 1e-9)
    return kit


def stretched(rng, name, seconds):
    """A recording that is no loop: short ones are struck again and again at irregular times, long ones cut and crossfaded onto themselves."""
    piece = resample(read(name), 2 ** (rng.normal(0, 2.5) / 12))
    total, size = int(seconds * SAMPLE_RATE), piece.shape[1]
    out = np.zeros((2, total), np.float32)
    position = int(rng.uniform(0, 0.3) * SAMPLE_RATE)
    if size < 2.2 * SAMPLE_RATE:
        while position < total:
            turn = resample(piece, 2 ** (rng.normal(0, 1) / 12))[:, :total - position]
            out[:, position:position + turn.shape[1]] += turn * np.float32(rng.uniform(0.5, 1))
            position += int(max(0.35 * SAMPLE_RATE, size * rng.uniform(0.7, 1.6)))
        return out
    fade = int(0.4 * SAMPLE_RATE)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade)).astype(np.float32)
    position = 0
    while position < total:
        begin = int(rng.uniform(0, 0.3) * size)
        turn = piece[:, begin:].copy()
        turn[:, -fade:] *= ramp[::-1]
        if position:
            turn[:, :fade] *= ramp
        turn = turn[:, :total - position]
        out[:, position:position + turn.shape[1]] += turn
        position += max(fade, size - begin - fade)
    return out
