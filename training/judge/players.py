"""Players of the judge's sources, all of them Debian packages, none of them trained on: TimGM6mb (GPL-2) and sf_GMbank (of csound,
public domain) by FluidSynth, freepats (GPL-2 with an exception for compositions) by TiMidity, drum kits of Hydrogen (GPL, CC-BY, CC-BY-SA, CC0).

Every player has `has(program)` and `play(notes, program, seconds)`, mono float32 [samples] at 44.1 kHz; program -1 is the drum kit.
"""
import glob
import os
import re
import struct
import subprocess
from functools import lru_cache

import numpy as np

from data.compose import Part
from data.render import Synthesizer

SAMPLE_RATE = 44100
TIMGM = "/usr/share/sounds/sf2/TimGM6mb.sf2"
GMBANK = "/usr/share/sounds/sf2/sf_GMbank.sf2"
FREEPATS = "/etc/timidity/freepats.cfg"
HYDROGEN = "/usr/share/hydrogen/data/drumkits"


class Font:
    """A soundfont; `kits` are its drum programs."""

    def __init__(self, path=TIMGM, kits=(0,)):
        self.synthesizer, self.kits = Synthesizer(path), kits

    def has(self, program):
        return True

    def play(self, notes, program, seconds, kit=0):
        part = Part(self.kits[kit % len(self.kits)] if program < 0 else program, drums=program < 0, notes=list(notes))
        return self.synthesizer.render([part], seconds).mean(0)


def midi(notes, program):
    """A MIDI file (bytes) of one part; 1000 ticks a second."""
    channel, events = (9, []) if program < 0 else (0, [(0, bytes([0xC0, program]))])
    for start, duration, note, velocity in notes:
        events += [(round(start * 1000), bytes([0x90 | channel, int(note), int(velocity)])),
                   (round((start + duration) * 1000), bytes([0x80 | channel, int(note), 0]))]
    events.sort(key=lambda event: (event[0], event[1][0] & 0xF0))
    track, last = bytearray(b"\0\xff\x51\x03" + (500_000).to_bytes(3, "big")), 0
    for time, message in events:
        delta, last = time - last, time
        track += bytes([0x80 | delta >> 14 & 0x7F, 0x80 | delta >> 7 & 0x7F, delta & 0x7F]) + message
    track += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 500) + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


class Patches:
    """freepats; programs without a patch are silent in it, and `has` says so."""

    def __init__(self):
        if not os.path.exists(FREEPATS):
            raise FileNotFoundError("freepats and timidity must be installed: apt-get install freepats timidity")
        with open(FREEPATS) as file:
            bank = re.split(r"\n\s*bank\s+0", file.read())[1]
        self.programs = {int(number) for number in re.findall(r"^\s*(\d+)\s+Tone", bank, re.M)}

    def has(self, program):
        return program < 0 or program in self.programs

    def play(self, notes, program, seconds, kit=0):
        command = ["timidity", "-c", FREEPATS, "-Ow1sl", "-s", str(SAMPLE_RATE), "-o", "-", "--reverb=d", "--chorus=d", "-"]
        made = subprocess.run(command, input=midi(notes, program), capture_output=True, check=True).stdout
        samples = np.frombuffer(made[44:len(made) // 4 * 4], np.int16).reshape(-1, 2).mean(1) / 32768
        count = int(seconds * SAMPLE_RATE)
        return np.pad(samples, (0, max(0, count - len(samples))))[:count].astype(np.float32)


#: Which names of Hydrogen's instruments stand for a General MIDI drum key.
STROKES = ((r"kick|bass ?drum|bd|^b\d", (35, 36)), (r"rim|side ?stick|cross", (37,)), (r"clap|hand", (39,)), (r"snare|sd|sn", (38, 40)),
           (r"open|ohh|hho", (46,)), (r"pedal|foot", (44,)), (r"hat|hh|closed|chh", (42, 44)), (r"floor|low ?tom|tom ?(lo|3|4)|l tom", (41, 43, 45)),
           (r"tom", (45, 47, 48, 50)), (r"ride", (51,)), (r"crash|cym|splash|china", (49,)))


class Kit:
    """One of Hydrogen's drum kits."""

    def __init__(self, folder):
        self.samples = {}
        with open(os.path.join(folder, "drumkit.xml"), errors="replace") as file:
            text = file.read()
        for instrument in re.findall(r"<instrument>.*?</instrument>", text, re.S):
            name = (re.findall(r"<name>(.*?)</name>", instrument) or [""])[0].lower()
            files = [os.path.join(folder, file) for file in re.findall(r"<filename>(.*?)</filename>", instrument)]
            files = [file for file in files if os.path.exists(file)]
            keys = next((keys for pattern, keys in STROKES if re.search(pattern, name)), ())
            for key in keys if files else ():
                self.samples.setdefault(key, []).append(files[-1])

    def has(self, program):
        return program < 0 and {36, 38, 42} <= set(self.samples)

    def play(self, notes, program, seconds, kit=0):
        out = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
        for start, _, key, velocity in notes:
            if key in self.samples:
                sound = decoded(self.samples[key][kit % len(self.samples[key])])
                begin = int(start * SAMPLE_RATE)
                length = min(len(sound), len(out) - begin)
                out[begin:begin + length] += sound[:length] * (velocity / 127) ** 1.5
        return out


@lru_cache(4096)
def decoded(path, seconds=None):
    """Mono float32 [samples] of a sound file, decoded by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", path, *(["-t", str(seconds)] if seconds else []), "-ac", "1", "-ar", "44100", "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)


def kits():
    """The installed kits of Hydrogen that have kick, snare and hi-hat, by name."""
    found = {os.path.basename(folder): Kit(folder) for folder in sorted(glob.glob(os.path.join(HYDROGEN, "*")))
             if os.path.exists(os.path.join(folder, "drumkit.xml"))}
    return {name: kit for name, kit in found.items() if kit.has(-1)}
