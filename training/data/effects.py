"""Effects with words for them. Every function takes (rng, audio [2, samples], 44.1 kHz) and returns the same shape.

`EFFECTS` maps the word that captions use to the function that makes it true.
"""
import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

SAMPLE_RATE = 44100


def _filter(audio, kind, frequency, order=2):
    return sosfilt(butter(order, frequency / (SAMPLE_RATE / 2), kind, output="sos"), audio, axis=-1)


def _rms(audio):
    return np.sqrt(np.mean(audio ** 2)) + 1e-9


def _reverb(rng, audio, decay, wet, damping, pre_delay=0.01):
    """Convolution with decaying noise: `decay` seconds to -60 dB, `damping` the lowpass in hertz."""
    length = int(decay * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    impulse = rng.normal(0, 1, (2, length)) * 10 ** (-3 * time / decay)
    impulse = _filter(impulse, "lowpass", damping, 1)
    impulse /= np.sqrt((impulse ** 2).sum(-1, keepdims=True))
    delayed = np.pad(audio, ((0, 0), (int(pre_delay * SAMPLE_RATE), 0)))[:, :audio.shape[1]]
    tail = fftconvolve(delayed, impulse, axes=-1)[:, :audio.shape[1]]
    return (1 - wet) * audio + wet * tail * _rms(audio) / _rms(tail)


def dark(rng, audio):
    return _filter(audio, "lowpass", rng.uniform(700, 1300), 1) if rng.random() < 0.3 else _filter(
        audio, "lowpass", rng.uniform(900, 1600), 2)


def bright(rng, audio):
    """High shelf: adds the part above 2.5 kHz four to seven times, and thins the bottom."""
    return audio + rng.uniform(3, 6) * _filter(audio, "highpass", 2500, 1) - 0.4 * _filter(audio, "lowpass", 300, 1)


def muffled(rng, audio):
    return _filter(audio, "lowpass", rng.uniform(300, 600), 3)


def deep(rng, audio):
    """More low end: the part below 180 Hz comes out six times as strong as the rest."""
    low = _filter(audio, "lowpass", 180, 2)
    return audio * 0.5 + low * 2.5


def thin(rng, audio):
    return _filter(audio, "highpass", rng.uniform(600, 1000), 2)


def distant(rng, audio):
    return _reverb(rng, _filter(audio, "lowpass", rng.uniform(1800, 3000), 1), rng.uniform(1.5, 2.8), 0.85, 3000, 0.03)


def spacious(rng, audio):
    return _reverb(rng, audio, rng.uniform(2.5, 4.5), rng.uniform(0.5, 0.7), rng.uniform(4000, 9000), 0.025)


def room(rng, audio):
    """A small room, the neutral setting between dry and spacious; has no word."""
    return _reverb(rng, audio, rng.uniform(0.3, 0.8), rng.uniform(0.15, 0.3), 7000)


def distorted(rng, audio):
    drive = rng.uniform(8, 25)
    return np.tanh(audio / _rms(audio) * drive * 0.3)


def lo_fi(rng, audio):
    """Narrow band, eight-bit steps, wow and a little noise."""
    samples = audio.shape[1]
    time = np.arange(samples)
    wow = time + 60 * np.sin(2 * np.pi * rng.uniform(0.4, 0.9) * time / SAMPLE_RATE)
    wow = np.clip(wow, 0, samples - 2)
    i = wow.astype(int)
    audio = audio[:, i] * (1 - (wow - i)) + audio[:, i + 1] * (wow - i)
    audio = _filter(_filter(audio, "lowpass", 3800, 3), "highpass", 150, 1)
    step = _rms(audio) * 0.15
    audio = np.round(audio / step) * step
    hiss = rng.normal(0, 1, samples) * _rms(audio) * 0.04
    clicks = (rng.random(samples) < 4 / SAMPLE_RATE) * rng.normal(0, 6, samples) * _rms(audio)
    return audio + hiss + clicks


def tremolo(rng, audio):
    time = np.arange(audio.shape[1]) / SAMPLE_RATE
    return audio * (0.55 + 0.45 * np.sin(2 * np.pi * rng.uniform(4, 7) * time))


def echo(rng, audio):
    delay, out = int(rng.uniform(0.22, 0.45) * SAMPLE_RATE), audio.copy()
    for repeat in range(1, 5):
        gain, shift = rng.uniform(0.5, 0.6) ** repeat, delay * repeat
        if shift < audio.shape[1]:
            out[:, shift:] += gain * audio[::(-1 if repeat % 2 else 1), :audio.shape[1] - shift]
    return out


def wide(rng, audio):
    """Decorrelated sides: a short noise allpass added to one channel and taken from the other."""
    mono = audio.mean(0)
    impulse = rng.normal(0, 1, int(0.02 * SAMPLE_RATE)) * np.linspace(1, 0, int(0.02 * SAMPLE_RATE))
    impulse /= np.sqrt((impulse ** 2).sum())
    side = fftconvolve(mono, impulse)[:len(mono)] * rng.uniform(0.7, 1.0)
    return audio * 0.7 + np.stack([side, -side])


def mono(rng, audio):
    return np.repeat(audio.mean(0, keepdims=True), 2, axis=0)


EFFECTS = {"dark": dark, "bright": bright, "muffled": muffled, "deep": deep, "thin": thin, "distant": distant,
           "spacious": spacious, "distorted": distorted, "lo-fi": lo_fi, "tremolo": tremolo, "echo": echo, "wide": wide,
           "mono": mono}
#: Order in which chained effects are applied.
ORDER = ("distorted", "lo-fi", "tremolo", "thin", "bright", "dark", "muffled", "deep", "echo", "distant", "spacious",
         "wide", "mono")
#: Pairs that would contradict each other in one caption.
EXCLUSIVE = ({"dark", "bright"}, {"bright", "muffled"}, {"dark", "muffled"}, {"deep", "thin"}, {"wide", "mono"},
             {"distant", "spacious"}, {"thin", "muffled"}, {"dark", "thin"}, {"echo", "distant"}, {"mono", "spacious"},
             {"mono", "distant"}, {"lo-fi", "bright"})
