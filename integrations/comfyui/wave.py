"""Sound as ComfyUI has it, a tensor [batch, channels, samples] in -1 to 1, to 16-bit wave files and back."""

import io
import wave

FULL_SCALE = 32767


def to_wave(rows, rate):
    """A wave file of channels, each a sequence of floats of the same length."""
    count = len(rows)
    samples = bytearray(2 * count * len(rows[0]))
    for channel, row in enumerate(rows):
        for i, value in enumerate(row):
            number = int(round(max(-1.0, min(1.0, value)) * FULL_SCALE))
            at = 2 * (i * count + channel)
            samples[at : at + 2] = number.to_bytes(2, "little", signed=True)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(count)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(samples))
    return file.getvalue()


def from_wave(data):
    """The channels of a 16-bit wave file as lists of floats, and its rate."""
    with wave.open(io.BytesIO(data), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"a wave file must have 16 bits (got {8 * file.getsampwidth()})")
        count, rate = file.getnchannels(), file.getframerate()
        numbers = memoryview(file.readframes(file.getnframes())).cast("h")
    return [[value / FULL_SCALE for value in numbers[channel::count]] for channel in range(count)], rate
