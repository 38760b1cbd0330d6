"""What the text encoder and the diffusion transformer share: rotary positions and plain attention."""
import math

import torch


def rotary_table(length, dim, base=10000.0, device=None):
    """(cos, sin), each [length, dim], for half-split pairing (channel i with i + dim/2)."""
    frequencies = base ** (-torch.arange(0, dim, 2, dtype=torch.float32, device=device) / dim)
    angles = torch.arange(length, dtype=torch.float32, device=device)[:, None] * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    """Applies rotary positions to the first `cos.shape[-1]` channels of x [B, heads, length, channels]."""
    dim = cos.shape[-1]
    head, rest = x[..., :dim].float(), x[..., dim:]
    swapped = torch.cat([-head[..., dim // 2:], head[..., :dim // 2]], -1)
    return torch.cat([(head * cos + swapped * sin).to(x.dtype), rest], -1)


def split_heads(x, heads):
    """[B, length, heads * channels] -> [B, heads, length, channels]."""
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def attend(q, k, v, bias=None, scale=None, softcap=None):
    """Softmax attention; q, k, v [B, heads, length, channels]; `bias` is added to the scores; returns [B, length, heads * channels]."""
    if softcap:
        scores = torch.matmul(q * (scale or 1 / math.sqrt(q.shape[-1])), k.transpose(-1, -2))
        scores = torch.tanh(scores / softcap) * softcap + (0 if bias is None else bias)
        out = torch.matmul(scores.softmax(-1).to(v.dtype), v)
    else:
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias if bias is None else bias.to(q.dtype), scale=scale)
    return out.transpose(1, 2).reshape(out.shape[0], out.shape[2], -1)
