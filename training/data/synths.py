"""Synthesisers of our own: oscillators from tables, one table a brightness (or vowel), so that filters that move cost two look-ups a sample.

`SYNTHS[name](rng, notes, seconds, beat)` plays notes (start s, length s, pitch, velocity) and returns stereo float32 [2, seconds * 44100]. What a
patch sounds like is drawn from `rng` once a call.
"""
import numpy as np

SAMPLE_RATE = 44100
_SIZE_BITS = 12
_SIZE = 1 << _SIZE_BITS
#: Cut-off frequencies of the tables of a moving filter, in hertz.
_CUTOFFS = np.geomspace(60, 16000, 14)


def _hertz(pitch):
    return 440.0 * 2 ** ((pitch - 69) / 12)


def _harmonics(f0):
    return np.arange(1, max(2, int(15500 / f0)) + 1)


def _to_tables(amplitudes):
    """Tables float32 [B, SIZE] from amplitudes [B, harmonics]; phases make no peak."""
    count = amplitudes.shape[1]
    spectrum = np.zeros((len(amplitudes), _SIZE // 2 + 1), complex)
    count = min(count, _SIZE // 2)
    spectrum[:, 1:count + 1] = amplitudes[:, :count] * np.exp(-1j * (np.pi / 2 + 0.0 * np.arange(count)))
    return (np.fft.irfft(spectrum, axis=-1) * _SIZE / 2).astype(np.float32)


def _shape(kind, k, duty=0.5):
    if kind == "saw":
        return 1 / k
    if kind == "square":
        return np.where(k % 2 == 1, 1 / k, 0)
    if kind == "triangle":
        return np.where(k % 2 == 1, 1 / k ** 2, 0)
    if kind == "pulse":
        return np.abs(np.sin(np.pi * k * duty)) / k
    return np.where(k == 1, 1.0, 0.0)


def _filtered(f0, amplitudes, resonance, slope=4):
    """Amplitudes [14, harmonics] behind low-passes at `_CUTOFFS`."""
    ratio = _harmonics(f0)[None, :len(amplitudes)] * f0 / _CUTOFFS[:, None]
    response = 1 / np.sqrt(1 + ratio ** slope) + resonance * np.exp(-((ratio - 1) * 5) ** 2)
    return amplitudes[None] * response


def _phases(f0, samples, start, bend=None):
    """Table places uint32 of an oscillator; `bend` is a factor per sample."""
    step = f0 / SAMPLE_RATE * 2 ** 32
    if bend is None:
        phase = (np.arange(samples, dtype=np.uint64) * np.uint64(step) + np.uint64(start)) & np.uint64(0xFFFFFFFF)
    else:
        phase = np.cumsum(step * bend).astype(np.uint64) + np.uint64(start)
        phase &= np.uint64(0xFFFFFFFF)
    return (phase >> np.uint64(32 - _SIZE_BITS)).astype(np.intp)


def _read(tables, phase, position=None):
    """Samples of tables [B, SIZE] at places `phase`, at the table number `position` (float per sample, or None for the first)."""
    if position is None:
        return tables[0][phase]
    low = np.minimum(position.astype(np.intp), len(tables) - 2)
    share = (position - low).astype(np.float32)
    flat = tables.ravel()
    at = low * _SIZE + phase
    under = flat[at]
    return under + share * (flat[at + _SIZE] - under)


def _envelope(samples, held, attack, decay, sustain, release):
    """Attack, decay (exponential), sustain, release from sample `held`."""
    t = np.arange(samples) / SAMPLE_RATE
    level = np.minimum(1, t / max(attack, 1e-3)) * (sustain + (1 - sustain) * np.exp(-np.maximum(0, t - attack) / max(decay, 1e-3)))
    after = np.maximum(0, t - held / SAMPLE_RATE)
    return (level * np.exp(-after / max(release, 1e-3) * 3)).astype(np.float32)


def _add(out, start, audio, pan, gain):
    first = int(start * SAMPLE_RATE)
    audio = audio[..., :out.shape[1] - first]
    if audio.ndim == 1:
        out[0, first:first + len(audio)] += audio * np.float32(gain * np.cos(pan * np.pi / 2))
        out[1, first:first + len(audio)] += audio * np.float32(gain * np.sin(pan * np.pi / 2))
    else:
        out[:, first:first + audio.shape[1]] += audio * np.float32(gain)


def _subtractive(rng, notes, seconds, beat, shapes, unison=(1, 2), detune=(0.0, 0.1), attack=(0.002, 0.01), decay=(0.2, 1.0), sustain=(0.6, 1.0),
                 release=(0.05, 0.2), cutoff=(600, 4000), sweep=(0.0, 2.0), sweep_time=(0.1, 0.5), resonance=(0.0, 1.0), vibrato=0.0, lfo=None,
                 accent=1.0, sub=0.0, track=0.4, glide=0.0, spread=0.5):
    """One polyphonic patch: `shapes` to choose a wave from; all pairs are ranges to draw from. `sweep` is in octaves."""
    shape, duty = str(rng.choice(shapes)), rng.uniform(0.1, 0.5)
    unison, detune = int(rng.integers(unison[0], unison[1] + 1)), rng.uniform(*detune)
    attack, decay, sustain, release = (float(rng.uniform(*r)) for r in (attack, decay, sustain, release))
    cutoff, sweep, sweep_time, resonance = float(np.exp(rng.uniform(*np.log(cutoff)))), rng.uniform(*sweep), rng.uniform(*sweep_time), rng.uniform(*resonance)
    slow_rate, slow_depth = rng.uniform(0.05, 0.25), rng.uniform(0, 0.8)
    total, cache = int(seconds * SAMPLE_RATE), {}
    out = np.zeros((2, total), np.float32)
    previous = None
    for start, length, pitch, loud in notes:
        first = int(start * SAMPLE_RATE)
        held = int(length * SAMPLE_RATE)
        samples = min(total - first, held + int(release * SAMPLE_RATE * 1.6))
        if samples < 64:
            continue
        f0 = _hertz(pitch)
        if pitch not in cache:
            k = _harmonics(f0)
            cache[pitch] = _to_tables(_filtered(f0, _shape(shape, k, duty), resonance))
        t = np.arange(samples, dtype=np.float32) / SAMPLE_RATE
        octaves = sweep * np.exp(-t / sweep_time) + accent * (loud - 80) / 60 + track * (pitch - 60) / 12
        octaves = octaves + slow_depth * np.sin(2 * np.pi * slow_rate * (t + start))
        if lfo is not None:
            octaves = octaves + lfo(rng, t, beat)
        position = np.clip((np.log2(cutoff) + octaves - np.log2(_CUTOFFS[0])) / np.log2(_CUTOFFS[1] / _CUTOFFS[0]), 0, len(_CUTOFFS) - 1.01)
        bend = None
        if vibrato or (glide and previous):
            bend = np.ones(samples)
            if vibrato:
                bend += vibrato * np.minimum(1, t / 0.4) * np.sin(2 * np.pi * rng.uniform(4.5, 6) * t)
            if glide and previous:
                bend *= 2 ** ((previous - pitch) / 12 * np.exp(-t / glide))
        previous = pitch
        sides = np.zeros((2, samples), np.float32)
        for voice in range(unison):
            cents = 0 if unison == 1 else detune * (2 * voice / (unison - 1) - 1)
            wave = _read(cache[pitch], _phases(f0 * 2 ** (cents / 12), samples, int(rng.integers(2 ** 32)), bend), position)
            pan = 0.5 if unison == 1 else 0.5 + spread * (voice / (unison - 1) - 0.5) * (-1) ** voice
            sides[0] += wave * np.float32(np.cos(pan * np.pi / 2))
            sides[1] += wave * np.float32(np.sin(pan * np.pi / 2))
        if sub:
            sides += np.float32(sub) * np.sin(2 * np.pi * f0 / 2 * t).astype(np.float32)
        _add(out, start, sides * _envelope(samples, held, attack, decay, sustain, release), 0.5, (loud / 127) ** 1.3 / unison ** 0.5)
    return out


def synth_pad(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw", "saw", "pulse", "square"), (2, 3), (0.06, 0.18), (0.15, 1.2), (1, 3), (0.7, 1.0), (0.4, 1.5), (250, 2500),
                        (-1.0, 1.5), (0.5, 3.0), (0, 0.4), spread=0.7)


def synth_strings(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw",), (3, 3), (0.08, 0.16), (0.06, 0.3), (1, 2), (0.8, 1.0), (0.2, 0.6), (2000, 7000), (0, 0.5), resonance=(0, 0.1),
                        vibrato=0.003, spread=0.7)


def synth_brass(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw",), (2, 3), (0.05, 0.14), (0.02, 0.08), (0.3, 1), (0.6, 0.9), (0.08, 0.25), (700, 2000), (1.0, 2.2), (0.15, 0.5), (0, 0.4))


def synth_lead(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw", "square", "pulse"), (1, 2), (0.03, 0.12), (0.002, 0.02), (0.2, 1), (0.6, 1), (0.05, 0.2), (1500, 7000), (0, 2),
                        (0.1, 0.6), (0, 1.0), vibrato=float(rng.choice([0, 0.004, 0.008])), glide=float(rng.choice([0, 0, 0.03])))


def supersaw(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw",), (5, 5), (0.14, 0.32), (0.002, 0.02), (0.4, 1.5), (0.7, 1), (0.1, 0.4), (4000, 14000), (0, 1), resonance=(0, 0.2), spread=0.9)


def synth_pluck(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw", "pulse", "square", "triangle"), (1, 2), (0.02, 0.1), (0.001, 0.003), (0.12, 0.5), (0.0, 0.1), (0.1, 0.4), (300, 1200),
                        (2.0, 4.0), (0.05, 0.2), (0, 0.8))


def synth_bass(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw", "square", "pulse"), (1, 2), (0.02, 0.08), (0.002, 0.006), (0.2, 0.8), (0.4, 0.9), (0.03, 0.1), (250, 1200),
                        (0.5, 3), (0.08, 0.3), (0, 0.8), sub=float(rng.choice([0, 0.4])), spread=0.2)


def acid_bass(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("saw", "square"), (1, 1), (0, 0), (0.001, 0.003), (0.15, 0.4), (0.2, 0.6), (0.02, 0.05), (250, 900), (1.5, 3.5), (0.06, 0.2),
                        (2.0, 5.0), accent=2.0, glide=0.04)


def sub_bass(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("sine", "sine", "triangle"), (1, 1), (0, 0), (0.005, 0.02), (1, 3), (0.8, 1), (0.05, 0.2), (200, 600), (0, 0.5), glide=float(rng.choice([0, 0.05])))


def dubstep_bass(rng, notes, seconds, beat):
    rates = [1, 2, 3, 4, 1.5, 6]
    depth = rng.uniform(1.6, 2.6)

    def lfo(rng, t, beat):
        return depth * -np.cos(2 * np.pi * t / beat * float(rng.choice(rates)))
    out = _subtractive(rng, notes, seconds, beat, ("saw", "square"), (2, 3), (0.1, 0.3), (0.002, 0.01), (1, 2), (0.9, 1), (0.03, 0.06), (400, 900), (0, 0.5), (0.1, 0.3), (1.0, 3.0),
                       lfo=lfo, sub=0.8, spread=0.4)
    return np.tanh(out * rng.uniform(1.5, 4))


def pulse(rng, notes, seconds, beat):
    """Unfiltered pulse waves of game consoles, with a fast vibrato or arpeggio at times."""
    return _subtractive(rng, notes, seconds, beat, ("pulse", "square", "triangle", "pulse"), (1, 1), (0, 0), (0.001, 0.002), (0.1, 0.6), (0.4, 1.0), (0.005, 0.03), (15000, 16000), (0, 0.1),
                        (0.1, 0.2), (0, 0), vibrato=float(rng.choice([0, 0, 0.006])), accent=0)


def theremin(rng, notes, seconds, beat):
    return _subtractive(rng, notes, seconds, beat, ("sine", "triangle"), (1, 1), (0, 0), (0.04, 0.1), (1, 2), (0.9, 1), (0.08, 0.2), (2500, 6000), (0, 0.3), vibrato=0.016, glide=0.09)


def _fm(rng, notes, seconds, ratios, index, decay, index_decay, release, second=0.0):
    ratio, index, decay, index_decay = float(rng.choice(ratios)), rng.uniform(*index), rng.uniform(*decay), rng.uniform(*index_decay)
    total = int(seconds * SAMPLE_RATE)
    out = np.zeros((2, total), np.float32)
    for start, length, pitch, loud in notes:
        first, f0 = int(start * SAMPLE_RATE), _hertz(pitch)
        fade = decay * 2 ** ((72 - pitch) / 24)
        samples = min(total - first, int((length + release) * SAMPLE_RATE), int(fade * 6 * SAMPLE_RATE))
        if samples < 64:
            continue
        t = np.arange(samples, dtype=np.float32) / SAMPLE_RATE
        strength = index * (0.3 + 0.9 * loud / 127)
        modulator = strength * np.exp(-t / index_decay) * np.sin(2 * np.pi * f0 * ratio * t)
        tone = np.sin(2 * np.pi * f0 * t + modulator)
        if second:
            tone = tone + second * np.sin(2 * np.pi * f0 * 1.001 * t + 0.4 * strength * np.sin(2 * np.pi * f0 * 14 * t) * np.exp(-t / 0.05))
        level = np.exp(-t / fade) * np.minimum(1, t / 0.002) * np.exp(-np.maximum(0, t - length) / release * 4)
        _add(out, start, (tone * level).astype(np.float32), 0.5 + 0.25 * np.sin(pitch * 1.7), (loud / 127) ** 1.3)
    return out


def fm_bells(rng, notes, seconds, beat):
    return _fm(rng, notes, seconds, (1.41, 2.76, 3.5, 7.0, 2.0, 5.19), (1.0, 4.0), (0.6, 2.0), (0.2, 1.2), 1.5)


def fm_piano(rng, notes, seconds, beat):
    return _fm(rng, notes, seconds, (1.0, 1.0, 2.0), (0.6, 1.8), (0.8, 1.8), (0.3, 1.0), 0.2, 0.5)


#: Drawbars as harmonics of half the pitch: 16', 5 1/3', 8', 4', 2 2/3', 2', 1 3/5', 1 1/3', 1'.
_DRAWBARS = (1, 3, 2, 4, 6, 8, 10, 12, 16)


def _rotary(rng, mono):
    """A rotating speaker: volume and pitch of both sides turn, slow or fast."""
    t = np.arange(len(mono)) / SAMPLE_RATE
    rate = float(rng.choice([0.8, 6.4, 6.4]))
    sides = []
    for shift in (0, np.pi / 2):
        turn = np.sin(2 * np.pi * rate * t + shift)
        place = np.clip(np.arange(len(mono)) - (1 + turn) * 12, 0, len(mono) - 2)
        low = place.astype(np.intp)
        share = place - low
        sides.append((mono[low] * (1 - share) + mono[low + 1] * share) * (1 + 0.18 * turn))
    return np.stack(sides).astype(np.float32)


def hammond(rng, notes, seconds, beat):
    """Drawbar organ with key click, percussion and a rotating speaker."""
    bars = np.array(_SETTINGS[rng.integers(len(_SETTINGS))], float) / 8 * rng.uniform(0.8, 1.2, 9)
    click, percussion = rng.uniform(0, 0.2), float(rng.choice([0, 0.8]))
    drive = float(rng.choice([0, 0, 1.5, 4]))
    total, cache = int(seconds * SAMPLE_RATE), {}
    out = np.zeros(total, np.float32)
    for start, length, pitch, loud in notes:
        first, f0 = int(start * SAMPLE_RATE), _hertz(pitch) / 2
        held = int(length * SAMPLE_RATE)
        samples = min(total - first, held + 800)
        if samples < 64:
            continue
        if pitch not in cache:
            amplitudes = np.zeros((2, 16))
            for bar, harmonic in zip(bars, _DRAWBARS):
                if f0 * harmonic < 15000:
                    amplitudes[0, harmonic - 1] = bar
            amplitudes[1] = amplitudes[0]
            amplitudes[1, 5 if f0 * 6 < 15000 else 1] += percussion
            cache[pitch] = _to_tables(amplitudes)
        t = np.arange(samples) / SAMPLE_RATE
        wave = _read(cache[pitch], _phases(f0, samples, int(rng.integers(2 ** 32))), np.exp(-t / 0.2) * 0.999)
        wave = wave * _envelope(samples, held, 0.003, 1, 1, 0.02)
        wave[:300] += (rng.normal(0, click, min(300, samples)) * np.linspace(1, 0, 300)[:samples]).astype(np.float32)
        out[first:first + samples] += wave
    if drive:
        out = np.tanh(out / (np.abs(out).max() + 1e-9) * drive)
    return _rotary(rng, out)


_SETTINGS = ((8, 8, 8, 0, 0, 0, 0, 0, 0), (8, 8, 8, 8, 0, 0, 0, 0, 0), (8, 8, 8, 8, 8, 8, 8, 8, 8), (0, 0, 8, 6, 4, 2, 0, 0, 0), (8, 0, 8, 0, 0, 0, 0, 0, 6),
             (6, 8, 8, 6, 0, 0, 0, 0, 4), (8, 4, 8, 0, 0, 4, 0, 0, 8))


def pipe_organ(rng, notes, seconds, beat):
    """Flue and reed ranks at several pitches, each slightly off, with the chiff of the pipes."""
    stops = [[(1, 1.0)], [(1, 1.0), (2, 0.7)], [(0.5, 0.8), (1, 1.0), (2, 0.7), (3, 0.4), (4, 0.5)], [(0.5, 1.0), (1, 1.0), (2, 0.8), (4, 0.6), (6, 0.4), (8, 0.3)],
             [(1, 1.0), (2, 0.8), (3, 0.3)]][rng.integers(5)]
    reed, fall = rng.random() < 0.3, rng.uniform(1.1, 2.2)
    colours = {foot: rng.uniform(0.6, 1.4, 40) for foot, _ in stops}
    chiff, attack = rng.uniform(0.01, 0.08), rng.uniform(0.02, 0.07)
    total, cache = int(seconds * SAMPLE_RATE), {}
    out = np.zeros((2, total), np.float32)
    for start, length, pitch, loud in notes:
        first, held = int(start * SAMPLE_RATE), int(length * SAMPLE_RATE)
        samples = min(total - first, held + int(0.12 * SAMPLE_RATE))
        if samples < 64:
            continue
        sides = np.zeros((2, samples), np.float32)
        for number, (foot, level) in enumerate(stops):
            f0 = _hertz(pitch) * foot
            if f0 > 9000:
                continue
            if (pitch, foot) not in cache:
                k = _harmonics(f0)[:40]
                tone = k ** (-0.7 if reed and foot == 1 else -fall) * colours[foot][:len(k)]
                cache[pitch, foot] = _to_tables(tone[None])
            bend = 2 ** (rng.normal(0, 2) / 1200)
            wave = level * _read(cache[pitch, foot], _phases(f0 * bend, samples, int(rng.integers(2 ** 32))))
            pan = 0.5 + 0.35 * np.sin(pitch * 2.4 + number)
            sides += np.stack([wave * np.cos(pan * np.pi / 2), wave * np.sin(pan * np.pi / 2)]).astype(np.float32)
        burst = min(samples, 3000)
        sides[:, :burst] += (rng.normal(0, chiff, burst) * np.exp(-np.arange(burst) / 700)).astype(np.float32)
        _add(out, start, sides * _envelope(samples, held, attack, 1, 1, 0.09), 0.5, 1)
    return out


#: Formants (hertz, bandwidth, gain) of sung vowels, a deep voice; higher voices scale them.
_VOWELS = {"u": ((325, 60, 1), (700, 70, .25), (2530, 140, .03), (3300, 180, .02)), "o": ((400, 60, 1), (800, 80, .35), (2600, 120, .06), (3200, 160, .04)),
           "a": ((650, 80, 1), (1080, 90, .5), (2650, 120, .18), (3300, 160, .12)), "e": ((420, 60, 1), (1700, 90, .3), (2500, 120, .18), (3300, 160, .1)),
           "i": ((280, 50, 1), (2000, 100, .2), (2800, 120, .16), (3500, 160, .1))}
_VOWEL_ORDER = ("u", "o", "a", "e", "i")


def _vowel_tables(f0, scale, tilt):
    k = _harmonics(f0)
    frequency = k * f0
    rows = []
    for vowel in _VOWEL_ORDER:
        response = sum(gain / np.sqrt(1 + ((frequency - centre * scale) / (width * 1.2)) ** 2) for centre, width, gain in _VOWELS[vowel]) + 0.004
        rows.append(response * k ** -tilt)
    rows = np.array(rows)
    return _to_tables(rows / np.sqrt((rows ** 2).sum(-1, keepdims=True)))


def _sing(rng, notes, seconds, voices, breath, syllable, vibrato=(0.004, 0.012)):
    """Voices on vowels that move; one or many a note."""
    base = rng.uniform(0, 4)
    total, cache = int(seconds * SAMPLE_RATE), {}
    tilt = rng.uniform(0.3, 0.8)
    out = np.zeros((2, total), np.float32)
    attack, release = (0.05, 0.15) if voices == 1 else (rng.uniform(0.08, 0.3), 0.4)
    for start, length, pitch, loud in notes:
        first, held = int(start * SAMPLE_RATE), int(length * SAMPLE_RATE)
        samples = min(total - first, held + int(release * SAMPLE_RATE))
        if samples < 64:
            continue
        f0 = _hertz(pitch)
        scale = float(np.clip(1 + (pitch - 50) / 60, 0.95, 1.35))
        if pitch not in cache:
            cache[pitch] = _vowel_tables(f0, scale, tilt - 0.2 * (loud / 127))
        t = np.arange(samples) / SAMPLE_RATE
        target = float(rng.uniform(0, 4)) if syllable else base
        position = np.clip(target + (base - target) * np.exp(-t / 0.08), 0, 3.99)
        sides = np.zeros((2, samples), np.float32)
        for _ in range(voices):
            depth, rate = rng.uniform(*vibrato), rng.uniform(4.6, 6.2)
            bend = 1 + depth * np.minimum(1, t / 0.5) * np.sin(2 * np.pi * rate * t + rng.uniform(0, 6)) + rng.normal(0, 0.003 if voices > 1 else 0.001)
            bend -= 0.03 * np.exp(-t / 0.04)
            wave = _read(cache[pitch], _phases(f0, samples, int(rng.integers(2 ** 32)), bend), position)
            pan = 0.5 if voices == 1 else rng.uniform(0.2, 0.8)
            sides[0] += wave * np.float32(np.cos(pan * np.pi / 2))
            sides[1] += wave * np.float32(np.sin(pan * np.pi / 2))
        sides += (breath * rng.normal(0, 1, samples) * 0.3).astype(np.float32)
        _add(out, start, sides * _envelope(samples, held, attack, 1, 1, release), 0.5, (loud / 127) ** 1.2 / voices ** 0.5)
        if syllable:
            base = target
    return out


def choir(rng, notes, seconds, beat):
    return _sing(rng, notes, seconds, 3, rng.uniform(0.02, 0.08), rng.random() < 0.3)


def voice(rng, notes, seconds, beat):
    return _sing(rng, notes, seconds, 1, rng.uniform(0.01, 0.06), rng.random() < 0.6)


def vocoder(rng, notes, seconds, beat):
    """A machine's choir: no vibrato, hard changes of vowel."""
    return _sing(rng, notes, seconds, 2, 0.02, True, (0.0, 0.001))


def glass(rng, notes, seconds, beat):
    """Rubbed glass: nearly sines that swell."""
    total = int(seconds * SAMPLE_RATE)
    out = np.zeros((2, total), np.float32)
    partials = ((1, 1.0), (2.32, rng.uniform(0.02, 0.12)), (4.25, rng.uniform(0.01, 0.05)))
    for start, length, pitch, loud in notes:
        first, held, f0 = int(start * SAMPLE_RATE), int(length * SAMPLE_RATE), _hertz(pitch)
        samples = min(total - first, held + int(0.6 * SAMPLE_RATE))
        if samples < 64:
            continue
        t = np.arange(samples) / SAMPLE_RATE
        shake = 1 + 0.15 * np.sin(2 * np.pi * rng.uniform(3, 6) * t)
        tone = sum(level * np.sin(2 * np.pi * f0 * ratio * t + rng.uniform(0, 6)) for ratio, level in partials) * shake
        _add(out, start, tone.astype(np.float32) * _envelope(samples, held, rng.uniform(0.15, 0.4), 1, 1, 0.5), 0.5 + 0.3 * np.sin(pitch), (loud / 127) ** 1.2)
    return out


SYNTHS = {"synth pad": synth_pad, "synth strings": synth_strings, "synth brass": synth_brass, "synth lead": synth_lead, "supersaw": supersaw, "synth pluck": synth_pluck,
          "synth bass": synth_bass, "acid bass": acid_bass, "sub bass": sub_bass, "dubstep bass": dubstep_bass, "pulse": pulse, "theremin": theremin,
          "fm bells": fm_bells, "fm piano": fm_piano, "hammond": hammond, "pipe organ": pipe_organ, "choir": choir, "voice": voice, "vocoder": vocoder, "glass": glass}
