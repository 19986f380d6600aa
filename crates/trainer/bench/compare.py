"""Whole training updates of the trainer beside those of PyTorch, alternating in one run.

    cargo build --release -p trainer && cargo build --release --workspace --example stock
    python crates/trainer/bench/compare.py                  (needs torch, nothing else)

    cargo build --release -p trainer --features vulkan,fusion
    python crates/trainer/bench/compare.py --backends wgpu,vulkan --device cuda             (an NVIDIA GPU)

An update is all of it on both sides: a batch gathered from resident bytes and normalised, forward, backward, SGD with
momentum, and a row of CSV for its loss, which is read back with those of 64 updates. Every round measures the trainer,
PyTorch and Burn's own SupervisedTraining one after the other; the ratio of a round is that of its medians.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "crates/models/tests/pytorch"))
# The name of a case: the network, its sizes, the images.
CASES = {
    "mlp": ("mlp", {"hidden": [256, 128]}, (1, 28, 28)),
    "lenet5": ("lenet5", {}, (1, 28, 28)),
    "cnn": ("cnn", {"widths": [32, 64], "hidden": [128]}, (1, 28, 28)),
    "convnet": ("convnet", {"widths": [32, 64]}, (1, 28, 28)),
    "resnet": ("resnet", {"depth": 8}, (3, 32, 32)),
}
CLASSES, ROWS = 10, 16_384
# What the machine is measured with, so large that starting it costs nothing: the sides of a product, values to copy.
LARGE = {"cpu": (2048, 1 << 24), "cuda": (8192, 1 << 28)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="mlp:64,mlp:256,lenet5:64,cnn:64,cnn:256,convnet:64,convnet:256,resnet:64")
    parser.add_argument("--backends", default="flex", help="the trainer's, such as wgpu,vulkan,cuda; one column each")
    parser.add_argument("--device", default="cpu", choices=LARGE, help="PyTorch's")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="a side and round")
    parser.add_argument("--trainer", type=Path, default=ROOT / "target/release/trainer")
    parser.add_argument("--stock", type=Path, default=ROOT / "target/release/examples/stock")
    parser.add_argument("--compile", action="store_true", help="a column for torch.compile, which has no goal")
    parser.add_argument("--json", type=Path, help="also write every round's medians to this file")
    return parser.parse_args()


class PyTorch:
    """One network in training, as somebody who knows PyTorch writes it for images that fit into memory."""

    def __init__(self, kind, sizes, shape, batch_size, device, compiled=False):
        import record
        import torch

        self.torch, self.batch_size, self.device = torch, batch_size, device
        self.pixels = torch.randint(0, 256, (ROWS, *shape), dtype=torch.uint8, device=device)
        self.labels = torch.arange(ROWS, device=device) % CLASSES
        self.network = record.NETWORKS[kind](shape, CLASSES, **sizes).to(device)
        self.forward = torch.compile(self.network) if compiled else self.network
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.01, momentum=0.9)
        self.log = csv.writer(tempfile.TemporaryFile("w"))
        self.order, self.taken, self.losses, self.updates = None, ROWS, [], 0
        for _ in range(5):
            self.update()
        self.read_losses()

    def batch(self):
        if self.taken + self.batch_size > ROWS:
            self.order, self.taken = self.torch.randperm(ROWS, device=self.device), 0
        rows = self.order[self.taken : self.taken + self.batch_size]
        self.taken += self.batch_size
        return self.pixels[rows].float().sub_(63.75).div_(63.75), self.labels[rows]

    def update(self):
        images, labels = self.batch()
        loss = self.torch.nn.functional.cross_entropy(self.forward(images), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.detach())

    def read_losses(self):
        for loss in self.torch.stack(self.losses).tolist():
            self.log.writerow([self.updates, 0, 0.01, loss, "", ""])
            self.updates += 1
        self.losses = []

    def seconds(self, duration):
        """The median time of an update, over blocks of 50 ms."""
        blocks, end = [], time.perf_counter() + duration
        while time.perf_counter() < end or not blocks:
            start, count = time.perf_counter(), 0
            while count < 64 and (count == 0 or time.perf_counter() - start < 0.05):
                self.update()
                count += 1
            self.read_losses()
            blocks.append((time.perf_counter() - start) / count)
        return statistics.median(blocks)


class Limits:
    """What no program on this machine can beat: arithmetic over the rate of a large product, bytes over that of a copy."""

    def __init__(self, device):
        import torch

        self.device = device
        wait = torch.cuda.synchronize if device == "cuda" else lambda: None
        side, values = LARGE[device]
        large = torch.rand(side, side, device=device)
        self.flops = 2 * side**3 / best(lambda: (large @ large, wait()))
        wide = torch.rand(values, device=device)
        copy = torch.empty_like(wide)
        self.bytes = 2 * 4 * values / best(lambda: (copy.copy_(wide), wait()))

    def seconds(self, network, shape, batch_size):
        """Each product forward and twice backward, but no gradient of the images; each weight read twice, its gradient
        written, and five passes of the optimizer; each activation and its gradient written, and read three times."""
        import torch

        products, activations = [], []

        def watch(layer, _inputs, output):
            activations.append(output.numel())
            if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
                products.append(output.numel() * layer.weight[0].numel())

        layers = [layer for layer in network.modules() if not list(layer.children())]
        hooks = [layer.register_forward_hook(watch) for layer in layers]
        network.eval()(torch.zeros(1, *shape, device=self.device))
        network.train()
        for hook in hooks:
            hook.remove()
        flops = 2 * batch_size * (3 * sum(products) - products[0])
        weights = sum(parameter.numel() for parameter in network.parameters())
        moved = 4 * (8 * weights + 5 * batch_size * sum(activations))
        return flops / self.flops, moved / self.bytes


def best(compute):
    """The least time of ten."""
    times = []
    for _ in range(10):
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return min(times)


def trainer(options, backend, kind, sizes, shape, batch_size):
    command = [options.trainer, "bench", "--json", f"--model={kind}", f"--batch-sizes={batch_size}"]
    command += [f"--backend={backend}", "--optimizer=sgd", f"--seconds={options.seconds}", "--shape=" + "x".join(map(str, shape))]
    command += [f"--set=model.{key}={json.dumps(value)}" for key, value in sizes.items()]
    return json.loads(run(options, command))["rows"][0]["seconds"]


def stock(options, kind, sizes, shape, batch_size):
    size = ",".join(str(number) for value in sizes.values() for number in (value if isinstance(value, list) else [value]))
    command = [options.stock, kind, size, "x".join(map(str, shape)), str(batch_size), str(options.seconds)]
    return float(run(options, command).splitlines()[-1].split()[0])


def run(options, command):
    environment = {**os.environ, "RAYON_NUM_THREADS": str(options.threads)}
    return subprocess.run(list(map(str, command)), env=environment, check=True, capture_output=True, text=True).stdout


def measure(options, limits, name, batch_size):
    kind, sizes, shape = CASES[name]
    case = (kind, sizes, shape, batch_size)
    eager = PyTorch(*case, options.device)
    sides = {
        **{backend: partial(trainer, options, backend, *case) for backend in options.backends.split(",")},
        "PyTorch": lambda: eager.seconds(options.seconds),
    }
    if options.compile:
        compiled = PyTorch(*case, options.device, compiled=True)
        sides["torch.compile"] = lambda: compiled.seconds(options.seconds)
    if options.stock.exists() and options.device == "cpu":
        sides["Burn's Learner"] = lambda: stock(options, *case)
    rounds = {side: [] for side in sides}
    for _ in range(options.rounds):
        for side, time_of in sides.items():
            rounds[side].append(time_of())
    return rounds, limits.seconds(eager.network, shape, batch_size)


def spread(values, form):
    return f"{form(statistics.median(values))} ({form(min(values))}–{form(max(values))})"


def main():
    options = arguments()
    import torch

    torch.set_num_threads(options.threads)
    backends = options.backends.split(",")
    columns = [*backends, "PyTorch", *(["torch.compile"] if options.compile else []), "Burn's Learner"]
    where = torch.cuda.get_device_name() if options.device == "cuda" else f"{options.threads} threads"
    print(f"torch {torch.__version__}, {where}, {options.rounds} rounds of {options.seconds} s a side;")
    limits = Limits(options.device)
    print(f"a large product runs at {limits.flops / 1e9:.0f} GFLOP/s, a large copy at {limits.bytes / 1e9:.1f} GB/s;")
    print("ms an update: the median of the rounds' medians (least–most); ratio: PyTorch's time over each backend's;")
    print("limit: its arithmetic at that rate, and its bytes at that one\n")
    print(f"| network | batch | {' | '.join(columns)} | ratio | limit |")
    print("| --- " * (len(columns) + 4) + "|", flush=True)
    results = []
    for case in options.cases.split(","):
        name, batch_size = case.split(":")
        rounds, limit = measure(options, limits, name, int(batch_size))
        ratios = {
            backend: [theirs / ours for theirs, ours in zip(rounds["PyTorch"], rounds[backend])] for backend in backends
        }
        cells = [
            spread(rounds[column], lambda seconds: f"{1e3 * seconds:.2f}") if column in rounds else ""
            for column in columns
        ]
        ratio = ", ".join(spread(ratios[backend], lambda ratio: f"{ratio:.2f}") for backend in backends)
        limit = " + ".join(f"{1e3 * seconds:.2f}" for seconds in limit)
        print(f"| {name} | {batch_size} | {' | '.join(cells)} | {ratio} | {limit} |", flush=True)
        results.append({"case": name, "batch_size": int(batch_size), "seconds": rounds, "ratios": ratios})
    if options.json:
        options.json.write_text(json.dumps({"torch": torch.__version__, "threads": options.threads, "rows": results}))


if __name__ == "__main__":
    main()
