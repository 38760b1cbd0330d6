"""Clips of the judged classes: what the judge is trained and tested on, and sources of the evaluation. A seed fixes a clip."""
from functools import lru_cache

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from .classes import BY_NAME
from .phrases import phrase
from .players import GMBANK, SAMPLE_RATE, Font, Patches, kits

SECONDS = 4.5

#: Programs that the judge does not use: as waveforms and by their overtones they are too like a training soundfont's (`independence`).
EXCLUDED = {"freepats": {46}}


@lru_cache(None)
def players():
    """{name: player} of everything that the judge may use."""
    return {"TimGM6mb": Font(kits=(0, 8, 16, 24, 25, 32, 40)), "sf_GMbank": Font(GMBANK), "freepats": Patches(), **kits()}


def programs(entry, player_name):
    """Programs with which a player can play a class; empty if it cannot."""
    player = players()[player_name]
    return [p for p in entry.programs or (-1,) if player.has(p) and p not in EXCLUDED.get(player_name, ())]


def able(entry):
    """Names of the players of a class."""
    return [name for name in players() if programs(entry, name)]


def room(rng, mono):
    """Stereo [2, samples] of a mono clip: panned, in half of the cases with a tail of 0.2 to 2.5 s."""
    pan = rng.uniform(0.3, 0.7)
    dry = np.stack([mono * np.sqrt(1 - pan), mono * np.sqrt(pan)])
    if rng.random() < 0.5:
        return dry
    decay, wet = float(np.exp(rng.uniform(np.log(0.2), np.log(2.5)))), rng.uniform(0.05, 0.4)
    time = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(0, 1, (2, len(time))) * 10 ** (-3 * time / decay)
    tail = sosfilt(butter(1, rng.uniform(2500, 12000), fs=SAMPLE_RATE, output="sos"), tail, axis=1)
    tail /= np.sqrt((tail ** 2).sum(1, keepdims=True))
    reverberant = fftconvolve(dry, tail, axes=1)[:, :dry.shape[1]]
    level = lambda x: np.sqrt(np.mean(x ** 2)) + 1e-9
    return (1 - wet) * dry + wet * reverberant * level(dry) / level(reverberant)


def levelled(audio):
    """float32 [2, samples] at -20 dBFS RMS, peaks below 0.98."""
    audio = audio * (0.1 / (np.sqrt(np.mean(audio ** 2)) + 1e-9))
    return (audio * min(1, 0.98 / np.abs(audio).max())).astype(np.float32)


def band(seed, tempo, drums=True, seconds=8.0):
    """Piano chords, a bass and drums of TimGM6mb at a tempo: float32 [2, samples]."""
    rng, player, parts = np.random.default_rng(seed), players()["TimGM6mb"], (("piano", "chords"), ("bass", "bass"))
    mono = sum(player.play(phrase(rng, style, BY_NAME[name].low, BY_NAME[name].high, seconds, tempo), BY_NAME[name].programs[0], seconds)
               for name, style in parts)
    if drums:
        mono = mono + player.play(phrase(rng, "drums", 0, 0, seconds, tempo), -1, seconds)
    return levelled(room(rng, mono))


def clip(name, seed, player=None, seconds=SECONDS, style=None, tempo=None):
    """Audio float32 [2, samples] of a class (`levelled`); without `player` (an object or a name) one of its players, drawn."""
    rng, entry = np.random.default_rng(seed), BY_NAME[name]
    player_name = player if isinstance(player, str) else None
    if player is None:
        player_name = str(rng.choice(able(entry)))
    instrument = players()[player_name] if player_name else player
    choices = programs(entry, player_name) if player_name else [p for p in entry.programs or (-1,) if instrument.has(p)]
    for _ in range(5):
        notes = phrase(rng, style or str(rng.choice(entry.styles)), entry.low, entry.high, seconds, tempo)
        mono = instrument.play(notes, int(rng.choice(choices)), seconds, *((int(rng.integers(8)),) if not entry.programs else ()))
        if np.sqrt(np.mean(mono ** 2)) > 1e-4:
            break
    return levelled(room(rng, mono))
