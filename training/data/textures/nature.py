"""Weather, water, fire, animals."""
import numpy as np

from .base import (SAMPLE_RATE, band, decay, impulses, modal, moments, noise, pan, room, slow, spread, times, tone, wide_noise)


def rain(rng, samples):
    drops = np.stack([band(impulses(rng, samples, rng.uniform(150, 500)), 2000, 9000) for _ in range(2)])
    return wide_noise(rng, samples, 1500, 12000) * rng.uniform(0.2, 0.4) + drops * rng.uniform(2, 5)


def heavy_rain(rng, samples):
    drops = np.stack([band(impulses(rng, samples, 1500, 0.6), 800, 8000) for _ in range(2)])
    return wide_noise(rng, samples, 400, 11000) * 0.8 + drops * 1.5 + 0.4 * noise(rng, samples, 60, 300)


def thunder(rng, samples):
    """Claps with rolling tails, rain beneath at times."""
    out = np.zeros((2, samples))
    for start in moments(rng, samples, rng.uniform(4, 7)):
        first, n = int(start * SAMPLE_RATE), int(rng.uniform(3, 5) * SAMPLE_RATE)
        n = min(n, samples - first)
        rumble = noise(rng, n, 30, 180) * decay(n, 1.3) * slow(rng, n, 6, 0.3, 1) * 5
        crack = noise(rng, n, 200, 6000) * (decay(n, 0.12) + 0.25 * decay(n, 0.6) * slow(rng, n, 12, 0, 1)) * rng.uniform(0.2, 1)
        out[:, first:first + n] += pan(rumble + crack, rng.uniform(0.35, 0.65))
    return out + (0.03 * wide_noise(rng, samples, 1500, 9000) if rng.random() < 0.4 else 0)


def wind(rng, samples):
    centre = slow(rng, samples, 0.4, 0, 1)
    out = []
    for _ in range(2):
        x = noise(rng, samples)
        low, high = band(x, 100, 450), band(x, 450, 1400)
        out.append(low * (1 - centre) + high * centre)
    out = np.stack(out) * slow(rng, samples, 0.6, 0.25, 1.0)
    if rng.random() < 0.5:
        whistle = tone(350 + 500 * centre) * noise(rng, samples, 0, 20) * 2
        out = out + 0.3 * whistle * centre ** 2
    return out


def surf(rng, samples):
    t, period = times(samples), rng.uniform(4, 7)
    wave = (0.5 - 0.5 * np.cos(2 * np.pi * (t / period + rng.random()))) ** 2 + 0.08
    low = noise(rng, samples, 80, 700)
    return np.stack([(low + 0.5 * wave * noise(rng, samples, 700, 7000)) * wave for _ in range(2)])


def stream(rng, samples):
    """Running water: many short rising bubbles over a soft hiss."""
    bubbles = spread(rng, samples, rng.uniform(0, samples / SAMPLE_RATE, int(samples / SAMPLE_RATE * 40)), _bubble, 0.5)
    return bubbles + 0.06 * wide_noise(rng, samples, 500, 7000)


def _bubble(rng):
    n = int(rng.uniform(0.02, 0.07) * SAMPLE_RATE)
    return tone(rng.uniform(400, 2200) * (1 + rng.uniform(0.1, 0.6) * np.linspace(0, 1, n))) * decay(n, n / SAMPLE_RATE / 3) * rng.lognormal(-1, 0.6)


def waterfall(rng, samples):
    return wide_noise(rng, samples, 100, 8000, 0.7) * slow(rng, samples, 2, 0.85, 1) + 1.5 * noise(rng, samples, 60, 400)


def dripping(rng, samples):
    def drop(rng):
        return np.concatenate([_bubble(rng) * 3, np.zeros(2000), _bubble(rng)])
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(0.3, 1.0), 0.6), drop), 2.5, 0.6)


def underwater(rng, samples):
    bubbles = spread(rng, samples, rng.uniform(0, samples / SAMPLE_RATE, int(samples / SAMPLE_RATE * 8)), lambda r: band(_bubble(r), 0, 900))
    return 0.5 * bubbles + wide_noise(rng, samples, 40, 350, 0.3) * slow(rng, samples, 0.7, 0.3, 1) * 0.6


def fire(rng, samples):
    low = wide_noise(rng, samples, 60, 500) * slow(rng, samples, 3, 0.3, 1)
    crackle = np.stack([band(impulses(rng, samples, rng.uniform(8, 25), 1.2), 1200, 9000) for _ in range(2)])
    return 0.4 * low + 12 * crackle


def crickets(rng, samples):
    t, out = times(samples), np.zeros((2, samples))
    for _ in range(int(rng.integers(2, 5))):
        frequency, rate = rng.uniform(3500, 5500), rng.uniform(1.5, 3)
        chirp = ((t * rate + rng.random()) % 1 < 0.35) * np.maximum(0, np.sin(2 * np.pi * rng.uniform(28, 45) * t))
        out += pan(chirp * np.sin(2 * np.pi * frequency * t), rng.uniform(0.2, 0.8))
    return out + 0.02 * wide_noise(rng, samples, 200, 9000)


def birds(rng, samples):
    """Songs of a few birds: whistles that slide, trills, repeated phrases."""
    out = np.zeros((2, samples))
    for _ in range(int(rng.integers(2, 5))):
        base, place, kind = rng.uniform(1800, 5000), rng.uniform(0.15, 0.85), rng.integers(3)
        syllables = [(rng.uniform(0.04, 0.18), rng.uniform(0.7, 1.5), rng.uniform(0.7, 1.5), rng.uniform(15, 40)) for _ in range(int(rng.integers(2, 6)))]
        for start in moments(rng, samples, rng.uniform(1.2, 3)):
            at = int(start * SAMPLE_RATE)
            for length, begin, end, trill in syllables:
                n = int(length * SAMPLE_RATE)
                curve = base * (begin + (end - begin) * np.linspace(0, 1, n))
                if kind == 1:
                    curve = curve * (1 + 0.12 * np.sin(2 * np.pi * trill * times(n)))
                sound = tone(curve) * np.sin(np.pi * np.linspace(0, 1, n)) ** 0.7
                n = min(n, samples - at)
                if n > 0:
                    out[:, at:at + n] += pan(sound[:n], place)
                at += int((length + rng.uniform(0.02, 0.06)) * SAMPLE_RATE)
    return room(rng, out, 1.2, 0.15) + 0.01 * wide_noise(rng, samples, 200, 5000)


def _growl(rng, seconds, base, rough):
    """A throat: pulses of unsteady pitch through formants."""
    n = int(round(seconds * SAMPLE_RATE))
    curve = base * (1 + 0.5 * np.sin(np.pi * np.linspace(0, 1, n))) * slow(rng, n, 9, 0.85, 1.15)
    phase = np.cumsum(curve) / SAMPLE_RATE
    pulses = (1 - (phase % 1)) ** 6 + rough * noise(rng, n, 100, 4000) * ((phase * 0.5) % 1)
    pulses = pulses - pulses.mean()
    formed = band(pulses, 150, 500) * 2 + band(pulses, 500, 1100) + 0.5 * band(pulses, 1800, 3200)
    return formed * np.sin(np.pi * np.linspace(0, 1, n)) ** 0.6


def roar(rng, samples):
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(2.2, 4)), lambda r: _growl(r, r.uniform(1.2, 2.4), r.uniform(45, 80), 0.9), 0.2), 1.5, 0.3)


def dog(rng, samples):
    def bark(rng):
        n = int(rng.uniform(0.14, 0.25) * SAMPLE_RATE)
        return _growl(rng, n / SAMPLE_RATE, rng.uniform(220, 420), 0.5) [:n] * decay(n, 0.1)
    starts = [s + k * 0.35 for s in moments(rng, samples, 1.8) for k in range(int(rng.integers(1, 4)))]
    return room(rng, spread(rng, samples, starts, bark, 0.2), 0.6, 0.2)


def creature(rng, samples):
    def call(rng):
        seconds = rng.uniform(0.4, 1.4)
        n = int(round(seconds * SAMPLE_RATE))
        return _growl(rng, seconds, rng.uniform(60, 400), rng.uniform(0.2, 1)) + 0.3 * tone(slow(rng, n, 4, 200, 1500)) * np.sin(np.pi * np.linspace(0, 1, n))
    return room(rng, spread(rng, samples, moments(rng, samples, 1.4), call, 0.4), 1.5, 0.3)


def frogs(rng, samples):
    def croak(rng):
        n = int(round(0.25 * SAMPLE_RATE))
        return band(_growl(rng, 0.25, rng.uniform(50, 90), 0.2), 300, 2200) * (0.5 + 0.5 * np.sin(2 * np.pi * 40 * times(n)))
    return spread(rng, samples, moments(rng, samples, 0.35, 0.5), croak, 0.6) + 0.02 * wide_noise(rng, samples, 1000, 8000)


def leaves(rng, samples):
    rustle = wide_noise(rng, samples, 2500, 11000) * slow(rng, samples, 7, 0, 1) ** 2
    return rustle + np.stack([band(impulses(rng, samples, 60, 0.8), 1500, 9000) for _ in range(2)]) * 3 * slow(rng, samples, 2, 0, 1)


NATURE = {"rain": rain, "heavy rain": heavy_rain, "thunder": thunder, "wind": wind, "ocean waves": surf, "stream": stream, "waterfall": waterfall, "dripping water": dripping,
          "underwater": underwater, "fire": fire, "crickets": crickets, "birds": birds, "lion roar": roar, "dog bark": dog, "creature": creature, "frogs": frogs, "leaves": leaves}
