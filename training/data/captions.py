"""Facts of a clip to words, as people write prompts. Every word used is true of the clip; which are used is drawn.

`caption(rng, facts)` words one clip; `labels(facts)` gives the facts as indices for training the text encoder;
`corpus(rng, n)` gives texts for the tokenizer.
"""
import torch

from .clips import BANDS
from .compose import DRUM_GROOVES
from .effects import EFFECTS
from .instruments import INSTRUMENTS
from .textures import TEXTURES

NAMES = {
    "piano": ["piano", "grand piano", "acoustic piano", "piano keys"],
    "electric piano": ["electric piano", "Rhodes", "rhodes piano", "e-piano", "FM electric piano"],
    "harpsichord": ["harpsichord", "baroque harpsichord", "cembalo"],
    "music box": ["music box", "toy music box", "musical box"],
    "vibraphone": ["vibraphone", "vibes", "jazz vibraphone"],
    "marimba": ["marimba", "wooden marimba", "mallet marimba"],
    "bells": ["bells", "tubular bells", "chimes", "glockenspiel bells", "church bells"],
    "organ": ["organ", "church organ", "pipe organ", "Hammond organ"],
    "accordion": ["accordion", "squeezebox", "French accordion"],
    "acoustic guitar": ["acoustic guitar", "nylon guitar", "steel-string guitar", "fingerpicked guitar", "guitar"],
    "electric guitar": ["electric guitar", "clean electric guitar", "jazz guitar"],
    "distorted guitar": ["distorted guitar", "overdriven guitar", "heavy metal guitar", "fuzz guitar", "rock guitar"],
    "bass": ["bass", "bass guitar", "electric bass", "upright bass"],
    "synth bass": ["synth bass", "synthesizer bass", "electronic bass", "bass synth"],
    "violin": ["violin", "solo violin", "fiddle"],
    "cello": ["cello", "solo cello", "violoncello"],
    "strings": ["strings", "string ensemble", "string orchestra", "string section"],
    "pizzicato strings": ["pizzicato strings", "plucked strings", "pizzicato"],
    "harp": ["harp", "orchestral harp", "concert harp"],
    "choir": ["choir", "voices", "vocal choir", "choir aahs", "human voices"],
    "trumpet": ["trumpet", "solo trumpet", "trumpet lead"],
    "brass": ["brass", "brass section", "horn section", "brass ensemble"],
    "saxophone": ["saxophone", "sax", "tenor sax", "alto saxophone"],
    "clarinet": ["clarinet", "solo clarinet", "woodwind clarinet"],
    "flute": ["flute", "solo flute", "concert flute"],
    "sitar": ["sitar", "Indian sitar"],
    "steel drums": ["steel drums", "steel pan", "Caribbean steel drum"],
    "synth pad": ["synth pad", "warm pad", "ambient pad", "synthesizer pad", "pad"],
    "synth lead": ["synth lead", "sawtooth lead", "saw synth", "analog synth lead", "synthesizer lead"],
    "chiptune": ["chiptune", "8-bit chiptune", "square wave lead", "game boy sound", "video game synth"],
    # drums
    "rock": ["rock drums", "rock beat", "drum kit", "rock drum beat"],
    "four on the floor": ["four on the floor beat", "house beat", "techno drums", "dance drums", "club beat"],
    "hip hop": ["hip hop beat", "boom bap drums", "hip hop drums"],
    "breakbeat": ["breakbeat", "break beat drums", "drum break"],
    "jazz": ["jazz drums", "swing drums", "brushed jazz kit"],
    "latin": ["latin percussion", "congas and shaker", "latin drums", "percussion loop"],
    "toms": ["tom drums", "tribal drums", "tom-tom groove"],
    # textures
    "rain": ["rain", "rainfall", "heavy rain", "rain falling"],
    "wind": ["wind", "howling wind", "wind blowing", "storm wind"],
    "ocean waves": ["ocean waves", "sea waves", "surf", "waves on a beach"],
    "engine": ["engine", "motor", "engine rumble", "machine engine"],
    "gong": ["gong", "gong strikes", "temple gong", "tam-tam"],
    "metallic resonance": ["metallic resonance", "metal resonances", "bowed metal", "metallic drone", "metallic shimmer"],
    "alarm": ["alarm", "siren", "warning alarm", "beeping alarm"],
    "fire": ["fire", "crackling fire", "campfire", "crackle"],
    "static": ["static", "white noise", "radio static", "noise"],
    "drone": ["drone", "low drone", "dark drone", "deep rumble"],
    "crickets": ["crickets", "night insects", "chirping crickets"],
}
BAND_NAMES = {
    "cinematic ambient": ["cinematic ambient", "ambient soundscape", "cinematic ambience", "ambient film score", "atmospheric ambient"],
    "orchestral": ["orchestral music", "orchestra", "film score orchestra", "symphonic music"],
    "rock": ["rock band", "rock song", "hard rock", "rock"],
    "jazz": ["jazz band", "jazz combo", "jazz", "swing jazz trio"],
    "techno": ["techno", "electronic dance music", "techno track", "EDM", "electronic music"],
    "lo-fi hip hop": ["lo-fi hip hop", "chillhop", "lofi beats", "lo-fi beats to study to"],
    "8-bit game": ["8-bit video game music", "chiptune song", "retro game music", "8-bit music"],
    "folk": ["folk music", "folk song", "acoustic folk", "country folk"],
}
EFFECT_ADJECTIVES = {
    "dark": ["dark", "darker", "gloomy", "warm and dark"], "bright": ["bright", "brighter", "brilliant", "sparkling"],
    "muffled": ["muffled", "underwater", "dull"], "deep": ["deep", "bass-heavy", "with deeper low end"],
    "thin": ["thin", "tinny", "small"], "distant": ["distant", "far away", "remote"],
    "spacious": ["spacious", "reverberant", "spacious and reverberant", "cavernous"],
    "distorted": ["distorted", "gritty", "overdriven", "aggressive"], "lo-fi": ["lo-fi", "lofi", "vintage", "old tape"],
    "tremolo": ["tremolo", "pulsating"], "echo": ["echoing", "delayed"], "wide": ["wide", "wide stereo"],
    "mono": ["mono", "narrow"]}
EFFECT_PHRASES = {
    "dark": ["dark tone", "dark mood", "darker sound", "dark"], "bright": ["bright tone", "crisp highs", "bright sound", "bright"],
    "muffled": ["muffled sound", "heard through a wall", "low-pass filtered", "muffled"],
    "deep": ["deeper low end", "deep bass", "heavy low end", "more bass", "deep sub"],
    "thin": ["thin sound", "telephone sound", "no bass"], "distant": ["in the distance", "heard from far away", "distant"],
    "spacious": ["spacious mix", "long reverb", "large hall", "cathedral reverb", "lots of reverb", "huge space", "spacious"],
    "distorted": ["heavy distortion", "with distortion", "fuzz", "distorted"],
    "lo-fi": ["lo-fi", "old record", "tape hiss and crackle", "vintage recording"],
    "tremolo": ["with tremolo", "tremolo effect", "pulsating volume"], "echo": ["with echo", "delay effect", "echoes"],
    "wide": ["wide stereo image", "wide mix", "wide"], "mono": ["mono", "mono recording", "narrow mix"]}
PATTERN_WORDS = {"melody": ["melody", "solo line", "tune", "lead"], "chords": ["chords", "chord progression", "harmony"],
                 "arpeggio": ["arpeggio", "arpeggios", "broken chords", "picking"], "long notes": ["long notes", "sustained notes", "held tones"],
                 "riff": ["riff", "repeating figure", "hook"], "bass line": ["bass line", "bassline", "groove"]}
TEMPO_WORDS = {"slow": ["slow", "slow tempo", "slower pacing", "slow pacing", "calm", "relaxed"],
               "fast": ["fast", "fast tempo", "up-tempo", "energetic", "quick"]}
MODE_WORDS = {"major": ["happy", "cheerful", "major key", "uplifting", "joyful"],
              "minor": ["sad", "melancholic", "minor key", "moody", "sombre"]}
REGISTER_WORDS = {"high": ["high", "high register"], "low": ["low", "low register"]}
DYNAMICS_WORDS = {"soft": ["soft", "gentle", "quiet", "delicate"], "loud": ["loud", "powerful", "strong"]}
DRY_WORDS = ["dry", "close and dry", "no reverb", "close up", "dry studio sound"]
CLEAN_WORDS = ["clean", "clean tone", "undistorted"]
PART_PHRASES = {"metallic resonance": ["distant metallic resonance", "metallic resonance", "metallic shimmer", "distant metal"],
                "drone": ["low drone", "deep rumble", "deeper low end", "deep low end"]}
SOURCES = ["guitar loop", "piano", "drum break", "melody", "synth loop", "voice", "bass line", "song", "loop", "recording", "sample",
           "sound", "violin", "flute", "beat", "strings", "music", "riff", "drum loop"]
FORMS_TURN = ["{source} turned into {target}", "turn the {source} into {target}", "{source} becomes {target}",
              "transform the {source} into {target}", "{source} replaced by {target}", "{source} to {target}", "make it {target}",
              "played on {target}", "turn this into {target}", "as {target}", "convert to {target}", "sounds like {target}"]


def _pick(rng, words):
    return words[rng.integers(len(words))]


def _names(facts):
    return BAND_NAMES[facts["name"]] if facts["kind"] == "band" else NAMES[facts["name"]]


def caption(rng, facts):
    """One caption of the facts: name nearly always first in weight, other facts with some probability each."""
    name = _pick(rng, _names(facts)) if rng.random() < 0.7 else _names(facts)[0]
    before, after = [], []
    effects = list(facts["effects"])
    if facts["kind"] == "band" and facts["name"] == "cinematic ambient":
        effects = [e for e in effects if rng.random() < 0.75]
    else:
        effects = [e for e in effects if rng.random() < 0.9]
    for effect in [effects[i] for i in rng.permutation(len(effects))]:
        if rng.random() < 0.5:
            before.append(_pick(rng, EFFECT_ADJECTIVES[effect]))
        else:
            after.append(_pick(rng, EFFECT_PHRASES[effect]))
    if not facts["effects"] or set(facts["effects"]) <= {"mono", "wide", "tremolo"}:
        if facts.get("dry") and rng.random() < 0.3:
            (before if rng.random() < 0.5 else after).append(_pick(rng, DRY_WORDS) if before else "dry")
        if facts.get("clean") and rng.random() < 0.15:
            (before if rng.random() < 0.5 else after).append("clean" if not after else _pick(rng, CLEAN_WORDS))
    for key, words, chance in (("tempo", TEMPO_WORDS, 0.5), ("mode", MODE_WORDS, 0.25), ("dynamics", DYNAMICS_WORDS, 0.25)):
        if facts.get(key) and rng.random() < chance:
            word = _pick(rng, words[facts[key]])
            (after if " " in word or rng.random() < 0.4 else before).append(word)
    if facts.get("register") and rng.random() < 0.3:
        word = _pick(rng, REGISTER_WORDS[facts["register"]])
        (after if " " in word else before).append(word)
    if facts.get("pattern") and rng.random() < 0.4:
        word = _pick(rng, PATTERN_WORDS[facts["pattern"]])
        if rng.random() < 0.6:
            name = f"{name} {word}"
        else:
            after.append(word)
    for part in dict.fromkeys(facts["parts"]):
        if rng.random() < 0.45:
            after.append(_pick(rng, PART_PHRASES.get(part, NAMES.get(part, [part]))))
    rng.shuffle(before)
    rng.shuffle(after)
    head = " ".join(before[:3] + [name])
    after = before[3:] + after
    draw = rng.random()
    if draw < 0.28:
        source = _pick(rng, SOURCES) if rng.random() < 0.6 else _pick(rng, [n[0] for n in NAMES.values()])
        target = head if rng.random() < 0.5 or head[0] in "aeiouAEIOU8" else "a " + head
        head = _pick(rng, FORMS_TURN).format(source=source, target=target)
    elif draw < 0.36:
        head = f"{_pick(rng, ['a', 'some', 'solo', 'the sound of', 'recording of'])} {head}"
    text = ", ".join([head] + after)
    if rng.random() < 0.12:
        text = text[0].upper() + text[1:]
    if rng.random() < 0.05:
        text += "."
    return text


_LABELS = {label: number for number, label in enumerate(
    [("instrument", n) for n in INSTRUMENTS] + [("drums", n) for n in DRUM_GROOVES] + [("texture", n) for n in TEXTURES]
    + [("band", n) for n in BANDS] + [("effect", e) for e in EFFECTS]
    + [("dry", True), ("clean", True)] + [("tempo", t) for t in TEMPO_WORDS] + [("mode", m) for m in MODE_WORDS]
    + [("register", r) for r in REGISTER_WORDS] + [("dynamics", d) for d in DYNAMICS_WORDS]
    + [("pattern", p) for p in PATTERN_WORDS])}
LABEL_COUNT = len(_LABELS)
#: The first so many labels name what sounds; exactly one of them is true of a clip.
NAME_COUNT = len(INSTRUMENTS) + len(DRUM_GROOVES) + len(TEXTURES) + len(BANDS)


def labels(facts):
    """Indices of the facts that hold, for the auxiliary classifier on the text encoder."""
    keys = [(facts["kind"], facts["name"])] + [("effect", e) for e in facts["effects"]]
    keys += [(k, True) for k in ("dry", "clean") if facts.get(k)]
    keys += [(k, facts[k]) for k in ("tempo", "mode", "register", "dynamics", "pattern") if facts.get(k)]
    return [_LABELS[key] for key in keys]


def worded(text, facts):
    """1.0 for every label that the caption decides: name and effects always, "dry" and "clean" where it says so, else 0; float32 [LABEL_COUNT]."""
    out = torch.zeros(LABEL_COUNT)
    out[[number for (key, _), number in _LABELS.items() if key in ("instrument", "drums", "texture", "band", "effect")]] = 1
    for key, words in (("dry", DRY_WORDS), ("clean", CLEAN_WORDS)):
        if not facts.get(key) or any(w in text for w in words):
            out[_LABELS[key, True]] = 1
    return out


def corpus(rng, facts, count):
    """`count` captions of the given facts, and plain vocabulary lists, for training the tokenizer."""
    texts = [caption(rng, facts[rng.integers(len(facts))]) for _ in range(count)]
    extra = ["dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix"] * 50
    return texts + extra
