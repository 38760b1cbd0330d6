"""Weights in parts that are small enough to travel.

    python gpu/parts.py join OUT/model.pt DIR/checkpoint.pt
"""
import glob
import io
import sys

import torch

PART = 15 * 2 ** 20


def split(state, path, size=PART):
    """Writes a dictionary of tensors (floats as float16) to path.00, path.01, ...; returns the number of parts."""
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    buffer = io.BytesIO()
    torch.save({name: value.cpu() for name, value in half.items()}, buffer)
    stored = buffer.getvalue()
    parts = range(0, len(stored), size)
    for number, start in enumerate(parts):
        with open(f"{path}.{number:02d}", "wb") as file:
            file.write(stored[start:start + size])
    return len(parts)


def join(path):
    """The dictionary that `split` wrote, floats widened to float32."""
    stored = b"".join(open(part, "rb").read() for part in sorted(glob.glob(glob.escape(path) + ".[0-9][0-9]")))
    state = torch.load(io.BytesIO(stored))
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def main():
    if len(sys.argv) != 4 or sys.argv[1] != "join":
        sys.exit(__doc__)
    weights = join(sys.argv[2])
    head = {name[5:]: weights.pop(name) for name in list(weights) if name.startswith("head.")}
    torch.save({"model": weights, "average": weights, "head": head, "optimisers": [], "step": 0}, sys.argv[3])


if __name__ == "__main__":
    main()
