"""Byte-pair tokenizer in the form of Gemma's `tokenizer.json`: trainer, encoder, writer.

Space becomes U+2581, no other normalisation; BPE over the whole text with byte fallback; no BOS, no EOS; padding id 0 on the
right. Merges learnt here never cross the start of a word (the U+2581), so encoding word by word equals encoding the whole text.
"""
import json
import re
from collections import Counter

SPACE = "\u2581"
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
PLAIN_ADDED = ["\n", "\n\n", "\n\n\n", "\t"]


def train_vocabulary(texts, size):
    """(vocabulary list, merges list of pairs) of about `size` pieces from texts, most frequent pair first."""
    words = Counter(word for text in texts for word in re.findall(f"{SPACE}?[^{SPACE}]+", text.replace(" ", SPACE)))
    characters = {c for word in words for c in word} | {chr(c) for c in range(33, 127)} | {SPACE}
    vocabulary = SPECIAL + PLAIN_ADDED + [f"<0x{byte:02X}>" for byte in range(256)] + sorted(characters)
    splits = {word: list(word) for word in words}
    merges, known = [], set(vocabulary)
    while len(vocabulary) < size:
        pairs = Counter()
        for word, pieces in splits.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        pair, count = max(pairs.items(), key=lambda item: (item[1], item[0]))
        if count < 4:
            break
        merges.append(pair)
        joined = pair[0] + pair[1]
        if joined not in known:
            known.add(joined)
            vocabulary.append(joined)
        for word, pieces in splits.items():
            if joined in word:
                splits[word] = _merge(pieces, pair)
    return vocabulary, merges


def _merge(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and (pieces[i], pieces[i + 1]) == pair:
            out.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


class Tokenizer:
    """Encoder for a `tokenizer.json` of this form (the fixtures' ones too)."""

    def __init__(self, document):
        self.document = document
        model = document["model"]
        self.ids = model["vocab"]
        pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
        self.ranks = {pair: rank for rank, pair in enumerate(pairs)}
        added = sorted((t["content"] for t in document["added_tokens"]), key=len, reverse=True)
        self.added = {t["content"]: t["id"] for t in document["added_tokens"]}
        self.pattern = re.compile("(" + "|".join(re.escape(t) for t in added) + ")")
        self.by_word = not any(SPACE in (right if left != SPACE * len(left) else right.lstrip(SPACE)) for left, right in pairs) \
            and not any(set(left + right) == {SPACE} for left, right in pairs)
        self.cache = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def _pieces(self, text):
        pieces = list(text)
        while len(pieces) > 1:
            best = min(zip(pieces, pieces[1:]), key=lambda pair: self.ranks.get(pair, 1 << 60))
            if best not in self.ranks:
                break
            pieces = _merge(pieces, best)
        return pieces

    def _encode_segment(self, text):
        if text not in self.cache:
            ids = []
            for piece in self._pieces(text):
                if piece in self.ids:
                    ids.append(self.ids[piece])
                else:
                    ids.extend(self.ids[f"<0x{byte:02X}>"] for byte in piece.encode("utf-8"))
            self.cache[text] = ids
        return self.cache[text]

    def encode(self, text, max_length):
        """Token ids, at most `max_length`, not padded."""
        ids = []
        for segment in self.pattern.split(text):
            if segment in self.added:
                ids.append(self.added[segment])
            elif segment:
                segment = segment.replace(" ", SPACE)
                words = re.findall(f"{SPACE}?[^{SPACE}]+|{SPACE}", segment) if self.by_word else [segment]
                for word in words:
                    ids.extend(self._encode_segment(word))
        return ids[:max_length]


def document(vocabulary, merges):
    """The `tokenizer.json` object."""
    added = [{"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": token in SPECIAL} for number, token in enumerate(SPECIAL + PLAIN_ADDED)]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": {token: number for number, token in enumerate(vocabulary)}, "merges": [list(m) for m in merges]}}


def tokenizer_config():
    """The `tokenizer_config.json` object."""
    return {"add_bos_token": False, "add_eos_token": False, "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>",
            "unk_token": "<unk>", "mask_token": "<mask>", "padding_side": "right", "clean_up_tokenization_spaces": False,
            "spaces_between_special_tokens": False, "model_max_length": 1000000000000000019884624838656,
            "tokenizer_class": "GemmaTokenizer"}
