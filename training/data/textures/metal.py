"""Metal, bells, glass."""
import numpy as np

from .base import (SAMPLE_RATE, band, decay, modal, moments, noise, pan, room, slow, spread, times, tone, wide_noise)


def _strikes(rng, samples, gap, make):
    """A few different strikes, repeated with other strengths."""
    made = [make(rng) for _ in range(3)]
    return spread(rng, samples, moments(rng, samples, gap), lambda r: made[r.integers(3)] * r.uniform(0.5, 1), 0.3)


def gong(rng, samples):
    ratios, base = np.sort(rng.uniform(1, 9, 30)), rng.uniform(70, 160)

    def strike(rng):
        body = modal(rng, base * ratios * rng.uniform(0.998, 1.002, 30), rng.uniform(1.2, 2.6) / ratios ** 0.6, ratios ** -0.5, 6)
        n = len(body)
        return body + 0.6 * noise(rng, n, 800, 5000) * np.minimum(1, times(n) / 0.4) * decay(n, 0.9)
    return _strikes(rng, samples, rng.uniform(2.5, 5), strike)


def bell(rng, samples):
    """Church bells: hum, prime, tierce, quint, nominal."""
    pitches = [rng.uniform(180, 420) * 2 ** (s / 12) for s in (0, 4, 7)][:int(rng.integers(1, 4))]
    ratios = np.array([0.5, 1, 1.2, 1.5, 2, 2.5, 2.66, 3, 4, 5.3])

    def strike(rng):
        return modal(rng, float(rng.choice(pitches)) * ratios, np.array([3.5, 2.5, 2, 1.6, 1.6, 0.8, 0.8, 0.7, 0.5, 0.3]), (0.6, 1, 0.8, 0.4, 1, 0.4, 0.3, 0.3, 0.3, 0.2), 5)
    return room(rng, _strikes(rng, samples, rng.uniform(0.8, 2.2), strike), 2, 0.2)


def singing_bowl(rng, samples):
    base = rng.uniform(120, 380)

    def strike(rng):
        out = 0
        for ratio, level in ((1, 1), (2.71, 0.5), (5.2, 0.25), (8.3, 0.1)):
            out = out + modal(rng, (base * ratio, base * ratio * 1.004), (3 / ratio ** 0.5,) * 2, (level, level), 7)
        return out
    return _strikes(rng, samples, rng.uniform(3, 6), strike)


def wind_chimes(rng, samples):
    pitches = rng.uniform(1500, 4500, 6)

    def strike(rng):
        p = float(rng.choice(pitches))
        return modal(rng, (p, p * 2.76, p * 5.4), (0.9, 0.4, 0.15), (1, 0.4, 0.2), 2.5) * rng.uniform(0.2, 1)
    return spread(rng, samples, moments(rng, samples, rng.uniform(0.12, 0.35), 0.9), strike, 0.6)


def metallic_resonance(rng, samples):
    """Sparse bowed-metal swells: inharmonic partials that rise and fall slowly."""
    out, t = np.zeros((2, samples)), times(samples)
    for _ in range(int(rng.integers(8, 16))):
        frequency = rng.uniform(180, 2600)
        swell = slow(rng, samples, 0.5, 0, 1) ** 2 / (frequency / 300) ** 0.5
        partial = swell * np.sin(2 * np.pi * frequency * t + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 3) * t))
        out += pan(partial, rng.uniform(0.15, 0.85))
    return out


def metal_scrape(rng, samples):
    out = np.zeros((2, samples))
    for frequency in rng.uniform(600, 6000, 10):
        out += pan(band(noise(rng, samples) * slow(rng, samples, 5, 0, 1) ** 2, frequency * 0.985, frequency * 1.015, 1) * 4, rng.uniform(0.3, 0.7))
    return out + 0.05 * wide_noise(rng, samples, 1000, 9000) * slow(rng, samples, 5, 0, 1)


def anvil(rng, samples):
    ratios = np.array([1, 1.58, 2.24, 2.92, 3.4, 4.6, 5.8])
    base = rng.uniform(700, 1600)

    def strike(rng):
        return modal(rng, base * ratios, 0.5 / ratios ** 0.7, (1,) * 7, 1.5) * rng.uniform(0.5, 1)
    return room(rng, _strikes(rng, samples, rng.uniform(0.35, 1.0), strike), 1.2, 0.2)


def coins(rng, samples):
    def clink(rng):
        p = rng.uniform(3500, 8000)
        return modal(rng, (p, p * 1.51, p * 2.1), (0.05, 0.04, 0.02), (1, 0.8, 0.5), 0.3) * rng.lognormal(-0.5, 0.5)
    return spread(rng, samples, moments(rng, samples, rng.uniform(0.06, 0.25), 0.9), clink, 0.3)


def glass_break(rng, samples):
    def crash(rng):
        n = int(1.4 * SAMPLE_RATE)
        out = noise(rng, n, 2500, 14000) * decay(n, 0.05)
        for _ in range(40):
            at = int(min(1.2, rng.exponential(0.22)) * SAMPLE_RATE)
            p = rng.uniform(2500, 9000)
            shard = modal(rng, (p, p * 1.43, p * 2.3), (0.06, 0.04, 0.02), (1, 0.6, 0.4), 0.25)[:n - at] * rng.lognormal(-1.5, 0.6)
            out[at:at + len(shard)] += shard
        return out
    return room(rng, _strikes(rng, samples, rng.uniform(2.0, 4), crash), 0.8, 0.15)


def glass(rng, samples):
    """Rubbed or struck glasses."""
    pitches = rng.uniform(500, 2000, 4)
    if rng.random() < 0.5:
        out = np.zeros((2, samples))
        for p in pitches:
            out += pan((tone(p, samples) + 0.1 * tone(p * 2.32, samples)) * slow(rng, samples, 0.6, 0, 1) ** 2, rng.uniform(0.3, 0.7))
        return out

    def strike(rng):
        p = float(rng.choice(pitches))
        return modal(rng, (p, p * 2.32, p * 4.25), (0.6, 0.3, 0.1), (1, 0.5, 0.3), 2)
    return _strikes(rng, samples, rng.uniform(0.3, 0.9), strike)


METAL = {"gong": gong, "bell": bell, "singing bowl": singing_bowl, "wind chimes": wind_chimes, "metallic resonance": metallic_resonance, "metal scrape": metal_scrape,
         "anvil": anvil, "coins": coins, "glass break": glass_break, "glass": glass}
