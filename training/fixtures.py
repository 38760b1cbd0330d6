"""Records what the Python model computes for a model folder, stage by stage, for checking other ports.

    python fixtures.py --model models/retone-small --out DIR

Same form as the fixtures of the reference: cases.json (parameters, tensor names, shapes, tolerances) and cases.safetensors.
Sources are the `signal` formula of those fixtures; noises are stored. `ae/*` and `e2e/*` are those of the spectral pretransform:
latents, magnitudes of partials and noise, audio.

    python fixtures.py --decoder FILE

Writes what the spectral pretransform makes of one sound without a linear map, for the test of its TypeScript twin.
"""
import argparse
import json
import os

import numpy as np
import torch

from model import safetensors
from model.retone import load
from model.sampling import euler, schedule
from model.spectral import DEFAULT_CONFIG, SpectralFeatures
from model.synthesis import Synthesis


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
    features = pretransform.decode_features(latents)
    low, partials, noises, shares = pretransform.synthesiser.magnitudes(features)
    stages = {"features": (features, 2e-3), "partials": (partials, 1e-3), "noises": (noises, 1e-3), "shares": (shares, 1e-3)}
    if low is not None:
        stages["low"] = (low, 1e-3)
    out.add("ae/decode_stages", "inside the spectral decoder", {}, {"latents": latents[None]}, stages)
    out.add("ae/decode", "spectral decoder", {}, {"latents": latents[None]}, {"audio": (pretransform.decode(latents)[None], 0.02)})

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


def decoder_samples():
    """Features and decoded samples of one sound with partials, noise and attacks, in both representations."""
    cases = []
    for name, config in (("one window", {k: v for k, v in DEFAULT_CONFIG.items() if k not in ("low_fft_size", "crossover")}), ("two windows", DEFAULT_CONFIG)):
        fixed = SpectralFeatures(config)
        source, state = signal(30000, 2), 1
        for i in range(30000):
            state = (state * 1664525 + 1013904223) % (1 << 32)
            source[:, i] += np.float32(0.3 * (state / 2 ** 31 - 1) * (i % 9000 < 3000))
        features = fixed.analyse(source)
        audio = Synthesis(fixed).synthesise(features)
        pick = lambda array, step: [round(float(x), 5) for x in array.ravel()[::step]]
        cases.append({"name": name, "config": dict(config, latent_dim=fixed.dimension), "features": pick(features, 97), "featureStep": 97,
                      "audio": pick(audio, 211), "audioStep": 211})
    return cases


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder")
    parser.add_argument("--model")
    parser.add_argument("--out")
    options = parser.parse_args()
    if options.decoder:
        with open(options.decoder, "w") as file:
            json.dump({"cases": decoder_samples()}, file)
        return
    if not (options.model and options.out):
        parser.error("--decoder FILE, or --model FOLDER and --out FOLDER, must be given")
    os.makedirs(options.out, exist_ok=True)
    recorder = record(options.model)
    safetensors.save(os.path.join(options.out, "cases.safetensors"), recorder.tensors)
    with open(os.path.join(options.out, "cases.json"), "w") as file:
        json.dump({"format": 1, "fixture": os.path.basename(os.path.normpath(options.model)), "cases": recorder.cases}, file, indent=1)
    print(f"{len(recorder.cases)} cases, {sum(t.nbytes for t in recorder.tensors.values()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
