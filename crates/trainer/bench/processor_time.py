"""Processor time of a training update on one thread, the trainer's beside PyTorch's: for a machine that others use too.

    cargo build --release -p trainer
    python crates/trainer/bench/processor_time.py MNIST_FOLDER          (needs torch, nothing else)

Where a clock on the wall measures the others, the system's account of a process does not, or little: caches and memory
are shared. The trainer's time is the difference of a long run and a short one, over the difference of their updates;
PyTorch's is that of its updates as in `compare.py`. All images are 1x28x28.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import CASES, ROOT, PyTorch

SHAPE = (1, 28, 28)


def trainer(options, runs, kind, sizes, batch_size, updates):
    """Processor seconds of a whole run."""
    command = [options.trainer, "train", f"--data={options.mnist}", f"--model={kind}", f"--batch-size={batch_size}"]
    command += ["--optimizer=sgd", f"--runs={runs}", f"--set=train.length={updates}"]
    command += [f"--set=train.evaluate_every={updates}", "--set=data.validation=0"]
    command += [f"--set=model.{key}={value}" for key, value in sizes.items()]
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {command}")
    return usage.ru_utime + usage.ru_stime


def pytorch(network, updates):
    """Processor seconds of an update."""
    start = time.process_time()
    for update in range(updates):
        network.update()
        if update % 64 == 63:
            network.read_losses()
    return (time.process_time() - start) / updates


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--cases", default="mlp:64:1000,mlp:256:300,lenet5:64:200,cnn:64:50,convnet:64:20,resnet:64:20")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trainer", type=Path, default=ROOT / "target/release/trainer")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, {options.rounds} rounds; processor ms an update (least–most)\n")
    print("| network | batch | trainer | PyTorch | ratio |\n| --- | --- | --- | --- | --- |", flush=True)
    for case in options.cases.split(","):
        name, batch_size, updates = case.split(":")
        kind, sizes, _ = CASES[name]
        batch_size, updates = int(batch_size), int(updates)
        network = PyTorch(kind, sizes, SHAPE, batch_size, compiled=False)
        ours, theirs = [], []
        with tempfile.TemporaryDirectory() as runs:
            for _ in range(options.rounds):
                short, long = (
                    trainer(options, runs, kind, sizes, batch_size, length) for length in (updates // 10, updates)
                )
                ours.append((long - short) / (updates - updates // 10))
                theirs.append(pytorch(network, updates))
        cells = [
            f"{1e3 * statistics.median(side):.2f} ({1e3 * min(side):.2f}–{1e3 * max(side):.2f})" for side in (ours, theirs)
        ]
        ratio = statistics.median(theirs) / statistics.median(ours)
        print(f"| {name} | {batch_size} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
