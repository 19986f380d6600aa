"""Records what PyTorch, timm, schedulefree and prodigyopt do to a tiny problem in float64.

    pip install torch==2.15.0 timm==1.0.31 schedulefree==1.4.1 prodigyopt==1.1.2
    python make.py

It writes optimizers.json, clip.json and ema.json beside itself. The problem has no data: the three parameters and the
gradient of every update are closed forms that the test computes again.
"""
import json
import math
from pathlib import Path

import torch

SHAPES = [[4, 3], [3], [2, 3, 3, 3]]
RECORDED = [1, 2, 10, 20]


def start(index, shape):
    count = math.prod(shape)
    return torch.tensor([math.cos(0.7 * i + index) for i in range(count)], dtype=torch.float64).reshape(shape)


def gradient(index, update, parameter):
    """Pulls each parameter towards 0, with a wave on it that no optimizer can follow."""
    count = parameter.numel()
    wave = [math.sin(1.3 * i + 0.9 * update + 2.0 * index) for i in range(count)]
    return 0.5 * parameter.detach() + torch.tensor(wave, dtype=torch.float64).reshape(parameter.shape)


def rate(update):
    return 0.02 * (1.0 + math.cos(0.15 * update))


def run(make, base=1.0, linear=False):
    """`linear`: the matrix is kept as torch's linear layer keeps it, [out, in]."""
    parameters = []
    for index, shape in enumerate(SHAPES):
        value = start(index, shape)
        if linear and len(shape) == 2:
            value = value.T.contiguous()
        parameters.append(torch.nn.Parameter(value))
    optimizers = make(parameters)
    optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
    free = hasattr(optimizers[0], "train")
    if free:
        optimizers[0].train()

    def values():
        turned = [p.detach().T if linear and p.ndim == 2 else p.detach() for p in parameters]
        return [p.reshape(-1).tolist() for p in turned]

    out = {"parameters": {}}
    for update in range(max(RECORDED)):
        for index, parameter in enumerate(parameters):
            shown = parameter.T if linear and parameter.ndim == 2 else parameter
            grad = gradient(index, update, shown)
            parameter.grad = grad.T.contiguous() if linear and parameter.ndim == 2 else grad
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = base * rate(update)
            optimizer.step()
        if update + 1 in RECORDED:
            out["parameters"][str(update + 1)] = values()
    if free:
        optimizers[0].eval()
        out["evaluation"] = values()
    if "d" in optimizers[0].param_groups[0]:
        out["d"] = optimizers[0].param_groups[0]["d"]
    return out


def muon(parameters, exact=True, flatten=False, **arguments):
    """Muon for the matrix, AdamW for the rest; `exact` lets the iteration stay in float64."""
    matrices = [p for p in parameters if p.ndim == 2]
    rest = [p for p in parameters if p.ndim != 2]
    optimizers = [torch.optim.Muon(matrices, **arguments)]
    if flatten:
        kernels = [p for p in rest if p.ndim > 2]
        rest = [p for p in rest if p.ndim < 2]
        optimizers.append(Flat(kernels, arguments))
    optimizers.append(torch.optim.AdamW(rest))
    if exact:
        optimizers = [Exact(optimizer) for optimizer in optimizers]
    return optimizers


class Exact:
    """Runs an optimizer with what it calls bfloat16 being float64."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    @property
    def param_groups(self):
        return self.optimizer.param_groups

    def step(self):
        bfloat16 = torch.bfloat16
        torch.bfloat16 = torch.float64
        try:
            self.optimizer.step()
        finally:
            torch.bfloat16 = bfloat16


class Flat:
    """Muon on views [out, in * height * width] of kernels."""

    def __init__(self, kernels, arguments):
        self.kernels = kernels
        self.views = [torch.nn.Parameter(k.detach().view(len(k), -1)) for k in kernels]
        self.optimizer = torch.optim.Muon(self.views, **arguments)

    @property
    def param_groups(self):
        return self.optimizer.param_groups

    def step(self):
        for kernel, view in zip(self.kernels, self.views):
            view.grad = kernel.grad.view(len(kernel), -1)
        self.optimizer.step()


def cases():
    from prodigyopt import Prodigy
    from schedulefree import AdamWScheduleFree, SGDScheduleFree
    from timm.optim import Lamb, Lion

    o = torch.optim
    plain = {
        "sgd": (o.SGD, {}),
        "sgd_momentum": (o.SGD, {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01}),
        "sgd_nesterov": (o.SGD, {"momentum": 0.9, "nesterov": True}),
        "adam": (o.Adam, {}),
        "adam_l2": (o.Adam, {"betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
        "adamw": (o.AdamW, {}),
        "adam_amsgrad": (o.Adam, {"amsgrad": True, "betas": (0.9, 0.9)}),
        "adamw_amsgrad": (o.AdamW, {"amsgrad": True, "betas": (0.9, 0.9), "weight_decay": 0.1}),
        "nadam": (o.NAdam, {}),
        "nadam_l2": (o.NAdam, {"momentum_decay": 0.02, "weight_decay": 0.1}),
        "nadam_decoupled": (o.NAdam, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
        "radam": (o.RAdam, {}),
        "radam_l2": (o.RAdam, {"weight_decay": 0.1}),
        "radam_decoupled": (o.RAdam, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
        "rmsprop": (o.RMSprop, {}),
        "rmsprop_centered": (o.RMSprop, {"alpha": 0.9, "centered": True, "momentum": 0.9, "weight_decay": 0.1}),
        "adagrad": (o.Adagrad, {}),
        "adagrad_decay": (o.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1}),
        "lion": (Lion, {}),
        "lion_caution": (Lion, {"weight_decay": 0.1, "caution": True}),
        "lamb": (Lamb, {}),
        "lamb_decoupled": (Lamb, {"decoupled_decay": True, "trust_clip": True, "max_grad_norm": None}),
        "lamb_always": (Lamb, {"weight_decay": 0.0, "always_adapt": True, "grad_averaging": False, "bias_correction": False}),
        "lamb_caution": (Lamb, {"caution": True}),
    }
    for name, (make, arguments) in plain.items():
        yield name, run(lambda p, m=make, a=arguments: m(p, lr=0.1, **a))
    yield "muon", run(muon, linear=True)
    yield "muon_matched", run(
        lambda p: muon(p, adjust_lr_fn="match_rms_adamw", nesterov=False, ns_steps=3, momentum=0.9), linear=True
    )
    yield "muon_spectral_flat", run(
        lambda p: muon(p, adjust_lr_fn="spectral_unclamped", flatten=True), linear=True
    )
    yield "muon_bfloat16", run(lambda p: muon(p, exact=False), linear=True)
    whole = {
        "schedule_free_sgd": (SGDScheduleFree, {}, 20.0),
        "schedule_free_sgd_warmup": (
            SGDScheduleFree,
            {"momentum": 0.8, "weight_decay": 0.01, "warmup_steps": 5, "r": 1.0, "weight_lr_power": 1.0},
            20.0,
        ),
        "schedule_free_adamw": (AdamWScheduleFree, {}, 1.0),
        "schedule_free_adamw_warmup": (
            AdamWScheduleFree,
            {"betas": (0.95, 0.98), "weight_decay": 0.1, "warmup_steps": 5, "r": 0.5},
            1.0,
        ),
        "prodigy": (Prodigy, {}, 25.0),
        "prodigy_decay": (
            Prodigy,
            {"weight_decay": 0.1, "use_bias_correction": True, "safeguard_warmup": True, "d0": 1e-4, "d_coef": 0.5},
            25.0,
        ),
        "prodigy_coupled": (
            Prodigy,
            {"betas": (0.0, 0.99), "beta3": 0.9, "weight_decay": 0.1, "decouple": False, "growth_rate": 1.5, "d0": 1e-3},
            25.0,
        ),
        "prodigy_sliced": (Prodigy, {"slice_p": 5, "d0": 1e-3}, 25.0),
    }
    for name, (make, arguments, base) in whole.items():
        yield name, run(lambda p, m=make, a=arguments: m(p, lr=0.1, **a), base)


def clipped():
    def gradients(parameters):
        for index, parameter in enumerate(parameters):
            parameter.grad = gradient(index, 0, parameter)
        return [p.grad for p in parameters]

    out = {}
    for limit in (1.0, 100.0):
        parameters = [torch.nn.Parameter(start(i, s)) for i, s in enumerate(SHAPES)]
        grads = gradients(parameters)
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        out[f"norm_{limit:g}"] = {"norm": norm.item(), "gradients": [g.reshape(-1).tolist() for g in grads]}
    parameters = [torch.nn.Parameter(start(i, s)) for i, s in enumerate(SHAPES)]
    grads = gradients(parameters)
    torch.nn.utils.clip_grad_value_(parameters, 0.25)
    out["value_0.25"] = {"gradients": [g.reshape(-1).tolist() for g in grads]}
    return out


def averaged():
    from timm.utils import ModelEmaV3

    out = {}
    for name, arguments in {
        "ema": {"decay": 0.9},
        "ema_warmup": {"decay": 0.9, "use_warmup": True, "min_decay": 0.2, "update_after_step": 2},
    }.items():
        module = torch.nn.ParameterList([torch.nn.Parameter(start(i, s)) for i, s in enumerate(SHAPES)])
        average = ModelEmaV3(module, **arguments)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        out[name] = {}
        for update in range(max(RECORDED)):
            for index, parameter in enumerate(module):
                parameter.grad = gradient(index, update, parameter)
            optimizer.step()
            average.update(module, step=update + 1)
            if update + 1 in RECORDED:
                out[name][str(update + 1)] = [p.detach().reshape(-1).tolist() for p in average.module]
    return out


def main():
    import prodigyopt  # noqa: F401
    import timm
    from importlib.metadata import version

    torch.set_num_threads(1)
    source = {
        "torch": torch.__version__,
        "timm": timm.__version__,
        "schedulefree": version("schedulefree"),
        "prodigyopt": version("prodigyopt"),
    }
    here = Path(__file__).resolve().parent
    for name, content in {
        "optimizers": dict(cases()),
        "clip": clipped(),
        "ema": averaged(),
    }.items():
        with open(here / f"{name}.json", "w") as file:
            json.dump({"source": source, **content}, file)
            file.write("\n")


if __name__ == "__main__":
    main()
