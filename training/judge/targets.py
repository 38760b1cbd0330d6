"""What the model is wanted to reach, and whether a report reaches it."""

#: (what is measured, wanted, unit or form, [(section, measure, test)]); a figure is shown for every measure, and all tests must hold.
TARGETS = (
    ("hop-rate modulation 3-10 kHz after encoding and decoding, median / drums", "< 3 % / < 8 %", "{:.1f} %",
     [("reconstruction", "hop-rate modulation, 3-10 kHz, median (%)", lambda v: v < 3),
      ("reconstruction", "hop-rate modulation, 3-10 kHz, drums (%)", lambda v: v < 8)]),
    ("rise at attacks against the source, clean percussion, median", "within 3 dB", "{:+.1f} dB",
     [("reconstruction", "rise against the source, clean percussion, median (dB)", lambda v: abs(v) <= 3)]),
    ("E1 contrabass after encoding and decoding: pitch / harmonic-to-noise ratio", "within 10 cents / > 18 dB", "{:+.1f}",
     [("reconstruction of notes", "E1 contrabass: pitch against the source (cents)", lambda v: abs(v) <= 10),
      ("reconstruction of notes", "E1 contrabass: harmonic-to-noise ratio (dB)", lambda v: v > 18)]),
    ("STOI of speech at level 0.3, median", "> 0.90", "{:.2f}", [("levels", "STOI of speech at 0.3, median", lambda v: v > 0.9)]),
    ("onset / chroma correlation with the source at 0.9, median", "> 0.5 / > 0.6", "{:.2f}",
     [("levels", "onset correlation with the source at 0.9, median", lambda v: v > 0.5),
      ("levels", "chroma correlation with the source at 0.9, median", lambda v: v > 0.6)]),
    ("pulse of \"rock drums\" and \"techno 128 BPM\" at 0.9 from sources without drums", "> 0.45", "{:.2f}",
     [("rhythm", "pulse of rock drums and techno 128 BPM, median", lambda v: v > 0.45)]),
    ("their tempo within 3 % of what was asked or of the source", "all", "{:.0%}",
     [("rhythm", "tempo of rock drums and techno 128 BPM right", lambda v: v >= 1)]),
    ("target named first, rendered sources / lowest class", "> 75 % / >= 40 %", "{:.1%}",
     [("prompt control", "rendered sources: target first", lambda v: v > 0.75),
      ("prompt control", "rendered sources: lowest class", lambda v: v >= 0.4)]),
    ("target named first, real recordings", "> 60 %", "{:.1%}", [("prompt control", "real recordings: target first", lambda v: v > 0.6)]),
    ("prompts further apart than two seeds, of 20", "18", "{}", [("prompt matrix", "prompts apart, of 20", lambda v: v >= 18)]),
    ("\"no drums\": drum energy falls, sources with drums", "90 %", "{:.0%}", [("no drums", "drum energy falls by 3 dB", lambda v: v >= 0.9)]),
    ("mono loss of the seed prompt, median", "< 1.5 LU", "{:.1f} LU", [("mono", "seed prompt: mono loss, median (LU)", lambda v: v < 1.5)]),
    ("difference of 5 s spectra over 120 s, \"lo-fi hip hop beat\"", "> 2.5 dB", "{:.2f} dB",
     [("course", "generated \"lo-fi hip hop beat\", 120 s (dB)", lambda v: v > 2.5)]),
    ("30 s request to mp3, wall clock (other work on the machine adds to it) / processor", "< 4.5 s", "{:.1f} s",
     [("speed", "30 s request to mp3, wall clock, best (s)", lambda v: v < 4.5),
      ("speed", "30 s request to mp3, processor, median (s)", lambda v: True)]),
)


def rows(report):
    """[(what, measured as text, wanted, "yes", "no" or "not measured")] of all targets."""
    out = []
    for what, wanted, form, parts in TARGETS:
        values = [report.get(section, {}).get(measure) for section, measure, _ in parts]
        if None in values:
            out.append((what, "", wanted, "not measured"))
        else:
            out.append((what, " / ".join(form.format(v) for v in values), wanted, "yes" if all(t(v) for v, (_, _, t) in zip(values, parts)) else "no"))
    return out


def table(report):
    """The targets as lines of a Markdown table."""
    return ["| what | measured | wanted | reached |", "|---|---|---|---|"] + [f"| {' | '.join(row)} |" for row in rows(report)]
