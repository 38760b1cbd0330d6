"""Recordings of Debian's package sonic-pi-samples (all CC0): loops and ambiences cut, repeated on their own grid and varied; single strokes as drum kits.

`HELD_OUT` is never read here: evaluation may use those files as recordings that the model has not heard.
"""
import os
from functools import lru_cache

import numpy as np

from . import instruments as keys

SAMPLE_RATE = 44100
FOLDER = os.environ.get("RETONE_RECORDINGS", "/usr/share/sonic-pi/samples")

#: Files that training never reads. The two cuts of the Amen break are among them: who owns that recording is disputed.
HELD_OUT = frozenset("""
    loop_amen loop_amen_full loop_mika loop_safari loop_tabla loop_mehackit2 loop_perc2 loop_electric
    ambi_choir ambi_piano ambi_haunted_hum ambi_sauna ambi_lunar_land guit_em9 guit_e_slide bass_dnb_f bass_trance_c bass_woodsy_c
    bd_808 bd_haus bd_zum bd_fat sn_dolf sn_generic drum_snare_soft drum_bass_soft drum_cymbal_soft drum_tom_hi_soft drum_tom_mid_soft drum_tom_lo_soft drum_splash_soft drum_roll
    elec_bell elec_chime elec_snare elec_twang elec_wood elec_blip2 elec_filt_snare elec_triangle
    glitch_perc3 glitch_robot2 mehackit_robot2 mehackit_robot5 mehackit_phone3 misc_crow perc_bell2 perc_impact2 perc_snap2 perc_door perc_swash
    tabla_ghe3 tabla_ghe6 tabla_ke2 tabla_na_s tabla_tas2 tabla_te2 tabla_tun2 vinyl_scratch vinyl_rewind
""".split())

#: What is heard: file -> (kind, name, beats a minute of the loop or 0, further facts). Loops are repeated on their grid, others stretched out.
RECORDINGS = {
    "loop_3d_printer": ("texture", "machine", 0), "loop_breakbeat": ("drums", "breakbeat", 126), "loop_compus": ("drums", "breakbeat", 74),
    "loop_drone_g_97": ("texture", "drone", 0), "loop_garzul": ("texture", "synth texture", 0), "loop_industrial": ("drums", "industrial", 136),
    "loop_mehackit1": ("drums", "industrial", 97), "loop_perc1": ("drums", "latin", 97), "loop_weirdo": ("drums", "industrial", 97),
    "ambi_dark_woosh": ("texture", "whoosh", 0), "ambi_drone": ("texture", "drone", 0), "ambi_glass_hum": ("texture", "glass", 0),
    "ambi_glass_rub": ("texture", "glass", 0), "ambi_soft_buzz": ("texture", "electric hum", 0), "ambi_swoosh": ("texture", "whoosh", 0),
    "guit_e_fifths": ("instrument", "electric guitar", 0), "guit_harmonics": ("instrument", "electric guitar", 0),
    "misc_cineboom": ("texture", "impact", 0), "misc_burp": ("texture", "creature", 0), "vinyl_hiss": ("texture", "vinyl crackle", 0),
    "vinyl_backspin": ("texture", "turntable scratch", 0), "perc_bell": ("texture", "bell", 0), "perc_impact1": ("texture", "impact", 0),
    "perc_swoosh": ("texture", "whoosh", 0), "perc_till": ("texture", "cash register", 0), "perc_snap": ("texture", "finger snaps", 0),
    "glitch_robot1": ("texture", "glitch", 0), "glitch_perc1": ("texture", "glitch", 0), "glitch_perc2": ("texture", "glitch", 0),
    "glitch_perc4": ("texture", "glitch", 0), "glitch_perc5": ("texture", "glitch", 0),
    "mehackit_phone1": ("texture", "telephone", 0), "mehackit_phone2": ("texture", "telephone", 0), "mehackit_phone4": ("texture", "telephone", 0),
    "mehackit_robot1": ("texture", "robot", 0), "mehackit_robot3": ("texture", "robot", 0), "mehackit_robot4": ("texture", "robot", 0),
    "mehackit_robot6": ("texture", "robot", 0), "mehackit_robot7": ("texture", "robot", 0),
    "bass_drop_c": ("instrument", "synth bass", 0), "bass_hard_c": ("instrument", "synth bass", 0), "bass_hit_c": ("instrument", "synth bass", 0),
    "bass_thick_c": ("instrument", "synth bass", 0), "bass_voxy_c": ("instrument", "dubstep bass", 0), "bass_voxy_hit_c": ("instrument", "dubstep bass", 0),
    "glitch_bass_g": ("instrument", "dubstep bass", 0),
}
#: Sampled notes (name ends in their pitch): MIDI numbers, so that they can play parts.
NOTES = {"bass_drop_c": 36, "bass_hard_c": 36, "bass_hit_c": 36, "bass_thick_c": 36, "bass_voxy_c": 36, "bass_voxy_hit_c": 36, "glitch_bass_g": 31}

_KICKS = ("bd_ada", "bd_boom", "bd_gas", "bd_klub", "bd_mehackit", "bd_pure", "bd_sone", "bd_tek", "bd_zome", "drum_bass_hard", "drum_heavy_kick", "elec_soft_kick", "elec_hollow_kick")
_SNARES = ("sn_dub", "sn_zome", "drum_snare_hard", "elec_hi_snare", "elec_lo_snare", "elec_mid_snare")
_HATS, _OPEN = ("drum_cymbal_closed", "elec_tick", "elec_cymbal", "drum_cymbal_pedal"), ("drum_cymbal_open", "drum_splash_hard")
_STROKES = {keys.KICK: _KICKS, keys.SNARE: _SNARES, keys.CLAP: ("perc_snap", "sn_zome", "elec_hi_snare"), keys.CLOSED_HAT: _HATS, keys.PEDAL_HAT: ("drum_cymbal_pedal",),
            keys.OPEN_HAT: _OPEN, keys.CRASH: ("drum_cymbal_hard", "drum_splash_hard"), keys.RIDE: ("drum_cymbal_open", "elec_ping"),
            keys.HIGH_TOM: ("drum_tom_hi_hard", "elec_fuzz_tom"), keys.MID_TOM: ("drum_tom_mid_hard",), keys.LOW_TOM: ("drum_tom_lo_hard",),
            keys.RIM: ("elec_flip", "elec_plip", "elec_pop"), keys.COWBELL: ("drum_cowbell",), keys.SHAKER: ("elec_tick",), keys.CONGA: ("tabla_tas1", "elec_bong"),
            keys.LOW_CONGA: ("tabla_ghe1", "elec_bong"), keys.CLAVE: ("elec_twip", "elec_blip"), keys.TAMBOURINE: ("elec_cymbal",), keys.BELL: ("perc_bell",)}
#: The tabla as a kit for the grooves of hand drums.
_TABLA = {keys.CONGA: ("tabla_na", "tabla_te1", "tabla_tas1"), keys.LOW_CONGA: ("tabla_ghe1", "tabla_ghe4", "tabla_ke1"), keys.SHAKER: ("tabla_te_ne", "tabla_re"),
          keys.CLAVE: ("tabla_te_m", "tabla_tas3"), keys.KICK: ("tabla_ghe2", "tabla_ghe5"), keys.COWBELL: ("tabla_tun1", "tabla_na_o"),
          keys.TAMBOURINE: ("tabla_dhec",), keys.RIM: ("tabla_tun3",)}


def available():
    """Whether the package is installed."""
    return os.path.exists(os.path.join(FOLDER, "loop_breakbeat.flac"))


@lru_cache(maxsize=None)
def read(name):
    """Stereo float32 [2, samples] of one file at 44.1 kHz."""
    assert name not in HELD_OUT, name
    import soundfile
    audio, rate = soundfile.read(os.path.join(FOLDER, name + ".flac"), dtype="float32", always_2d=True)
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


def loop(rng, name, seconds, bpm):
    """(audio [2, samples], tempo) of a loop, repeated on its grid, played faster or slower, its eighths shuffled at times."""
    piece = read(name)
    ratio = float(rng.uniform(0.85, 1.18))
    tempo = int(round(bpm * ratio))
    piece = resample(piece, tempo / bpm)
    total = int(seconds * SAMPLE_RATE)
    out = np.zeros((2, total), np.float32)
    eighths = 8 if rng.random() < 0.5 else 16
    position = 0
    while position < total:
        turn = piece
        if rng.random() < 0.35:
            cut = piece.shape[1] // eighths
            order = np.arange(eighths)
            for _ in range(int(rng.integers(1, 3))):
                order[rng.integers(eighths)] = rng.integers(eighths)
            blocks = [piece[:, o * cut:(o + 1) * cut].copy() for o in order]
            for block in blocks:
                block[:, -200:] *= np.linspace(1, 0, 200, dtype=np.float32)
            turn = np.concatenate(blocks + [piece[:, eighths * cut:]], 1)
        size = min(turn.shape[1], total - position)
        out[:, position:position + size] = turn[:, :size]
        position += size
    return out, tempo


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
