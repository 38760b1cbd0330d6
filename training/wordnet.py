"""Reads WordNet 3.0 (Princeton University; licence "WordNet 3.0", in Debian's package wordnet-base under /usr/share/doc/wordnet-base/copyright).

Synsets are (part of speech, offset); `senses` finds them by word, `below` and `alike` walk from them.
"""
import os
from functools import lru_cache

FOLDER = os.environ.get("RETONE_WORDNET", "/usr/share/wordnet")
_FILES = {"n": "noun", "a": "adj", "v": "verb", "r": "adv"}


def available():
    return os.path.exists(os.path.join(FOLDER, "data.noun"))


@lru_cache(maxsize=None)
def _index(part):
    """word -> offsets of its senses, the commonest first."""
    out = {}
    with open(os.path.join(FOLDER, f"index.{_FILES[part]}"), encoding="latin-1") as file:
        for line in file:
            if line.startswith(" "):
                continue
            fields = line.split()
            count = int(fields[2])
            out[fields[0]] = [int(x) for x in fields[-count:]]
    return out


@lru_cache(maxsize=None)
def _data(part):
    """offset -> (words, [(pointer, part, offset)], gloss)."""
    out = {}
    with open(os.path.join(FOLDER, f"data.{_FILES[part]}"), encoding="latin-1") as file:
        for line in file:
            if line.startswith(" "):
                continue
            record, _, gloss = line.partition("|")
            fields = record.split()
            count = int(fields[3], 16)
            words = [fields[4 + 2 * i].split("(")[0].lower().replace("_", " ") for i in range(count)]
            at = 4 + 2 * count
            pointers = [(fields[at + 1 + 4 * i], fields[at + 3 + 4 * i].replace("s", "a"), int(fields[at + 2 + 4 * i])) for i in range(int(fields[at]))]
            out[int(fields[0])] = (words, pointers, gloss.strip())
    return out


def sense(name):
    """The synset of a name such as "violin.n.1": word, part of speech, number of the sense."""
    word, part, number = name.rsplit(".", 2)
    return part, _index(part)[word.replace(" ", "_")][int(number) - 1]


def words(synset):
    return _data(synset[0])[synset[1]][0]


def gloss(synset):
    return _data(synset[0])[synset[1]][2]


def senses(word, part):
    """Synsets of a word, the commonest first."""
    return [(part, offset) for offset in _index(part).get(word.replace(" ", "_"), [])]


def _pointed(synset, kinds):
    return [(part, offset) for kind, part, offset in _data(synset[0])[synset[1]][1] if kind in kinds and part in _FILES]


def below(synset):
    """(synset, depth) of all kinds of a thing: hyponyms and instances, the thing itself first."""
    queue, seen = [(synset, 0)], {synset}
    for current, depth in queue:
        yield current, depth
        for other in _pointed(current, ("~", "~i")):
            if other not in seen:
                seen.add(other)
                queue.append((other, depth + 1))


def alike(synset):
    """Synsets of adjectives similar to one."""
    return [synset, *_pointed(synset, ("&",))]
