"""Captioned clips made by program: scores, rendering, textures, effects, words."""
