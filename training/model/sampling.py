"""Noise schedules and samplers of the reference, and the monotone schedule for audio-to-audio."""

import torch


def schedule(steps, sigma_max=1.0, shift=None, monotone=True):
    """[steps + 1] noise levels from `sigma_max` to 0.

    `shift`: the model config's `sampling_distribution_shift_options`; None is the reference's default (log-SNR, rate 0,
    anchor -6.2, end 2). `monotone` warps the schedule of level 1 and scales it; False is the reference's order.
    """
    start = 1.0 if monotone else sigma_max
    t = torch.linspace(start, 0, steps + 1, dtype=torch.float64)
    kind = (shift or {"type": "logsnr"})["type"]
    if kind == "logsnr":
        anchor, end = (shift or {}).get("anchor_logsnr", -6.2), (shift or {}).get("logsnr_end", 2.0)
        warped = torch.sigmoid(-(end - t * (end - anchor)))
        t = torch.where((t > 0) & (t < 1), warped, t)
    elif kind == "flux":
        alpha = shift.get("alpha_min", 1.0)
        t = alpha * t / (1 + (alpha - 1) * t)
    elif kind != "none":
        raise ValueError(f"shift {kind} is not written here")
    if monotone:
        t = t * sigma_max
    t[0] = sigma_max
    return t.float()


@torch.no_grad()
def euler(velocity, x, sigmas):
    """x at level sigmas[0] -> 0; `velocity(x, t [B])`."""
    for now, following in zip(sigmas[:-1], sigmas[1:]):
        x = x + (following - now) * velocity(x, now.expand(x.shape[0]))
    return x


@torch.no_grad()
def ping_pong(velocity, x, sigmas, noises):
    """As `euler`, but denoises fully and adds fresh noise (`noises`, one a step) down to the next level."""
    for now, following, noise in zip(sigmas[:-1], sigmas[1:], noises):
        denoised = x - now * velocity(x, now.expand(x.shape[0]))
        x = (1 - following) * denoised + following * noise
    return x


def ramped_guidance(scale, t):
    """Guidance at noise level t (tensor): all of `scale` above 0.6, falling to 1 at 0.1.

    What sounds is decided under much noise; guiding the last steps as strongly costs likeness to the source and naturalness.
    """
    return 1 + (scale - 1) * ((t - 0.1) / 0.5).clamp(0, 1)


def guided(conditional, unconditional, x, t, scale, apg=1.0, valid=None):
    """Velocity with adaptive projected guidance on the denoised estimates; all [B, C, T], t a number, valid [B, T] or None.

    Only the part of the difference that is orthogonal to the conditional estimate is used (over valid frames, zero beyond).
    """
    first, second = x - t * conditional, x - t * unconditional
    difference = first - second
    counted = torch.ones_like(x[:, :1]) if valid is None else valid[:, None].to(x.dtype)
    unit = first * counted
    unit = unit / unit.flatten(1).norm(dim=1)[:, None, None].clamp_min(1e-12)
    along = (difference * counted * unit).flatten(1).sum(1)[:, None, None] * unit
    difference = apg * (difference * counted - along) + (1 - apg) * difference
    return (x - (first + (scale - 1) * difference)) / t
