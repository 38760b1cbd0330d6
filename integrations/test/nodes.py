"""Runs the nodes of integrations/comfyui as ComfyUI does, on the service of the environment; prints what they return as JSON."""

import json
import os
import sys
import types

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

try:
    import torch
except ImportError:
    # What the nodes use of it.
    torch = types.ModuleType("torch")
    torch.tensor = lambda rows: types.SimpleNamespace(shape=(len(rows), len(rows[0])), tolist=lambda: rows)
    torch.stack = lambda made: types.SimpleNamespace(shape=(len(made), *made[0].shape), rows=made)
    sys.modules["torch"] = torch

from comfyui import NODE_CLASS_MAPPINGS  # noqa: E402
from comfyui.wave import from_wave, to_wave  # noqa: E402

rows, rate = from_wave(to_wave([[0.5, -1.0, 2.0], [0.0, 0.25, -0.25]], 8000))
assert rate == 8000 and max(abs(a - b) for a, b in zip(rows[0] + rows[1], [0.5, -1, 1, 0, 0.25, -0.25])) < 1e-4

second = torch.tensor([[0.0] * 44100, [0.1] * 44100])
audio = {"waveform": [second, second], "sample_rate": 44100}
calls = {
    "RetoneTransform": {"audio": audio, "init_noise_level": 0.4, "duration": 1.0},
    "RetoneInpaint": {"audio": audio, "mask_start_seconds": 0.2, "mask_end_seconds": 0.5},
    "RetoneExtend": {"audio": audio, "extend_seconds_before": 0.0, "extend_seconds_after": 1.0},
    "RetoneGenerate": {"kind": "music", "duration": 1.0},
}
report = {}
for name, own in calls.items():
    node = NODE_CLASS_MAPPINGS[name]
    given = node.INPUT_TYPES()
    assert set(own) <= set(given["required"]), name
    made, seed = getattr(node(), node.FUNCTION)(prompt="cello", seed=7, url=os.environ["RETONE_URL"], **own)
    report[name] = {"shape": list(made["waveform"].shape), "rate": made["sample_rate"], "seed": seed}
try:
    NODE_CLASS_MAPPINGS["RetoneGenerate"]().run(prompt="refuse", seed=1, url=os.environ["RETONE_URL"])
except Exception as error:
    report["refusal"] = str(error)
print(json.dumps(report))
