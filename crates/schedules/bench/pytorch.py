"""How long one scheduler.step() takes in PyTorch: the median of five runs. Run by factor.rs."""

import statistics
import time
import warnings

import torch

warnings.simplefilter("ignore")
STEPS = 20_000


def measure(make):
    times = []
    for _ in range(5):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
        scheduler = make(optimizer)
        start = time.perf_counter()
        for _ in range(STEPS):
            scheduler.step()
        times.append((time.perf_counter() - start) / STEPS)
    return statistics.median(times)


schedulers = torch.optim.lr_scheduler
for name, make in {
    "StepLR": lambda optimizer: schedulers.StepLR(optimizer, 10_000),
    "CosineAnnealingLR": lambda optimizer: schedulers.CosineAnnealingLR(optimizer, 2 * STEPS),
    "OneCycleLR": lambda optimizer: schedulers.OneCycleLR(optimizer, 0.1, total_steps=2 * STEPS),
}.items():
    print(f"PyTorch {torch.__version__} {name}.step(): {1e9 * measure(make):.0f} ns")
