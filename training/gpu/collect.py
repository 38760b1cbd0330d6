"""Gathers what travels to a machine that reaches nothing: about 37 MiB beside the repository.

    python gpu/collect.py --work DIR --out gpu/carry [--python 3.12]

A small soundfont (Debian's fluidr3mono-gm-soundfont, MIT), the CC0 recordings as Ogg Vorbis, the Salamander notes, the libraries of
FluidSynth and eSpeak NG with what they need, `soundfile` for that machine's Python, and the work folder's pretransform and tokenizer.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

LIBRARIES = ("libfluidsynth.so.3", "libespeak-ng.so.1")
#: Parts of the C library and of drivers, which every machine has in its own version.
LEFT_BEHIND = ("libc.so", "libm.so", "libpthread", "ld-linux", "libdl.", "librt.", "libresolv", "libgcc_s", "libstdc++", "linux-vdso")
SOUNDFONT = "/usr/share/sounds/sf3/FluidR3Mono_GM.sf3"
WHEELS = ("soundfile", "cffi")


def library_path(name):
    """Where the dynamic loader finds a library."""
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    return next(line.split("=>")[1].strip() for line in listing.splitlines() if line.strip().startswith(name + " "))


def needed(path):
    """[(name, path)] of all libraries that one loads."""
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    rows = [line.split("=>") for line in listing.splitlines() if "=>" in line]
    return [(name.strip(), place.split("(")[0].strip()) for name, place in rows if not name.strip().startswith(LEFT_BEHIND)]


def pack_libraries(target):
    """Writes a compressed archive of the libraries under the names that the loader looks for."""
    found = {}
    for name in LIBRARIES:
        path = library_path(name)
        found.update({name: path}, **dict(needed(path)))
    data = next((p for p in ("/usr/lib/x86_64-linux-gnu/espeak-ng-data", "/usr/share/espeak-ng-data") if os.path.isdir(p)), None)
    with tarfile.open(target, "w:xz") as archive:
        for name, path in found.items():
            archive.add(os.path.realpath(path), name)
        if data:
            english = lambda entry: None if entry.name.endswith("_dict") and not entry.name.endswith("en_dict") else entry
            archive.add(data, "espeak-ng-data", filter=english)


def pack_recordings(target):
    """Writes the recordings that may be trained on as Ogg Vorbis."""
    from data import recordings
    os.makedirs(target, exist_ok=True)
    for path in sorted(glob.glob(os.path.join(recordings.FOLDER, "*.flac"))):
        name = os.path.basename(path)[:-5]
        if name not in recordings.HELD_OUT:
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, "-c:a", "libvorbis", "-q:a", "3", os.path.join(target, name + ".ogg")], check=True)


def pack_site(target, version):
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
    os.makedirs(os.path.join(options.out, "soundfonts"))
    shutil.copy(SOUNDFONT, os.path.join(options.out, "soundfonts"))
    for name in ("pretransform.npz", "tokenizer.json"):
        shutil.copy(os.path.join(options.work, name), options.out)
    pack_libraries(os.path.join(options.out, "libraries.tar.xz"))
    pack_recordings(os.path.join(options.out, "recordings"))
    pack_site(os.path.join(options.out, "site"), options.python)
    if os.path.isdir(render.SALAMANDER):
        shutil.copytree(render.SALAMANDER, os.path.join(options.out, "salamander"))
    size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(options.out) for name in names)
    print(f"{size / 2 ** 20:.1f} MiB in {options.out}")


if __name__ == "__main__":
    main()
