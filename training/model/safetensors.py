"""Reading and writing `.safetensors` without the library: a JSON header and raw little-endian tensors."""
import json
import struct

import numpy as np

_TYPES = {"F32": np.float32, "F16": np.float16, "I32": np.int32, "I64": np.int64, "U8": np.uint8, "F64": np.float64}
_NAMES = {np.dtype(value): name for name, value in _TYPES.items()}


def load(path):
    """Name -> numpy array (BF16 is widened to float32)."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        raw = data[slice(*entry["data_offsets"])]
        if entry["dtype"] == "BF16":
            array = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            array = np.frombuffer(raw, _TYPES[entry["dtype"]])
        out[name] = array.reshape(entry["shape"])
    return out


def save(path, tensors):
    """Writes name -> numpy array, names sorted, with the usual metadata."""
    header, chunks, position = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        header[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [position, position + array.nbytes]}
        chunks.append(array.tobytes())
        position += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))
