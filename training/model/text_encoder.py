"""The encoder of T5Gemma: bidirectional Gemma layers with four norms each, keys as in the published files."""
import math

import torch
from torch import nn

from .attention import attend, rotary_table, rotate, split_heads


class GemmaNorm(nn.Module):
    """RMS norm times (1 + weight), in float32."""

    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.zeros(width)), eps

    def forward(self, x):
        y = x.float()
        return y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.eps) * (1 + self.weight)


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, size = config["hidden_size"], config["head_dim"]
        self.heads, self.groups = config["num_attention_heads"], config["num_key_value_heads"]
        self.scale, self.softcap = config["query_pre_attn_scalar"] ** -0.5, config["attn_logit_softcapping"]
        self.q_proj = nn.Linear(width, self.heads * size, bias=False)
        self.k_proj = nn.Linear(width, self.groups * size, bias=False)
        self.v_proj = nn.Linear(width, self.groups * size, bias=False)
        self.o_proj = nn.Linear(self.heads * size, width, bias=False)

    def forward(self, x, table, bias, softcap):
        q = rotate(split_heads(self.q_proj(x), self.heads), *table)
        k = rotate(split_heads(self.k_proj(x), self.groups), *table)
        v = split_heads(self.v_proj(x), self.groups)
        if self.groups != self.heads:
            k, v = (y.repeat_interleave(self.heads // self.groups, 1) for y in (k, v))
        return self.o_proj(attend(q, k, v, bias, self.scale, self.softcap if softcap else None))


class GatedMLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        gate = self.gate_proj(x)
        gelu = 0.5 * gate * (1 + torch.tanh(math.sqrt(2 / math.pi) * (gate + 0.044715 * gate ** 3)))
        return self.down_proj(gelu * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        norm = lambda: GemmaNorm(config["hidden_size"], config["rms_norm_eps"])
        self.self_attn, self.mlp = SelfAttention(config), GatedMLP(config)
        self.pre_self_attn_layernorm, self.post_self_attn_layernorm = norm(), norm()
        self.pre_feedforward_layernorm, self.post_feedforward_layernorm = norm(), norm()

    def forward(self, x, table, bias, softcap):
        x = x + self.post_self_attn_layernorm(self.self_attn(self.pre_self_attn_layernorm(x), table, bias, softcap))
        return x + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(x)))


class TextEncoder(nn.Module):
    """`config` is the "encoder" object of the text folder's config.json."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.norm = GemmaNorm(config["hidden_size"], config["rms_norm_eps"])

    def forward(self, ids, mask, softcap=False):
        """ids [B, L] int64, mask [B, L] (1 = valid) -> [B, L, width]; rows of padding hold no meaning."""
        x = self.embed_tokens(ids) * math.sqrt(self.config["hidden_size"])
        table = rotary_table(ids.shape[1], self.config["head_dim"], device=ids.device)
        bias = torch.where(mask[:, None, None].bool(), 0.0, -1e9)
        for layer in self.layers:
            x = layer(x, table, bias, softcap)
        return self.norm(x)
