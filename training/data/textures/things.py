"""Doors, steps, hearts, hands, wood, paper, people."""
import numpy as np

from .base import (SAMPLE_RATE, band, decay, impulses, modal, moments, noise, pan, room, slow, spread, times, tone, wide_noise)


def door(rng, samples):
    """A door creaks and falls shut, again and again."""
    def creak(rng):
        n = int(rng.uniform(0.6, 1.4) * SAMPLE_RATE)
        rate = slow(rng, n, 5, 25, 140)
        phase = np.cumsum(rate) / SAMPLE_RATE
        pulses = np.diff(np.floor(phase), prepend=0)
        body = sum(band(pulses, f * 0.95, f * 1.05, 1) for f in rng.uniform(400, 2600, 4)) * 30
        return body * np.sin(np.pi * np.linspace(0, 1, n)) ** 0.5

    def slam(rng):
        n = int(0.5 * SAMPLE_RATE)
        return 3 * (tone(rng.uniform(60, 110), n) * decay(n, 0.06) + noise(rng, n, 80, 2500) * decay(n, 0.035)) + modal(rng, rng.uniform(200, 1500, 6), rng.uniform(0.02, 0.06, 6), (0.5,) * 6, 0.5)
    out = np.zeros((2, samples))
    for start in moments(rng, samples, rng.uniform(2, 3.2)):
        out += spread(rng, samples, [start], creak, 0.1) + spread(rng, samples, [start + rng.uniform(0.9, 1.3)], slam, 0.1)
    return room(rng, out, 1.0, 0.2)


def knock(rng, samples):
    def tap(rng):
        return modal(rng, rng.uniform(180, 260) * np.array([1, 1.7, 2.6, 4.1]), (0.04, 0.03, 0.02, 0.01), (1, 0.8, 0.5, 0.3), 0.3) * rng.uniform(0.7, 1)
    starts = [s + k * 0.19 for s in moments(rng, samples, 1.8) for k in range(int(rng.integers(2, 5)))]
    return room(rng, spread(rng, samples, starts, tap, 0.05), 0.7, 0.2)


def footsteps(rng, samples):
    gap, soft, hard = rng.uniform(0.4, 0.7), rng.uniform(0.2, 1), rng.uniform(0.2, 1)

    def step(rng):
        n = int(0.22 * SAMPLE_RATE)
        heel = tone(rng.uniform(80, 150), n) * decay(n, 0.02) + hard * noise(rng, n, 800, 5000) * decay(n, 0.008)
        toe = np.roll(soft * noise(rng, n, 1500, 7000) * decay(n, 0.03), int(0.07 * SAMPLE_RATE))
        return heel + 0.5 * toe
    return room(rng, spread(rng, samples, moments(rng, samples, gap, 0.04), step, 0.12), rng.uniform(0.4, 1.8), rng.uniform(0.1, 0.4))


def heartbeat(rng, samples):
    gap = 60 / rng.uniform(50, 120)

    def beat(rng):
        n = int(0.35 * SAMPLE_RATE)
        return tone(45 + 40 * np.exp(-times(n) / 0.03)) * decay(n, 0.06)
    starts = moments(rng, samples, gap, 0.02)
    return spread(rng, samples, starts, beat, 0) + 0.7 * spread(rng, samples, [s + 0.32 * gap for s in starts], beat, 0) + 0.004 * wide_noise(rng, samples, 50, 800, 0.2)


def applause(rng, samples):
    out = np.zeros((2, samples))
    sounds = []
    for _ in range(10):
        n = int(0.05 * SAMPLE_RATE)
        centre = rng.uniform(900, 2400)
        sounds.append(noise(rng, n, centre * 0.6, centre * 1.6) * decay(n, 0.009))
    for start in rng.uniform(0, samples / SAMPLE_RATE, int(samples / SAMPLE_RATE * rng.uniform(90, 160))):
        first = int(start * SAMPLE_RATE)
        sound = sounds[rng.integers(10)][:samples - first]
        out[:, first:first + len(sound)] += pan(sound * rng.uniform(0.3, 1), rng.uniform(0.1, 0.9))
    return room(rng, out, 1.2, 0.4) * slow(rng, samples, 0.4, 0.7, 1)


def clapping(rng, samples):
    """A few people clap on a beat."""
    gap = 60 / rng.uniform(80, 150)
    out = np.zeros((2, samples))
    for start in np.arange(0.1, samples / SAMPLE_RATE, gap):
        def clap(rng):
            n, centre = int(0.08 * SAMPLE_RATE), rng.uniform(900, 2200)
            return noise(rng, n, centre * 0.6, centre * 1.7) * decay(n, 0.012)
        out += spread(rng, samples, start + np.abs(rng.normal(0, 0.012, 4)), clap, 0.4)
    return room(rng, out, 0.7, 0.25)


def finger_snaps(rng, samples):
    gap = 60 / rng.uniform(80, 140)

    def snap(rng):
        n = int(0.1 * SAMPLE_RATE)
        return noise(rng, n, 1600, 3800) * decay(n, 0.006) + 0.3 * noise(rng, n, 700, 1500) * decay(n, 0.02)
    return room(rng, spread(rng, samples, np.arange(0.1, samples / SAMPLE_RATE, gap), snap, 0.1), 0.9, 0.25)


def cash_register(rng, samples):
    def ring(rng):
        n = int(1.2 * SAMPLE_RATE)
        out = modal(rng, np.array([2100, 4350, 6900]), (0.35, 0.2, 0.1), (1, 0.6, 0.3), 1.2)
        drawer = noise(rng, n, 300, 4000) * decay(n, 0.05)
        return 0.6 * out + np.roll(drawer, int(0.25 * SAMPLE_RATE))
    return spread(rng, samples, moments(rng, samples, 1.8), ring, 0.1)


def paper(rng, samples):
    return wide_noise(rng, samples, 1500, 11000, 0.3) * slow(rng, samples, 9, 0, 1) ** 3 + np.stack([band(impulses(rng, samples, 50, 1), 2000, 9000)] * 2) * 2


def wood(rng, samples):
    """Wooden blocks and sticks struck at irregular times."""
    pitches = rng.uniform(400, 1600, 4)

    def hit(rng):
        p = float(rng.choice(pitches))
        return modal(rng, (p, p * 2.6, p * 4.9), (0.05, 0.03, 0.015), (1, 0.5, 0.3), 0.4)
    return room(rng, spread(rng, samples, moments(rng, samples, rng.uniform(0.2, 0.5), 0.5), hit, 0.3), 0.6, 0.15)


def breathing(rng, samples):
    t, period = times(samples), rng.uniform(2.2, 4)
    turn = (t / period) % 1
    level = np.where(turn < 0.4, np.sin(np.pi * turn / 0.4) ** 2, np.where(turn < 0.95, 0.7 * np.sin(np.pi * (turn - 0.4) / 0.55) ** 2, 0))
    return pan((noise(rng, samples, 300, 2500) + 0.6 * noise(rng, samples, 2500, 8000) * (turn < 0.4)) * level, 0.5)


def cheering(rng, samples):
    """A stadium: roar of many throats, whistles."""
    out = wide_noise(rng, samples, 400, 2600, 0.6) * slow(rng, samples, 1.2, 0.4, 1)
    for _ in range(int(rng.integers(4, 9))):
        first, n = int(rng.uniform(0, 0.9) * samples), int(rng.uniform(0.3, 0.9) * SAMPLE_RATE)
        n = min(n, samples - first)
        whistle = tone(rng.uniform(1800, 3200) * (1 + 0.3 * np.sin(np.pi * np.linspace(0, 1, n)))) * np.sin(np.pi * np.linspace(0, 1, n))
        out[:, first:first + n] += pan(0.25 * whistle, rng.random())
    return out


THINGS = {"door": door, "knocking": knock, "footsteps": footsteps, "heartbeat": heartbeat, "applause": applause, "hand claps": clapping, "finger snaps": finger_snaps,
          "cash register": cash_register, "paper": paper, "wood blocks": wood, "breathing": breathing, "cheering": cheering}
