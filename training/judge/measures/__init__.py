"""Measures of audio. Sounds are float [2, samples] at 44.1 kHz unless a function says otherwise; nothing here knows the model.

    spectra        levels, mel bands, distances of spectra
    attacks        hop-rate modulation, rise, pre-echo, correlation of onsets and envelopes
    rhythm         pulse and tempo
    pitch          chroma, harmonic-to-noise ratio, deviation in cents
    speech         short-time objective intelligibility (STOI)
    stereo         width, loss in mono, width of the bass
    course         what changes over time: decay, standing still, dead gaps, seams
    percussion     energy of drums
"""
from .attacks import envelope_correlation, hop_modulation, onset_correlation, onsets, pre_echo_db, rise_db
from .course import clicks, dead_gaps, decay_seconds, largest_step, seam_jump_db, spectral_change_db
from .percussion import percussive_db
from .pitch import chroma, chroma_correlation, harmonic_to_noise_db, pitch_deviation
from .rhythm import pulse, tempo, tempo_error
from .speech import stoi
from .spectra import (SAMPLE_RATE, centroid, high_db, log_mel, log_mel_distance, loudness, mel_bank, overtone_share, power,
                      spectrum_distance)
from .stereo import bass_side_db, mono_loss, width_db

__all__ = [name for name in globals() if not name.startswith("_")]
