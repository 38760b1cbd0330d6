"""Checks of the judge's parts. Run in `training/`: python -m unittest judge.test_judge"""
import unittest

import numpy as np

from judge import targets
from judge.classes import ALL, BY_NAME, JUDGED
from judge.features import features
from judge.phrases import phrase
from judge.players import midi
from judge.recordings import FILES, HELD_OUT, PACKAGES, SONIC_PI, missing

try:
    from judge import clips
except (FileNotFoundError, OSError) as error:  # FluidSynth's library
    clips, WHY = None, str(error)


class Phrases(unittest.TestCase):
    def test_notes_stay_in_range_and_in_time(self):
        for entry in ALL:
            for style in entry.styles:
                notes = phrase(np.random.default_rng(4), style, entry.low, entry.high, 4.5)
                self.assertTrue(notes, (entry.name, style))
                for start, duration, pitch, velocity in notes:
                    self.assertTrue(0 <= start < 4.5 and duration > 0 and 1 <= velocity <= 127, (entry.name, style))
                    self.assertTrue(style == "drums" or entry.low <= pitch <= entry.high, (entry.name, style, pitch))

    def test_a_seed_fixes_a_phrase_and_a_tempo_its_beat(self):
        play = lambda seed, **options: phrase(np.random.default_rng(seed), "drums", 0, 0, 9, **options)
        self.assertEqual(play(1), play(1))
        self.assertNotEqual(play(1), play(2))
        kicks = sorted(start for start, _, key, _ in play(3, tempo=120) if key in (35, 36))
        steps = np.diff(kicks) / 0.125
        self.assertLess(np.abs(steps - np.round(steps)).max(), 1e-6)

    def test_midi_has_its_lengths_right(self):
        file = midi([(0.0, 1.0, 60, 90), (20.0, 1.0, 62, 90)], 40)
        self.assertEqual(file[:4], b"MThd")
        self.assertEqual(int.from_bytes(file[18:22], "big"), len(file) - 22)
        self.assertEqual(file[-3:], b"\xff\x2f\0")


class Features(unittest.TestCase):
    def test_level_does_not_matter_and_short_sounds_are_taken(self):
        rng = np.random.default_rng(1)
        sound = (rng.normal(0, 0.1, (2, 66150)) * np.exp(-np.arange(66150) / 9000)).astype(np.float32)
        self.assertLess(np.abs(features(sound) - features(sound * 0.25)).max(), 0.05)
        for short in (sound[:, :9000], np.zeros((2, 9000), np.float32)):
            self.assertTrue(np.isfinite(features(short)).all())
            self.assertEqual(features(short).shape, features(sound).shape)


class Tables(unittest.TestCase):
    def test_there_are_24_judged_classes(self):
        self.assertEqual(len(JUDGED), 24)
        self.assertEqual(len(set(JUDGED)), 24)
        self.assertLessEqual(set(JUDGED), set(BY_NAME))

    def test_all_recordings_of_sonic_pi_are_held_out(self):
        self.assertEqual(len(HELD_OUT), 57)
        self.assertLessEqual({name for name, _, place, *_ in FILES if place is SONIC_PI}, HELD_OUT)

    def test_a_target_is_reached_only_with_all_its_figures(self):
        report = {section: {measure: 0.0 for _, _, _, parts in targets.TARGETS for s, measure, _ in parts if s == section}
                  for _, _, _, parts in targets.TARGETS for section, _, _ in parts}
        report["prompt control"].update({"rendered sources: target first": 0.9, "rendered sources: lowest class": 0.3})
        verdicts = {what: reached for what, _, _, reached in targets.rows(report)}
        self.assertEqual(verdicts["target named first, rendered sources / lowest class"], "no")
        report["prompt control"]["rendered sources: lowest class"] = 0.4
        verdicts = {what: reached for what, _, _, reached in targets.rows(report)}
        self.assertEqual(verdicts["target named first, rendered sources / lowest class"], "yes")
        del report["mono"]
        self.assertEqual({what: reached for what, _, _, reached in targets.rows(report)}["mono loss of the seed prompt, median"], "not measured")


@unittest.skipIf(clips is None or missing(), f"needs these Debian packages: {' '.join(PACKAGES)}")
class Clips(unittest.TestCase):
    def test_every_judged_class_has_players_and_sounds(self):
        for name in JUDGED:
            self.assertGreaterEqual(len(clips.able(BY_NAME[name])), 2, name)
            sound = clips.clip(name, 5, seconds=2.0)
            self.assertEqual(sound.shape, (2, 88200))
            self.assertGreater(np.sqrt(np.mean(sound ** 2)), 0.02, name)
            self.assertLess(np.abs(sound).max(), 0.981, name)

    def test_a_seed_fixes_a_clip(self):
        self.assertTrue(np.array_equal(clips.clip("harp", 7), clips.clip("harp", 7)))


if __name__ == "__main__":
    unittest.main()
