"""Effects with words for them. Every function takes (rng, audio [2, samples], 44.1 kHz) and returns the same shape.

`EFFECTS` maps the word that captions use to the function that makes it true.
"""
import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

SAMPLE_RATE = 44100


def _filter(audio, kind, frequency, order=2):
    return sosfilt(butter(order, np.asarray(frequency) / (SAMPLE_RATE / 2), kind, output="sos"), audio, axis=-1)


def _rms(audio):
    return np.sqrt(np.mean(audio ** 2)) + 1e-9


def _reverb(rng, audio, decay, wet, damping, pre_delay=0.01):
    """Convolution with decaying noise: `decay` seconds to -60 dB, `damping` the lowpass in hertz."""
    length = int(decay * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    noise = rng.standard_normal((2, length), np.float32)
    noise[1] = 0.4 * noise[0] + 0.9 * noise[1]
    impulse = _filter(noise * 10 ** (-3 * time / decay), "lowpass", damping, 1).astype(np.float32)
    impulse /= np.sqrt((impulse ** 2).sum(-1, keepdims=True))
    delayed = np.pad(audio, ((0, 0), (int(pre_delay * SAMPLE_RATE), 0)))[:, :audio.shape[1]].astype(np.float32)
    tail = fftconvolve(delayed, impulse, axes=-1)[:, :audio.shape[1]]
    return (1 - wet) * audio + wet * tail * _rms(audio) / _rms(tail)


def dark(rng, audio):
    """Less above 900 to 1800 Hz: gently, with air left, or steeply."""
    return _filter(audio, "lowpass", rng.uniform(800, 1500), 1) if rng.random() < 0.6 else _filter(audio, "lowpass", rng.uniform(1000, 1800), 2)


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


def cathedral(rng, audio):
    return _reverb(rng, audio, rng.uniform(5, 7.5), rng.uniform(0.6, 0.75), rng.uniform(2500, 5000), 0.04)


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
    audio = _filter(_filter(audio, "lowpass", rng.uniform(3200, 6000), 3), "highpass", rng.uniform(40, 120), 1)
    step = _rms(audio) * rng.uniform(0.02, 0.12)
    audio = np.round(audio / step) * step
    hiss = rng.normal(0, 1, samples) * _rms(audio) * rng.uniform(0.008, 0.03)
    clicks = (rng.random(samples) < 4 / SAMPLE_RATE) * rng.normal(0, 1.5, samples) * _rms(audio)
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


def chorus(rng, audio):
    """Copies whose delay sways, at other phases left and right."""
    samples, out = audio.shape[1], audio.copy()
    time = np.arange(samples) / SAMPLE_RATE
    for side in (0, 1):
        place = np.arange(samples) - SAMPLE_RATE * (0.012 + 0.004 * np.sin(2 * np.pi * rng.uniform(0.4, 1.4) * time + 2 * side))
        place = np.clip(place, 0, samples - 2)
        low = place.astype(np.intp)
        out[side] += audio[side, low] * (1 - (place - low)) + audio[side, low + 1] * (place - low)
    return out


def flanger(rng, audio):
    """The sound and a copy a few milliseconds late whose delay sways slowly: a comb that moves."""
    samples = audio.shape[1]
    time = np.arange(samples) / SAMPLE_RATE
    place = np.clip(np.arange(samples) - SAMPLE_RATE * (0.0032 + 0.0028 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * time)), 0, samples - 2)
    low = place.astype(np.intp)
    return audio + 0.9 * (audio[:, low] * (1 - (place - low)) + audio[:, low + 1] * (place - low))


def bitcrushed(rng, audio):
    hold = int(rng.integers(6, 16))
    held = np.repeat(audio[:, ::hold], hold, axis=1)[:, :audio.shape[1]]
    step = np.abs(audio).max() / rng.uniform(6, 14)
    return np.round(held / step) * step


def telephone(rng, audio):
    return np.tanh(_filter(_filter(audio, "highpass", 380, 3), "lowpass", 3200, 3).mean(0, keepdims=True).repeat(2, 0) / _rms(audio) * 1.5)


def warm(rng, audio):
    """Less treble, more lower middle, soft saturation."""
    out = _filter(audio, "lowpass", rng.uniform(3500, 5500), 1) + 0.5 * _filter(audio, "bandpass", [150, 500], 1)
    return np.tanh(out / _rms(out) * 0.4)


def reversed_(rng, audio):
    return audio[:, ::-1].copy()


def stutter(rng, audio):
    """Cuts the sound on and off eight to sixteen times a second in groups, as a gate does."""
    rate, time = rng.uniform(7, 13), np.arange(audio.shape[1]) / SAMPLE_RATE
    gate = ((time * rate) % 1 < 0.5).astype(np.float64)
    return audio * np.convolve(gate, np.ones(150) / 150, "same")


def wide(rng, audio):
    """Decorrelated sides: a short noise allpass added to one channel and taken from the other."""
    mono = audio.mean(0)
    impulse = rng.normal(0, 1, int(0.02 * SAMPLE_RATE)) * np.linspace(1, 0, int(0.02 * SAMPLE_RATE))
    impulse /= np.sqrt((impulse ** 2).sum())
    side = fftconvolve(mono, impulse)[:len(mono)] * rng.uniform(0.7, 1.0)
    return audio * 0.7 + 0.7 * np.stack([side, -side])


def mono(rng, audio):
    return np.repeat(audio.mean(0, keepdims=True), 2, axis=0)


EFFECTS = {"dark": dark, "bright": bright, "muffled": muffled, "deep": deep, "thin": thin, "distant": distant, "spacious": spacious, "cathedral": cathedral,
           "distorted": distorted, "lo-fi": lo_fi, "tremolo": tremolo, "echo": echo, "wide": wide, "mono": mono, "chorus": chorus, "flanger": flanger,
           "bitcrushed": bitcrushed, "telephone": telephone, "warm": warm, "reversed": reversed_, "stutter": stutter}
#: How often each is drawn, against the others.
WEIGHTS = {"dark": 1.5, "bright": 1.5, "distorted": 1.5, "lo-fi": 1.5, "spacious": 2, "deep": 1.3, "chorus": 0.5, "flanger": 0.5, "bitcrushed": 0.6, "telephone": 0.6,
           "reversed": 0.4, "stutter": 0.4, "mono": 0.6, "wide": 0.6}
#: Order in which chained effects are applied.
ORDER = ("reversed", "distorted", "bitcrushed", "lo-fi", "chorus", "flanger", "tremolo", "stutter", "telephone", "thin", "bright", "warm", "dark", "muffled", "deep", "echo", "distant",
         "spacious", "cathedral", "wide", "mono")
_ROOMS = ("spacious", "distant", "cathedral")
_TONES = ("dark", "bright", "muffled", "thin", "telephone", "warm")
#: Pairs that would contradict each other in one caption.
EXCLUSIVE = [{a, b} for group in (_ROOMS, _TONES) for a in group for b in group if a < b] + [
    {"deep", "thin"}, {"deep", "telephone"}, {"wide", "mono"}, {"echo", "distant"}, {"mono", "spacious"}, {"mono", "distant"}, {"mono", "cathedral"}, {"lo-fi", "bright"},
    {"lo-fi", "telephone"}, {"wide", "telephone"}, {"mono", "telephone"}, {"distorted", "bitcrushed"}, {"tremolo", "stutter"}, {"chorus", "flanger"}]
