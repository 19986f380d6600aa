"""What PyTorch computes with the networks of this crate: recorded.json is this script's output.

    python record.py > recorded.json        (needs torch 2.15, nothing else)

No weights are stored. The k-th value of a network's weights and biases, in the order of its state and counted from 1,
is made of x = sin(k * k): 2 x / sqrt(inputs) in a convolution or a linear layer, 1 + x / 4 in the weight of a norm,
x / 10 in a bias. The k-th value of the images is sin((offset + k)^2), with an offset of 0 for the first batch and of
1,000,000 for the second. The i-th label of a batch, counted from 0, is 3 i modulo the number of classes.
"""
import json
import math

import torch
from torch import nn
from torch.nn import functional as F


class GlobalAverage(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


class Mlp(nn.Module):
    def __init__(self, shape, classes, hidden):
        super().__init__()
        self.flatten = nn.Flatten()
        self.layers = nn.ModuleList()
        width = math.prod(shape)
        for following in hidden:
            self.layers.append(nn.Linear(width, following))
            width = following
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.flatten(x)
        for layer in self.layers:
            x = layer(x).relu()
        return self.head(x)


class LeNet5(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        channels, height, width = shape
        self.conv1 = nn.Conv2d(channels, 6, kernel_size=5, padding=2)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        left = [(size // 2 - 4) // 2 for size in (height, width)]
        self.fc1 = nn.Linear(16 * left[0] * left[1], 120)
        self.fc2 = nn.Linear(120, 84)
        self.head = nn.Linear(84, classes)

    def forward(self, x):
        x = self.pool1(self.conv1(x).relu())
        x = self.flatten(self.pool2(self.conv2(x).relu()))
        return self.head(self.fc2(self.fc1(x).relu()).relu())


class Cnn(nn.Module):
    def __init__(self, shape, classes, widths, hidden):
        super().__init__()
        channels, height, width = shape
        inputs = [channels, *widths]
        self.convs = nn.ModuleList(nn.Conv2d(*pair, kernel_size=3, padding=1) for pair in zip(inputs, widths))
        self.pools = nn.ModuleList(nn.MaxPool2d(2) for _ in widths)
        self.flatten = nn.Flatten()
        halvings = 2 ** len(widths)
        inputs = [widths[-1] * (height // halvings) * (width // halvings), *hidden]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(inputs, hidden))
        self.head = nn.Linear(inputs[-1], classes)

    def forward(self, x):
        for conv, pool in zip(self.convs, self.pools):
            x = pool(conv(x).relu())
        x = self.flatten(x)
        for layer in self.layers:
            x = layer(x).relu()
        return self.head(x)


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


class Stage(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.conv1, self.norm1 = conv(inputs, width), nn.BatchNorm2d(width)
        self.conv2, self.norm2 = conv(width, width), nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.norm1(self.conv1(x)).relu()
        x = self.norm2(self.conv2(x)).relu()
        return self.pool(x)


class ConvNet(nn.Module):
    def __init__(self, shape, classes, widths):
        super().__init__()
        inputs = [shape[0], *widths]
        self.stages = nn.ModuleList(map(Stage, inputs, widths))
        self.pool = GlobalAverage()
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return self.head(self.pool(x))


class Project(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv, self.norm = conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.norm1 = conv(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        if stride > 1 or inputs != outputs:
            self.project = Project(inputs, outputs, stride)

    def forward(self, x):
        y = self.norm1(self.conv1(x)).relu()
        y = self.norm2(self.conv2(y))
        return (y + (self.project(x) if hasattr(self, "project") else x)).relu()


class ResNet(nn.Module):
    def __init__(self, shape, classes, depth):
        super().__init__()
        self.conv, self.norm = conv(shape[0], 16), nn.BatchNorm2d(16)
        self.blocks = nn.ModuleList()
        inputs = 16
        for width in (16, 32, 64):
            for block in range((depth - 2) // 6):
                self.blocks.append(Block(inputs, width, 2 if block == 0 and width > 16 else 1))
                inputs = width
        self.pool = GlobalAverage()
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.norm(self.conv(x)).relu()
        for block in self.blocks:
            x = block(x)
        return self.head(self.pool(x))


NETWORKS = {"mlp": Mlp, "lenet5": LeNet5, "cnn": Cnn, "convnet": ConvNet, "resnet": ResNet}


def waves(count, offset):
    return torch.tensor([math.sin((offset + k) ** 2) for k in range(1, count + 1)], dtype=torch.float64)


def set_weights(network):
    used = 0
    for name, parameter in network.named_parameters():
        x = waves(parameter.numel(), used).reshape(parameter.shape)
        used += parameter.numel()
        if parameter.dim() > 1:
            x = 2 * x / math.sqrt(parameter[0].numel())
        elif name.endswith("weight"):
            x = 1 + x / 4
        else:
            x = x / 10
        parameter.data = x


def logits(kind, sizes, shape, classes):
    """Two training passes over different batches, then an evaluation of the first."""
    network = NETWORKS[kind](shape, classes, **sizes)
    set_weights(network)
    network.double().train()
    count = 3
    labels = torch.tensor([3 * i % classes for i in range(count)])
    batches = [waves(count * math.prod(shape), offset).reshape(count, *shape) for offset in (0, 1_000_000)]
    with torch.no_grad():
        trained = [network(batch) for batch in batches]
        evaluated = network.eval()(batches[0])
    return {
        "trained": [one.flatten().tolist() for one in trained],
        "evaluated": evaluated.flatten().tolist(),
        "loss": F.cross_entropy(trained[0], labels).item(),
        "smoothed_loss": F.cross_entropy(trained[0], labels, label_smoothing=0.1).item(),
    }


def layers(kind, sizes, shape, classes):
    """One row for each layer, in the order in which they compute, as hooks see them in a pass over one image."""
    network = NETWORKS[kind](shape, classes, **sizes).eval()
    rows = []

    def watch(path, layer):
        def hook(_layer, _inputs, output):
            adds = 0
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                adds = output.numel() * layer.weight[0].numel()
            count = sum(parameter.numel() for parameter in layer.parameters())
            rows.append([path, list(output.shape[1:]), count, adds])

        layer.register_forward_hook(hook)

    for path, layer in network.named_modules():
        if not list(layer.children()) and not isinstance(layer, nn.ModuleList):
            watch(path, layer)
    network(torch.zeros(1, *shape))
    return {"layers": rows}


def main():
    torch.set_num_threads(1)
    cases = {
        "logits": (
            logits,
            [
                ("mlp", {"hidden": [16, 8]}, [1, 8, 8], 10),
                ("mlp", {"hidden": []}, [3, 5, 4], 3),
                ("lenet5", {}, [1, 12, 12], 10),
                ("lenet5", {}, [2, 15, 17], 4),
                ("cnn", {"widths": [4, 6], "hidden": [12]}, [1, 9, 10], 10),
                ("cnn", {"widths": [8], "hidden": []}, [3, 8, 8], 3),
                ("convnet", {"widths": [4, 6]}, [1, 9, 10], 10),
                ("convnet", {"widths": [8]}, [3, 8, 8], 3),
                ("resnet", {"depth": 2}, [1, 4, 4], 5),
                ("resnet", {"depth": 8}, [3, 9, 8], 10),
                ("resnet", {"depth": 14}, [1, 8, 8], 10),
            ],
        ),
        "summaries": (
            layers,
            [
                ("mlp", {"hidden": [128, 64]}, [1, 8, 8], 10),
                ("mlp", {"hidden": [256, 128]}, [1, 28, 28], 10),
                ("mlp", {"hidden": []}, [3, 5, 4], 3),
                ("lenet5", {}, [1, 28, 28], 10),
                ("lenet5", {}, [2, 15, 17], 4),
                ("cnn", {"widths": [32, 64], "hidden": [128]}, [1, 28, 28], 10),
                ("cnn", {"widths": [4, 6, 5], "hidden": [7, 8]}, [2, 17, 11], 3),
                ("convnet", {"widths": [32, 64]}, [1, 28, 28], 10),
                ("convnet", {"widths": [4, 6, 5]}, [2, 17, 11], 3),
                ("resnet", {"depth": 8}, [3, 32, 32], 10),
                ("resnet", {"depth": 20}, [3, 32, 32], 10),
                ("resnet", {"depth": 8}, [1, 9, 7], 4),
            ],
        ),
    }
    recorded = {"source": f"torch {torch.__version__}"}
    for name, (compute, networks) in cases.items():
        recorded[name] = []
        for kind, sizes, shape, classes in networks:
            case = {"model": kind, **sizes, "shape": shape, "classes": classes}
            recorded[name].append(case | compute(kind, sizes, shape, classes))
    # A case a line.
    parts = [f'"source": {json.dumps(recorded.pop("source"))}']
    for name, rows in recorded.items():
        parts.append(f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]")
    print("{\n" + ",\n".join(parts) + "\n}")


if __name__ == "__main__":
    main()
