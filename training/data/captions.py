"""Facts of a clip to words, as people write prompts. Every word used is true of the clip; which are used is drawn.

`caption(rng, facts)` words one clip; `labels(facts)` gives the facts as indices for training the text encoder;
`corpus(rng, facts, n)` gives texts for the tokenizer.
"""
import re

import torch

from .clips import BANDS, FAMILIES, KITS_ALL
from .compose import PATTERNS
from .effects import EFFECTS
from .grooves import GROOVES
from .instruments import INSTRUMENTS
from .textures import TEXTURES
from .vocabulary import (ABSENT_FORMS, ABSENT_WORDS, BPM_FORMS, CLEAN_WORDS, DRUM_PART_WORDS, DRY_WORDS, DYNAMICS_WORDS, EFFECT_ADJECTIVES, EFFECT_PHRASES, FORMS_TURN,
                         INSTRUMENT_WORDS, KIT_PHRASES, LOOSE_ENDS, LOOSE_FRONTS, MODE_WORDS, PATTERN_WORDS, REGISTER_WORDS, SOURCES, TECHNIQUE_WORDS, TEMPO_WORDS,
                         TEXTURE_WORDS, WORDS)
from .voices import VOICES

SEED_PROMPT = "dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix"


def _pick(rng, words):
    return words[rng.integers(len(words))]


def _name(rng, facts):
    words = WORDS[facts["kind"]][facts["name"]]
    return words[0] if rng.random() < 0.35 else _pick(rng, words)


def _part_word(rng, part):
    if part == "drums":
        return _pick(rng, DRUM_PART_WORDS)
    words = INSTRUMENT_WORDS.get(part) or TEXTURE_WORDS[part]
    return words[0] if rng.random() < 0.6 else _pick(rng, words)


def _absences(rng, facts):
    """Phrases for what is not there: what was left out nearly always, what is missing anyway now and then."""
    out = [(word, 0.85) for word in facts["absent"]]
    if facts["kind"] in ("instrument", "band") and not facts["drums"] and "drums" not in facts["absent"]:
        out.append(("drums", 0.07))
    if facts["kind"] == "instrument" and facts["name"] not in FAMILIES["vocals"]:
        out.append(("vocals", 0.03))
    if facts["kind"] == "drums":
        out.append(("melody", 0.04))
        out.append(("bass", 0.03))
    return [_pick(rng, ABSENT_FORMS).format(x=_pick(rng, ABSENT_WORDS[word])) for word, chance in out if rng.random() < chance]


def _describe(rng, facts):
    """(adjectives before the name, name, phrases after it)."""
    name, before, after = _name(rng, facts), [], []
    ambient = facts["kind"] == "band" and facts["name"] in ("cinematic ambient", "ambient", "sacred choir")
    for effect in facts["effects"]:
        if rng.random() < (0.75 if ambient else 0.9):
            if rng.random() < 0.5:
                before.append(_pick(rng, EFFECT_ADJECTIVES[effect]))
            else:
                after.append(_pick(rng, EFFECT_PHRASES[effect]))
    if facts.get("dry") and rng.random() < 0.25:
        (before if rng.random() < 0.5 else after).append("dry" if rng.random() < 0.4 else _pick(rng, DRY_WORDS))
    if facts.get("clean") and not facts["effects"] and rng.random() < 0.12:
        (before if rng.random() < 0.5 else after).append("clean" if rng.random() < 0.5 else _pick(rng, CLEAN_WORDS))
    beat = facts["kind"] in ("drums", "band")
    if facts["bpm"] and rng.random() < (0.38 if beat else 0.14):
        after.append(_pick(rng, BPM_FORMS).format(n=facts["bpm"]))
    for key, words, chance in (("tempo", TEMPO_WORDS, 0.45), ("mode", MODE_WORDS, 0.22), ("dynamics", DYNAMICS_WORDS, 0.25), ("register", REGISTER_WORDS, 0.3)):
        if facts[key] and rng.random() < chance:
            word = _pick(rng, words[facts[key]])
            (after if " " in word or rng.random() < 0.4 else before).append(word)
    if facts["key"] and facts["mode"] and rng.random() < 0.03:
        after.append(f"in {facts['key']} {facts['mode']}")
    for technique in facts["techniques"]:
        if rng.random() < 0.75:
            word = _pick(rng, TECHNIQUE_WORDS[technique])
            (after if word.startswith(("with", "in ", "on ")) or rng.random() < 0.4 else before).append(word)
    if facts["kit"] and rng.random() < (0.4 if facts["kind"] == "drums" else 0.15):
        after.append(_pick(rng, KIT_PHRASES[facts["kit"]]))
    if facts["pattern"] and rng.random() < 0.35:
        word = _pick(rng, PATTERN_WORDS[facts["pattern"]])
        if rng.random() < 0.6:
            name = f"{name} {word}"
        else:
            after.append(word)
    parts = [_part_word(rng, p) for p in dict.fromkeys(facts["parts"]) if rng.random() < 0.4]
    rng.shuffle(parts)
    rng.shuffle(before)
    rng.shuffle(after)
    if parts and rng.random() < 0.5:
        after.append("with " + (" and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]))
    else:
        after.extend(parts)
    absent = _absences(rng, facts)
    return before, name, after, absent


def _article(rng, text):
    if rng.random() < 0.4:
        return text
    return ("an " if text[0] in "aeiouAEIO8" else "a ") + text


def _loose(rng, before, name, after, absent):
    """As people type when they are in a hurry: no commas, pieces in any order, a filler here and there."""
    pieces = before + [name] + after
    if rng.random() < 0.5:
        rng.shuffle(pieces)
    if len(pieces) > 2 and rng.random() < 0.3:
        pieces.pop(int(rng.integers(len(pieces))))
        if name not in pieces:
            pieces.append(name)
    pieces += absent
    if rng.random() < 0.3:
        pieces.insert(0, _pick(rng, LOOSE_FRONTS))
    if rng.random() < 0.25 and not absent:
        pieces.append(_pick(rng, LOOSE_ENDS))
    text = _pick(rng, [" ", " ", " and ", " + ", ", "]).join(pieces)
    if rng.random() < 0.25:
        text = text.lower()
    if rng.random() < 0.15:
        text = text.replace("-", " ")
    return text


def caption(rng, facts):
    """One caption of the facts: the name always, other facts with some chance each; order and style are drawn."""
    before, name, after, absent = _describe(rng, facts)
    draw = rng.random()
    if draw < 0.10 and not facts["effects"] and not facts["absent"]:
        text = name
    elif draw < 0.25:
        text = _loose(rng, before, name, after, absent)
    elif draw < 0.45:  # a list of tags
        tags = before + after
        rng.shuffle(tags)
        tags.insert(0 if rng.random() < 0.6 else int(rng.integers(len(tags) + 1)), name)
        text = ", ".join(tags + absent)
    else:
        after = before[3:] + after
        before = before[:3]
        if len(before) > 1 and rng.random() < 0.25:
            before = [", ".join(before[:-1]) + " and " + before[-1]] if rng.random() < 0.5 else [", ".join(before)]
        head = " ".join(before + [name])
        if draw < 0.68:
            source = _pick(rng, SOURCES) if rng.random() < 0.6 else _pick(rng, _ALL_NAMES)
            head = _pick(rng, FORMS_TURN).format(source=source, target=_article(rng, head))
        elif draw < 0.80:
            head = f"{_pick(rng, ['a', 'some', 'solo', 'the sound of', 'recording of', 'a recording of', 'sound of', 'this is'])} {head}"
        glue = " " if after and after[0].startswith(("in ", "with ", "at ", "on ", "through ")) and rng.random() < 0.6 else ", "
        text = head + (glue + ", ".join(after) if after else "")
        if absent:
            text += (" " if rng.random() < 0.4 else ", ") + ", ".join(absent)
    if rng.random() < 0.12:
        text = text[0].upper() + text[1:]
    if rng.random() < 0.05:
        text += "."
    return text


_ALL_NAMES = [words[0] for table in WORDS.values() for words in table.values()]
_NAMED = [(kind, name) for kind, names in (("instrument", INSTRUMENTS), ("drums", GROOVES), ("texture", TEXTURES), ("voice", VOICES), ("band", BANDS)) for name in names]
#: Beats a minute of the tempo labels: one label for every ten from 50 to 180.
_BPM_BINS = range(50, 181, 10)
_LABELS = {label: number for number, label in enumerate(
    _NAMED + [("effect", e) for e in EFFECTS] + [("dry", True), ("clean", True), ("drums", True)] + [("tempo", t) for t in TEMPO_WORDS] + [("bpm", b) for b in _BPM_BINS]
    + [("mode", m) for m in MODE_WORDS] + [("register", r) for r in REGISTER_WORDS] + [("dynamics", d) for d in DYNAMICS_WORDS] + [("pattern", p) for p in PATTERNS]
    + [("technique", t) for t in TECHNIQUE_WORDS] + [("kit", k) for k in KITS_ALL] + [("absent", a) for a in ABSENT_WORDS] + [("part", f) for f in FAMILIES])}
LABEL_COUNT = len(_LABELS)
#: The first so many labels name what sounds; exactly one of them is true of a clip.
NAME_COUNT = len(_NAMED)


def _bin(bpm):
    return int(min(180, max(50, round(bpm / 10) * 10)))


def _true(facts):
    """Keys of `_LABELS` that hold."""
    keys = [(facts["kind"], facts["name"])] + [("effect", e) for e in facts["effects"]] + [(k, True) for k in ("dry", "clean", "drums") if facts.get(k)]
    keys += [(k, facts[k]) for k in ("tempo", "mode", "register", "dynamics", "pattern", "kit") if facts[k]] + [("technique", t) for t in facts["techniques"]]
    keys += [("absent", a) for a in facts["absent"]] + ([("bpm", _bin(facts["bpm"]))] if facts["bpm"] else [])
    heard = facts["parts"] or [facts["name"]]
    return keys + [("part", family) for family, names in FAMILIES.items() if any(part in names for part in heard)]


def labels(facts):
    """Indices of the facts that hold, for the auxiliary classifier on the text encoder."""
    return [_LABELS[key] for key in dict.fromkeys(_true(facts))]


def worded(text, facts):
    """1.0 for every label that the caption decides, else 0; float32 [LABEL_COUNT]. Names, effects and whether there are drums always; "dry" and
    "clean" where the text says so or the clip is not; tempo, techniques, kit and what is left out where the text says so."""
    lower, out = text.lower(), torch.zeros(LABEL_COUNT)
    always = ("instrument", "drums", "texture", "voice", "band", "effect")
    out[[number for (key, _), number in _LABELS.items() if key in always]] = 1
    for key, words in (("dry", DRY_WORDS), ("clean", CLEAN_WORDS)):
        if not facts.get(key) or any(w in lower for w in words):
            out[_LABELS[key, True]] = 1
    if facts["bpm"] and str(facts["bpm"]) in lower:
        out[[_LABELS["bpm", b] for b in _BPM_BINS]] = 1
    for key, table, held in (("technique", TECHNIQUE_WORDS, facts["techniques"]), ("absent", ABSENT_WORDS, facts["absent"])):
        for fact in held:
            if any(word.lower() in lower for word in table[fact]):
                out[_LABELS[key, fact]] = 1
    if facts["kit"] and any(word.lower() in lower for word in KIT_PHRASES[facts["kit"]]):
        out[_LABELS["kit", facts["kit"]]] = 1
    return out


#: Names of notes as captions of keys have them.
KEYS = ("c", "c#", "d", "eb", "e", "f", "f#", "g", "ab", "a", "bb", "b")


def phrases():
    """All phrases that captions are made of, without the places to be filled in."""
    texts = LOOSE_FRONTS + LOOSE_ENDS + SOURCES + CLEAN_WORDS + DRY_WORDS + DRUM_PART_WORDS + BPM_FORMS + FORMS_TURN + ABSENT_FORMS + ["a", "an", "and", "with", "in", "solo", "the sound of", "a recording of", "this is"]
    for table in (*WORDS.values(), EFFECT_ADJECTIVES, EFFECT_PHRASES, PATTERN_WORDS, TECHNIQUE_WORDS, KIT_PHRASES, ABSENT_WORDS, TEMPO_WORDS, MODE_WORDS, REGISTER_WORDS, DYNAMICS_WORDS):
        texts = texts + [word for words in table.values() for word in words]
    return [re.sub(r"\{\w+\}", "", text).strip() for text in texts] + [SEED_PROMPT]


def vocabulary():
    """All words that captions can use, lower case, without numbers: a sorted list."""
    return sorted({word for text in phrases() for word in re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", text.lower())})


def corpus(rng, facts, count):
    """`count` captions of the given facts, and plain vocabulary, for training the tokenizer."""
    texts = [caption(rng, facts[rng.integers(len(facts))]) for _ in range(count)]
    return texts + [SEED_PROMPT] * 50 + [f"the {word} {word}" for word in vocabulary()] * 6
