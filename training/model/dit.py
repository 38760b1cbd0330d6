"""The diffusion transformer: rotary self-attention, cross-attention to the prompt, adaLN, local (inpainting) condition.

Module names give the tensor names of the published checkpoints (under `model.model.`). Differential attention is not built in:
the small published models and ours do not use it.
"""
import torch
from torch import nn
from torch.nn import functional as F

from .attention import attend, rotary_table, rotate, split_heads
from .fourier import expo_fourier_features

HEAD = 64


class RMSNorm(nn.Module):
    """RMS norm with a plain weight, in float32; optionally times (1 + scale) plus shift, each [B, 1, width]."""

    def __init__(self, width, eps=1e-5):
        super().__init__()
        self.gamma, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x, scale=None, shift=None):
        y = x.float()
        y = y * torch.rsqrt(torch.linalg.vector_norm(y, dim=-1, keepdim=True) ** 2 / y.shape[-1] + self.eps)
        return y * self.gamma if scale is None else torch.addcmul(shift, y, self.gamma * (1 + scale))


class SelfAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = width // HEAD
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = RMSNorm(HEAD, 1e-6), RMSNorm(HEAD, 1e-6)

    def forward(self, x, table, valid):
        q, k, v = (split_heads(y, self.heads) for y in self.to_qkv(x).chunk(3, -1))
        q, k = (rotate(norm(y), *table).to(v.dtype) for y, norm in ((q, self.q_norm), (k, self.k_norm)))
        if valid is not None:
            v = v * valid[:, None, :, None].to(v.dtype)
        return self.to_out(attend(q, k, v))


class CrossAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = width // HEAD
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(width, 2 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = RMSNorm(HEAD, 1e-6), RMSNorm(HEAD, 1e-6)

    def forward(self, x, context):
        q = split_heads(self.to_q(x), self.heads)
        k, v = (split_heads(y, self.heads) for y in self.to_kv(context).chunk(2, -1))
        return self.to_out(attend(self.q_norm(q).to(v.dtype), self.k_norm(k).to(v.dtype), v))


class GatedLinear(nn.Module):
    """The first half of a linear map times SiLU of the second half."""

    def __init__(self, width, inner):
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, -1)
        return value * F.silu(gate.float()).to(value.dtype)


class FeedForward(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.ff = nn.Sequential(GatedLinear(width, inner), nn.Identity(), nn.Linear(inner, width))

    def forward(self, x):
        return self.ff(x)


def two_layers(inputs, width, outputs=None, bias=True):
    return nn.Sequential(nn.Linear(inputs, width, bias=bias), nn.SiLU(), nn.Linear(width, outputs or width, bias=bias))


class Block(nn.Module):
    def __init__(self, width, multiple, local):
        super().__init__()
        self.pre_norm, self.self_attn = RMSNorm(width), SelfAttention(width)
        self.cross_attend_norm, self.cross_attn = RMSNorm(width), CrossAttention(width)
        self.to_local_embed = two_layers(local, width)
        self.ff_norm, self.ff = RMSNorm(width), FeedForward(width, int(width * multiple))
        self.to_scale_shift_gate = nn.Parameter(torch.randn(6 * width) / width ** 0.5)

    def forward(self, x, context, g, local, table, valid, memory):
        scale, shift, gate, scale_ff, shift_ff, gate_ff = (self.to_scale_shift_gate + g)[:, None].chunk(6, -1)
        x = x + self.self_attn(self.pre_norm(x, scale, shift), table, valid) * torch.sigmoid(1 - gate)
        x = x + self.cross_attn(self.cross_attend_norm(x), context)
        if local is not None:
            x = x + F.pad(self.to_local_embed(local).expand(-1, x.shape[1] - memory, -1), (0, 0, memory, 0))
        return x + self.ff(self.ff_norm(x, scale_ff, shift_ff)) * torch.sigmoid(1 - gate_ff)


class Transformer(nn.Module):
    def __init__(self, channels, width, depth, multiple, local, memory):
        super().__init__()
        self.project_in = nn.Linear(channels, width, bias=False)
        self.project_out = nn.Linear(width, channels, bias=False)
        self.memory_tokens = nn.Parameter(torch.randn(memory, width))
        self.global_cond_embedder = two_layers(width, width, 6 * width)
        self.layers = nn.ModuleList(Block(width, multiple, local) for _ in range(depth))


class DiffusionTransformer(nn.Module):
    """Velocity of latents; `config` is model_config's `model.diffusion.config`."""

    def __init__(self, config):
        super().__init__()
        channels, width = config["io_channels"], config["embed_dim"]
        assert width == HEAD * config["num_heads"] and not config["attn_kwargs"].get("differential")
        self.preprocess_conv = nn.Conv1d(channels, channels, 1, bias=False)
        self.postprocess_conv = nn.Conv1d(channels, channels, 1, bias=False)
        nn.init.zeros_(self.preprocess_conv.weight)
        nn.init.zeros_(self.postprocess_conv.weight)
        self.to_timestep_embed = two_layers(256, width)
        self.to_cond_embed = two_layers(config["cond_token_dim"], width, bias=False)
        self.to_global_embed = two_layers(config["global_cond_dim"], width, bias=False)
        self.transformer = Transformer(channels, width, config["depth"], config["ff_kwargs"]["mult"],
                                       config["local_add_cond_dim"], config["num_memory_tokens"])

    def forward(self, x, t, context, duration, local=None, valid=None):
        """Velocity [B, C, T] at latents x [B, C, T] and times t [B].

        context [B, tokens, cond] (zeros: no prompt), duration [B, cond]; local [B, L, T] = mask, masked latents and structure
        channels (`structure.py`, where the model has them), or [B, L, 1] broadcast over time (zeros: neither regions nor source), or
        None: no local condition at all; valid [B, T]: zeroes the values of padded frames, as the reference does without its kernels.
        """
        net = self.transformer
        memory = net.memory_tokens.shape[0]
        context = self.to_cond_embed(context)
        g = net.global_cond_embedder(self.to_global_embed(duration) + self.to_timestep_embed(expo_fourier_features(t)))
        h = net.project_in((x + self.preprocess_conv(x)).transpose(1, 2))
        h = torch.cat([net.memory_tokens.to(h.dtype).expand(h.shape[0], -1, -1), h], 1).float()
        table = rotary_table(h.shape[1], HEAD // 2, device=h.device)
        if valid is not None:
            valid = F.pad(valid.float(), (memory, 0), value=1.0)
        if local is not None:
            local = local.transpose(1, 2)
        for block in net.layers:
            h = block(h, context, g, local, table, valid, memory)
        y = net.project_out(h[:, memory:]).transpose(1, 2)
        return y + self.postprocess_conv(y)
