"""The instrument judge: a support vector machine on `features`, trained on sources that no model was trained on."""
import hashlib
import os
import pickle

import numpy as np
from scipy.signal import butter, sosfilt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from .classes import BY_NAME, JUDGED
from .clips import SECONDS, able, clip
from .features import features
from .players import SAMPLE_RATE

SEED = 10_000_000
GAMMA = 0.5 / 659   # half of the usual 1 / features: 2 points more on renders of FluidR3


class Judge:
    """`fit` on vectors and class names, `rank` to get the classes, the likeliest first."""

    def __init__(self):
        within = FunctionTransformer(np.clip, kw_args={"a_min": -4, "a_max": 4})
        self.model = make_pipeline(StandardScaler(), within, SVC(C=8, gamma=GAMMA, decision_function_shape="ovr"))

    @property
    def classes(self):
        return [str(name) for name in self.model.classes_]

    def fit(self, vectors, names):
        self.model.fit(np.stack(vectors), names)
        return self

    def rank(self, audio):
        scores = self.model.decision_function(features(audio)[None])[0]
        return [self.classes[i] for i in np.argsort(-scores)]


def coloured(rng, audio):
    """A copy of a clip through one to three random filters of up to 9 dB, in a third of the cases with noise 25 to 55 dB down."""
    for _ in range(rng.integers(1, 4)):
        centre, gain = float(np.exp(rng.uniform(np.log(80), np.log(9000)))), 10 ** (rng.uniform(-9, 9) / 20)
        kind = ("lowpass", "highpass", "bandpass")[rng.integers(3)]
        edges = [centre * 0.7, centre * 1.4] if kind == "bandpass" else centre
        audio = audio + (gain - 1) * sosfilt(butter(1, edges, kind, fs=SAMPLE_RATE, output="sos"), audio, axis=1)
    if rng.random() < 1 / 3:
        audio = audio + rng.normal(0, 1, audio.shape) * np.sqrt(np.mean(audio ** 2)) * 10 ** (-rng.uniform(25, 55) / 20)
    return audio


def retuned(rng, name, seed, player):
    """A clip at another speed, up to 2.5 semitones away: other formants, as another instrument of its kind has."""
    ratio = 2 ** (rng.uniform(-2.5, 2.5) / 12)
    audio = clip(name, seed, player, SECONDS * max(ratio, 1))
    place = np.arange(int(SECONDS * SAMPLE_RATE)) * ratio
    return np.stack([np.interp(place, np.arange(audio.shape[1]), channel, right=0) for channel in audio])


def training_clips(name, number):
    """Clips of one class for one round of training: one of every player, of drums one of three."""
    players = able(BY_NAME[name])
    if name == "drums":
        kits = [player for player in players if player not in ("TimGM6mb", "freepats", "sf_GMbank")]
        players = ["TimGM6mb", "freepats", kits[number % len(kits)]]
    for index, player in enumerate(players):
        seed = SEED + 1000 * number + 10 * JUDGED.index(name) + index
        rng = np.random.default_rng(seed)
        audio = retuned(rng, name, seed, player) if number % 2 else clip(name, seed, player)
        yield (coloured(rng, audio) if rng.random() < 0.6 else audio).astype(np.float32)


def fitted_judge(folder, rebuild, rounds, decoded):
    """A judge fitted on `rounds` clips of every class and player, the first `decoded` rounds also through the model; kept in `folder`.

    `rebuild(audio)` encodes and decodes: whoever judges generated sounds must know what the decoder does to real ones. A judge is kept
    for each decoder (known by what it makes of one clip); vectors of the plain clips are kept for all.
    """
    os.makedirs(folder, exist_ok=True)
    decoder = _name(np.round(rebuild(clip("harp", 1)) * 1000).astype(np.int16).tobytes())
    file = os.path.join(folder, f"judge-{rounds}-{decoded}-{decoder}-{_name(*_code())}.pickle")
    if os.path.exists(file):
        with open(file, "rb") as kept:
            return pickle.load(kept)
    pairs = []
    for number in range(rounds):
        pairs += _kept(os.path.join(folder, f"clips-{_name(*_code())}-{number}.npz"), number, lambda audio: audio)
        if number < decoded:
            pairs += _kept(os.path.join(folder, f"clips-{_name(*_code())}-{number}-{decoder}.npz"), number, rebuild)
    judge = Judge().fit([vector for _, vector in pairs], [name for name, _ in pairs])
    with open(file, "wb") as kept:
        pickle.dump(judge, kept)
    return judge


def _name(*contents):
    """Twelve letters that stand for contents (bytes)."""
    return hashlib.sha256(b"".join(contents)).hexdigest()[:12]


def _code():
    """The code that decides what a judge is: with another one, another judge is fitted."""
    folder = os.path.dirname(os.path.abspath(__file__))
    return [open(os.path.join(folder, f"{part}.py"), "rb").read() for part in ("classes", "clips", "phrases", "players", "features", "classifier")]


def _kept(file, number, change):
    """[(class, vector)] of the clips of one round after `change`, kept in a file."""
    if not os.path.exists(file):
        made = [(name, features(change(audio))) for name in JUDGED for audio in training_clips(name, number)]
        np.savez_compressed(file, names=np.array([name for name, _ in made]), vectors=np.stack([vector for _, vector in made]).astype(np.float32))
    with np.load(file) as kept:
        return list(zip(map(str, kept["names"]), kept["vectors"]))
