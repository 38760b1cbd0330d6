"""Writes a model's `words.json`: the words that its captions taught it, and how other words are read.

    python words.py --out ../models/retone-small                  # of the captions in data/
    python words.py --out DIR --texts FILE --unlearnt             # of a model that was trained on other captions, a phrase a line

Words come from `data/nearest.py` and, where it is installed, from WordNet (`wordnet.py`). `--unlearnt`: the model knows neither tempo numbers nor "no".
"""
import argparse
import json
import os
import re

import wordnet
from data.nearest import BY_HAND, BY_KIND, BY_LIKENESS, IGNORED

#: How tempo numbers are read by a model that has learnt tempo words alone.
TEMPO_WORDS = {"slow tempo": [0, 80], "fast tempo": [132, 1000]}
#: Words for kinds of a thing are taken down to this depth of WordNet; deeper ones are rare.
DEPTH = 6


def words_of(text):
    return re.findall(r"[a-z0-9]+(?:['+./-][a-z0-9]+)*#?", text.lower())


def _plain(word):
    return re.fullmatch(r"[a-z][a-z'-]{2,}", word) is not None


def _stems(word):
    """Shorter forms, as the engine finds them itself: `conditioning/words.ts`."""
    return [word[:-1]] if word.endswith("s") else [word[:-2], word[:-1]] if word.endswith("es") else []


def nearest(known):
    """target -> words, for the words that are not known; the first that claims a word keeps it, hands before WordNet."""
    usable = lambda targets: next((t for t in targets if all(word in known for word in words_of(t))), None)
    claimed = {}

    def claim(targets, words):
        target = usable(targets)
        for word in words if target else ():
            if word not in known and word.replace('-', '') not in known and word not in claimed and word not in IGNORED and word != target and not any(stem in known for stem in _stems(word)):
                claimed[word] = target
    for targets, words in BY_HAND:
        claim(targets, words.split())
        claim(targets, [w.replace("-", " ") for w in words.split() if w.count("-") == 1 and not all(part in known for part in w.split("-"))])
    if wordnet.available():
        for targets, names in BY_LIKENESS:
            for name in names:
                for synset in wordnet.alike(wordnet.sense(name)):
                    claim(targets, [w for w in wordnet.words(synset) if _plain(w)])
        for targets, names in reversed(BY_KIND):  # narrow kinds stand below, and claim before the wide ones above
            for name in names:
                for synset, depth in wordnet.below(wordnet.sense(name)):
                    if depth <= DEPTH:
                        claim(targets, [w for w in wordnet.words(synset) if _plain(w) and _common(w, synset)])
    out = {}
    for word, target in claimed.items():
        out.setdefault(target, []).append(word)
    return {target: sorted(words) for target, words in sorted(out.items())}


def _common(word, synset):
    """Whether this is what the word means first."""
    return wordnet.senses(word, synset[0])[:1] == [synset]


def document(texts, learnt=True, absent=(), keys=()):
    """The object of `words.json` for a model that was trained on these phrases."""
    known = sorted({word for text in texts for word in words_of(text)} | set(keys))
    phrases = sorted({text.lower() for text in texts if re.match(r"(no|without) \w", text.lower()) and "{" not in text})
    out = {"known": known, "ignored": sorted(set(IGNORED)), "nearest": nearest(set(known)), "phrases": phrases, "negatable": sorted({w for word in absent for w in words_of(word)}) if learnt else []}
    return out if learnt else {**out, "tempo": TEMPO_WORDS}


def write(out, made):
    """Writes an object of `document` to the folder of a model."""
    with open(os.path.join(out, "words.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(made, ensure_ascii=False, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


def of_captions():
    """The object of `words.json` for a model that was trained on the captions of `data/`."""
    from data import captions
    from data.vocabulary import ABSENT_WORDS
    negatable = [word for words in ABSENT_WORDS.values() for word in words] + ["reverb", "distortion", "low end"]
    return document(captions.phrases(), True, negatable, captions.KEYS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    parser.add_argument("--list", action="store_true", help="print what can be asked for instead")
    parser.add_argument("--texts")
    parser.add_argument("--unlearnt", action="store_true")
    options = parser.parse_args()
    if options.list:
        from data.vocabulary import EFFECT_PHRASES, WORDS
        for kind, table in {**WORDS, "effect": EFFECT_PHRASES}.items():
            print(f"{kind} ({len(table)})", *(f"  {name}: {', '.join(words)}" for name, words in table.items()), sep="\n")
        return
    if options.texts:
        with open(options.texts, encoding="utf-8") as file:
            made = document([line.strip() for line in file if line.strip()], not options.unlearnt)
    else:
        made = of_captions()
    write(options.out, made)
    print(f"{len(made['known'])} words, {sum(map(len, made['nearest'].values()))} others under {len(made['nearest'])}")


if __name__ == "__main__":
    main()
