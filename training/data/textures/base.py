"""What the textures are made of: bands of noise, slow curves, impulses, struck bodies, events spread in time and space."""
import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

SAMPLE_RATE = 44100


def times(samples):
    return np.arange(samples) / SAMPLE_RATE


def band(x, low, high, order=2):
    """`x` between two frequencies in hertz; 0 and Nyquist leave that side open."""
    nyquist = SAMPLE_RATE / 2
    if low <= 0:
        sos = butter(order, high / nyquist, "lowpass", output="sos")
    elif high >= nyquist:
        sos = butter(order, low / nyquist, "highpass", output="sos")
    else:
        sos = butter(order, [low / nyquist, high / nyquist], "bandpass", output="sos")
    return sosfilt(sos, x)


def noise(rng, samples, low=0, high=SAMPLE_RATE, order=2):
    x = rng.standard_normal(samples, np.float32)
    return x if low <= 0 and high >= SAMPLE_RATE / 2 else band(x, low, high, order)


def wide_noise(rng, samples, low, high, width=0.6):
    """Two channels that share a part; `width` 0 is mono."""
    middle, side = noise(rng, samples, low, high), noise(rng, samples, low, high) * width
    return np.stack([middle + side, middle - side])


def slow(rng, samples, rate, low, high):
    """A smooth random curve between low and high, about `rate` turns a second."""
    points = max(4, int(samples / SAMPLE_RATE * rate) + 4)
    values = rng.uniform(low, high, points)
    x = np.linspace(0, points - 1.001, samples)
    i = x.astype(int)
    f = (1 - np.cos(np.pi * (x - i))) / 2
    return values[i] * (1 - f) + values[np.minimum(i + 1, points - 1)] * f


def impulses(rng, samples, per_second, spread=1.0):
    """Single samples of random size, `per_second` of them."""
    out = np.zeros(samples)
    count = rng.poisson(per_second * samples / SAMPLE_RATE)
    out[rng.integers(0, samples, count)] = rng.normal(0, 1, count) * rng.lognormal(0, spread, count)
    return out


def decay(samples, seconds):
    """Exponential decay to 37 % in `seconds`."""
    return np.exp(-times(samples) / seconds)


def modal(rng, frequencies, decays, gains, seconds):
    """A struck body: damped sines."""
    t = times(int(seconds * SAMPLE_RATE))
    out = np.zeros(len(t))
    for frequency, fall, gain in zip(frequencies, decays, gains):
        if 20 < frequency < 18000:
            n = min(len(t), int(fall * 8 * SAMPLE_RATE))
            out[:n] += gain * np.exp(-t[:n] / fall) * np.sin(2 * np.pi * frequency * t[:n] + rng.uniform(0, 6))
    return out * np.minimum(1, t / 0.001)


def pan(mono, place):
    return np.stack([mono * np.cos(place * np.pi / 2), mono * np.sin(place * np.pi / 2)])


def spread(rng, samples, starts, make, width=0.5):
    """Events `make(rng)` (mono) at `starts` seconds, each at a place of its own."""
    out = np.zeros((2, samples))
    for start in starts:
        first = int(start * SAMPLE_RATE)
        if first < samples:
            event = make(rng)[:samples - first]
            out[:, first:first + len(event)] += pan(event, 0.5 + rng.uniform(-width, width) * 0.8)
    return out


def moments(rng, samples, gap, jitter=0.3):
    """Times in seconds, `gap` apart on average."""
    at, out = float(rng.uniform(0, min(gap, 0.6))), []
    while at < samples / SAMPLE_RATE - 0.05:
        out.append(at)
        at += gap * max(0.1, 1 + rng.normal(0, jitter))
    return out


def tone(frequency, samples=None, phase=0.0):
    """Sine of a frequency in hertz, a number or a curve."""
    if np.ndim(frequency) == 0:
        return np.sin(2 * np.pi * frequency * times(samples) + phase)
    return np.sin(2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE + phase)


def room(rng, x, seconds, wet, dark=5000):
    """A decaying room on [2, n]."""
    n = int(seconds * SAMPLE_RATE)
    impulse = band(rng.standard_normal((2, n)), 150, dark, 1) * 10 ** (-3 * np.arange(n) / n)
    impulse /= np.sqrt((impulse ** 2).sum(-1, keepdims=True))
    tail = fftconvolve(x, impulse, axes=-1)[:, :x.shape[1]]
    return x + wet * tail * np.std(x) / (np.std(tail) + 1e-9)
