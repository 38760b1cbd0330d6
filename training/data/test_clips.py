"""What must hold of every clip: python -m unittest data.test_clips"""
import json
import os
import unittest

import numpy as np
from scipy.signal import butter, sosfilt

from data import captions, recordings
from data.clips import BANDS, FAMILIES, make_clip, make_pair
from data.effects import EFFECTS
from data.grooves import GROOVES
from data.instruments import INSTRUMENTS
from data.render import SOUNDFONTS, Synthesizer
from data.textures import STEADY, TEXTURES
from data.vocabulary import EFFECT_ADJECTIVES, EFFECT_PHRASES, WORDS
from data.voices import VOICES

SECONDS = 4.0


class Tables(unittest.TestCase):
    def test_everything_that_sounds_has_words(self):
        for kind, names in (("instrument", INSTRUMENTS), ("drums", GROOVES), ("texture", TEXTURES), ("voice", VOICES), ("band", BANDS)):
            self.assertEqual(set(WORDS[kind]), set(names))
        self.assertEqual(set(EFFECTS), set(EFFECT_ADJECTIVES))
        self.assertEqual(set(EFFECTS), set(EFFECT_PHRASES))

    def test_what_can_be_asked_for_is_as_much_as_promised(self):
        self.assertGreaterEqual(len(INSTRUMENTS), 60)
        self.assertGreaterEqual(len(BANDS), 16)
        self.assertGreaterEqual(len(TEXTURES), 50)
        self.assertGreaterEqual(len(captions.vocabulary()), 600)

    def test_no_recording_of_the_judge_is_used(self):
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, "..", "judge", "held_out.json")) as file:
            held_out = set(json.load(file))
        used = set(recordings.RECORDINGS) | {name for table in (recordings._STROKES, recordings._TABLA) for names in table.values() for name in names}
        self.assertFalse(used & held_out)
        self.assertFalse(any("TimGM6mb" in path or "GMbank" in path for row in SOUNDFONTS for path in row))

    def test_steady_textures_exist(self):
        self.assertLessEqual(set(STEADY), set(TEXTURES))


@unittest.skipUnless(os.path.exists(SOUNDFONTS[0][0]), "fluid-soundfont-gm is not installed")
class Clips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.synthesizers = [Synthesizer(SOUNDFONTS[0][0])]

    def test_a_seed_fixes_the_clip_whatever_was_made_before(self):
        for kind in ("instrument", "drums", "band", "texture"):
            first = make_clip(self.synthesizers, 3, SECONDS, kind)
            make_clip(self.synthesizers, 4, SECONDS, "band")
            again = make_clip(self.synthesizers, 3, SECONDS, kind)
            self.assertEqual(first[0], again[0])
            self.assertTrue(np.array_equal(first[1], again[1]), kind)

    def test_clips_are_sane_and_worded_and_labelled(self):
        rng, low = np.random.default_rng(0), butter(4, 80 / 22050, output="sos")
        for seed in range(40):
            facts, audio = make_clip(self.synthesizers, seed, SECONDS)
            self.assertEqual(audio.shape, (2, int(SECONDS * 44100)))
            self.assertTrue(np.isfinite(audio).all() and np.abs(audio).max() < 1)
            self.assertGreater(np.sqrt(np.mean(audio ** 2)), 0.03)
            middle, side = audio.mean(0), (audio[0] - audio[1]) / 2
            self.assertLessEqual(np.mean(side ** 2), 0.7 * np.mean(middle ** 2))
            self.assertLess(np.mean(sosfilt(low, side) ** 2), 0.003 * np.mean(middle ** 2))
            indices = captions.labels(facts)
            self.assertEqual(sum(i < captions.NAME_COUNT for i in indices), 1)
            self.assertLess(max(indices), captions.LABEL_COUNT)
            for _ in range(5):
                text = captions.caption(rng, facts)
                self.assertTrue(text.strip())
                self.assertEqual(len(captions.worded(text, facts)), captions.LABEL_COUNT)

    def test_what_a_band_lacks_is_not_among_its_parts(self):
        for seed in range(30):
            facts, _ = make_clip(self.synthesizers, seed, SECONDS, "band")
            for absent in facts["absent"]:
                self.assertFalse(set(FAMILIES.get(absent, ())) & set(facts["parts"]), facts)
                self.assertFalse(absent == "drums" and facts["drums"], facts)

    def test_drums_start_on_the_grid_of_their_tempo(self):
        facts, audio = make_clip(self.synthesizers, 5, 12.0, "drums", "techno", ())
        envelope = np.abs(audio.mean(0))[:len(audio[0]) // 441 * 441].reshape(-1, 441).max(1)
        rises = np.maximum(0, np.diff(np.log(envelope + 1e-3)))
        beat = 60 / facts["bpm"] * 100
        score = lambda period: np.abs(np.sum(rises * np.exp(2j * np.pi * np.arange(len(rises)) / period)))
        self.assertGreater(score(beat), 1.5 * max(score(beat * f) for f in (0.93, 0.96, 1.04, 1.07)))

    def test_the_two_of_a_pair_have_one_length_and_other_facts(self):
        for seed in range(14):
            (one, first), (two, second) = make_pair(self.synthesizers, seed, SECONDS)
            self.assertEqual(first.shape, second.shape)
            self.assertNotEqual(one, two)
            self.assertEqual(one["bpm"], two["bpm"])


if __name__ == "__main__":
    unittest.main()
