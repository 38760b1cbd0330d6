"""Sound design: drones, risers, impacts, lasers, doors of space ships, robots."""
import numpy as np

from .base import (SAMPLE_RATE, band, decay, modal, moments, noise, pan, room, slow, spread, times, tone, wide_noise)


def drone(rng, samples):
    """A low held cluster with slow beating and an upper band that moves; its lowest octave is in the middle."""
    base = rng.uniform(36, 75)
    out = np.zeros((2, samples))
    for k in (1, 1, 2, 3, 4, 5, 6):
        partial = tone(base * k * (1 + rng.normal(0, 0.002)), samples, rng.uniform(0, 6)) / k ** 1.2 * slow(rng, samples, 0.3, 0.3, 1)
        out += pan(partial, 0.5 if base * k < 120 else rng.uniform(0.25, 0.75))
    return out + 0.1 * wide_noise(rng, samples, 150, 900) * slow(rng, samples, 0.3, 0, 1)


def sub_drone(rng, samples):
    base = rng.uniform(32, 52)
    mono = (tone(base, samples) + 0.5 * tone(base * 1.01, samples, 1) + 0.25 * tone(base * 2, samples)) * slow(rng, samples, 0.3, 0.5, 1)
    return pan(mono, 0.5) + 0.02 * wide_noise(rng, samples, 60, 300, 0.3)


def synth_texture(rng, samples):
    """An evolving electronic bed: filtered saws and shimmer."""
    out = np.zeros((2, samples))
    root = rng.uniform(60, 130)
    for ratio in rng.choice([1, 1.5, 2, 2.25, 3, 4, 5, 6, 8], 7):
        swell = slow(rng, samples, 0.5, 0, 1) ** 1.5 / ratio ** 0.6
        out += pan(swell * tone(root * ratio * (1 + rng.normal(0, 0.003)), samples, rng.uniform(0, 6)), rng.uniform(0.2, 0.8) if root * ratio > 120 else 0.5)
    return out + 0.15 * wide_noise(rng, samples, 2000, 9000) * slow(rng, samples, 0.8, 0, 1) ** 2


def _sweep(rng, n, up):
    """Noise whose band moves up or down, in four overlapping bands."""
    x, place = noise(rng, n), np.linspace(0, 1, n) if up else np.linspace(1, 0, n)
    out = np.zeros(n)
    for index, (low, high) in enumerate(((150, 500), (400, 1300), (1000, 3500), (3000, 12000))):
        out += band(x, low, high) * np.exp(-((place * 3 - index) / 0.7) ** 2)
    return out


def whoosh(rng, samples):
    def pass_by(rng):
        n = int(rng.uniform(0.4, 1.2) * SAMPLE_RATE)
        half = n // 2
        return np.concatenate([_sweep(rng, half, True), _sweep(rng, n - half, False)]) * np.sin(np.pi * np.linspace(0, 1, n)) ** 2
    return spread(rng, samples, moments(rng, samples, rng.uniform(1.0, 2.2)), pass_by, 0.5)


def riser(rng, samples):
    """Tension that grows to the end of the clip or of a few seconds, then starts again."""
    length = min(samples, int(rng.uniform(4, 10) * SAMPLE_RATE))
    place = (np.arange(samples) % length) / length
    base = rng.uniform(80, 200)
    tones = sum(tone(base * k * 2 ** (2 * place) * (1 + rng.normal(0, 0.004))) / k for k in (1, 2, 3))
    hiss = np.concatenate([_sweep(rng, length, True) for _ in range(samples // length + 1)])[:samples]
    return np.stack([(0.5 * tones + hiss * s) * (0.03 + place ** 2) for s in (1.0, 0.9)])


def impact(rng, samples):
    """Cinematic hits with long low tails."""
    def hit(rng):
        n = int(3 * SAMPLE_RATE)
        boom = tone(rng.uniform(36, 55) * (1 + 1.5 * np.exp(-times(n) / 0.05))) * decay(n, 0.7)
        return 2 * boom + noise(rng, n, 100, 4000) * decay(n, 0.06) + modal(rng, rng.uniform(150, 900, 8), rng.uniform(0.2, 0.8, 8), (0.15,) * 8, 3)
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(1.8, 4)), hit, 0.1), 2.5, 0.35)


def explosion(rng, samples):
    def blast(rng):
        n = int(3.5 * SAMPLE_RATE)
        return noise(rng, n, 30, 250) * decay(n, 0.8) * 4 + noise(rng, n, 200, 5000) * (decay(n, 0.1) + 0.15 * decay(n, 0.9) * slow(rng, n, 15, 0, 1))
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(2.5, 4.5)), blast, 0.15), 2, 0.3)


def gunshot(rng, samples):
    def shot(rng):
        n = int(0.6 * SAMPLE_RATE)
        return noise(rng, n, 100, 9000) * decay(n, 0.025) + noise(rng, n, 100, 1500) * decay(n, 0.12) * 0.4
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(0.5, 1.5)), shot, 0.15), 1.5, 0.3)


def laser(rng, samples):
    def zap(rng):
        n, high, low = int(rng.uniform(0.12, 0.4) * SAMPLE_RATE), rng.uniform(2000, 6000), rng.uniform(120, 500)
        curve = low + (high - low) * np.exp(-times(n) / rng.uniform(0.03, 0.1))
        return np.tanh(2 * tone(curve)) * decay(n, 0.12)
    return spread(rng, samples, moments(rng, samples, rng.uniform(0.3, 0.8)), zap, 0.4)


def scifi_door(rng, samples):
    """A door of a space ship: hiss of air, servo that rises, thud, and back."""
    def slide(rng):
        n = int(rng.uniform(0.7, 1.3) * SAMPLE_RATE)
        place = np.linspace(0, 1, n)
        up = rng.random() < 0.5
        servo = np.tanh(1.5 * tone(rng.uniform(90, 200) * (1 + 2 * (place if up else 1 - place)))) * np.sin(np.pi * place) ** 0.4
        air = noise(rng, n, 2500, 11000) * np.exp(-place * 4)
        thud = np.zeros(n)
        m = int(0.2 * SAMPLE_RATE)
        thud[-m:] = 2.5 * tone(70, m) * decay(m, 0.04) + noise(rng, m, 200, 3000) * decay(m, 0.02)
        return 0.4 * servo + 0.9 * air + thud
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(1.4, 2.4)), slide, 0.15), 1.0, 0.25)


def spaceship(rng, samples):
    base = rng.uniform(45, 90)
    hum = sum(tone(base * k * (1 + rng.normal(0, 0.003)), samples, rng.uniform(0, 6)) / k for k in (1, 2, 3, 4, 6))
    throb = 0.7 + 0.3 * np.sin(2 * np.pi * rng.uniform(1, 5) * times(samples))
    return pan(hum * throb, 0.5) + 0.5 * wide_noise(rng, samples, 100, 1500) + pan(0.08 * tone(slow(rng, samples, 0.5, 900, 1600)), 0.5)


def robot(rng, samples):
    """Servos and beeps of a machine that thinks."""
    def chirp(rng):
        n = int(rng.uniform(0.05, 0.3) * SAMPLE_RATE)
        curve = rng.uniform(300, 2500) * 2 ** (rng.uniform(-1, 1) * np.linspace(0, 1, n))
        x = tone(curve)
        return (np.sign(x) * 0.5 if rng.random() < 0.4 else x) * np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 200)
    return spread(rng, samples, moments(rng, samples, rng.uniform(0.14, 0.35), 0.7), chirp, 0.25)


def computer_beeps(rng, samples):
    pitches, n = rng.uniform(700, 3000, 4), int(rng.uniform(0.05, 0.1) * SAMPLE_RATE)

    def beep(rng):
        return tone(float(rng.choice(pitches)), n) * np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 150)
    return spread(rng, samples, moments(rng, samples, rng.uniform(0.12, 0.4), 0.5), beep, 0.3)


def glitch(rng, samples):
    """Digital errors: stutters, crushed bursts, gaps."""
    out, at = np.zeros((2, samples)), 0
    while at < samples:
        n = min(int(rng.uniform(0.03, 0.2) * SAMPLE_RATE), samples - at)
        kind = rng.integers(5)
        if kind == 0:
            piece = np.repeat(rng.normal(0, 1, n // 40 + 1), 40)[:n]
        elif kind == 1:
            piece = np.sign(tone(rng.uniform(50, 3000), n))
        elif kind == 2:
            piece = np.tile(noise(rng, max(1, n // 8), 500, 9000), 9)[:n]
        elif kind == 3:
            piece = np.zeros(n)
        else:
            piece = tone(rng.uniform(200, 6000) * (1 + np.floor(np.linspace(0, 4, n))))
        out[:, at:at + n] += pan(piece * rng.uniform(0.2, 1), rng.uniform(0.3, 0.7))
        at += n
    return out


def reverse(rng, samples):
    """Swells that break off: sounds played backwards."""
    def swell(rng):
        n = int(rng.uniform(0.8, 2) * SAMPLE_RATE)
        body = noise(rng, n, 800, 10000) * 0.5 + modal(rng, rng.uniform(150, 2500, 8), rng.uniform(0.2, 0.6, 8), (0.4,) * 8, n / SAMPLE_RATE)[:n]
        return (body * decay(n, n / SAMPLE_RATE / 4))[::-1]
    return spread(rng, samples, moments(rng, samples, rng.uniform(1.2, 2.2)), swell, 0.3)


def horror(rng, samples):
    """Dissonant clusters that slide, scrapes, low throbs."""
    out = np.zeros((2, samples))
    root = rng.uniform(180, 420)
    for index in range(10):
        curve = root * 2 ** (index / 14) * slow(rng, samples, 0.4, 0.94, 1.08)
        out += pan(tone(curve) * slow(rng, samples, 0.7, 0, 1) ** 2 * 0.4, rng.uniform(0.2, 0.8))
    return room(rng, out + pan(tone(rng.uniform(38, 55), samples) * slow(rng, samples, 1, 0, 1), 0.5), 3, 0.4)


def magic(rng, samples):
    """Glittering runs of small bells."""
    out = np.zeros((2, samples))
    bells = [modal(rng, (p, p * 2.76), (0.35, 0.1), (1, 0.3), 1.0) for p in np.sort(rng.uniform(1200, 6500, 22))]
    for start in moments(rng, samples, rng.uniform(1.2, 2.2)):
        for index, sound in enumerate(bells if rng.random() < 0.7 else bells[::-1]):
            first = int((start + index * 0.035) * SAMPLE_RATE)
            piece = pan(sound, rng.uniform(0.2, 0.8))[:, :max(0, samples - first)]
            out[:, first:first + piece.shape[1]] += piece
    return out


DESIGN = {"drone": drone, "sub drone": sub_drone, "synth texture": synth_texture, "whoosh": whoosh, "riser": riser, "impact": impact, "explosion": explosion, "gunshot": gunshot,
          "laser": laser, "sci-fi door": scifi_door, "spaceship": spaceship, "robot": robot, "computer beeps": computer_beeps, "glitch": glitch, "reversed sounds": reverse,
          "horror": horror, "magic": magic}
