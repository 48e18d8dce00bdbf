#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Losses and gradients of tiny models by PyTorch in float64, for tests/unit/nn/test_parity.cpp: values and
inputs come from a formula that the test repeats, of each tensor's gradient two numbers are kept.

    nn_parity.py > tests/unit/nn/torch_numbers.hpp
"""
import math

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def made(unit, first, count, around=0.0):
    k = torch.arange(first, first + count)
    return (around + 0.3 * torch.sin(0.9 * k + 1.7 * unit + 0.2)).float().double()


def parameters(units):
    """{(unit, tensor): leaf}; `units`: lists of (name, shape, around)."""
    leaves = []
    for number, unit in enumerate(units):
        at = 0
        for shape, around in unit:
            values = made(number, at, math.prod(shape), around).reshape(shape)
            leaves.append(values.requires_grad_())
            at += math.prod(shape)
    return leaves


def dense(inputs, outputs):
    return [((outputs, inputs), 0.0), ((outputs,), 0.0)]


def features(count):
    return torch.sin(0.37 * torch.arange(count) + 0.1).float().double()


def targets(count, classes):
    return torch.tensor([-1 if k == 2 else (5 * k + 1) % classes for k in range(count)])


def gpt():
    layers, heads, width, context, vocabulary, examples = 2, 2, 16, 8, 11, 3
    norm = [((width,), 1.0), ((width,), 0.0)]
    block = norm + dense(width, 3 * width) + dense(width, width) + norm + dense(width, 4 * width)
    block += dense(4 * width, width)
    units = [[((vocabulary, width), 0.0)], [((context, width), 0.0)]] + [block] * layers + [norm]
    leaves = parameters(units)
    tokens = torch.tensor([(7 * k + 3) % vocabulary for k in range(examples * context)])
    tokens = tokens.view(examples, context)
    x = leaves[0][tokens] + leaves[1]
    for layer in range(layers):
        (ln_1, ln_1_bias, attention, attention_bias, proj, proj_bias, ln_2, ln_2_bias, fc, fc_bias, down,
         down_bias) = leaves[2 + 12 * layer:14 + 12 * layer]
        normal = F.layer_norm(x, (width,), ln_1, ln_1_bias)
        parts = F.linear(normal, attention, attention_bias).split(width, 2)
        q, k, v = (part.view(examples, context, heads, -1).transpose(1, 2) for part in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
        x = x + F.linear(y, proj, proj_bias)
        hidden = F.linear(F.layer_norm(x, (width,), ln_2, ln_2_bias), fc, fc_bias)
        x = x + F.linear(F.gelu(hidden), down, down_bias)
    logits = F.linear(F.layer_norm(x, (width,), leaves[-2], leaves[-1]), leaves[0]).view(-1, vocabulary)
    return F.cross_entropy(logits, targets(examples * context, vocabulary), ignore_index=-1), leaves


def mlp():
    leaves = parameters([dense(6, 7), dense(7, 5), dense(5, 4)])
    x = features(9 * 6).view(9, 6)
    x = F.relu(F.linear(x, leaves[0], leaves[1]))
    x = F.relu(F.linear(x, leaves[2], leaves[3]))
    return F.cross_entropy(F.linear(x, leaves[4], leaves[5]), targets(9, 4), ignore_index=-1), leaves


def cnn():
    convolutions = [[((3, 3, 3, 2), 0.0), ((3,), 0.0)], [((4, 3, 3, 3), 0.0), ((4,), 0.0)]]
    leaves = parameters(convolutions + [dense(4, 5), dense(5, 4)])
    x = features(5 * 12 * 12 * 2).view(5, 12, 12, 2).permute(0, 3, 1, 2)
    for weight, bias in (leaves[0:2], leaves[2:4]):
        x = F.max_pool2d(F.relu(F.conv2d(x, weight.permute(0, 3, 1, 2), bias)), 2)
    x = x.permute(0, 2, 3, 1).reshape(5, -1)
    x = F.relu(F.linear(x, leaves[4], leaves[5]))
    return F.cross_entropy(F.linear(x, leaves[6], leaves[7]), targets(5, 4), ignore_index=-1), leaves


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Written by tools/reference/nn_parity.py with PyTorch", torch.__version__)
    print("#pragma once\n\n#include <utility>\n#include <vector>\n")
    print("namespace rankine::nn::test {\n")
    print("struct TorchNumbers {\n  double loss;")
    print("  /// Of each tensor's gradient the length, and its product with cos(1.3 k).")
    print("  std::vector<std::pair<double, double>> tensors;\n};\n")
    for model in (gpt, mlp, cnn):
        loss, leaves = model()
        loss.backward()
        print(f"inline TorchNumbers torch_{model.__name__}() {{\n  return {{{loss.item():.12g}, {{", end="")
        rows = []
        for leaf in leaves:
            gradient = leaf.grad.reshape(-1)
            mixed = gradient @ torch.cos(1.3 * torch.arange(len(gradient)))
            rows.append(f"{{{gradient.norm().item():.9g}, {mixed.item():.9g}}}")
        print(",\n           ".join(rows) + "}};\n}\n")
    print("}  // namespace rankine::nn::test")


if __name__ == "__main__":
    main()
