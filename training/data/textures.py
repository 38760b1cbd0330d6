"""Sounds that are not notes: weather, machines, metal, alarms, made by signal processing.

Every function takes (rng, samples) and returns float64 stereo audio [2, samples] at 44.1 kHz.
"""
import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

SAMPLE_RATE = 44100


def _band(x, low, high, order=2):
    nyquist = SAMPLE_RATE / 2
    if low <= 0:
        sos = butter(order, high / nyquist, "lowpass", output="sos")
    elif high >= nyquist:
        sos = butter(order, low / nyquist, "highpass", output="sos")
    else:
        sos = butter(order, [low / nyquist, high / nyquist], "bandpass", output="sos")
    return sosfilt(sos, x)


def _slow(rng, samples, rate, low, high):
    """A smooth random curve between low and high, about `rate` turns a second."""
    points = max(4, int(samples / SAMPLE_RATE * rate) + 4)
    values = rng.uniform(low, high, points)
    x = np.linspace(0, points - 1.001, samples)
    i = x.astype(int)
    f = (1 - np.cos(np.pi * (x - i))) / 2
    return values[i] * (1 - f) + values[np.minimum(i + 1, points - 1)] * f


def _impulses(rng, samples, per_second, spread=1.0):
    out = np.zeros(samples)
    count = rng.poisson(per_second * samples / SAMPLE_RATE)
    out[rng.integers(0, samples, count)] = rng.normal(0, 1, count) * rng.lognormal(0, spread, count)
    return out


def rain(rng, samples):
    hiss = np.stack([_band(rng.normal(0, 1, samples), 1500, 12000) for _ in range(2)])
    drops = np.stack([_band(_impulses(rng, samples, rng.uniform(150, 500)), 2000, 9000) for _ in range(2)])
    return hiss * 0.3 + drops * rng.uniform(2, 5)


def wind(rng, samples):
    centre = _slow(rng, samples, 0.4, 250, 900)
    out = []
    for _ in range(2):
        noise = rng.normal(0, 1, samples)
        low, high = _band(noise, 100, 450), _band(noise, 450, 1400)
        mix = np.clip((centre - 250) / 650, 0, 1)
        out.append(low * (1 - mix) + high * mix)
    return np.stack(out) * _slow(rng, samples, 0.6, 0.25, 1.0)


def surf(rng, samples):
    time = np.arange(samples) / SAMPLE_RATE
    period = rng.uniform(4, 7)
    wave = (0.5 - 0.5 * np.cos(2 * np.pi * (time / period + rng.random()))) ** 2 + 0.08
    return np.stack([(_band(rng.normal(0, 1, samples), 80, 700) + 0.5 * wave * _band(rng.normal(0, 1, samples), 700, 7000))
                     * wave for _ in range(2)])


def engine(rng, samples):
    rate = _slow(rng, samples, 0.5, 0.8, 1.4) * rng.uniform(28, 70)
    phase = 2 * np.pi * np.cumsum(rate) / SAMPLE_RATE
    tone = sum(np.sin(phase * k + rng.uniform(0, 6)) / k ** rng.uniform(0.6, 1.0) for k in range(1, 24))
    noise = _band(rng.normal(0, 1, samples), 60, 2500) * (0.5 + 0.5 * np.sin(phase))
    mono = tone + 0.8 * noise
    return np.stack([mono, np.roll(mono, int(rng.integers(0, 40)))])


def _metal(rng, samples, base, ratios, decay, start):
    time = np.arange(max(1, samples - start)) / SAMPLE_RATE
    tone = np.zeros_like(time)
    for ratio in ratios:
        for detune in (1.0, 1 + rng.uniform(0.001, 0.004)):
            frequency = base * ratio * detune
            if frequency < 16000:
                tone += np.exp(-time * ratio ** 0.6 / decay) * np.sin(2 * np.pi * frequency * time + rng.uniform(0, 6)) / ratio ** 0.5
    tone *= np.minimum(1, time / 0.003)
    out = np.zeros(samples)
    out[start:start + len(tone)] = tone[:samples - start]
    return out


def gong(rng, samples):
    out = np.zeros((2, samples))
    ratios = np.sort(rng.uniform(1, 9, 22))
    start = int(rng.uniform(0, 0.4) * SAMPLE_RATE)
    while start < samples - SAMPLE_RATE // 2:
        for side in out:
            side += _metal(rng, samples, rng.uniform(70, 160), ratios * rng.uniform(0.998, 1.002), rng.uniform(2, 4), start)
        start += int(rng.uniform(2.5, 5) * SAMPLE_RATE)
    return out


def metallic_resonance(rng, samples):
    """Sparse bowed-metal swells: inharmonic partials that rise and fall slowly."""
    out = np.zeros((2, samples))
    time = np.arange(samples) / SAMPLE_RATE
    for _ in range(int(rng.integers(8, 16))):
        frequency = rng.uniform(180, 2600)
        swell = _slow(rng, samples, 0.5, 0, 1) ** 2 / (frequency / 300) ** 0.5
        pan = rng.random()
        tone = swell * np.sin(2 * np.pi * frequency * time + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 3) * time))
        out += np.stack([tone * np.cos(pan * np.pi / 2), tone * np.sin(pan * np.pi / 2)])
    return out


def alarm(rng, samples):
    time = np.arange(samples) / SAMPLE_RATE
    rate = rng.uniform(1.2, 4)
    gate = (time * rate) % 1
    low, high = rng.uniform(500, 900), rng.uniform(950, 1800)
    kind = rng.integers(3)
    if kind == 0:
        frequency, level = np.where(gate < 0.5, low, high), np.ones(samples)
    elif kind == 1:
        frequency, level = np.full(samples, high), (gate < 0.5).astype(float)
    else:
        frequency, level = low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * time * rate / 3)), np.ones(samples)
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    level = np.convolve(level, np.ones(200) / 200, "same")
    mono = level * (np.sin(phase) + 0.4 * np.sin(3 * phase) + 0.2 * np.sin(5 * phase))
    return np.stack([mono, mono])


def fire(rng, samples):
    low = np.stack([_band(rng.normal(0, 1, samples), 60, 500) for _ in range(2)]) * _slow(rng, samples, 3, 0.3, 1)
    crackle = np.stack([_band(_impulses(rng, samples, rng.uniform(8, 25), 1.2), 1200, 9000) for _ in range(2)])
    return 0.4 * low + 12 * crackle


def static(rng, samples):
    noise = np.stack([rng.normal(0, 1, samples) for _ in range(2)])
    return noise if rng.random() < 0.5 else _band(noise, 300, 6000)


def drone(rng, samples):
    """A low held cluster with slow beating and a moving upper band."""
    time = np.arange(samples) / SAMPLE_RATE
    base = rng.uniform(36, 75)
    out = []
    for _ in range(2):
        tone = sum(np.sin(2 * np.pi * base * k * (1 + rng.normal(0, 0.002)) * time + rng.uniform(0, 6)) / k ** 1.2
                   * _slow(rng, samples, 0.3, 0.3, 1) for k in (1, 1, 2, 3, 4, 5, 6))
        out.append(tone)
    return np.stack(out)


def crickets(rng, samples):
    time = np.arange(samples) / SAMPLE_RATE
    out = np.zeros((2, samples))
    for _ in range(int(rng.integers(2, 5))):
        frequency, rate = rng.uniform(3500, 5500), rng.uniform(1.5, 3)
        chirp = ((time * rate + rng.random()) % 1 < 0.35) * np.maximum(0, np.sin(2 * np.pi * rng.uniform(28, 45) * time))
        pan = rng.random()
        tone = chirp * np.sin(2 * np.pi * frequency * time)
        out += np.stack([tone * np.cos(pan * 1.57), tone * np.sin(pan * 1.57)])
    return out + 0.02 * rng.normal(0, 1, (2, samples))


TEXTURES = {"rain": rain, "wind": wind, "ocean waves": surf, "engine": engine, "gong": gong,
            "metallic resonance": metallic_resonance, "alarm": alarm, "fire": fire, "static": static, "drone": drone,
            "crickets": crickets}
