"""From nothing to a model folder, in the order of the README: one command, about 20 hours on two cores.

    python build.py --work DIR --out ../models/retone-small [--minutes 900 150 150]

Every step can be stopped and goes on where it was when this is run again; a step that is done is not repeated.
"""
import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def step(done, script, *arguments):
    """Runs a script of this folder unless the file `done` says that it has run."""
    if os.path.exists(done):
        print(f"{script}: done before", flush=True)
        return
    subprocess.run([sys.executable, os.path.join(HERE, script), *arguments], check=True)
    open(done, "w").close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True, help="folder for clips, checkpoints, logs, plots and reports")
    parser.add_argument("--out", required=True, help="the model folder to write")
    parser.add_argument("--minutes", type=float, nargs=3, default=(900, 150, 150), metavar=("TRAIN", "DISTILL", "REFINE"))
    parser.add_argument("--clips", type=int, default=20000, help="how many to render")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    done = lambda name: os.path.join(options.work, f"{name}.done")
    train, distill, refine = (["--work", options.work, "--minutes", str(minutes)] for minutes in options.minutes)
    step(done("prepare"), "prepare.py", "--work", options.work)
    step(done("render"), "render_dataset.py", "--work", options.work, "--clips", str(options.clips))
    step(done("train"), "train.py", *train, "--final-rate", "1e-4")
    step(done("distill"), "distill.py", *distill, "--guidance", "4")
    step(done("refine"), "refine.py", *refine)
    step(done("export"), "export.py", "--work", options.work, "--out", options.out, "--checkpoint", "refined.pt")
    step(done("evaluate"), "evaluate.py", "--engine", "node", "--model", options.out, "--out", os.path.join(options.work, "report"))


if __name__ == "__main__":
    main()
