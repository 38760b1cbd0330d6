"""Sounds of a model while it trains: a few prompts on the same source, as WAV files and one picture of their spectra."""
import os

import numpy as np
import torch

from data.clips import make_clip
from data.render import Synthesizer
from fit_pretransform import load as load_pretransform
from judge import measures
from judge.report import write_sound

SECONDS = 96 * 2048 / 44100
PROMPTS = ("piano", "strings", "distorted guitar", "rock drums", "dark spacious synth pad", "rain")


def write_samples(work, step, model, guidance=5.0, name="samples"):
    """WORK/NAME/STEP-PROMPT.wav and WORK/NAME/STEP.png: an electric guitar transformed at noise 0.9 in 8 steps, with guidance."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    folder, pretransform = os.path.join(work, name), load_pretransform(work)
    os.makedirs(folder, exist_ok=True)
    source = make_clip(Synthesizer(), 20_000_000, SECONDS, "instrument", "electric guitar", ())[1]
    latents = torch.from_numpy(np.stack([pretransform.encode(source)] * len(PROMPTS)))
    structure = torch.from_numpy(np.stack([model.structure.analyse(source)] * len(PROMPTS)))
    made = model.transform(latents, list(PROMPTS), guidance=guidance, structure=structure)
    figure, axes = pyplot.subplots(1, len(PROMPTS) + 1, figsize=(3 * len(PROMPTS) + 3, 3))
    sounds = [("source", source)] + [(prompt, pretransform.decode(z.numpy())) for prompt, z in zip(PROMPTS, made)]
    for axis, (name, audio) in zip(axes, sounds):
        write_sound(os.path.join(folder, f"{step:06d}-{name.replace(' ', '-')}.wav"), audio)
        axis.imshow(measures.log_mel(audio, 2048, 96)[::-1], aspect="auto", cmap="magma")
        axis.set_title(name)
        axis.axis("off")
    figure.savefig(os.path.join(folder, f"{step:06d}.png"), dpi=70)
    pyplot.close(figure)
