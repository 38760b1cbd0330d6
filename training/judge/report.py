"""The evaluation's figures and sounds as files: report.json, report.md, and a page to listen to with spectrograms."""
import html
import json
import os

import numpy as np
from scipy.io import wavfile

from . import measures, targets


def write_figures(folder, report):
    """report.json and report.md of {section: {measure: value}}."""
    with open(os.path.join(folder, "report.json"), "w") as file:
        json.dump(report, file, indent=1)
    lines = ["## wanted", "", *targets.table(report), ""]
    for section, values in report.items():
        lines += [f"## {section}", "", "| measure | value |", "|---|---|"]
        lines += [f"| {key} | {f'{value:.3f}' if isinstance(value, float) else value} |" for key, value in values.items()]
        lines.append("")
    with open(os.path.join(folder, "report.md"), "w") as file:
        file.write("\n".join(lines))


def write_sound(path, audio):
    """A 16-bit WAV of float [2, samples]; louder than full scale is turned down."""
    peak = max(1.0, float(np.abs(audio).max()))
    wavfile.write(path, 44100, (audio.T / peak * 32767).astype(np.int16))


def write_page(folder, title, sounds):
    """index.html with player and spectrogram for every (name, file of the folder)."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    rows = []
    for name, file in sounds:
        samples = wavfile.read(os.path.join(folder, file))[1].T / 32768.0
        picture = file.replace(".wav", ".png")
        pyplot.imsave(os.path.join(folder, picture), measures.log_mel(samples, 2048, 96)[::-1], cmap="magma")
        rows.append(f"<tr><td>{html.escape(name)}</td><td><audio controls preload=none src={file}></audio></td>"
                    f"<td><img height=120 src={picture}></td></tr>")
    with open(os.path.join(folder, "index.html"), "w") as file:
        file.write(f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><table>" + "".join(rows) + "</table>")
