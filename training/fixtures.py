"""Records what the Python model computes for a model folder, stage by stage, for checking other ports.

    python fixtures.py --model models/retone-small --out DIR

Same form as the fixtures of the reference: cases.json (parameters, tensor names, shapes, tolerances) and cases.safetensors.
Sources are the `signal` formula of those fixtures; noises are stored. `ae/*` and `e2e/*` are those of the spectral pretransform:
latents, magnitudes, first phase, audio.
"""
import argparse
import json
import os

import numpy as np
import torch

from model import safetensors
from model.retone import load
from model.sampling import euler, schedule


def signal(samples, k):
    """The fixtures' computed source, float32 [2, samples]."""
    i = np.arange(samples) / 44100.0
    return np.stack([0.35 * np.sin(2 * np.pi * (110 * k + 55 * c) * i) + 0.20 * np.sin(2 * np.pi * (997 + 31 * k + 17 * c) * i + 0.5 * c)
                     + 0.10 * np.sin(2 * np.pi * 3 * i) * np.sin(2 * np.pi * (5000 + 100 * c) * i) for c in range(2)]).astype(np.float32)


class Recorder:
    """Collects cases and their tensors."""

    def __init__(self):
        self.cases, self.tensors = [], {}

    def add(self, name, stage, params, inputs, outputs, atol=2e-3, note=None):
        """One case; `outputs` values may be (array, atol)."""
        case = {"name": name, "stage": stage, "params": params, "inputs": {}, "outputs": {}}
        for role, value in inputs.items():
            case["inputs"][role] = self._store(f"{name}/{role}", value)
        for role, value in outputs.items():
            value, tolerance = value if isinstance(value, tuple) else (value, atol)
            entry = self._store(f"{name}/{role}", value)
            if self.tensors[entry["tensor"]].dtype == np.float32:
                entry.update(max_abs=float(np.abs(self.tensors[entry["tensor"]]).max(initial=0)), atol=tolerance)
            else:
                entry["exact"] = True
            case["outputs"][role] = entry
        if note:
            case["note"] = note
        self.cases.append(case)

    def _store(self, name, value):
        array = value.numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        self.tensors[name] = array.astype(np.float32) if array.dtype == np.float64 else array
        return {"tensor": name, "shape": list(array.shape)}


PROMPTS = {"short": "grand piano", "seed": "dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix",
           "turned": "guitar loop turned into a bright violin melody, 92 BPM", "empty": "", "spaces": "  two  spaces ", "emoji": "caf\u00e9 \U0001f3b9 piano",
           "newline": "first\nsecond", "special": "<pad> piano", "long": "slow dark strings with long reverb, " * 12}


@torch.no_grad()
def record(folder):
    """A filled `Recorder` for the model in `folder`."""
    model, out = load(folder), Recorder()
    for name, prompt in PROMPTS.items():
        ids, mask = model.tokenize([prompt])
        out.add(f"tok/{name}", "tokenizer", {"prompt": prompt, "valid_tokens": int(mask.sum())}, {},
                {"input_ids": ids[0].int(), "attention_mask": mask[0].byte()})
    for name in ("short", "seed", "empty"):
        ids, mask = model.tokenize([PROMPTS[name]])
        outputs = {"embeddings": model.conditioner.conditioners["prompt"](model.encode_text(ids, mask), mask)}
        out.add(f"text/{name}/conditioner", "prompt conditioner", {"prompt": PROMPTS[name], "valid_tokens": int(mask.sum())}, {}, outputs)
    context, duration = model.condition([PROMPTS["turned"]], [12.0])
    out.add("cond/assembled", "assembled conditioning", {"prompt": PROMPTS["turned"], "seconds_total": 12.0}, {},
            {"cross_attn_cond": context, "global_cond": duration})

    generator = torch.Generator().manual_seed(7)
    channels = model.dit.preprocess_conv.weight.shape[0]
    x, t = torch.randn(1, channels, 14, generator=generator), torch.tensor([0.73])
    local = torch.zeros(1, channels + 1, 14)
    out.add("dit/plain", "DiT forward", {"cfg_scale": 1.0}, {
        "x": x, "t": t, "cross_attn_cond": context, "global_cond": duration, "local_add_cond": local},
        {"v": model.dit(x, t, context, duration, local)})
    keep = torch.zeros(1, 1, 14)
    keep[..., :6] = 1
    local = torch.cat([keep, torch.randn(1, channels, 14, generator=generator) * keep], 1)
    out.add("dit/inpaint", "DiT forward", {"cfg_scale": 1.0}, {
        "x": x, "t": t, "cross_attn_cond": context, "global_cond": duration, "local_add_cond": local},
        {"v": model.dit(x, t, context, duration, local)})
    shift = model.config["model"]["diffusion"].get("sampling_distribution_shift_options")
    local, sigmas = torch.zeros(1, channels + 1, 14), schedule(8, 1.0, shift)
    velocity = lambda y, s: model.dit(y, s, context, duration, torch.zeros(1, channels + 1, 1))
    out.add("sampler/euler", "sampler", {"sampler": "euler", "steps": 8, "sigma_max": 1.0, "batch": 1, "cfg_scale": 1.0}, {
        "x": x, "cross_attn_cond": context, "global_cond": duration, "local_add_cond": local},
        {"sigmas": (sigmas, 1e-5), "final": euler(velocity, x, sigmas)}, atol=5e-3)

    pretransform = model.pretransform
    source = signal(30000, 2)
    latents = pretransform.encode(source)
    out.add("ae/encode", "spectral encoder", {"signal": {"samples": 30000, "channels": 2, "k": 2}}, {}, {"latents": latents[None]})
    features = pretransform.mean + latents.T @ pretransform.synthesis
    magnitudes = pretransform.features.magnitudes(features)
    phase = pretransform.features.first_phase(magnitudes[:4])
    out.add("ae/decode_stages", "inside the spectral decoder", {}, {"latents": latents[None]}, {
        "features": (features, 2e-3), "magnitudes": (magnitudes, 1e-3),
        "first_phase_cosine": (np.cos(phase) * (magnitudes[:4] > 1e-3), 0.05), "audio_no_iterations": (pretransform.decode(latents, 0), 0.02)},
        note="first_phase_cosine: cosine of the first four frames' phases, 0 where the magnitude is at most 1e-3")
    for rounds in (1, pretransform.config["phase_iterations"]):
        out.add(f"ae/decode_{rounds}", "spectral decoder", {"phase_iterations": rounds}, {"latents": latents[None]},
                {"audio": (pretransform.decode(latents, rounds)[None], 0.02)})

    source = signal(2 * 44100, 3)
    latents = torch.from_numpy(pretransform.encode(source))[None]
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(11))
    params = {"signal": {"samples": 2 * 44100, "channels": 2, "k": 3}, "steps": 8, "prompt": PROMPTS["turned"], "duration": 2.0,
              "init_noise_level": 0.9, "latent_length": latents.shape[2]}
    context, duration = model.condition([params["prompt"]], [2.0])
    sigmas = schedule(8, 0.9, shift)
    final = euler(lambda y, s: model.dit(y, s, context, duration, torch.zeros(1, channels + 1, 1)), 0.1 * latents + 0.9 * noise, sigmas)
    out.add("e2e/a2a_noise0.9", "end to end", params, {"noise_init": noise},
            {"sigmas": (sigmas, 1e-5), "init_latents": latents, "latents": (final, 1e-2)})
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    recorder = record(options.model)
    safetensors.save(os.path.join(options.out, "cases.safetensors"), recorder.tensors)
    with open(os.path.join(options.out, "cases.json"), "w") as file:
        json.dump({"format": 1, "fixture": os.path.basename(os.path.normpath(options.model)), "cases": recorder.cases}, file, indent=1)
    print(f"{len(recorder.cases)} cases, {sum(t.nbytes for t in recorder.tensors.values()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
