"""The networks of small-music in plain PyTorch, with random weights, to measure Retone against.

Usage: python reference.py <seconds> <fp32|bf16> <threads> [steps]

Written as the specification describes them and as one would write them first: everything is computed that the
reference implementation computes. `bf16` is autocast: with bf16 weights the results are wrong. Prints one line of JSON.
"""

import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

SAMPLE_RATE, RATIO, PATCH, STRIDE, CHUNK = 44100, 4096, 256, 16, 34
LATENT, MEMORY_TOKENS, PROMPT_TOKENS = 256, 64, 256
PIECE, OVERLAP = 128, 32


def attention(q, k, v):
    """q, k, v [batch, heads, n, 64]."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1) @ v


def rotated(x, dims):
    """Rotary embedding over the first `dims` channels; x [batch, heads, n, 64]."""
    frequencies = 10000 ** (-torch.arange(0, dims, 2) / dims)
    angles = torch.arange(x.shape[2])[:, None] * frequencies
    cosine, sine = torch.cos(angles).to(x.dtype), torch.sin(angles).to(x.dtype)
    a, b = x[..., : dims // 2], x[..., dims // 2 : dims]
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine, x[..., dims:]], dim=-1)


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x = x.float()
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * self.gamma


class DynamicTanh(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return self.gamma * torch.tanh(self.alpha * x) + self.beta


class SelfAttention(nn.Module):
    def __init__(self, width, norm, differential):
        super().__init__()
        self.heads, self.differential = width // 64, differential
        self.to_qkv = nn.Linear(width, (5 if differential else 3) * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = norm(64), norm(64)

    def forward(self, x):
        split = lambda y: y.unflatten(-1, (self.heads, 64)).transpose(1, 2)
        q, k, v, *second = [split(part) for part in self.to_qkv(x).split(x.shape[-1], dim=-1)]
        attend = lambda q, k: attention(rotated(self.q_norm(q), 32).to(v.dtype), rotated(self.k_norm(k), 32).to(v.dtype), v)
        out = attend(q, k)
        if self.differential:
            out = out - attend(*second)
        return self.to_out(out.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = width // 64
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(width, 2 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = RmsNorm(64), RmsNorm(64)

    def forward(self, x, context):
        split = lambda y: y.unflatten(-1, (-1, 64)).transpose(1, 2)
        q = self.q_norm(split(self.to_q(x)))
        k, v = [split(part) for part in self.to_kv(context).chunk(2, dim=-1)]
        out = attention(q.to(v.dtype), self.k_norm(k).to(v.dtype), v)
        return self.to_out(out.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.into = nn.Linear(width, 8 * width)
        self.out = nn.Linear(4 * width, width)

    def forward(self, x):
        value, gate = self.into(x).chunk(2, dim=-1)
        return self.out(value * F.silu(gate))


def embedder(inner, width, out=None):
    return nn.Sequential(nn.Linear(inner, width), nn.SiLU(), nn.Linear(width, out or width))


class DitLayer(nn.Module):
    def __init__(self, width, local):
        super().__init__()
        self.norms = nn.ModuleList(RmsNorm(width) for _ in range(3))
        self.self_attn = SelfAttention(width, RmsNorm, differential=False)
        self.cross_attn = CrossAttention(width)
        self.to_local_embed = embedder(local, width)
        self.ff = FeedForward(width)
        self.offset = nn.Parameter(torch.zeros(6 * width))

    def forward(self, x, context, local, modulation):
        scale, shift, gate, ff_scale, ff_shift, ff_gate = (modulation + self.offset).unsqueeze(1).chunk(6, dim=-1)
        y = self.norms[0](x) * (1 + scale) + shift
        x = x + self.self_attn(y) * torch.sigmoid(1 - gate)
        x = x + self.cross_attn(self.norms[1](x), context)
        x = x + F.pad(self.to_local_embed(local), (0, 0, MEMORY_TOKENS, 0))
        y = self.norms[2](x) * (1 + ff_scale) + ff_shift
        return x + self.ff(y) * torch.sigmoid(1 - ff_gate)


class Dit(nn.Module):
    def __init__(self, width=1024, depth=20, context=768, local=257):
        super().__init__()
        self.memory_tokens = nn.Parameter(torch.randn(1, MEMORY_TOKENS, width))
        self.to_cond_embed, self.to_global_embed = embedder(context, width), embedder(context, width)
        self.to_timestep_embed = embedder(256, width)
        self.global_cond_embedder = embedder(width, width, 6 * width)
        self.convs = nn.ModuleList(nn.Linear(LATENT, LATENT, bias=False) for _ in range(2))
        self.project_in = nn.Linear(LATENT, width, bias=False)
        self.project_out = nn.Linear(width, LATENT, bias=False)
        self.layers = nn.ModuleList(DitLayer(width, local) for _ in range(depth))

    def forward(self, x, features, context, global_cond, local):
        context = self.to_cond_embed(context)
        modulation = self.global_cond_embedder(self.to_global_embed(global_cond) + self.to_timestep_embed(features))
        x = x.transpose(1, 2)
        x = self.project_in(x + self.convs[0](x))
        x = torch.cat([self.memory_tokens, x], dim=1)
        for layer in self.layers:
            x = layer(x, context, local, modulation)
        x = self.project_out(x[:, MEMORY_TOKENS:])
        return (x + self.convs[1](x)).transpose(1, 2)


class SameLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norms = nn.ModuleList(DynamicTanh(width) for _ in range(2))
        self.self_attn = SelfAttention(width, DynamicTanh, differential=True)
        self.ff = FeedForward(width)

    def forward(self, x):
        x = x + self.self_attn(self.norms[0](x))
        return x + self.ff(self.norms[1](x))


class Same(nn.Module):
    """One side of the autoencoder: groups of 16 positions and a learned token, or of one position and 16 tokens."""

    def __init__(self, encoding, width=768, depth=6):
        super().__init__()
        self.encoding = encoding
        self.given, self.made = (STRIDE, 1) if encoding else (1, STRIDE)
        self.new_tokens = nn.Parameter(torch.randn(1, 1, width))
        self.layers = nn.ModuleList(SameLayer(width) for _ in range(depth))
        patch = 2 * PATCH
        self.mapping = nn.Linear(patch, width) if encoding else nn.Conv1d(width, patch, 3, padding=1)
        self.linear = nn.Linear(width, LATENT) if encoding else nn.Linear(LATENT, width)

    def forward(self, x):
        """audio [2, samples] to latents [256, frames], or the other way."""
        if self.encoding:
            x = self.mapping(x.unflatten(1, (-1, PATCH)).permute(1, 0, 2).flatten(1))
        else:
            x = self.linear(x.T)
        groups, width = x.shape[0] // self.given, x.shape[1]
        tokens = self.new_tokens.expand(groups, self.made, width).to(x.dtype)
        x = torch.cat([x.reshape(groups, self.given, width), tokens], dim=1).reshape(-1, width)
        half, shift = len(self.layers) // 2, CHUNK // 2
        x = x.reshape(-1, CHUNK, width)
        for layer in self.layers[:half]:
            x = layer(x)
        x = x.reshape(-1, width)
        x = torch.cat([x[:shift], x, x[-shift:]]).reshape(-1, CHUNK, width)
        for layer in self.layers[half:]:
            x = layer(x)
        x = x.reshape(-1, width)[shift:-shift].reshape(groups, STRIDE + 1, width)[:, -self.made :].reshape(-1, width)
        if self.encoding:
            return self.linear(x).T
        return self.mapping(x.T[None])[0].T.reshape(-1, 2, PATCH).permute(1, 0, 2).flatten(1)

    def in_pieces(self, x):
        unit_in, unit_out = (RATIO, 1) if self.encoding else (1, RATIO)
        frames = x.shape[1] // unit_in
        if frames < PIECE:
            return self(x)
        starts = list(range(0, frames - PIECE + 1, PIECE - OVERLAP))
        if starts[-1] != frames - PIECE:
            starts.append(frames - PIECE)
        out = None
        for start in starts:
            piece = self(x[:, start * unit_in : (start + PIECE) * unit_in])
            if out is None:
                out = torch.zeros(piece.shape[0], frames * unit_out)
            first = 0 if start == 0 else OVERLAP // 2
            last = PIECE if start == starts[-1] else PIECE - OVERLAP // 2
            out[:, (start + first) * unit_out : (start + last) * unit_out] = piece[:, first * unit_out : last * unit_out]
        return out


class TextLayer(nn.Module):
    def __init__(self, width=768, inner=2048, heads=12):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(RmsNorm(width) for _ in range(4))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate, self.up = nn.Linear(width, inner, bias=False), nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = [split(part) for part in self.qkv(self.norms[0](x)).chunk(3, dim=-1)]
        attended = attention(rotated(q, 64).to(v.dtype), rotated(k, 64).to(v.dtype), v).transpose(1, 2).flatten(2)
        x = x + self.norms[1](self.out(attended))
        y = self.norms[2](x)
        return x + self.norms[3](self.down(F.gelu(self.gate(y), approximate="tanh") * self.up(y)))


def peak_memory():
    """Bytes; Linux only."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main():
    seconds, mode = float(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(int(sys.argv[3]))
    steps = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    torch.manual_seed(0)
    valid = math.ceil(seconds * SAMPLE_RATE / RATIO) + int(6 * SAMPLE_RATE / RATIO)
    working = math.ceil((seconds + 6) * SAMPLE_RATE / RATIO / 2) * 2
    stages = {}

    def measured(name, work):
        wall, processor = time.perf_counter(), time.process_time()
        result = work()
        stages[name] = {"seconds": time.perf_counter() - wall, "processorSeconds": time.process_time() - processor}
        return result

    text = nn.Sequential(*(TextLayer() for _ in range(12)))
    encoder, decoder, dit = Same(True), Same(False), Dit()
    audio = torch.randn(2, working * RATIO) * 0.1
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=mode == "bf16")
    with torch.inference_mode(), autocast:
        prompt = measured("text", lambda: text(torch.randn(1, PROMPT_TOKENS, 768)))
        context = torch.cat([prompt.float(), torch.randn(1, 1, 768)], dim=1)
        latents = measured("encode", lambda: encoder.in_pieces(audio)).float()[:, :valid]
        local = torch.zeros(1, latents.shape[1], 257)

        def sample():
            x = torch.randn(1, *latents.shape)
            for step in range(steps):
                t, after = 1 - step / steps, 1 - (step + 1) / steps
                velocity = dit(x, torch.randn(1, 256), context, torch.randn(1, 768), local).float()
                x = (1 - after) * (x - t * velocity) + after * torch.randn_like(x)
            return x[0]

        final = measured("sample", sample)
        padded = F.pad(final, (0, working - final.shape[1]))
        measured("decode", lambda: decoder.in_pieces(padded))
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads(), "stages": stages, "peakBytes": peak_memory()}))


main()
