"""Seconds from process start to exit for a run that reaches 99 % of MNIST's test images, over many seeds.

    cargo build --release -p trainer
    python crates/trainer/bench/time_to_99.py MNIST_FOLDER [--config FILE] [--log FILE]          (needs nothing else)

The length of every run is fixed beforehand by the configuration, and the test images are read once, at its end. The last
lines say the mean accuracy with the p value of a one-sided t test against 99 %, and the median of the times.
"""
import argparse
import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BAR = 0.99


def measured(options, seed, runs):
    """The seed, seconds from start to exit, CPU seconds, megabytes at most, and the test accuracy."""
    command = [options.trainer, "train", options.config, f"--set=data.path={options.mnist}", f"--seed={seed}"]
    command += [f"--runs={runs}", "--json"]
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            sys.exit(f"failed: {command}")
        output.seek(0)
        accuracy = json.load(output)["summary"]["test_accuracy"]
    return seed, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, accuracy


def above(t, degrees):
    """How often Student's t with these degrees of freedom is above `t`, by Simpson's rule."""
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)
    steps, end = 20_000, t + 200
    width = (end - t) / steps
    total = sum(
        (1 if step in (0, steps) else 2 + 2 * (step % 2)) * (1 + (t + step * width) ** 2 / degrees) ** (-(degrees + 1) / 2)
        for step in range(steps + 1)
    )
    return scale * total * width / 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--config", type=Path, default=ROOT / "configs/mnist-99.toml")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trainer", type=Path, default=ROOT / "target/release/trainer")
    parser.add_argument("--log", type=Path, help="where every run goes, as CSV")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs:
        rows = []
        for seed in range(1, options.seeds + 1):
            rows.append(measured(options, seed, runs))
            print("seed {}: {:.2f} s, {:.1f} CPU s, {:.0f} MB, {:.2%}".format(*rows[-1]), flush=True)
    if options.log:
        with options.log.open("w", newline="") as file:
            log = csv.writer(file, lineterminator="\n")
            log.writerow(["seed", "seconds", "cpu_seconds", "megabytes", "test_accuracy"])
            log.writerows([seed, f"{s:.2f}", f"{cpu:.2f}", f"{mb:.0f}", accuracy] for seed, s, cpu, mb, accuracy in rows)
    _, seconds, _, _, accuracies = zip(*rows)
    mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
    p = above((mean - BAR) / (deviation / math.sqrt(len(rows))), len(rows) - 1)
    print(f"\n{mean:.3%} ± {deviation:.3%} over {len(rows)} seeds; p = {p:.2g} that the mean is not above {BAR:.0%}")
    print(f"{statistics.median(seconds):.2f} s, {min(seconds):.2f} to {max(seconds):.2f}")


if __name__ == "__main__":
    main()
