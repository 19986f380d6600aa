"""Loads weights that `trainer export` wrote into PyTorch networks, and prints what they make of some images.

    python load_strict.py MODEL.safetensors IMAGES.json > LOGITS.json

IMAGES.json holds rows of pixels, `[count, channels * height * width]`; the output holds `[count, classes]`. The names
must be exactly those of the network (`strict=True`). Needs torch, and nothing else.
"""

import json
import struct
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}


def read(path):
    """The tensors of a safetensors file, and its metadata: a length, a JSON header, the numbers."""
    content = bytearray(Path(path).read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, info in header.items():
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        flat = torch.frombuffer(content[begin:end], dtype=TYPES[info["dtype"]])
        tensors[name] = flat.reshape(info["shape"])
    return tensors, metadata


class Mlp(nn.Module):
    def __init__(self, shape, classes, hidden):
        super().__init__()
        channels, height, width = shape
        self.layers = nn.ModuleList()
        inputs = channels * height * width
        for outputs in hidden:
            self.layers.append(nn.Linear(inputs, outputs))
            inputs = outputs
        self.head = nn.Linear(inputs, classes)

    def forward(self, images):
        values = torch.flatten(images, 1)
        for layer in self.layers:
            values = layer(values).relu()
        return self.head(values)


class LeNet5(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        channels, height, width = shape
        left = 16 * ((height // 2 - 4) // 2) * ((width // 2 - 4) // 2)
        self.conv1 = nn.Conv2d(channels, 6, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(left, 120)
        self.fc2 = nn.Linear(120, 84)
        self.head = nn.Linear(84, classes)

    def forward(self, images):
        values = images
        for layer in (self.conv1, self.conv2):
            values = F.max_pool2d(layer(values).relu(), 2)
        values = torch.flatten(values, 1)
        for layer in (self.fc1, self.fc2):
            values = layer(values).relu()
        return self.head(values)


class Cnn(nn.Module):
    def __init__(self, shape, classes, widths, hidden):
        super().__init__()
        channels, height, width = shape
        self.convs = nn.ModuleList()
        for outputs in widths:
            self.convs.append(nn.Conv2d(channels, outputs, kernel_size=3, padding=1))
            channels, height, width = outputs, height // 2, width // 2
        self.layers = nn.ModuleList()
        inputs = channels * height * width
        for outputs in hidden:
            self.layers.append(nn.Linear(inputs, outputs))
            inputs = outputs
        self.head = nn.Linear(inputs, classes)

    def forward(self, images):
        values = images
        for conv in self.convs:
            values = F.max_pool2d(conv(values).relu(), 2)
        values = torch.flatten(values, 1)
        for layer in self.layers:
            values = layer(values).relu()
        return self.head(values)


class Stage(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)

    def forward(self, values):
        values = self.norm1(self.conv1(values)).relu()
        values = self.norm2(self.conv2(values)).relu()
        return F.max_pool2d(values, 2)


class ConvNet(nn.Module):
    def __init__(self, shape, classes, widths):
        super().__init__()
        ends = [shape[0], *widths]
        self.stages = nn.ModuleList(Stage(*pair) for pair in zip(ends, widths))
        self.head = nn.Linear(ends[-1], classes)

    def forward(self, images):
        values = images
        for stage in self.stages:
            values = stage(values)
        return self.head(values.mean((2, 3)))


class Projection(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, values):
        return self.norm(self.conv(values))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        self.project = None if same else Projection(inputs, outputs, stride)

    def forward(self, values):
        beside = values if self.project is None else self.project(values)
        values = self.norm1(self.conv1(values)).relu()
        return (self.norm2(self.conv2(values)) + beside).relu()


class ResNet(nn.Module):
    def __init__(self, shape, classes, depth):
        super().__init__()
        self.conv = nn.Conv2d(shape[0], 16, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.blocks = nn.ModuleList()
        inputs = 16
        for outputs in (16, 32, 64):
            for _ in range((depth - 2) // 6):
                self.blocks.append(Block(inputs, outputs, 1 if inputs == outputs else 2))
                inputs = outputs
        self.head = nn.Linear(inputs, classes)

    def forward(self, images):
        values = self.norm(self.conv(images)).relu()
        for block in self.blocks:
            values = block(values)
        return self.head(values.mean((2, 3)))


def build(about):
    shape, classes, network = about["image_shape"], about["classes"], about["network"]
    match network["kind"]:
        case "mlp":
            return Mlp(shape, classes, network["hidden"])
        case "lenet5":
            return LeNet5(shape, classes)
        case "cnn":
            return Cnn(shape, classes, network["widths"], network["hidden"])
        case "convnet":
            return ConvNet(shape, classes, network["widths"])
        case "resnet":
            return ResNet(shape, classes, network["depth"])


def main(weights, images):
    tensors, metadata = read(weights)
    about = json.loads(metadata["model"])
    model = build(about)
    model.load_state_dict(tensors, strict=True)
    model.eval()
    rows = torch.tensor(json.loads(Path(images).read_text()))
    with torch.no_grad():
        logits = model(rows.reshape(-1, *about["image_shape"]))
    json.dump(logits.tolist(), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
