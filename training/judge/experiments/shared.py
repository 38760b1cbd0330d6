"""What several experiments need."""
import numpy as np

from .. import measures

SEED_PROMPT = "dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix"

#: 20 prompts that mean 20 different sounds.
PROMPTS = (SEED_PROMPT, "solo piano", "heavy metal guitar", "string quartet", "harp", "acoustic ballad", "jazz trio with brushes",
           "techno 128 BPM", "rock drums", "lo-fi hip hop beat, vinyl crackle", "synthwave", "dubstep bass", "8-bit chiptune",
           "orchestral trailer", "rain on a tin roof", "old radio", "robot voice", "lion roar", "sci-fi door", "sitar and tabla")


def median(values):
    """Median of the values that are numbers, as a float; NaN without any."""
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else float("nan")


def share(truths):
    """Share of true values, 0 to 1."""
    return float(np.mean(np.asarray(truths, bool)))


def spread(values):
    """5th, 50th and 95th percentile as text."""
    return " / ".join(f"{v:+.1f}" for v in np.percentile(values, [5, 50, 95]))


def levels_of(sources, results):
    """Loudness and peaks of results against their sources."""
    change = np.array([measures.loudness(r) - measures.loudness(s) for s, r in zip(sources, results)])
    change = change[np.isfinite(change)]
    return {"loudness against the source, 5th / 50th / 95th percentile (LU)": spread(change),
            "within 3 LU of the source": share(np.abs(change) < 3),
            "largest peak": float(max(np.abs(r).max() for r in results)),
            "results with samples at full scale": share([np.abs(r).max() >= 0.999 for r in results])}
