"""Measures of audio and the instrument judge; nothing here knows the model."""
