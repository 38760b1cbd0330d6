"""What training minimises: the velocity of the rectified flow, and naming a caption's facts beside it."""
import numpy as np
import torch
from torch.nn import functional as F

from data import captions
from dataset import FRAME_SECONDS, draw_local, draw_seconds, draw_times, noised, structure_channels

#: Share of the clips whose prompt is taken away, which is what guidance leads away from.
PROMPT_DROPOUT = 0.12


def pooled(rows, mask):
    """Mean of the encoder's valid rows [B, width]."""
    return (rows * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp_min(1)


def naming_loss(logits, labels, heard=None):
    """Softmax over what sounds, and independent facts; a number, or, counting only the facts `heard` [B, labels], [B]."""
    names = captions.NAME_COUNT
    named = labels[:, :names].argmax(1)
    if heard is None:
        return F.cross_entropy(logits[:, :names], named) + F.binary_cross_entropy_with_logits(logits[:, names:], labels[:, names:]) * 5
    facts = F.binary_cross_entropy_with_logits(logits[:, names:], labels[:, names:], reduction="none") * heard[:, names:]
    return F.cross_entropy(logits[:, :names], named, reduction="none") + 0.3 * facts.sum(1)


def training_losses(model, head, batch, rng):
    """(flow loss, naming loss) of one `Batch`.

    A clip with a partner is often what the partner's recording is turned into: what is left of the recording under much noise, and its
    structure, are the partner's, so that the words decide the sound.
    """
    count, _, frames = batch.latents.shape
    device = batch.latents.device
    rows = model.encode_text(batch.ids, batch.mask)
    naming = naming_loss(head(pooled(rows.float(), batch.mask)), batch.labels)
    context, duration = model.conditioner(rows, batch.mask, draw_seconds(rng, frames, count).to(device))
    kept = torch.tensor(rng.random(count) >= PROMPT_DROPOUT, dtype=torch.float32).to(device)
    t = draw_times(rng, count, batch.edited).to(device)
    x = noised(batch, t, torch.randn_like(batch.latents))
    velocity = model.dit(x, t, context * kept[:, None, None], duration, draw_local(rng, batch))
    # The straight way from x to the clip; where x is the clip under noise, that is noise less clip.
    return F.mse_loss(velocity.float(), (x - batch.latents) / t[:, None, None]), naming


@torch.no_grad()
def measure(model, clips, frames=128, count=96):
    """Held-out flow loss at fixed levels: with the right captions, with shuffled ones, and with the clip's structure as well.

    {"0.5": x, "0.5 shuffled": y, "0.5 structure": z, ...}; the gap between right and shuffled is how much the prompt counts.
    """
    rng = np.random.default_rng(5)
    batch = clips.batch(rng, frames, count)
    device = batch.latents.device
    noise = torch.randn(batch.latents.shape, generator=torch.Generator().manual_seed(5)).to(device)
    rows = model.encode_text(batch.ids, batch.mask)
    context, duration = model.conditioner(rows, batch.mask, torch.full((count,), frames * FRAME_SECONDS, device=device))
    right, shuffled = torch.arange(count, device=device), torch.arange(count, device=device).roll(7)
    free = torch.zeros_like(batch.latents[:, :1])
    local = {strength: torch.cat([free, torch.zeros_like(batch.latents), structure_channels(
        batch.structure, torch.full((count, 3), float(strength), device=device))], 1) for strength in (0, 1)}
    out = {}
    for level in (0.2, 0.5, 0.8, 0.9, 0.97):
        x = batch.latents + level * (noise - batch.latents)
        for name, order, strength in (("", right, 0), (" shuffled", shuffled, 0), (" structure", right, 1)):
            velocity = model.dit(x, torch.full((count,), level, device=device), context[order], duration, local[strength])
            out[f"{level}{name}"] = round(F.mse_loss(velocity.float(), noise - batch.latents).item(), 4)
    return out
