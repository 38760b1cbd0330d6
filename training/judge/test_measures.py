"""Measures on signals whose answer is known. Run in `training/`: python -m unittest judge.test_measures"""
import unittest

import numpy as np
from scipy.signal import butter, sosfilt

from judge import measures

RATE = measures.SAMPLE_RATE
rng = np.random.default_rng(5)


def stereo(mono):
    return np.stack([mono, mono]).astype(np.float32)


def seconds(count):
    return np.arange(int(count * RATE)) / RATE


def noise(count, level=0.1):
    return rng.normal(0, level, int(count * RATE))


def tone(frequency, count, harmonics=1):
    return sum(0.3 / n * np.sin(2 * np.pi * n * frequency * seconds(count)) for n in range(1, harmonics + 1))


def strokes(times, count, decay=0.05):
    """Bursts of noise that start within a sample and fall by 1/e in `decay` seconds."""
    out = np.zeros(int(count * RATE))
    for time in times:
        begin = int(time * RATE)
        length = min(int(8 * decay * RATE), len(out) - begin)
        out[begin:begin + length] += rng.normal(0, 0.2, length) * np.exp(-np.arange(length) / (decay * RATE))
    return out


def smeared(mono, width):
    """Energy spread over `width` seconds before and after, as by a long window."""
    kernel = rng.normal(0, 1, int(2 * width * RATE)) * np.hanning(int(2 * width * RATE))
    return np.convolve(mono, kernel / np.linalg.norm(kernel), "same")


class Attacks(unittest.TestCase):
    def test_modulation_depth_is_that_of_the_modulator(self):
        for depth in (0.1, 0.5):
            sound = stereo(noise(8) * (1 + depth * np.sin(2 * np.pi * measures.attacks.HOP_RATE * seconds(8))))
            self.assertAlmostEqual(measures.hop_modulation(sound), depth * 70.7, delta=2.0)

    def test_modulation_at_other_rates_and_noise_read_as_none(self):
        sound = stereo(noise(8) * (1 + 0.5 * np.sin(2 * np.pi * 80 * seconds(8))))
        self.assertLess(measures.hop_modulation(sound), 2.5)
        self.assertLess(measures.hop_modulation(stereo(noise(8))), 2.5)

    def test_onsets_are_found_where_strokes_are(self):
        times = np.arange(0.3, 4.5, 0.4)
        found = measures.onsets(stereo(strokes(times, 5))) * 64 / RATE
        self.assertEqual(len(found), len(times))
        self.assertLess(np.abs(found - times).max(), 0.008)

    def test_smearing_lowers_the_rise_and_raises_the_echo_before_it(self):
        clean = strokes(np.arange(0.3, 4.5, 0.4), 5)
        at = measures.onsets(stereo(clean))
        blurred = stereo(smeared(clean, 0.023))
        self.assertGreater(measures.rise_db(stereo(clean), at), 30)
        self.assertLess(measures.rise_db(blurred, at), measures.rise_db(stereo(clean), at) - 8)
        self.assertGreater(measures.pre_echo_db(blurred, at), measures.pre_echo_db(stereo(clean), at) + 10)

    def test_gain_changes_neither(self):
        clean = strokes(np.arange(0.3, 4.5, 0.4), 5)
        at = measures.onsets(stereo(clean))
        self.assertAlmostEqual(measures.rise_db(stereo(clean), at), measures.rise_db(stereo(clean * 0.7), at), delta=1.5)

    def test_onset_correlation_is_high_for_the_same_rhythm_only(self):
        times = np.sort(rng.uniform(0.2, 5.8, 14))
        other = np.sort(rng.uniform(0.2, 5.8, 14))
        source = stereo(strokes(times, 6))
        self.assertAlmostEqual(measures.onset_correlation(source, source), 1, places=5)
        self.assertGreater(measures.onset_correlation(source, stereo(strokes(times, 6))), 0.7)
        self.assertLess(measures.onset_correlation(source, stereo(strokes(other, 6))), 0.4)

    def test_envelope_correlation(self):
        swell = 0.55 + 0.45 * np.sin(2 * np.pi * 0.5 * seconds(6))
        source = stereo(noise(6) * swell)
        self.assertGreater(measures.envelope_correlation(source, stereo(tone(440, 6) * swell)), 0.95)
        self.assertLess(measures.envelope_correlation(source, stereo(noise(6))), 0.4)


class Rhythm(unittest.TestCase):
    def test_pulse_tells_a_beat_from_noise_and_irregular_strokes(self):
        self.assertGreater(measures.pulse(stereo(strokes(np.arange(0.1, 7.8, 0.5), 8))), 0.7)
        self.assertLess(measures.pulse(stereo(noise(8))), 0.25)
        self.assertLess(measures.pulse(stereo(strokes(np.cumsum(rng.uniform(0.1, 0.9, 15)) % 7.8, 8))), 0.5)

    def test_tempo_of_beats(self):
        for rate in (72, 100, 128, 174):
            beat = 60 / rate
            accents = strokes(np.arange(0.1, 7.8, beat), 8) + 0.3 * strokes(np.arange(0.1 + beat / 2, 7.8, beat), 8)
            self.assertLess(measures.tempo_error(stereo(accents), rate), 0.015, rate)
        self.assertAlmostEqual(measures.tempo(stereo(strokes(np.arange(0.1, 7.8, 0.5), 8))), 120, delta=1)

    def test_a_wrong_tempo_is_an_error(self):
        self.assertGreater(measures.tempo_error(stereo(strokes(np.arange(0.1, 7.8, 0.5), 8)), 97), 0.1)


class Pitch(unittest.TestCase):
    def test_harmonic_to_noise_ratio_is_that_of_the_mixture(self):
        note = tone(110, 3, 8)
        hiss = noise(3, 1.0)
        spectrum = np.fft.rfft(hiss)
        frequency = np.fft.rfftfreq(len(hiss), 1 / RATE)
        spectrum[(frequency < 66) | (frequency > 1320)] = 0
        hiss = np.fft.irfft(spectrum, len(hiss))
        for wanted in (0, 20):
            scale = np.sqrt((note ** 2).mean() / (hiss ** 2).mean()) * 10 ** (-wanted / 20)
            self.assertAlmostEqual(measures.harmonic_to_noise_db(stereo(note + scale * hiss), 110, 0.2, 2.8), wanted, delta=1.5)

    def test_a_pure_note_has_hardly_any_noise(self):
        self.assertGreater(measures.harmonic_to_noise_db(stereo(tone(41.2, 3, 8)), 41.2, 0.2, 2.8), 50)

    def test_cents(self):
        for cents in (-40, 0, 25, 90):
            median, spread = measures.pitch_deviation(stereo(tone(41.2034 * 2 ** (cents / 1200), 3, 6)), 41.2034, 0.2, 2.8)
            self.assertAlmostEqual(median, cents, delta=2)
            self.assertLess(spread, 3)

    def test_chroma_follows_the_notes_and_not_the_timbre(self):
        melody = [220.0, 277.18, 329.63, 246.94, 293.66, 220.0]
        play = lambda notes, harmonics: stereo(np.concatenate([tone(f, 0.6, harmonics) for f in notes]))
        self.assertGreater(measures.chroma_correlation(play(melody, 1), play(melody, 3)), 0.7)
        self.assertLess(measures.chroma_correlation(play(melody, 1), play([f * 2 ** (1 / 2) for f in melody], 1)), 0.2)


class Speech(unittest.TestCase):
    def test_stoi_is_one_for_itself_and_falls_with_noise(self):
        speech = sum(sosfilt(butter(2, band, "band", fs=RATE, output="sos"), noise(6)) * np.repeat(rng.uniform(0, 1, 60), RATE // 10)
                     for band in ((300, 600), (900, 1400), (2000, 3500)))
        power = np.sqrt((speech ** 2).mean())
        self.assertAlmostEqual(measures.stoi(stereo(speech), stereo(speech)), 1, places=4)
        self.assertAlmostEqual(measures.stoi(stereo(speech), stereo(speech * 0.2)), 1, places=3)
        values = [measures.stoi(stereo(speech), stereo(speech + noise(6, power * factor))) for factor in (0.3, 1, 3)]
        self.assertEqual(values, sorted(values, reverse=True))
        self.assertLess(values[-1], 0.6)

    def test_stoi_of_too_short_a_sound_is_an_error(self):
        with self.assertRaises(ValueError):
            measures.stoi(stereo(noise(0.2)), stereo(noise(0.2)))


class Stereo(unittest.TestCase):
    def test_mono_loss(self):
        one, two = noise(3), noise(3)
        self.assertAlmostEqual(measures.mono_loss(stereo(one)), 0, delta=0.01)
        self.assertAlmostEqual(measures.mono_loss(np.stack([one, two]).astype(np.float32)), 3.0, delta=0.2)

    def test_width(self):
        one, two = noise(3), noise(3)
        self.assertAlmostEqual(measures.width_db(np.stack([one, two])), 0, delta=0.2)
        self.assertAlmostEqual(measures.width_db(stereo(one)), -60, delta=0.1)

    def test_bass_out_of_phase_is_seen_beside_mono_highs(self):
        bass, high = tone(60, 3), tone(1000, 3)
        self.assertGreater(measures.bass_side_db(np.stack([bass + high, high - bass])), 20)
        self.assertLess(measures.bass_side_db(np.stack([bass + high, bass - high])), -30)


class Course(unittest.TestCase):
    def test_a_drone_stands_still_and_sections_do_not(self):
        drone = stereo(noise(30))
        bands = [(100, 400), (1000, 3000), (4000, 9000)] * 2
        sections = stereo(np.concatenate([sosfilt(butter(2, band, "band", fs=RATE, output="sos"), noise(5)) for band in bands]))
        self.assertLess(measures.spectral_change_db(drone), 0.5)
        self.assertGreater(measures.spectral_change_db(sections), 4)
        with self.assertRaises(ValueError):
            measures.spectral_change_db(stereo(noise(6)))

    def test_dead_gaps_count_where_the_source_plays(self):
        source, result = noise(6), noise(6)
        result[2 * RATE:int(3.5 * RATE)] = 0
        self.assertAlmostEqual(measures.dead_gaps(stereo(source), stereo(result)), 0.25, delta=0.02)
        source[2 * RATE:int(3.5 * RATE)] = 0
        self.assertEqual(measures.dead_gaps(stereo(source), stereo(result)), 0)

    def test_decay_orders_short_and_long_tails(self):
        times = np.arange(0.2, 5, 1.2)
        self.assertLess(measures.decay_seconds(stereo(strokes(times, 6, 0.03))), measures.decay_seconds(stereo(strokes(times, 6, 0.3))))


class Spectra(unittest.TestCase):
    def test_log_mel_distance_of_a_gain_is_that_gain(self):
        sound = stereo(noise(3))
        self.assertAlmostEqual(measures.log_mel_distance(sound, sound), 0, places=6)
        self.assertAlmostEqual(measures.log_mel_distance(sound, sound * 0.5), 6.02, delta=0.05)

    def test_spectrum_distance_ignores_level_and_sees_colour(self):
        sound = noise(3)
        low = sosfilt(butter(2, 1000, fs=RATE, output="sos"), sound)
        self.assertAlmostEqual(measures.spectrum_distance(stereo(sound), stereo(sound * 0.1)), 0, delta=0.01)
        self.assertGreater(measures.spectrum_distance(stereo(sound), stereo(low)), 6)

    def test_centroid_of_a_tone_is_its_frequency(self):
        self.assertAlmostEqual(measures.centroid(stereo(tone(1000, 2))), 1000, delta=100)


class Percussion(unittest.TestCase):
    def test_strokes_are_percussive_and_chords_are_not(self):
        drums = strokes(np.arange(0.1, 4.8, 0.25), 5, 0.02)
        chord = tone(220, 5, 6) + tone(277, 5, 6)
        self.assertGreater(measures.percussive_db(stereo(drums)), -3)
        self.assertLess(measures.percussive_db(stereo(chord)), -20)
        mixtures = [measures.percussive_db(stereo(chord + share * drums)) for share in (0.1, 0.5, 2)]
        self.assertEqual(mixtures, sorted(mixtures))


if __name__ == "__main__":
    unittest.main()
