"""Checks tokenizer, text encoder, conditions, DiT and samplers against recorded values of the reference.

    python check_fixtures.py FOLDER      (a fixture folder with cases.json, as `fixtures.py` writes one)

Prints one line a value that is out of tolerance, and the counts. Autoencoder, end-to-end and LoRA cases are skipped: those
parts exist in TypeScript only.
"""
import argparse
import json
import os
import sys

import torch

from model import safetensors
from model.retone import load
from model.sampling import euler, guided, ping_pong, schedule


def check(folder):
    """(passed, failed lines) of one fixture folder."""
    model = load(folder)
    with open(os.path.join(folder, "cases.json")) as file:
        cases = json.load(file)["cases"]
    tensors = {k: torch.from_numpy(v.copy()) for k, v in safetensors.load(os.path.join(folder, "cases.safetensors")).items()}
    passed, failed = 0, []
    for case in cases:
        with torch.no_grad():
            results = _run(model, case, lambda e: None if e is None else tensors[e["tensor"]])
        for role, value in (results or {}).items():
            expected = case["outputs"][role]
            wanted = tensors[expected["tensor"]].float().reshape(value.shape)
            tolerance = tensors[expected["atol_per_column"]] if "atol_per_column" in expected else expected.get("atol", 0)
            excess = ((value.float() - wanted).abs() - tolerance).max().item()
            if excess > 0:
                failed.append(f"{case['name']} {role}: {excess:.2e} over tolerance")
            else:
                passed += 1
    return passed, failed


def _run(model, case, get):
    name, params, inputs = case["name"], case["params"], {k: get(v) for k, v in case["inputs"].items()}
    if name.startswith("tok/"):
        ids, mask = model.tokenize([params["prompt"]])
        return {"input_ids": ids[0], "attention_mask": mask[0]}
    if name.startswith("text/") and name.endswith("/encoder"):
        ids = inputs["input_ids"].long()[None]
        return {"last_hidden_state": model.text_encoder(ids, torch.ones_like(ids)),
                "last_hidden_state_softcap": model.text_encoder(ids, torch.ones_like(ids), softcap=True)}
    if name.startswith("text/") and name.endswith("/conditioner"):
        ids, mask = model.tokenize([params["prompt"]])
        return {"embeddings": model.conditioner.conditioners["prompt"](model.encode_text(ids, mask), mask)}
    if name == "seconds/embedding":
        return {"embedding": model.conditioner.conditioners["seconds_total"](torch.tensor(params["seconds"]))}
    if name == "cond/assembled":
        context, duration = model.condition([params["prompt"]], [params["seconds_total"]])
        return {"cross_attn_cond": context, "global_cond": duration}
    if name == "cond/negative":
        return {"negative_cross_attn_cond": model.condition([params["prompt"]], [params["seconds_total"]])[0]}
    if name.startswith("dit/") and "v" in case["outputs"]:
        def velocity(context):
            return model.dit(inputs["x"], inputs["t"], context, inputs["global_cond"], inputs["local_add_cond"],
                             inputs.get("padding_mask"))
        v = velocity(inputs["cross_attn_cond"])
        if params["cfg_scale"] != 1:
            negative = inputs.get("negative_cross_attn_cond")
            if negative is None:
                negative = torch.zeros_like(inputs["cross_attn_cond"])
            else:  # the reference zeroes the padding rows of a negative prompt
                negative = negative * inputs["negative_cross_attn_mask"][..., None]
            other = velocity(negative)
            v = guided(v, other, inputs["x"], inputs["t"].item(), params["cfg_scale"], params["apg_scale"],
                       inputs.get("padding_mask"))
        return {"v": v}
    if name in ("sampler/euler", "sampler/pingpong"):
        sigmas = schedule(params["steps"], params["sigma_max"], monotone=False)
        scale = params.get("cfg_scale", 1)

        def velocity(x, t):
            v = model.dit(x, t, inputs["cross_attn_cond"], inputs["global_cond"], inputs["local_add_cond"])
            if scale != 1:
                zeros = torch.zeros_like(inputs["cross_attn_cond"])
                v = guided(v, model.dit(x, t, zeros, inputs["global_cond"], inputs["local_add_cond"]), x, t[0].item(), scale)
            return v
        if name == "sampler/euler":
            final = euler(velocity, inputs["x"], sigmas)
        else:
            final = ping_pong(velocity, inputs["x"], sigmas, [inputs[f"noise_{i}"] for i in range(params["steps"])])
        return {"sigmas": sigmas, "final": final}
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    passed, failed = check(parser.parse_args().folder)
    print("\n".join(failed + [f"{passed} values within tolerance, {len(failed)} not"]))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
