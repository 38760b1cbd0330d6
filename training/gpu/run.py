"""Renders and trains on a machine with a GPU, within minutes (see README.md in this folder).

    python gpu/run.py --carry gpu/carry --out OUT --minutes 9
    python gpu/run.py --carry gpu/carry --out OUT --distil 2
"""
import argparse
import multiprocessing
import os
import shutil
import sys
import tarfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

#: Clips of a shard: small, so that the first ones are there within half a minute.
CLIPS_PER_SHARD = 24
#: Training begins with so many shards; the held-out shard is one of them.
FIRST_SHARDS = 14
#: Cores that are left to the process that feeds the GPU.
SPARE_CORES = 2
#: A batch of 65,536 frames fills an H100 at 24 M parameters.
TOKENS, RATE, FINAL_RATE = 65536, 1.5e-3, 5e-5


def use_carried(carry, scratch):
    """Unpacks what was carried, makes it what the data code finds, and restarts Python once; returns the unpacked folder."""
    carried = os.path.join(scratch, "carried")
    if os.environ.get("RETONE_CARRIED") == carried:
        return carried
    if not os.path.isdir(carried):
        with tarfile.open(os.path.join(carry, "carried.tar.xz")) as archive:
            archive.extractall(carried, filter="data")
    place = lambda name: os.path.join(carried, name)
    first = lambda folder, name: ":".join([folder, *filter(None, [os.environ.get(name)])])
    os.environ.update(
        RETONE_CARRIED=carried, RETONE_SOUNDFONTS=place("soundfonts"), RETONE_RECORDINGS=place("recordings"),
        RETONE_SALAMANDER=place("salamander"), ESPEAK_DATA_PATH=place("libraries"),
        PYTHONPATH=first(place("site"), "PYTHONPATH"), LD_LIBRARY_PATH=first(place("libraries"), "LD_LIBRARY_PATH"))
    # The dynamic loader reads its path when a program starts.
    os.execv(sys.executable, [sys.executable, *sys.argv])


def render_for_ever(work, first, step):
    """Renders every `step`-th shard from `first` on until the process is ended."""
    os.nice(10)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from render_dataset import render_shard
    number = first
    while True:
        render_shard(work, number, CLIPS_PER_SHARD)
        number += step


def shards_there(work):
    folder = os.path.join(work, "clips")
    return len([name for name in os.listdir(folder) if name.endswith(".jsonl")])


def train_here(work, minutes, tokens, deadline, warm_up):
    from machine import set_up
    from train import Trainer, train
    trainer = Trainer(work, set_up(SPARE_CORES), RATE, warm_up)
    for block in trainer.model.dit.transformer.layers:
        block.compile()
    train(trainer, min(minutes, (deadline - time.time()) / 60), RATE, FINAL_RATE, tokens, every=100, measure_every=500, store_every=1e9, samples_every=None)
    return {**trainer.average.state_dict(), **{f"head.{name}": value for name, value in trainer.head.state_dict().items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--carry", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--scratch", default="/tmp/retone-training")
    parser.add_argument("--minutes", type=float, default=9, help="of this whole call")
    parser.add_argument("--distil", type=float, metavar="MINUTES", help="distil what an earlier call on this machine trained")
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--dry-run", action="store_true", help="a small batch, on whatever there is")
    options = parser.parse_args()
    carried = use_carried(options.carry, os.path.abspath(options.scratch))
    deadline = time.time() + 60 * (options.distil or options.minutes)
    import torch

    from parts import split
    if not options.dry_run and not torch.cuda.is_available():
        sys.exit("no GPU: give --dry-run to try the script on a CPU")
    work, tokens = options.scratch, 512 if options.dry_run else TOKENS
    os.makedirs(os.path.join(work, "clips"), exist_ok=True)
    os.makedirs(options.out, exist_ok=True)
    if options.distil:
        from distill import distill
        distill(work, "cpu" if options.dry_run else "cuda", options.distil - 0.5, options.guidance, 4e-4, tokens // 2)
        state = torch.load(os.path.join(work, "distilled.pt"), map_location="cpu")["average"]
    else:
        for name in ("pretransform.npz", "tokenizer.json"):
            shutil.copy(os.path.join(carried, name), work)
        workers = max(1, (os.cpu_count() or 1) - SPARE_CORES)
        context = multiprocessing.get_context("spawn")
        renderers = [context.Process(target=render_for_ever, args=(work, first, workers), daemon=True) for first in range(workers)]
        for renderer in renderers:
            renderer.start()
        while shards_there(work) < min(FIRST_SHARDS, workers + 1):
            if not all(renderer.is_alive() for renderer in renderers):
                sys.exit("rendering failed; its message is above")
            time.sleep(0.5)
        print(f"{time.time() - deadline + 60 * options.minutes:.0f} s: training begins", flush=True)
        state = train_here(work, options.minutes, tokens, deadline - 25, 5 if options.dry_run else 500)
        print(f"{shards_there(work)} shards rendered", flush=True)
        for renderer in renderers:
            renderer.terminate()
        weights = {name: value for name, value in state.items() if not name.startswith("head.")}
        torch.save({"average": weights}, os.path.join(work, "checkpoint.pt"))
    for name in ("log.jsonl", "distil.jsonl"):
        if os.path.exists(os.path.join(work, name)):
            shutil.copy(os.path.join(work, name), options.out)
    print(f"{split(state, os.path.join(options.out, 'model.pt'))} parts in {options.out}")


if __name__ == "__main__":
    main()
