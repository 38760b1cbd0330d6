"""Engines, clocks, telephones, electricity, sirens."""
import numpy as np

from .base import (SAMPLE_RATE, band, decay, impulses, modal, moments, noise, pan, room, slow, spread, times, tone, wide_noise)


def _motor(rng, samples, rate, partials=24):
    phase = 2 * np.pi * np.cumsum(rate) / SAMPLE_RATE
    fall = rng.uniform(0.6, 1.0)
    buzz = sum(np.sin(phase * k + rng.uniform(0, 6)) / k ** fall for k in range(1, partials))
    return buzz + 0.8 * noise(rng, samples, 60, 2500) * (0.5 + 0.5 * np.sin(phase))


def engine(rng, samples):
    mono = _motor(rng, samples, slow(rng, samples, 0.5, 0.8, 1.4) * rng.uniform(28, 70), 20)
    return np.stack([mono, np.roll(mono, int(rng.integers(0, 30)))])


def race_car(rng, samples):
    """A motor that revs through gears."""
    t, period = times(samples), rng.uniform(1.2, 2.5)
    mono = _motor(rng, samples, rng.uniform(70, 110) * (1 + 1.4 * ((t / period) % 1) ** 0.7), 16)
    return pan(mono, 0.5)


def helicopter(rng, samples):
    t, rate = times(samples), rng.uniform(9, 14)
    chop = (1 - (t * rate) % 1) ** 3
    return np.stack([chop * (noise(rng, samples, 50, 900) + 0.5 * noise(rng, samples, 900, 4000)) for _ in range(2)]) * 2 + pan(0.3 * _motor(rng, samples, np.full(samples, 110.0), 8), 0.5)


def jet(rng, samples):
    whine = rng.uniform(1800, 3500) * slow(rng, samples, 0.3, 0.9, 1.1)
    return wide_noise(rng, samples, 80, 5000) * slow(rng, samples, 0.4, 0.4, 1) + pan(0.15 * tone(whine), 0.5)


def train(rng, samples):
    """Wheels over rail joints, and a horn at times."""
    beat = rng.uniform(0.5, 0.9)

    def clack(rng):
        n = int(0.2 * SAMPLE_RATE)
        return (noise(rng, n, 200, 2500) + 0.7 * tone(90, n)) * decay(n, 0.04)
    starts = [k * beat + d for k in range(int(samples / SAMPLE_RATE / beat) + 1) for d in (0, 0.11, 0.27, 0.38)]
    out = 3 * spread(rng, samples, starts, clack, 0.1) + wide_noise(rng, samples, 50, 900, 0.4)
    if rng.random() < 0.5:
        first, n = int(rng.uniform(0, 0.5) * samples), int(1.4 * SAMPLE_RATE)
        n = min(n, samples - first)
        horn = sum(np.tanh(2 * tone(f, n)) for f in (311, 370, 466, 554)) * np.minimum(1, times(n) / 0.1) * np.minimum(1, times(n)[::-1] / 0.2)
        out[:, first:first + n] += pan(horn * 0.7, 0.5)
    return out


def machine(rng, samples):
    """A machine in a factory: strokes in a cycle, hum, hiss of valves."""
    cycle = rng.uniform(0.35, 1.1)
    places = np.sort(rng.uniform(0, cycle, int(rng.integers(3, 6))))
    sounds = [modal(rng, rng.uniform(120, 3000, 6), rng.uniform(0.02, 0.15, 6), rng.uniform(0.3, 1, 6), 0.5) for _ in places]
    out = np.zeros((2, samples))
    for turn in range(int(samples / SAMPLE_RATE / cycle) + 1):
        for place, sound in zip(places, sounds):
            out += spread(rng, samples, [turn * cycle + place], lambda r: sound * r.uniform(0.8, 1), 0.15)
    hiss = noise(rng, samples, 2500, 9000) * (((times(samples) / cycle + 0.3) % 1) < 0.25)
    return out + pan(0.25 * hiss + 0.25 * _motor(rng, samples, np.full(samples, 50.0), 10), 0.5)


def typing(rng, samples):
    def press(rng):
        body = modal(rng, rng.uniform(900, 4500, 5), rng.uniform(0.004, 0.015, 5), rng.uniform(0.4, 1, 5), 0.12)
        return body * rng.lognormal(0, 0.25)
    return spread(rng, samples, moments(rng, samples, rng.uniform(0.1, 0.2), 0.7), press, 0.2)


def clock(rng, samples):
    gap, pitches = float(rng.choice([0.5, 1.0, 0.25])), (rng.uniform(1800, 2600), rng.uniform(1300, 1800))
    starts = np.arange(0.1, samples / SAMPLE_RATE, gap)
    out = np.zeros((2, samples))
    for index, start in enumerate(starts):
        out += spread(rng, samples, [start], lambda r: modal(r, np.array([1, 2.3, 3.9]) * pitches[index % 2], (0.012, 0.008, 0.005), (1, 0.6, 0.5), 0.1), 0)
    return room(rng, out, 0.5, 0.15)


def telephone(rng, samples):
    """An old bell or an electronic ring, two seconds on, two off."""
    t = times(samples)
    on = ((t + rng.uniform(0, 1)) % 3) < 1.6
    if rng.random() < 0.5:
        ring = sum(tone(f, samples) * g for f, g in ((1250, 1), (1610, 0.8), (3300, 0.4), (4700, 0.2))) * (1 - ((t * 22) % 1)) ** 2
    else:
        ring = np.where((t * 18) % 1 < 0.5, tone(rng.uniform(800, 1200), samples), tone(rng.uniform(1200, 1600), samples))
    return pan(ring * np.convolve(on, np.ones(300) / 300, "same"), 0.5)


def alarm(rng, samples):
    t, rate = times(samples), rng.uniform(1.2, 4)
    gate, high = (t * rate) % 1, rng.uniform(950, 1800)
    frequency, level = (np.where(gate < 0.5, rng.uniform(500, 900), high), np.ones(samples)) if rng.random() < 0.5 else (np.full(samples, high), (gate < 0.5).astype(float))
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    level = np.convolve(level, np.ones(200) / 200, "same")
    return pan(level * (np.sin(phase) + 0.4 * np.sin(3 * phase) + 0.2 * np.sin(5 * phase)), 0.5)


def siren(rng, samples):
    t = times(samples)
    rate, low, high = rng.uniform(0.15, 0.6) if rng.random() < 0.6 else rng.uniform(2, 4), rng.uniform(450, 700), rng.uniform(1000, 1600)
    phase = 2 * np.pi * np.cumsum(low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * rate * t))) / SAMPLE_RATE
    return room(rng, pan(np.sin(phase) + 0.3 * np.sin(2 * phase) + 0.25 * np.sin(3 * phase), 0.5), 1.2, 0.25)


def electric_hum(rng, samples):
    base = float(rng.choice([50, 60]))
    hum = sum(tone(base * k, samples, rng.uniform(0, 6)) / k ** rng.uniform(0.5, 1.2) for k in (1, 2, 3, 4, 5, 6, 8, 10, 12))
    return pan(hum + 0.05 * noise(rng, samples, 1000, 6000), 0.5)


def sparks(rng, samples):
    """Arcs of electricity: bursts of buzzing crackle."""
    t = times(samples)
    gate = slow(rng, samples, 4, -0.6, 1).clip(0)
    buzz = noise(rng, samples, 1500, 14000) * ((t * 100) % 1 < 0.2) * gate
    return pan(buzz, 0.5) + np.stack([band(impulses(rng, samples, 30, 1), 2000, 12000) for _ in range(2)]) * 5


def vinyl(rng, samples):
    """Crackle and pops of a record as separate impulses, with a little surface noise that turns at 33 a minute."""
    turn = 1 + 0.3 * np.sin(2 * np.pi * times(samples) * 33.3 / 60)
    crackle = band(impulses(rng, samples, rng.uniform(15, 60), 1.0), 1000, 11000)
    sides = band(impulses(rng, samples, 10, 0.8), 1500, 9000)
    pops = band(impulses(rng, samples, rng.uniform(1, 3), 0.5), 200, 3000) * 6
    return np.stack([crackle + pops + sides, crackle + pops - sides]) * 3 + 0.012 * wide_noise(rng, samples, 400, 7000) * turn + 0.01 * noise(rng, samples, 20, 60)


def tape_hiss(rng, samples):
    return wide_noise(rng, samples, 1500, 13000, 0.8) * slow(rng, samples, 1, 0.9, 1) + 0.1 * noise(rng, samples, 40, 200)


def static(rng, samples):
    return wide_noise(rng, samples, *((20, 22050) if rng.random() < 0.5 else (300, 6000)), 0.5)


def radio_tuning(rng, samples):
    """A dial turned between stations: whistles that slide, noise that swells."""
    whistles = sum(tone(slow(rng, samples, 0.8, 150, 4000)) * slow(rng, samples, 1.2, -0.5, 1).clip(0) for _ in range(3))
    return pan(0.5 * whistles + noise(rng, samples, 300, 4500) * slow(rng, samples, 1.5, 0.2, 1), 0.5)


def morse(rng, samples):
    unit, at, level = rng.uniform(0.05, 0.09), 0.1, np.zeros(samples)
    while at < samples / SAMPLE_RATE:
        length = unit * int(rng.choice([1, 3]))
        level[int(at * SAMPLE_RATE):int((at + length) * SAMPLE_RATE)] = 1
        at += length + unit * int(rng.choice([1, 1, 1, 3]))
    return pan(np.convolve(level, np.ones(200) / 200, "same") * tone(rng.uniform(500, 1000), samples) + 0.02 * noise(rng, samples), 0.5)


def steam(rng, samples):
    return wide_noise(rng, samples, 1500, 14000, 0.4) * slow(rng, samples, 1.5, 0, 1) ** 1.5


def modem(rng, samples):
    n = int(0.05 * SAMPLE_RATE)
    steps = np.repeat(rng.choice([980, 1180, 1650, 1850, 2100, 1300], samples // n + 1), n)[:samples]
    return pan(tone(steps.astype(float)) + 0.3 * noise(rng, samples, 600, 3400) * slow(rng, samples, 2, 0, 1), 0.5)


def turntable(rng, samples):
    """A record moved to and fro by hand."""
    out = np.zeros(samples)
    for start in moments(rng, samples, rng.uniform(0.25, 0.5), 0.4):
        n = int(rng.uniform(0.08, 0.25) * SAMPLE_RATE)
        first = int(start * SAMPLE_RATE)
        curve = rng.uniform(200, 1800) * np.abs(np.sin(np.pi * np.linspace(0, rng.choice([1, 2]), n)))
        phase = np.cumsum(curve) / SAMPLE_RATE
        sound = (((phase % 1) - 0.5) + 0.4 * noise(rng, n, 500, 6000)) * np.sin(np.pi * np.linspace(0, 1, n))
        n = min(n, samples - first)
        out[first:first + n] += sound[:n]
    return pan(out, 0.5)


MACHINES = {"engine": engine, "race car": race_car, "helicopter": helicopter, "jet plane": jet, "train": train, "machine": machine, "typing": typing, "clock ticking": clock,
            "telephone": telephone, "alarm": alarm, "siren": siren, "electric hum": electric_hum, "sparks": sparks, "vinyl crackle": vinyl, "tape hiss": tape_hiss,
            "static": static, "radio tuning": radio_tuning, "morse code": morse, "steam": steam, "modem": modem, "turntable scratch": turntable}
