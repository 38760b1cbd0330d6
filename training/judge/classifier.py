"""The instrument judge: log-mel and cepstral statistics, standardised, into a support vector machine.

It is trained on renders of a soundfont that the model never saw, as they are and after a pass through the pretransform (so that what it
hears in generated audio is not news to it).
"""
import numpy as np
from scipy.fft import dct
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from .measures import log_mel

#: What the judge can say. Sixteen classes that both soundfonts render recognisably.
CLASSES = ("piano", "harpsichord", "music box", "marimba", "organ", "accordion", "acoustic guitar", "distorted guitar", "bass",
           "strings", "harp", "choir", "trumpet", "saxophone", "flute", "drums")


def features(audio):
    """One vector [D] of a clip: statistics over time of log-mel levels, their changes, and cepstra."""
    level = log_mel(audio, 2048, 64, -70)
    level = level - level.max()
    loud = level[:, level.max(0) > -45]
    if loud.shape[1] < 8:
        loud = level
    shape = loud - loud.mean(0)
    change = np.diff(level, axis=1)
    cepstra = dct(loud, axis=0, norm="ortho")[1:25]
    return np.concatenate([shape.mean(1), np.percentile(shape, 90, 1), cepstra.mean(1), cepstra.std(1), np.diff(cepstra).std(1),
                           np.maximum(change, 0).mean(1), np.percentile(change, 95, 1), np.percentile(change, 15, 1)])


class Judge:
    """`fit` on clips and class names, `rank` to get classes by likelihood."""

    def __init__(self):
        self.model = make_pipeline(StandardScaler(), SVC(C=8, gamma="scale", probability=False, decision_function_shape="ovr"))

    def fit(self, vectors, names):
        self.model.fit(np.stack(vectors), names)
        return self

    def rank(self, audio):
        """Class names, most likely first."""
        scores = self.model.decision_function(features(audio)[None])[0]
        return [str(self.model.classes_[i]) for i in np.argsort(-scores)]

    def accuracy(self, clips, names):
        """Share of clips whose first choice is right."""
        return float(np.mean([self.rank(clip)[0] == name for clip, name in zip(clips, names)]))
