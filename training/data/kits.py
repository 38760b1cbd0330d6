"""Drum kits of our own: every stroke synthesised, in the manner of drum machines and of drums struck and felt.

`KITS[name](rng)` draws a kit; `play(kit, notes, seconds)` gives stereo audio. A kit maps General MIDI drum keys to mono strokes.
"""
import numpy as np
from scipy.signal import butter, sosfilt

from . import instruments as keys

SAMPLE_RATE = 44100


def _time(seconds):
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _noise(rng, seconds, low, high):
    nyquist = SAMPLE_RATE / 2
    x = rng.normal(0, 1, int(seconds * SAMPLE_RATE))
    if high >= nyquist * 0.95:
        return sosfilt(butter(2, low / nyquist, "highpass", output="sos"), x)
    return sosfilt(butter(2, [low / nyquist, high / nyquist], "bandpass", output="sos"), x)


def _kick(rng, seconds, start, end, drop, decay, click):
    t = _time(seconds)
    phase = 2 * np.pi * np.cumsum(end + (start - end) * np.exp(-t / drop)) / SAMPLE_RATE
    body = np.sin(phase) * np.exp(-t / decay)
    attack = _noise(rng, seconds, 1500, 9000) * np.exp(-t / 0.004) * click
    return np.tanh(1.6 * (body + 0.35 * attack))


def _snare(rng, seconds, pitch, tone, decay, low=900, high=9000, snap=1.0):
    t = _time(seconds)
    body = (np.sin(2 * np.pi * pitch * t + 3 * np.exp(-t / 0.012)) + 0.5 * np.sin(2 * np.pi * pitch * 1.78 * t)) * np.exp(-t / (decay * 0.6))
    return tone * body + snap * 0.8 * _noise(rng, seconds, low, high) * np.exp(-t / decay)


def _clap(rng, seconds, decay):
    t = _time(seconds)
    envelope = sum(np.where(t >= d, np.exp(-(t - d) / w), 0) for d, w in ((0, .006), (.011, .006), (.022, .006), (.031, decay)))
    return _noise(rng, seconds, 700, 4500) * envelope


def _hat(rng, seconds, decay, metal):
    t = _time(seconds)
    base = rng.uniform(300, 420)
    square = sum(np.sign(np.sin(2 * np.pi * base * r * t + rng.uniform(0, 6))) for r in (1.0, 1.34, 1.56, 1.99, 2.35, 2.73))
    square = sosfilt(butter(3, 7000 / (SAMPLE_RATE / 2), "highpass", output="sos"), square)
    return (metal * square * 0.5 + (1 - metal) * _noise(rng, seconds, 7000, 22050)) * np.exp(-t / decay)


def _cymbal(rng, seconds, decay, bright):
    t = _time(seconds)
    ring = sum(np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) for f in rng.uniform(900, 9000, 24)) / 6
    return (ring * 0.5 + _noise(rng, seconds, 3000 if bright else 1500, 16000)) * np.exp(-t / decay) * (1 - 0.6 * np.exp(-t / 0.02))


def _tom(rng, seconds, pitch, decay, skin=0.3):
    t = _time(seconds)
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.5 * np.exp(-t / 0.03))) / SAMPLE_RATE
    return np.sin(phase) * np.exp(-t / decay) + 0.3 * np.sin(phase * 1.59) * np.exp(-t / decay * 2) + skin * _noise(rng, seconds, 300, 4000) * np.exp(-t / 0.02)


def _blip(rng, seconds, pitch, decay, square=False):
    t = _time(seconds)
    x = np.sin(2 * np.pi * pitch * t)
    return (np.sign(x) if square else x + 0.5 * np.sin(2 * np.pi * pitch * 2.71 * t)) * np.exp(-t / decay)


def _percussion(rng):
    """What all kits share: rim, cowbell, shaker, congas, clave, tambourine, bell."""
    conga = rng.uniform(190, 260)
    return {keys.RIM: _blip(rng, 0.08, rng.uniform(1600, 2000), 0.012), keys.COWBELL: _blip(rng, 0.35, 555, 0.08, True) + _blip(rng, 0.35, 835, 0.08, True),
            keys.SHAKER: _noise(rng, 0.12, 5000, 14000) * np.sin(np.pi * np.linspace(0, 1, int(0.12 * SAMPLE_RATE))) ** 2,
            keys.CONGA: _tom(rng, 0.4, conga, 0.09, 0.5), keys.LOW_CONGA: _tom(rng, 0.5, conga * 0.66, 0.13, 0.4), keys.CLAVE: _blip(rng, 0.1, 2450, 0.02),
            keys.TAMBOURINE: _noise(rng, 0.25, 6000, 16000) * np.exp(-_time(0.25) / 0.06), keys.BELL: _blip(rng, 0.8, rng.uniform(700, 1000), 0.3)}


def _kit(rng, kick, snare, clap, closed, open_, tom, cymbal):
    high = rng.uniform(150, 210)
    kit = _percussion(rng)
    kit.update({keys.KICK: kick, keys.SNARE: snare, keys.CLAP: clap, keys.CLOSED_HAT: closed, keys.PEDAL_HAT: closed * 0.6, keys.OPEN_HAT: open_,
                keys.HIGH_TOM: tom(high), keys.MID_TOM: tom(high * 0.75), keys.LOW_TOM: tom(high * 0.55), keys.CRASH: cymbal(1.6), keys.RIDE: cymbal(0.6) * 0.5})
    return {key: stroke / (np.abs(stroke).max() + 1e-9) for key, stroke in kit.items()}


def eight(rng):
    """Long sine kick, snappy noise snare, metallic hats."""
    return _kit(rng, _kick(rng, rng.uniform(0.5, 1.1), 160, rng.uniform(42, 56), 0.02, rng.uniform(0.2, 0.4), 0.2), _snare(rng, 0.3, 185, 0.7, 0.09), _clap(rng, 0.4, 0.09),
                _hat(rng, 0.12, 0.025, 1.0), _hat(rng, 0.6, 0.18, 1.0), lambda p: _tom(rng, 0.6, p * 0.8, 0.18, 0.05), lambda d: _cymbal(rng, 1.8, d * 0.6, True))


def nine(rng):
    """Punchy kick with a click, bright snare, noisy hats."""
    return _kit(rng, _kick(rng, 0.45, rng.uniform(200, 320), rng.uniform(46, 60), 0.025, rng.uniform(0.1, 0.2), 0.8), _snare(rng, 0.35, 210, 0.8, 0.11), _clap(rng, 0.45, 0.12),
                _hat(rng, 0.14, 0.03, 0.4), _hat(rng, 0.6, 0.16, 0.4), lambda p: _tom(rng, 0.5, p, 0.15, 0.2), lambda d: _cymbal(rng, 2.0, d, True))


def lofi(rng):
    """Dull, short and crushed."""
    def crush(x):
        x = sosfilt(butter(2, rng.uniform(2500, 5000) / (SAMPLE_RATE / 2), "lowpass", output="sos"), x)
        return np.round(x / np.abs(x).max() * 24) / 24
    kit = _kit(rng, _kick(rng, 0.35, 150, rng.uniform(50, 68), 0.03, 0.11, 0.3), _snare(rng, 0.25, 200, 0.9, 0.07, 500, 5000), _clap(rng, 0.3, 0.07),
               _hat(rng, 0.1, 0.02, 0.2), _hat(rng, 0.35, 0.1, 0.2), lambda p: _tom(rng, 0.4, p, 0.12), lambda d: _cymbal(rng, 1.0, d * 0.5, False))
    return {key: crush(stroke) for key, stroke in kit.items()}


def dnb(rng):
    """Hard, tight drums of drum and bass."""
    return _kit(rng, _kick(rng, 0.3, 260, 58, 0.015, 0.09, 1.0), _snare(rng, 0.3, rng.uniform(190, 240), 1.0, 0.1, 1200, 12000, 1.2), _clap(rng, 0.3, 0.08),
                _hat(rng, 0.09, 0.018, 0.5), _hat(rng, 0.4, 0.12, 0.5), lambda p: _tom(rng, 0.4, p, 0.12), lambda d: _cymbal(rng, 1.6, d, True))


def gated(rng):
    """The eighties: a snare with a gated room, big toms."""
    def gate(stroke, hold):
        n = int((hold + 0.02) * SAMPLE_RATE)
        room = rng.normal(0, 1, n) * np.exp(-np.arange(n) / SAMPLE_RATE / 0.5)
        wet = np.convolve(stroke[:2000], room[:n], "full")[:n] if n < 1 else np.fft.irfft(np.fft.rfft(stroke, 2 * n) * np.fft.rfft(room, 2 * n))[:n]
        wet *= 0.8 * np.abs(stroke).max() / np.abs(wet).max() * np.minimum(1, (n - np.arange(n)) / (0.02 * SAMPLE_RATE))
        wet[:min(n, len(stroke))] += stroke[:n]
        return wet
    kit = _kit(rng, _kick(rng, 0.4, 180, 55, 0.02, 0.14, 0.6), _snare(rng, 0.3, 180, 0.9, 0.1), _clap(rng, 0.35, 0.1), _hat(rng, 0.1, 0.025, 0.5),
               _hat(rng, 0.5, 0.16, 0.5), lambda p: _tom(rng, 0.5, p * 0.9, 0.2), lambda d: _cymbal(rng, 1.8, d, True))
    kit[keys.SNARE] = gate(kit[keys.SNARE], rng.uniform(0.18, 0.3))
    for key in (keys.HIGH_TOM, keys.MID_TOM, keys.LOW_TOM):
        kit[key] = gate(kit[key], 0.25)
    return kit


def chip(rng):
    """Noise and falling squares of game consoles."""
    def shift(seconds, rate, decay):
        n = int(seconds * SAMPLE_RATE)
        held = np.repeat(rng.choice([-1.0, 1.0], n // rate + 1), rate)[:n]
        return held * np.exp(-np.arange(n) / SAMPLE_RATE / decay)
    t = _time(0.18)
    kick = np.sign(np.sin(2 * np.pi * np.cumsum(60 + 300 * np.exp(-t / 0.03)) / SAMPLE_RATE)) * np.exp(-t / 0.08)
    return _kit(rng, kick, shift(0.22, 5, 0.07), shift(0.2, 4, 0.05), shift(0.06, 1, 0.015), shift(0.25, 1, 0.08),
                lambda p: np.sign(np.sin(2 * np.pi * np.cumsum(p * np.exp(-_time(0.2) / 0.15)) / SAMPLE_RATE)) * np.exp(-_time(0.2) / 0.08), lambda d: shift(0.8, 2, 0.25))


def taiko(rng):
    """Large drums with skins and rooms of wood."""
    low = rng.uniform(58, 80)
    kit = _kit(rng, _tom(rng, 1.4, low, 0.45, 0.7), _tom(rng, 0.5, 190, 0.12, 0.9), _clap(rng, 0.3, 0.06), _blip(rng, 0.1, 900, 0.02), _blip(rng, 0.2, 700, 0.04),
               lambda p: _tom(rng, 1.0, p * 0.6, 0.3, 0.6), lambda d: _cymbal(rng, 2.2, d * 1.2, False))
    return kit


def acoustic(rng):
    """A plain drum kit: damped kick, ringing snare, cymbals of many partials."""
    return _kit(rng, _kick(rng, 0.4, 120, rng.uniform(52, 66), 0.02, 0.11, 0.7), _snare(rng, 0.35, rng.uniform(170, 220), 1.0, 0.12, 600, 10000), _clap(rng, 0.3, 0.07),
                _cymbal(rng, 0.12, 0.03, True), _cymbal(rng, 0.7, 0.25, True), lambda p: _tom(rng, 0.7, p, 0.2, 0.4), lambda d: _cymbal(rng, 2.4, d * 1.1, True))


def house(rng):
    kit = nine(rng)
    kit[keys.KICK] = _kick(rng, 0.4, 170, rng.uniform(48, 56), 0.03, 0.16, 0.4)
    return kit


KITS = {"808": eight, "909": nine, "lofi": lofi, "dnb": dnb, "gated": gated, "chip": chip, "taiko": taiko, "acoustic": acoustic, "house": house}

#: Where the pieces of a kit stand, 0 left to 1 right, and how loud they are.
_PAN = {keys.CLOSED_HAT: 0.62, keys.PEDAL_HAT: 0.62, keys.OPEN_HAT: 0.62, keys.HIGH_TOM: 0.4, keys.MID_TOM: 0.52, keys.LOW_TOM: 0.66, keys.CRASH: 0.35,
        keys.RIDE: 0.7, keys.SHAKER: 0.35, keys.CONGA: 0.4, keys.LOW_CONGA: 0.58, keys.COWBELL: 0.58, keys.TAMBOURINE: 0.6, keys.CLAVE: 0.4}
_GAIN = {keys.KICK: 1.0, keys.SNARE: 0.8, keys.CLAP: 0.7, keys.CLOSED_HAT: 0.28, keys.PEDAL_HAT: 0.28, keys.OPEN_HAT: 0.32, keys.CRASH: 0.4, keys.RIDE: 0.3,
         keys.SHAKER: 0.2, keys.TAMBOURINE: 0.25, keys.RIM: 0.45, keys.CLAVE: 0.4, keys.COWBELL: 0.3, keys.CONGA: 0.6, keys.LOW_CONGA: 0.65}


def play(kit, notes, seconds):
    """Stereo float64 [2, seconds * 44100] of strokes (start s, length s, key, velocity); an open hat is choked by the next closed one."""
    total = int(seconds * SAMPLE_RATE)
    out = np.zeros((2, total))
    closes = sorted(n[0] for n in notes if n[2] in (keys.CLOSED_HAT, keys.PEDAL_HAT))
    for start, _, key, loud in notes:
        stroke = kit.get(key)
        first = int(start * SAMPLE_RATE)
        if stroke is None or first >= total:
            continue
        stroke = stroke[:total - first]
        if key == keys.OPEN_HAT:
            end = next((int((c - start) * SAMPLE_RATE) for c in closes if c > start + 0.01), len(stroke))
            stroke = stroke[:max(400, end)] * np.minimum(1, np.arange(min(len(stroke), max(400, end)))[::-1] / 300)
        pan, gain = _PAN.get(key, 0.5), _GAIN.get(key, 0.6) * (loud / 110) ** 1.6
        out[0, first:first + len(stroke)] += stroke * gain * np.cos(pan * np.pi / 2)
        out[1, first:first + len(stroke)] += stroke * gain * np.sin(pan * np.pi / 2)
    return out
