"""LeNet-5 on MNIST from process start to exit: the trainer beside an equivalent PyTorch program.

    cargo build --release -p trainer
    python crates/trainer/bench/end_to_end.py MNIST_FOLDER          (needs torch and numpy)

Both read the four IDX files, hold a tenth of the training images out, train 5 epochs of whole batches of 64 with AdamW
on a warmed-up cosine, measure what was held out after every epoch and the test images once, and exit. They take turns;
time and memory are the operating system's for the whole process (with its workers, if it has any).
"""
import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EPOCHS, BATCH_SIZE, RATE = 5, 64, 3e-3


def pytorch(folder, threads, workers):
    """What somebody who knows PyTorch writes: tensors in memory, a DataLoader, AdamW, a LambdaLR."""
    import numpy
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset, random_split

    sys.path.insert(0, str(ROOT / "crates/models/tests/pytorch"))
    from record import LeNet5

    torch.set_num_threads(threads)
    torch.manual_seed(1)

    def read(name, offset):
        return torch.from_numpy(numpy.fromfile(folder / name, dtype=numpy.uint8)[offset:].copy())

    def part(name):
        pixels = read(f"{name}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)
        images = pixels.float().div_(255).sub_(0.1307).div_(0.3081)
        return TensorDataset(images, read(f"{name}-labels-idx1-ubyte", 8).long())

    train, held_out = random_split(part("train"), [54_000, 6_000])
    options = {"num_workers": workers, "persistent_workers": workers > 0}
    loader = DataLoader(train, BATCH_SIZE, shuffle=True, drop_last=True, **options)
    network = LeNet5((1, 28, 28), 10)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    updates = EPOCHS * len(loader)
    warmup = updates // 20

    def factor(update):
        if update < warmup:
            return (update + 1) / (warmup + 1)
        return 0.01 + 0.99 * (1 + math.cos(math.pi * (update - warmup) / (updates - warmup))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

    @torch.no_grad()
    def accuracy(data):
        network.eval()
        right = 0
        for images, labels in DataLoader(data, BATCH_SIZE):
            right += (network(images).argmax(1) == labels).sum().item()
        return right / len(data)

    for epoch in range(EPOCHS):
        network.train()
        for images, labels in loader:
            loss = nn.functional.cross_entropy(network(images), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: {accuracy(held_out):.4f}")
    print(f"test {accuracy(part('t10k')):.4f}")


def measured(command, threads):
    """Seconds from start to exit, CPU seconds, megabytes at most, and what it printed last."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        said = output.read().strip()
    if status != 0:
        sys.exit(said)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said.splitlines()[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--workers", type=int, default=0, help="processes of PyTorch's DataLoader")
    parser.add_argument("--trainer", type=Path, default=ROOT / "target/release/trainer")
    parser.add_argument("--pytorch", action="store_true", help="be the PyTorch program")
    options = parser.parse_args()
    if options.pytorch:
        pytorch(options.mnist, options.threads, options.workers)
        return
    with tempfile.TemporaryDirectory() as runs:
        ours = [options.trainer, "train", ROOT / "configs/mnist-lenet5.toml", f"--set=data.path={options.mnist}"]
        ours += [f"--runs={runs}", f"--epochs={EPOCHS}"]
        theirs = [sys.executable, __file__, options.mnist, "--pytorch"]
        theirs += [f"--threads={options.threads}", f"--workers={options.workers}"]
        sides = {"trainer": ours, "PyTorch": theirs}
        results = {side: [] for side in sides}
        for _ in range(options.rounds):
            for side, command in sides.items():
                results[side].append(measured(command, options.threads))
                seconds, cpu, memory, said = results[side][-1]
                print(f"{side}: {seconds:.1f} s, {cpu:.1f} CPU s, {memory:.0f} MB; {said}", flush=True)
    print("\n| | seconds | CPU seconds | MB at most |\n| --- | --- | --- | --- |")
    medians = {}
    for side, rows in results.items():
        medians[side] = [statistics.median(column) for column in list(zip(*rows))[:3]]
        print(f"| {side} | " + " | ".join(f"{number:.1f}" for number in medians[side]) + " |")
    ratios = [theirs / ours for theirs, ours in zip(medians["PyTorch"], medians["trainer"])]
    print("| ratio | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
