"""What training asks of a machine: threads and allocator on CPUs, precision by device, files written in one stroke."""
import contextlib
import ctypes
import os

import torch


def set_up(threads):
    """Picks the device; on a CPU makes steps several times faster: keeps freed memory, flushes denormals. Returns "cuda" or "cpu"."""
    torch.set_num_threads(threads)
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        return "cuda"
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)           # M_MMAP_MAX
        libc.mallopt(-1, 2 ** 31 - 1)  # M_TRIM_THRESHOLD
    except OSError:
        pass
    torch.set_flush_denormal(True)
    return "cpu"


def multiplies_bfloat16():
    """Whether this CPU has bfloat16 products; without them PyTorch emulates them fifty times slower than float32."""
    if not hasattr(torch.cpu, "_is_avx512_bf16_supported"):
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def reduced_precision(device):
    """Autocast to bfloat16 where the device is fast at it, else nothing."""
    if device == "cuda" or multiplies_bfloat16():
        return torch.autocast(device, torch.bfloat16)
    return contextlib.nullcontext()


def save(path, **state):
    """Writes a checkpoint in one stroke, so that a kill never leaves half a file."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)
