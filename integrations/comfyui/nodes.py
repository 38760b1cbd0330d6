"""The nodes. ComfyUI brings torch; everything else is Python's own."""

import os

from .client import Retone
from .wave import from_wave, to_wave

CATEGORY = "audio/Retone"
DEFAULT_URL = os.environ.get("RETONE_URL", "http://127.0.0.1:8080")


def _interrupted():
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted
    except ImportError:
        return
    throw_exception_if_processing_interrupted()


class _Node:
    RETURN_TYPES = ("AUDIO", "INT")
    RETURN_NAMES = ("audio", "seed")
    FUNCTION = "run"
    CATEGORY = CATEGORY
    MODEL = ""
    PARAMETERS = {}
    TAKES_AUDIO = True

    @classmethod
    def INPUT_TYPES(cls):
        required = {"audio": ("AUDIO",)} if cls.TAKES_AUDIO else {}
        required["prompt"] = ("STRING", {"multiline": True, "default": ""})
        required.update(cls.PARAMETERS)
        required["seed"] = ("INT", {"default": 0, "min": 0, "max": 2**32 - 1, "control_after_generate": True})
        optional = {
            "negative_prompt": ("STRING", {"multiline": True, "default": ""}),
            "steps": ("INT", {"default": 8, "min": 1, "max": 100}),
            "guidance_scale": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 25.0, "step": 0.1}),
            "url": ("STRING", {"default": DEFAULT_URL}),
            # A key in a node would be saved in every workflow and every picture of one.
            "key_variable": ("STRING", {"default": "RETONE_KEY"}),
        }
        return {"required": required, "optional": optional}

    def run(self, prompt, seed, audio=None, negative_prompt="", steps=8, guidance_scale=1.0, url=DEFAULT_URL,
            key_variable="RETONE_KEY", **own):
        import torch

        key = os.environ.get(key_variable)
        if not key:
            raise ValueError(f"the environment variable {key_variable} must hold a key of the Retone service")
        retone = Retone(url, key)
        parameters = {
            "prompt": prompt,
            "negative_prompt": negative_prompt or None,
            "num_inference_steps": steps,
            "guidance_scale": guidance_scale,
            "seed": seed,
            "output_format": "wav",
            **own,
        }
        made = []
        for waveform in audio["waveform"] if audio is not None else [None]:
            if waveform is not None:
                parameters["audio"] = retone.upload(to_wave(waveform.tolist(), audio["sample_rate"]))
            data, task = retone.run(self.MODEL, parameters, interrupted=_interrupted)
            channels, rate = from_wave(data)
            made.append(torch.tensor(channels))
        return {"waveform": torch.stack(made), "sample_rate": rate}, task["seed"]


class RetoneTransform(_Node):
    DESCRIPTION = "Turns a recording into what the prompt describes, along the lines of the recording."
    MODEL = "audio-to-audio"
    PARAMETERS = {
        "init_noise_level": ("FLOAT", {"default": 0.9, "min": 0.0, "max": 1.0, "step": 0.01}),
        "duration": ("FLOAT", {"default": 10.0, "min": 1.0, "max": 120.0, "step": 0.1}),
    }


class RetoneInpaint(_Node):
    DESCRIPTION = "Regenerates a section of a recording and keeps the rest."
    MODEL = "audio-inpainting"
    PARAMETERS = {
        "mask_start_seconds": ("FLOAT", {"default": 0.0, "min": 0.0, "max": 1800.0, "step": 0.01}),
        "mask_end_seconds": ("FLOAT", {"default": 5.0, "min": 0.0, "max": 1800.0, "step": 0.01}),
    }


class RetoneExtend(_Node):
    DESCRIPTION = "Continues a recording before its start or after its end."
    MODEL = "audio-outpainting"
    PARAMETERS = {
        "extend_seconds_before": ("FLOAT", {"default": 0.0, "min": 0.0, "max": 380.0, "step": 0.1}),
        "extend_seconds_after": ("FLOAT", {"default": 5.0, "min": 0.0, "max": 380.0, "step": 0.1}),
    }


class RetoneGenerate(_Node):
    DESCRIPTION = "Makes sound effects, textures or music from a prompt alone."
    TAKES_AUDIO = False
    PARAMETERS = {
        "kind": (["sound", "music"],),
        "duration": ("FLOAT", {"default": 10.0, "min": 1.0, "max": 120.0, "step": 0.1}),
    }

    def run(self, kind="sound", **given):
        self.MODEL = "music" if kind == "music" else "text-to-audio"
        return super().run(**given)


_nodes = {"Transform": RetoneTransform, "Inpaint": RetoneInpaint, "Extend": RetoneExtend, "Generate": RetoneGenerate}
NODE_CLASS_MAPPINGS = {f"Retone{name}": node for name, node in _nodes.items()}
NODE_DISPLAY_NAME_MAPPINGS = {f"Retone{name}": f"Retone: {name.lower()}" for name in _nodes}
