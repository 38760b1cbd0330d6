"""Begins the training from an earlier model folder with fewer channels, pieces or layers, in place of random weights.

    python warm_start.py --work DIR --model ../models/retone-small

Writes DIR/checkpoint.pt, from which `train.py` goes on. The earlier model's function is kept as far as it can be: a linear map, fitted on
clips that both pretransforms encode, stands between the new latents and its first and last layers; new channels of the text encoder
begin at zero and its norms are scaled for them (after Chen et al. 2016, "Net2Net"); a new piece begins as the mean of its old pieces;
new layers add nothing yet.
"""
import argparse
import os

import numpy as np
import torch
from torch import nn

from data import captions
from data.clips import make_clip
from data.render import load_synthesizers
from dataset import Clips
from fit_pretransform import load as load_pretransform
from machine import save, set_up
from model.loudness import gain_for
from model.retone import load
from objective import naming_loss, pooled
from train import new_model

#: Seeds of the clips that both pretransforms encode; no other step renders them.
FIRST_SEED = 950_000_000
#: Standard deviation of weights that begin without effect, against those that nn.Linear would begin with.
FAINT = 0.1


def paired_latents(old, new, clips):
    """Latents of the same frames by two pretransforms: ([frames, old channels], [frames, new channels])."""
    synthesizers, pairs = load_synthesizers(), []
    for number in range(clips):
        _, audio = make_clip(synthesizers, FIRST_SEED + number)
        audio = audio[:, :audio.shape[1] // new.ratio * new.ratio] * np.float32(gain_for(audio, new.config["loudness"]))
        pairs.append([pretransform.encode(audio).T for pretransform in (old, new)])
    return [torch.from_numpy(np.concatenate(x).astype(np.float32)) for x in zip(*pairs)]


def linear_map(source, target):
    """The matrix [target channels, source channels] of least squares, and the share of the target's variance that it explains."""
    matrix = torch.linalg.lstsq(source, target).solution
    return matrix.T, 1 - ((target - source @ matrix).var() / target.var()).item()


def widen(new, old):
    """Copies a matrix or vector into the first rows and columns of a larger one; the other rows become zero, the other columns faint."""
    with torch.no_grad():
        if old.ndim == 1:
            new.zero_()
            new[:len(old)] = old
            return
        new *= FAINT
        new[old.shape[0]:] = 0
        new[:old.shape[0], :old.shape[1]] = old


def widen_text(new, old, tokenizer, old_tokenizer):
    """The text encoder `old` inside the larger encoder `new`."""
    width, wider = old.config["hidden_size"], new.config["hidden_size"]
    shrunk = (width / wider) ** 0.5  # an RMS norm over channels of which some are zero divides by less
    with torch.no_grad():
        new.embed_tokens.weight *= FAINT
        for piece, number in tokenizer.ids.items():
            rows = [old_tokenizer.ids[piece]] if piece in old_tokenizer.ids else old_tokenizer.encode(piece.replace("\u2581", " "), 64)
            new.embed_tokens.weight[number, :width] = old.embed_tokens.weight[rows].mean(0) * shrunk

        def norm(fresh, stored):
            fresh.weight[:width] = (1 + stored.weight) * shrunk - 1

        for fresh, stored in zip(new.layers, old.layers):
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                widen(getattr(fresh.self_attn, name).weight, getattr(stored.self_attn, name).weight)
            for name in ("gate_proj", "up_proj", "down_proj"):
                widen(getattr(fresh.mlp, name).weight, getattr(stored.mlp, name).weight)
            for name in ("pre_self_attn_layernorm", "post_self_attn_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"):
                norm(getattr(fresh, name), getattr(stored, name))
        for fresh in new.layers[len(old.layers):]:
            fresh.post_self_attn_layernorm.weight.fill_(FAINT - 1)
            fresh.post_feedforward_layernorm.weight.fill_(FAINT - 1)
        norm(new.norm, old.norm)


def widen_conditioner(new, old):
    """Learned padding and the number's linear layer."""
    widen(new.conditioners["prompt"].padding_embedding, old.conditioners["prompt"].padding_embedding)
    fresh, stored = (x.conditioners["seconds_total"].embedder.embedding[1] for x in (new, old))
    widen(fresh.weight, stored.weight)
    widen(fresh.bias, stored.bias)


def copy_transformer(new, old, to_old, to_new):
    """The diffusion transformer `old` behind the maps `to_old` [old, new] and `to_new` [new, old] of latents; of the same width."""
    channels, identity = to_old.shape[0], torch.eye(to_old.shape[0])
    with torch.no_grad():
        for name in ("to_cond_embed", "to_global_embed"):
            fresh, stored = getattr(new, name), getattr(old, name)
            widen(fresh[0].weight, stored[0].weight)
            fresh[2].load_state_dict(stored[2].state_dict())
        new.to_timestep_embed.load_state_dict(old.to_timestep_embed.state_dict())
        net, former = new.transformer, old.transformer
        net.memory_tokens.copy_(former.memory_tokens)
        net.global_cond_embedder.load_state_dict(former.global_cond_embedder.state_dict())
        net.project_in.weight.copy_(former.project_in.weight @ (identity + old.preprocess_conv.weight[..., 0]) @ to_old)
        net.project_out.weight.copy_(to_new @ (identity + old.postprocess_conv.weight[..., 0]) @ former.project_out.weight)
        for fresh, stored in zip(net.layers, former.layers):
            state = stored.state_dict()
            local = state.pop("to_local_embed.0.weight")  # [width, mask + masked latents]
            fresh.load_state_dict({**fresh.state_dict(), **state})
            weight = fresh.to_local_embed[0].weight
            weight *= FAINT
            weight[:, :1] = local[:, :1]
            weight[:, 1:1 + to_old.shape[1]] = local[:, 1:1 + channels] @ to_old
        for fresh in net.layers[len(former.layers):]:
            for last in (fresh.self_attn.to_out, fresh.cross_attn.to_out, fresh.ff.ff[2], fresh.to_local_embed[2]):
                last.weight *= FAINT
                if last.bias is not None:
                    last.bias.zero_()


def trained_head(model, clips, steps=300):
    """A naming head for an encoder that stays as it is."""
    head, rng = nn.Linear(model.text_encoder.config["hidden_size"], captions.LABEL_COUNT), np.random.default_rng(2)
    optimiser = torch.optim.AdamW(head.parameters(), lr=3e-3)
    for step in range(steps):
        batch = clips.batch(rng, 1, 128)
        with torch.no_grad():
            rows = pooled(model.encode_text(batch.ids, batch.mask), batch.mask)
        loss = naming_loss(head(rows), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"naming head {step}: {loss.item():.3f}", flush=True)
    return head


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--model", required=True, help="folder of the earlier model")
    parser.add_argument("--clips", type=int, default=150, help="how many clips both pretransforms encode")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    set_up(options.threads)
    old, model = load(options.model), new_model(options.work)
    before, after = paired_latents(old.pretransform, load_pretransform(options.work), options.clips)
    to_old, explained = linear_map(after, before)
    to_new, returned = linear_map(before, after)
    print(f"{len(before)} frames; variance explained: old latents from new ones {explained:.3f}, new ones from old {returned:.3f}", flush=True)
    widen_text(model.text_encoder, old.text_encoder, model.tokenizer, old.tokenizer)
    widen_conditioner(model.conditioner, old.conditioner)
    copy_transformer(model.dit, old.dit, to_old, to_new)
    head = trained_head(model, Clips(options.work))
    save(os.path.join(options.work, "checkpoint.pt"), model=model.state_dict(), average=model.state_dict(), head=head.state_dict(), optimisers=[], step=0)


if __name__ == "__main__":
    main()
