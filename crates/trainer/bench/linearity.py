"""Whether cost grows with the work and with nothing else: data and run length 1, 4 and 16 times as large, 1 and 2 threads.

    cargo build --release -p trainer
    python crates/trainer/bench/linearity.py MNIST_FOLDER          (needs nothing else)

The data are the first 3,750, 15,000 and 60,000 training images of MNIST, the model an MLP. All runs take turns, and each
line is a median over the rounds. Memory is the operating system's, for the whole process at its largest.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TRAIN = [("train-images-idx3-ubyte", 16, 784), ("train-labels-idx1-ubyte", 8, 1)]
TEST = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def subset(mnist, folder, rows):
    """The first training rows, and all test rows, as an MNIST of its own."""
    folder.mkdir()
    for name, header, values in TRAIN:
        content = (mnist / name).read_bytes()
        start = content[:4] + rows.to_bytes(4, "big") + content[8:header]
        (folder / name).write_bytes(start + content[header : header + rows * values])
    for name in TEST:
        (folder / name).symlink_to((mnist / name).resolve())
    return folder


def measured(options, data, updates, threads, runs):
    """Updates a second, and megabytes at most."""
    command = [options.trainer, "train", f"--data={data}", "--optimizer=sgd", "--lr=0.03", f"--runs={runs}", "--json"]
    command += [f"--set=train.length={updates}", f"--set=train.evaluate_every={updates}"]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"failed: {command}")
        output.seek(0)
        rate = json.load(output)["summary"]["updates_per_second"]
    return rate, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=1000, help="of the shortest run")
    parser.add_argument("--trainer", type=Path, default=ROOT / "target/release/trainer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        sizes = [3_750, 15_000, 60_000]
        data = {rows: subset(options.mnist, scratch / str(rows), rows) for rows in sizes}
        length = options.updates
        cases = {f"{rows} images": (data[rows], length, 2) for rows in sizes}
        cases |= {f"{length * times} updates": (data[3_750], length * times, 2) for times in (1, 4, 16)}
        cases |= {f"{threads} threads": (data[60_000], length, threads) for threads in (1, 2)}
        results = {case: [] for case in cases}
        for _ in range(options.rounds):
            for case, arguments in cases.items():
                results[case].append(measured(options, *arguments, scratch / "runs"))
    print("| | updates/s | least–most | MB at most |\n| --- | --- | --- | --- |")
    for case, rows in results.items():
        rates, memory = zip(*rows)
        median = statistics.median(rates)
        print(f"| {case} | {median:.0f} | {min(rates):.0f}–{max(rates):.0f} | {max(memory):.0f} |")


if __name__ == "__main__":
    main()
