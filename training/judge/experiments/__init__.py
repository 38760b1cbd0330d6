"""What the evaluation does with a model. Every experiment takes the `Evaluation` to which it adds its figures and examples."""
from .control import control, judge
from .course import course, durations
from .inpainting import editing
from .levels import levels
from .mono import mono
from .prompts import matrix, no_drums, words
from .reconstruction import reconstruction
from .rhythm import rhythm
from .speed import speed

EXPERIMENTS = {function.__name__: function for function in (
    reconstruction, levels, rhythm, matrix, no_drums, mono, course, speed, judge, control, words, editing, durations)}
