"""What `evaluate.py` measures: the same model through PyTorch or through the TypeScript engine.

Both have `rebuild(audio)`, `transform(audio, prompt, level, seed)`, `generate(seconds, prompt, seed)`, `inpaint(audio, start, end, prompt,
seed)` (seconds) and `outpaint(audio, seconds_after, prompt, seed)`, from and to float32 [2, samples]. `warnings` of the last call are
what users would be warned about.
"""
import json
import os
import subprocess
import tempfile

import numpy as np
import torch

from model.loudness import SOFTEST, gain_for, limited, loudness
from model.retone import load

SAMPLE_RATE = 44100
SEAM = int(0.02 * SAMPLE_RATE)
SURROUNDINGS, MOST_CHANGE = 3 * SAMPLE_RATE, 4.0


def levelled(recording, made, start, end):
    """Factor that makes the samples from start to end as loud as what is kept within three seconds of them, within 12 dB."""
    near = np.r_[max(0, start - SURROUNDINGS):start, end:min(end + SURROUNDINGS, recording.shape[1])]
    wanted, now = loudness(recording[:, near]), loudness(made[:, start:end])
    return np.float32(1 if min(wanted, now) < SOFTEST else np.clip(10 ** ((wanted - now) / 20), 1 / MOST_CHANGE, MOST_CHANGE))


class PythonEngine:
    """The training code's own model."""

    warnings = ()

    def __init__(self, folder, precision=None):
        if precision not in (None, "exact"):
            raise ValueError(f"the Python engine must have the precision exact (got {precision})")
        self.model = load(folder)
        self.pretransform = self.model.pretransform
        self.loudness = self.pretransform.config.get("loudness")

    def close(self):
        pass

    def rebuild(self, audio):
        return self.pretransform.decode(self.pretransform.encode(audio))

    def transform(self, audio, prompt, level=0.9, seed=0):
        gain = self._gain(audio)
        latents, structure = self.pretransform.encode(audio * gain), None
        if self.model.structure and level < 1:
            structure = torch.from_numpy(self.model.structure.analyse(audio * gain))[None, :, :latents.shape[1]]
        changed = self.model.transform(torch.from_numpy(latents)[None], [prompt], level, seed=seed, structure=structure)[0].numpy()
        source = np.pad(audio * gain, ((0, 0), (0, -audio.shape[1] % self.pretransform.ratio)))
        made = self.pretransform.decode_edited(changed, source, latents, level)[:, :audio.shape[1]]
        if self.loudness is None:
            return np.clip(made, -1, 1)
        return limited(made * np.float32(gain_for(made, self.loudness) / gain))

    def generate(self, seconds, prompt, seed=0):
        return self.transform(np.zeros((2, int(seconds * SAMPLE_RATE)), np.float32), prompt, 1.0, seed)

    def inpaint(self, audio, start, end, prompt, seed=0):
        start, end = int(start * SAMPLE_RATE), min(int(end * SAMPLE_RATE), audio.shape[1])
        made = self._filled(audio, start, end, prompt, seed)
        return self._blended(audio, made, start, end, SEAM)

    def outpaint(self, audio, seconds_after, prompt, seed=0):
        length = audio.shape[1]
        canvas = np.pad(audio, ((0, 0), (0, int(seconds_after * SAMPLE_RATE))))
        made = self._filled(canvas, length, canvas.shape[1], prompt, seed)
        return self._blended(canvas, made, length - SEAM, canvas.shape[1], SEAM)

    def _gain(self, audio):
        return np.float32(1 if self.loudness is None else gain_for(audio, self.loudness))

    def _decode(self, latents, samples):
        return self.pretransform.decode(latents[0].numpy())[:, :samples]

    def _filled(self, audio, start, end, prompt, seed):
        """Audio whose samples from start to end are made anew; all of it decoded."""
        gain, ratio = self._gain(audio), self.pretransform.config["downsampling_ratio"]
        latents = torch.from_numpy(self.pretransform.encode(audio * gain))[None]
        places = torch.arange(latents.shape[2]) * ratio
        keep = 1.0 - ((places >= start) & (places < end)).float()[None, None]
        made = self.model.transform(latents, [prompt], 1.0, seed=seed, kept=torch.cat([keep, latents * keep], 1))
        made = self._decode(made, audio.shape[1]) / gain
        return made if self.loudness is None else limited(made * levelled(audio, made, start, end))

    @staticmethod
    def _blended(kept, made, start, end, seam):
        """`made` from start to end, cross-faded inside; no fade at the end of the whole."""
        share = np.zeros(kept.shape[1], np.float32)
        share[start:end] = 1
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(seam) + 0.5) / seam)
        if start > 0:
            share[start:start + seam] = ramp
        if end < kept.shape[1]:
            share[end - seam:end] = ramp[::-1]
        return kept * (1 - share) + made * share


class NodeEngine:
    """The TypeScript engine in a process of its own (`engine.ts`)."""

    def __init__(self, folder, precision=None):
        here = os.path.dirname(os.path.abspath(__file__))
        node = os.path.join(here, "..", "node_modules", ".bin", "node")  # the version that the repository is tested with
        if not os.path.exists(node):
            raise FileNotFoundError("the TypeScript engine is not installed: run `npm install` in the repository")
        command = [node, os.path.join(here, "engine.ts"), os.path.abspath(folder), *([precision] if precision else [])]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.folder, self.warnings = tempfile.TemporaryDirectory(), []

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()

    def rebuild(self, audio):
        return self._run("rebuild", audio)

    def transform(self, audio, prompt, level=0.9, seed=0):
        return self._run("transform", audio, prompt=prompt, initNoiseLevel=level, seed=seed)

    def generate(self, seconds, prompt, seed=0):
        return self._run("generate", np.zeros((2, 2), np.float32), seconds=seconds, prompt=prompt, seed=seed)

    def inpaint(self, audio, start, end, prompt, seed=0):
        return self._run("inpaint", audio, regions=[{"start": start, "end": end}], prompt=prompt, seed=seed)

    def outpaint(self, audio, seconds_after, prompt, seed=0):
        return self._run("outpaint", audio, secondsBefore=0, secondsAfter=seconds_after, prompt=prompt, seed=seed)

    def _run(self, task, audio, **options):
        given, made = (os.path.join(self.folder.name, name) for name in ("given.f32", "made.f32"))
        np.ascontiguousarray(audio, np.float32).tofile(given)
        request = {"task": task, "audio": given, "out": made, **options}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the engine has ended"}')
        if "error" in answer:
            raise RuntimeError(f"{task}: {answer['error']}")
        self.warnings = answer["warnings"]
        return np.fromfile(made, np.float32).reshape(2, answer["samples"])


ENGINES = {"python": PythonEngine, "node": NodeEngine}
