"""What must be there before clips are rendered for training: the fitted pretransform and the tokenizer.

    python prepare.py --work DIR [--clips 900]

Writes DIR/pretransform.npz (`fit_pretransform.py`) and DIR/tokenizer.json, learnt from captions of the same clips' facts. Both are
kept if they are there: latents, token ids and weights depend on them.
"""
import argparse
import json
import os

import numpy as np

from data import captions, tokenizer
from data.clips import make_clip
from data.render import load_synthesizers
from fit_pretransform import Moments, fit_and_store
from model.spectral import DEFAULT_CONFIG, SpectralFeatures

#: Seeds of these clips; those of the training clips are smaller.
FIRST_SEED = 900_000_000
CAPTIONS = 40_000
PIECES = 4000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--clips", type=int, default=900)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    pretransform, vocabulary = (os.path.join(options.work, name) for name in ("pretransform.npz", "tokenizer.json"))
    if os.path.exists(pretransform) and os.path.exists(vocabulary):
        print(f"{options.work} is prepared")
        return
    synthesizers, fixed, facts = load_synthesizers(), SpectralFeatures(DEFAULT_CONFIG), []
    moments = Moments(fixed.dimension)
    for number in range(options.clips):
        fact, audio = make_clip(synthesizers, FIRST_SEED + number)
        facts.append(fact)
        moments.add(fixed.analyse(audio))
    fit_and_store(moments, pretransform)
    pieces, merges = tokenizer.train_vocabulary(captions.corpus(np.random.default_rng(1), facts, CAPTIONS), PIECES)
    with open(vocabulary, "w", encoding="utf-8") as file:
        json.dump(tokenizer.document(pieces, merges), file, ensure_ascii=False)
    print(f"{moments.count} frames, {fixed.dimension} features, {len(pieces)} pieces")


if __name__ == "__main__":
    main()
