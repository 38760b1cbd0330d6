"""The whole model: text encoder, conditioner, diffusion transformer; made from a model_config.json, loaded from a model folder."""
import json
import os

import torch
from torch import nn

from data.tokenizer import Tokenizer

from . import safetensors
from .conditioners import Conditioner
from .dit import DiffusionTransformer
from .sampling import euler, ramped_guidance, schedule
from .spectral import SpectralPretransform
from .structure import KINDS, Structure, strength_at
from .text_encoder import TextEncoder


class Retone(nn.Module):
    """Everything that is trained together; the pretransform and the tokenizer are attributes beside it."""

    def __init__(self, config, text_config, tokenizer):
        super().__init__()
        self.config, self.tokenizer, self.pretransform = config, tokenizer, None
        self.text_encoder = TextEncoder(text_config["encoder"])
        self.conditioner = Conditioner(config["model"]["conditioning"])
        self.dit = DiffusionTransformer(config["model"]["diffusion"]["config"])
        entry = next((e for e in config["model"]["conditioning"]["configs"] if e["type"] == "structure"), None)
        self.structure = entry and Structure(entry["config"])

    def tokenize(self, prompts):
        """(ids int64, mask) [B, max_length] of a list of texts, padded with id 0 on the right."""
        length = self.conditioner.max_length
        ids, mask = torch.zeros(len(prompts), length, dtype=torch.int64), torch.zeros(len(prompts), length)
        for row, prompt in enumerate(prompts):
            tokens = self.tokenizer.encode(prompt, length)
            ids[row, :len(tokens)], mask[row, :len(tokens)] = torch.tensor(tokens, dtype=torch.int64), 1
        return ids, mask

    def encode_text(self, ids, mask):
        """Encoder rows [B, max_length, width]; only as many columns as hold tokens are computed."""
        used = max(1, int(mask.sum(1).max()))
        rows = self.text_encoder(ids[:, :used], mask[:, :used])
        return torch.nn.functional.pad(rows, (0, 0, 0, ids.shape[1] - used))

    def condition(self, prompts, seconds, negative=False):
        """(context, duration) for texts and a list of seconds."""
        ids, mask = self.tokenize(prompts)
        return self.conditioner(self.encode_text(ids, mask), mask, torch.as_tensor(seconds, dtype=torch.float32), negative)

    def local_condition(self, latents, kept=None, structure=None, level=1.0):
        """[B, L, T or 1]: mask and masked latents `kept` [B, 1 + C, T] of inpainting, and the source's structure values [B, S, T] at a noise level.

        Without either it is zeros, one column for all.
        """
        count, channels, frames = latents.shape
        if kept is None and structure is None:
            extra = self.structure.channels if self.structure else 0
            return torch.zeros(count, 1 + channels + extra, 1, device=latents.device)
        kept = torch.zeros(count, 1 + channels, frames, device=latents.device) if kept is None else kept
        if not self.structure:
            return kept
        strength = 0.0 if structure is None else strength_at(level)
        values = torch.zeros(count, sum(self.structure.sizes), frames, device=latents.device) if structure is None else structure
        return torch.cat([kept, self.structure.channels_at(values, values.new_full((count, len(KINDS)), strength))], 1)

    @torch.no_grad()
    def transform(self, latents, prompts, level=0.9, steps=8, seed=0, guidance=1.0, seconds=None, kept=None, structure=None):
        """Audio-to-audio in latents: [B, C, T] and B prompts -> [B, C, T]; level 1 ignores the source.

        `guidance` other than 1 is for models that are not distilled yet; `kept` and `structure` as in `local_condition`.
        """
        count, _, frames = latents.shape
        ratio = self.config["model"]["pretransform"]["config"]["downsampling_ratio"]
        seconds = seconds or frames * ratio / self.config["sample_rate"]
        context, duration = self.condition(prompts, [seconds] * count)
        local = self.local_condition(latents, kept, structure, level)
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(seed))
        shift = self.config["model"]["diffusion"].get("sampling_distribution_shift_options")

        def velocity(x, t):
            v = self.dit(x, t, context, duration, local)
            if guidance != 1.0:
                w = ramped_guidance(guidance, t)[:, None, None]
                v = w * v + (1 - w) * self.dit(x, t, torch.zeros_like(context), duration, local)
            return v

        return euler(velocity, (1 - level) * latents + level * noise, schedule(steps, level, shift))


def load(folder):
    """A `Retone` from a folder in the official layout, weights widened to float32; the pretransform where it is spectral."""
    with open(os.path.join(folder, "model_config.json")) as file:
        config = json.load(file)
    entry = next(e for e in config["model"]["conditioning"]["configs"] if e["id"] == "prompt")
    text_folder = os.path.join(folder, entry["config"]["subfolder"])
    with open(os.path.join(text_folder, "config.json")) as file:
        text_config = json.load(file)
    model = Retone(config, text_config, Tokenizer.load(os.path.join(text_folder, "tokenizer.json")))
    stored = {name: torch.from_numpy(array.astype("float32"))
              for name, array in safetensors.load(os.path.join(folder, "model.safetensors")).items()}
    part = lambda prefix: {name[len(prefix):]: value for name, value in stored.items() if name.startswith(prefix)}
    dit = part("model.model.")
    dit.pop("transformer.rotary_pos_emb.inv_freq", None)
    model.dit.load_state_dict(dit)
    model.conditioner.load_state_dict(part("conditioner."))
    text = safetensors.load(os.path.join(text_folder, "model.safetensors"))
    text = {name[name.index("encoder.") + 8:]: torch.from_numpy(array.astype("float32"))
            for name, array in text.items() if "decoder." not in name}
    model.text_encoder.load_state_dict(text)
    pretransform = config["model"]["pretransform"]
    if pretransform["type"] == "spectral":
        tensors = {name: value.numpy() for name, value in part("pretransform.model.").items()}
        model.pretransform = SpectralPretransform(pretransform["config"], **tensors)
    return model.eval()
