"""Gathers what travels to a machine that reaches nothing, as one archive of about 36 MiB beside the repository.

    python gpu/collect.py --work DIR --out gpu/carry [--python 3.12]

A small soundfont (Debian's fluidr3mono-gm-soundfont, MIT), the CC0 recordings as Ogg Vorbis, one layer of the Salamander notes, the libraries of
FluidSynth and eSpeak NG with what they need, `soundfile` for that machine's Python, and the work folder's pretransform and tokenizer.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

LIBRARIES = ("libfluidsynth.so.3", "libespeak-ng.so.1")
#: Parts of the C library and of drivers, which every machine has in its own version.
LEFT_BEHIND = ("libc.so", "libm.so", "libpthread", "ld-linux", "libdl.", "librt.", "libresolv", "libgcc_s", "libstdc++", "linux-vdso")
SOUNDFONT = "/usr/share/sounds/sf3/FluidR3Mono_GM.sf3"
WHEELS = ("soundfile", "cffi")
LANGUAGES = ("en", "de", "fr", "es", "it")
PIANO_LAYER = "piano-velocity10"


def library_path(name):
    """Where the dynamic loader finds a library."""
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    return next(line.split("=>")[1].strip() for line in listing.splitlines() if line.strip().startswith(name + " "))


def needed(path):
    """[(name, path)] of all libraries that one loads."""
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    rows = [line.split("=>") for line in listing.splitlines() if "=>" in line]
    return [(name.strip(), place.split("(")[0].strip()) for name, place in rows if not name.strip().startswith(LEFT_BEHIND)]


def gather_libraries(target):
    """Copies the libraries under the names that the loader looks for, and eSpeak's data of the languages that are spoken."""
    found = {}
    for name in LIBRARIES:
        path = library_path(name)
        found.update({name: path}, **dict(needed(path)))
    data = next((p for p in ("/usr/lib/x86_64-linux-gnu/espeak-ng-data", "/usr/share/espeak-ng-data") if os.path.isdir(p)), None)
    os.makedirs(target)
    for name, path in found.items():
        shutil.copy(os.path.realpath(path), os.path.join(target, name))
    if data:
        unused = lambda folder, names: [name for name in names if name.endswith("_dict") and name[:-5] not in LANGUAGES]
        shutil.copytree(data, os.path.join(target, "espeak-ng-data"), ignore=unused)


def gather_recordings(target):
    """Writes the recordings that may be trained on as Ogg Vorbis."""
    from data import recordings
    os.makedirs(target, exist_ok=True)
    for path in sorted(glob.glob(os.path.join(recordings.FOLDER, "*.flac"))):
        name = os.path.basename(path)[:-5]
        if name not in recordings.HELD_OUT:
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, "-c:a", "libvorbis", "-q:a", "3", os.path.join(target, name + ".ogg")], check=True)


def gather_site(target, version):
    """Unpacks the wheels of `WHEELS` for a Python version."""
    os.makedirs(target, exist_ok=True)
    downloads = os.path.join(target, "wheels")
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version", version,
                    "--implementation", "cp", "--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64",
                    "--platform", "manylinux_2_28_x86_64", "-d", downloads, *WHEELS], check=True)
    for wheel in glob.glob(os.path.join(downloads, "*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    shutil.rmtree(downloads)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--python", default="3.12", help="the version of Python there")
    options = parser.parse_args()
    from data import render
    shutil.rmtree(options.out, ignore_errors=True)
    os.makedirs(options.out)
    with tempfile.TemporaryDirectory() as folder:
        place = lambda *names: os.path.join(folder, *names)
        os.makedirs(place("soundfonts"))
        shutil.copy(SOUNDFONT, place("soundfonts"))
        for name in ("pretransform.npz", "tokenizer.json"):
            shutil.copy(os.path.join(options.work, name), folder)
        gather_libraries(place("libraries"))
        gather_recordings(place("recordings"))
        gather_site(place("site"), options.python)
        piano = os.path.join(render.SALAMANDER, PIANO_LAYER)
        if os.path.isdir(piano):
            shutil.copytree(piano, place("salamander", PIANO_LAYER))
        target = os.path.join(options.out, "carried.tar.xz")
        with tarfile.open(target, "w:xz") as archive:
            archive.add(folder, ".")
    print(f"{os.path.getsize(target) / 2 ** 20:.1f} MiB in {target}")


if __name__ == "__main__":
    main()
