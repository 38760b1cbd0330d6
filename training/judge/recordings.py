"""The sounds on which reconstruction and editing are measured: recordings and notes that no training uses and nobody tuned to.

All come from Debian packages, are decoded by ffmpeg and never distributed: sonic-pi-samples (CC0; only the names in held_out.json),
alsa-utils (GPL-2), asterisk-core-sounds-en-wav (CC-BY-SA-3.0), espeak-ng (GPL-3), singularity-music (CC-BY-SA-3.0),
wesnoth-1.16-music (GPL-2), lmms-common (GPL-2), hydrogen-drumkits (GPL-2, CC-BY, CC-BY-SA, CC0), freepats (GPL-2 with an exception),
timgm6mb-soundfont (GPL-2).
"""
import glob
import json
import os
import subprocess
from dataclasses import dataclass

import numpy as np

from .players import FREEPATS, HYDROGEN, SAMPLE_RATE, TIMGM, Font, Kit, Patches, decoded

PACKAGES = ("sonic-pi-samples alsa-utils asterisk-core-sounds-en-wav espeak-ng singularity-music wesnoth-1.16-music lmms-common "
            "hydrogen-drumkits freepats timidity timgm6mb-soundfont ffmpeg").split()
with open(os.path.join(os.path.dirname(__file__), "held_out.json")) as _file:
    #: Names of sonic-pi-samples that no training uses.
    HELD_OUT = frozenset(json.load(_file))

SONIC_PI = "/usr/share/sonic-pi/samples/{}.flac"
ALSA = "/usr/share/sounds/alsa/{}.wav"
ASTERISK = "/usr/share/asterisk/sounds/en_US_f_Allison/{}.wav"
SINGULARITY = "/usr/share/games/singularity/music/{}.ogg"
WESNOTH = "/usr/share/games/wesnoth/1.16/data/core/music/{}.ogg"
LMMS = "/usr/share/lmms/samples/{}.ogg"


@dataclass(frozen=True)
class Recording:
    """One sound: `audio` float32 [2, samples]. Kinds: drums, percussion, speech, guitar, piano, choir, orchestra, mix, ambience, note, test."""
    name: str
    kind: str
    audio: np.ndarray
    real: bool = True      # recorded rather than rendered or computed
    clean: bool = False    # single strokes with silence between them


@dataclass(frozen=True)
class Note:
    """A single note of TimGM6mb: its pitch in hertz and the part (s) in which it is steady."""
    name: str
    program: int
    pitch: int
    steady: tuple

    @property
    def hertz(self):
        return 440 * 2 ** ((self.pitch - 69) / 12)

    def audio(self):
        mono = Font(TIMGM).play([(0.1, 2.6, self.pitch, 100)], self.program, 3)
        return np.stack([mono, mono]) * np.float32(0.3 / (np.abs(mono).max() + 1e-9))


NOTES = (Note("E1 contrabass", 43, 28, (0.6, 2.5)), Note("C2 piano", 0, 36, (0.4, 2.0)), Note("C4 church organ", 19, 60, (0.6, 2.5)),
         Note("A4 violin", 40, 69, (0.6, 2.5)), Note("C5 flute", 73, 72, (0.6, 2.5)), Note("C4 harp", 46, 60, (0.3, 1.5)),
         Note("C4 marimba", 12, 60, (0.15, 0.6)))

#: (name, kind, file, seconds to skip, seconds to keep)
FILES = [
    *((name, "drums", SONIC_PI, 0, 5) for name in ("loop_amen_full", "loop_breakbeat", "loop_compus", "loop_mehackit2", "loop_electric")),
    *((name, "percussion", SONIC_PI, 0, 5) for name in ("loop_tabla", "loop_safari", "loop_perc1")),
    *((name, "speech", ALSA, 0, 5) for name in ("Front_Center", "Rear_Left", "Side_Right")),
    *((name, "speech", ASTERISK, 0, 5) for name in ("demo-abouttotry", "vm-review", "tt-allbusy")),
    *((name, "guitar", SONIC_PI, 0, 5) for name in ("guit_e_fifths", "guit_e_slide", "guit_em9", "guit_harmonics")),
    ("ambi_piano", "piano", SONIC_PI, 0, 5), ("instruments/piano01", "piano", LMMS, 0, 5), ("ambi_choir", "choir", SONIC_PI, 0, 5),
    ("elvish-theme", "orchestra", WESNOTH, 20, 6), ("battle", "orchestra", WESNOTH, 40, 6), ("the_city_falls", "orchestra", WESNOTH, 30, 6),
    ("love_theme", "orchestra", WESNOTH, 10, 6), ("loyalists", "orchestra", WESNOTH, 20, 6),
    ("Nebula", "mix", SINGULARITY, 40, 6), ("Awakening", "mix", SINGULARITY, 60, 6), ("Coherence", "mix", SINGULARITY, 50, 6),
    ("Media Threat", "mix", SINGULARITY, 60, 6), ("Enemy Unknown", "mix", SINGULARITY, 45, 6), ("Through Space", "mix", SINGULARITY, 60, 6),
    ("loop_mika", "mix", SONIC_PI, 0, 6),
    *((name, "ambience", SONIC_PI, 0, 5) for name in ("vinyl_hiss", "ambi_sauna", "ambi_lunar_land", "loop_3d_printer")),
]

SENTENCES = (("espeak en-us", "en-us", "The quick brown fox jumps over the lazy dog, and nobody in the village was surprised."),
             ("espeak en-gb", "en-gb+f3", "She sells sea shells by the sea shore, and the shells that she sells are sea shells, I am sure."))


def stereo(path, skip=0, seconds=None):
    """Audio float32 [2, samples] of a file, at most `seconds` from `skip` on."""
    limits = ["-ss", str(skip)] if skip else []
    command = ["ffmpeg", "-v", "error", *limits, "-i", path, *(["-t", str(seconds)] if seconds else []), "-ac", "2", "-ar", "44100", "-f", "f32le", "-"]
    samples = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)
    return np.ascontiguousarray(samples.reshape(-1, 2).T)


def _strokes(name, sounds, seed, level):
    """Clean percussion: single samples (files) in a rhythm with a stroke every 0.15 to 0.6 s, peak at `level`."""
    rng, out, time = np.random.default_rng(seed), np.zeros(5 * SAMPLE_RATE, np.float32), 0.1
    while time < 4.7:
        sound = decoded(sounds[rng.integers(len(sounds))])
        begin = int(time * SAMPLE_RATE)
        length = min(len(sound), len(out) - begin)
        out[begin:begin + length] += sound[:length] * rng.uniform(0.5, 1)
        time += float(rng.choice([0.15, 0.3, 0.3, 0.6]))
    return Recording(name, "drums", np.stack([out, out]) * np.float32(level / np.abs(out).max()), clean=True)


def _spoken(name, voice, text):
    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text]
    waves = subprocess.run(command, check=True, capture_output=True).stdout
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-ac", "2", "-ar", "44100", "-f", "f32le", "-"], input=waves, check=True,
                         capture_output=True).stdout
    return Recording(name, "speech", np.frombuffer(raw, np.float32).reshape(-1, 2).T.copy(), real=False)


def _computed():
    """A sine and clicks."""
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    sine = 0.25 * np.sin(2 * np.pi * 440 * time)
    clicks = np.zeros(3 * SAMPLE_RATE)
    clicks[SAMPLE_RATE // 4::SAMPLE_RATE // 4] = 0.9
    return [Recording(name, "test", np.stack([x, x]).astype(np.float32), real=False, clean=name == "clicks")
            for name, x in (("A4 sine", sine), ("clicks", clicks))]


def missing():
    """Debian packages whose files are not here."""
    places = {"sonic-pi-samples": SONIC_PI.format("loop_amen"), "alsa-utils": ALSA.format("Front_Center"),
              "asterisk-core-sounds-en-wav": ASTERISK.format("vm-review"), "espeak-ng": "/usr/bin/espeak-ng",
              "singularity-music": SINGULARITY.format("Nebula"), "wesnoth-1.16-music": WESNOTH.format("battle"),
              "lmms-common": LMMS.format("instruments/piano01"), "hydrogen-drumkits": HYDROGEN, "freepats": FREEPATS,
              "timidity": "/usr/bin/timidity", "timgm6mb-soundfont": TIMGM, "ffmpeg": "/usr/bin/ffmpeg"}
    return [package for package in PACKAGES if not os.path.exists(places[package])]


def find():
    """All sounds, 49 of them; an error names the packages that are not installed."""
    if missing():
        raise FileNotFoundError(f"these Debian packages must be installed: apt-get install {' '.join(missing())}")
    unlisted = [name for name, _, place, *_ in FILES if place is SONIC_PI and name not in HELD_OUT]
    if unlisted:
        raise ValueError(f"held_out.json must list every recording of sonic-pi-samples that is used (not listed: {', '.join(unlisted)})")
    sounds = [Recording(name.split("/")[-1], kind, stereo(place.format(name), skip, seconds)) for name, kind, place, skip, seconds in FILES]
    hands = lambda part: sorted(glob.glob(os.path.join(HYDROGEN, "Gimme A Hand 1.0", part)))
    kit = lambda name: [files[0] for key, files in Kit(os.path.join(HYDROGEN, name)).samples.items() if key in (36, 38, 42, 45)]
    sounds += [_strokes("hand claps", hands("HandClap*.wav"), 1, 0.7), _strokes("cajon and cowbell", hands("Ca*.wav") + hands("Co*.wav"), 2, 0.5),
               _strokes("African drums", sorted(glob.glob(os.path.join(HYDROGEN, "circAfrique v4", "*.wav")) + glob.glob(
                   os.path.join(HYDROGEN, "circAfrique v4", "*.flac"))), 3, 1.0),
               _strokes("Colombo kit", kit("ColomboAcousticDrumkit"), 4, 0.9), _strokes("Black Pearl kit", kit("The Black Pearl 1.0"), 5, 0.3)]
    sounds += [_spoken(*sentence) for sentence in SENTENCES]
    sounds += [Recording(note.name, "note", note.audio(), real=False) for note in NOTES]
    mono = Patches().play([(0.1 + 0.35 * i, 0.5, pitch, 80) for i, pitch in enumerate((60, 64, 67, 72, 71, 67, 62, 65, 69, 67, 64, 60))], 0, 5)
    sounds.append(Recording("piano phrase", "piano", np.stack([mono, mono]) * np.float32(0.05 / np.abs(mono).max())))
    return sounds + _computed()


#: Recordings of one instrument, for testing the judge: (class, files of sonic-pi-samples, files of lmms-common).
LABELLED = (
    ("piano", ("ambi_piano",), ("instruments/piano01", "instruments/piano02")), ("choir", ("ambi_choir",), ("stringsnpads/chorus01", "stringsnpads/chorus02")),
    ("electric piano", (), ("instruments/e_piano_accord01", "instruments/e_piano_accord02")),
    ("church organ", (), tuple(f"instruments/church_organ0{n}" for n in (1, 2, 3, 4))), ("hammond organ", (), ("instruments/e_organ01",)),
    ("acoustic guitar", (), ("instruments/steel_guitar01", "latin/latin_guitar01", "latin/latin_guitar02", "latin/latin_guitar03")),
    ("electric guitar", ("guit_e_fifths", "guit_e_slide", "guit_em9", "guit_harmonics"), ()),
    ("distorted guitar", (), tuple(f"instruments/steel_guitar_{n}_distorted01" for n in ("heavy", "medium", "slight"))),
    ("bass", ("bass_woodsy_c",), ("instruments/bassslap02",)), ("synth bass", ("bass_thick_c",), ("basses/bass_acid01", "basses/rave_bass01")),
    ("violin", (), ("instruments/violin_double_stop01", "instruments/violin_fingered01")), ("cello", (), ("instruments/cello01",)),
    ("strings", (), ("stringsnpads/strings01", "stringsnpads/orion_string01")), ("trumpet", (), ("instruments/trumpet01",)),
    ("brass", (), ("latin/latin_brass01",)), ("flute", (), ("instruments/flute01",)),
    ("drums", ("loop_amen_full", "loop_breakbeat", "loop_compus", "loop_mehackit2", "loop_electric"),
     ("beats/break01", "beats/break02", "beats/909beat01", "beats/house_loop01")))


def labelled():
    """(class, float32 [2, samples]) of recordings of one instrument, at most 4.5 s each, that the judge has not trained on."""
    return [(name, stereo(place.format(file), seconds=4.5)) for name, ours, lmms in LABELLED
            for place, files in ((SONIC_PI, ours), (LMMS, lmms)) for file in files]


if __name__ == "__main__":
    for sound in find():
        level = 20 * np.log10(np.abs(sound.audio).max() + 1e-9)
        print(f"{sound.kind:12s} {sound.name:24s} {sound.audio.shape[1] / SAMPLE_RATE:5.1f} s, peak {level:6.1f} dBFS")
