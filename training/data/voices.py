"""Spoken voices by eSpeak NG, in process through ctypes (libespeak-ng 1), and what is done to them: robot, telephone, radio, crowd.

Without the library `available()` is false and no voices are drawn. eSpeak keeps a state between sentences: what is said and by whom depends on the seed
alone, the very samples do not.
"""
import ctypes
import ctypes.util

import numpy as np
from scipy.signal import butter, sosfilt

SAMPLE_RATE = 44100
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_state = {}

_SUBJECTS = ("the river", "a stranger", "my sister", "the captain", "this machine", "everybody", "the old teacher", "our neighbour", "the doctor", "a small child", "the radio",
             "nobody", "the morning light", "your brother", "the market", "an engineer", "the queen", "somebody upstairs")
_VERBS = ("carries", "remembers", "opened", "will follow", "has forgotten", "sings about", "is waiting for", "never saw", "built", "is afraid of", "can explain", "painted",
          "sold", "has written to", "dreams of", "walked past", "looks after")
_OBJECTS = ("the garden", "a letter from home", "seven blue boxes", "the last train", "an empty house", "every question", "the long winter", "a ship of glass", "the northern road",
            "two hundred people", "fresh bread and coffee", "the quiet mountains", "a broken window", "the whole story", "music in the street", "that yellow bird")
_ENDS = ("", "", "in the evening", "before the rain", "without a sound", "every single day", "once again", "at half past nine", "for a very long time", "as usual")
MALE = ("m1", "m2", "m3", "m4", "m5", "m7", "Lee", "Andy", "john", "michel", "quincy", "klatt", "caleb", "david", "edward")
FEMALE = ("f1", "f2", "f3", "f4", "f5", "Annie", "linda", "Andrea", "steph", "belinda", "shelby", "anika", "Alicia")
_LANGUAGES = ("en", "en-us", "en", "en-us", "de", "fr", "es", "it")


def _library():
    if "library" not in _state:
        try:
            library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
            _state["rate"] = library.espeak_Initialize(2, 0, None, 0)
            pieces = _state["pieces"] = []

            def receive(samples, count, _events):
                if samples and count > 0:
                    pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32768)
                return 0
            _state["callback"] = _CALLBACK(receive)
            library.espeak_SetSynthCallback(_state["callback"])
        except OSError:
            library = None
        _state["library"] = library
    return _state["library"]


def available():
    """Whether eSpeak NG can be loaded."""
    return _library() is not None


def sentence(rng):
    """A sentence of no meaning."""
    return " ".join(w for w in (_SUBJECTS[rng.integers(len(_SUBJECTS))], _VERBS[rng.integers(len(_VERBS))], _OBJECTS[rng.integers(len(_OBJECTS))],
                                _ENDS[rng.integers(len(_ENDS))]) if w) + "."


def speak(rng, seconds, variant, speed=None, pitch=None):
    """Mono float64 [seconds * 44100]: sentences with pauses between them."""
    library, total = _library(), int(seconds * SAMPLE_RATE)
    library.espeak_SetVoiceByName(f"{_LANGUAGES[rng.integers(len(_LANGUAGES))]}+{variant}".encode())
    library.espeak_SetParameter(1, int(speed or rng.integers(125, 205)), 0)
    library.espeak_SetParameter(3, int(pitch if pitch is not None else rng.integers(25, 70)), 0)
    library.espeak_SetParameter(4, int(rng.integers(25, 75)), 0)
    out, position = np.zeros(total), int(rng.uniform(0, 0.4) * SAMPLE_RATE)
    while position < total:
        del _state["pieces"][:]
        text = (sentence(rng) + "\0").encode()
        library.espeak_Synth(text, len(text), 0, 1, 0, 1, None, None)
        if not _state["pieces"]:
            break
        spoken = np.concatenate(_state["pieces"])
        ratio = _state["rate"] / SAMPLE_RATE
        place = np.arange(int((len(spoken) - 1) / ratio)) * ratio
        spoken = np.interp(place, np.arange(len(spoken)), spoken)[:total - position]
        out[position:position + len(spoken)] += spoken
        position += len(spoken) + int(rng.uniform(0.1, 0.6) * SAMPLE_RATE)
    return out


def _band(x, low, high, order=2):
    return sosfilt(butter(order, [low / (SAMPLE_RATE / 2), high / (SAMPLE_RATE / 2)], "bandpass", output="sos"), x)


def _both(x):
    return np.stack([x, x])


def man(rng, seconds):
    return _both(speak(rng, seconds, str(rng.choice(MALE)), pitch=int(rng.integers(15, 50))))


def woman(rng, seconds):
    return _both(speak(rng, seconds, str(rng.choice(FEMALE)), pitch=int(rng.integers(45, 80))))


def whisper(rng, seconds):
    return _both(speak(rng, seconds, str(rng.choice(["whisper", "whisperf"]))))


def robot(rng, seconds):
    """Ring modulation, a comb, or a voice of one pitch."""
    kind = rng.integers(4)
    spoken = speak(rng, seconds, str(rng.choice(["UniRobot", "robosoft", "robosoft3", "robosoft5", "anikaRobot", "m3"] if kind == 3 else MALE)), pitch=int(rng.integers(20, 50)))
    t = np.arange(len(spoken)) / SAMPLE_RATE
    if kind == 0:
        return _both(spoken * np.sin(2 * np.pi * rng.uniform(30, 120) * t))
    if kind == 1:
        delay = int(SAMPLE_RATE / rng.uniform(70, 160))
        out = spoken.copy()
        for turn in range(1, 7):
            out[turn * delay:] += 0.82 ** turn * spoken[:-turn * delay]
        return _both(out)
    if kind == 2:
        step = np.abs(spoken).max() / 10
        return _both(np.round(spoken * np.sign(np.sin(2 * np.pi * rng.uniform(50, 90) * t)) / step) * step)
    return _both(spoken)


def telephone(rng, seconds):
    spoken = _band(speak(rng, seconds, str(rng.choice(MALE + FEMALE))), 350, 3200, 4)
    return _both(np.tanh(spoken / (np.std(spoken) + 1e-9) * 1.2) + 0.02 * rng.normal(0, 1, len(spoken)))


def old_radio(rng, seconds):
    """A voice in a narrow band, with hum, hiss, fading and crackle."""
    spoken = _band(speak(rng, seconds, str(rng.choice(MALE + FEMALE))), 400, 2800, 3)
    t = np.arange(len(spoken)) / SAMPLE_RATE
    spoken = np.tanh(spoken / (np.std(spoken) + 1e-9)) * (0.8 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.1, 0.6) * t))
    clicks = (rng.random(len(t)) < 12 / SAMPLE_RATE) * rng.normal(0, 8, len(t))
    noise = _band(rng.normal(0, 1, len(t)) * 0.25 + clicks, 500, 4000)
    return _both(spoken + noise + 0.05 * np.sin(2 * np.pi * 100 * t) + 0.03 * np.sin(2 * np.pi * rng.uniform(900, 2400) * t * (1 + 0.02 * np.sin(t))))


def _people(rng, seconds, count):
    out = np.zeros((2, int(seconds * SAMPLE_RATE)))
    for _ in range(count):
        spoken = speak(rng, seconds, str(rng.choice(MALE + FEMALE)))
        shift, pan = int(rng.integers(len(spoken))), rng.uniform(0.15, 0.85)
        spoken = np.roll(spoken, shift) * rng.uniform(0.4, 1)
        out += np.stack([spoken * np.cos(pan * np.pi / 2), spoken * np.sin(pan * np.pi / 2)])
    return out


def crowd_murmur(rng, seconds):
    """Many people talk in a room; no word can be made out."""
    people = _people(rng, seconds, 5)
    people = people + np.roll(people[::-1], int(1.7 * SAMPLE_RATE), 1) + np.roll(people, int(3.1 * SAMPLE_RATE), 1)
    return sosfilt(butter(1, 2500 / (SAMPLE_RATE / 2), "lowpass", output="sos"), people, axis=-1)


def conversation(rng, seconds):
    return _people(rng, seconds, 2)


VOICES = {"male speech": man, "female speech": woman, "whisper": whisper, "robot voice": robot, "telephone voice": telephone, "old radio": old_radio,
          "crowd murmur": crowd_murmur, "conversation": conversation}
