#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rankine-train beside PyTorch: the same initial weights, the same batches, the same schedule.

    python3 tools/reference/nanogpt_parity.py build/bin/rankine-train ../shared/data/text/tinyshakespeare.txt

Lets rankine-train write its initial weights (--iters 0 --export), trains a GPT of nanoGPT's architecture on
them in PyTorch with nanoGPT's settings for a CPU, drawing the batches as include/rankine/train/examples.hpp
documents, and prints both losses over the whole validation split. Needs numpy and torch.
"""
import argparse
import json
import math
import os
import struct
import subprocess
import tempfile
import time

import numpy as np
import torch
from torch.nn import functional as F

import nanogpt

M64 = (1 << 64) - 1


def finalise(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M64
    return x ^ (x >> 31)


def mix(a, b):
    first = finalise((a + 0x9E3779B97F4A7C15) & M64)
    return finalise((first + b * 0xD6E8FEB86659FD93 + 0x632BE59BD9B4E019) & M64)


def philox(seed, key):
    """The first 64-bit number of the stream (seed, key) of Philox4x32-10."""
    counter = [0, 0, key & 0xFFFFFFFF, key >> 32]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ counter[3] ^ k1, a & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return counter[0] | counter[1] << 32


def window(seed, example, bound):
    number = philox(seed, mix(0x77696E646F7773, example))
    assert number >= (1 << 64) % bound, "rejected: happens once in 10^13"
    return number % bound


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], np.float32)
                                   .reshape(entry["shape"]).copy()) for name, entry in header.items()}


class Gpt(torch.nn.Module):
    """Pre-norm decoder without biases; weights by Hugging Face's names, dense ones [inputs][outputs]."""

    def __init__(self, weights, heads):
        super().__init__()
        self.heads = heads
        self.layers = max(int(name.split(".")[1]) for name in weights if name.startswith("h.")) + 1
        self.names = {name: name.replace(".", "_") for name in weights if not name.endswith(".bias")}
        for name, plain in self.names.items():
            self.register_parameter(plain, torch.nn.Parameter(weights[name]))

    def w(self, name):
        return getattr(self, self.names[name])

    def forward(self, tokens, targets):
        rows, length = tokens.shape
        width = self.w("wte.weight").shape[1]
        x = self.w("wte.weight")[tokens] + self.w("wpe.weight")[:length]
        for layer in range(self.layers):
            p = f"h.{layer}."
            y = F.layer_norm(x, (width,), self.w(p + "ln_1.weight"))
            qkv = (y @ self.w(p + "attn.c_attn.weight")).view(rows, length, 3, self.heads, -1)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + y.transpose(1, 2).reshape(rows, length, width) @ self.w(p + "attn.c_proj.weight")
            y = F.layer_norm(x, (width,), self.w(p + "ln_2.weight"))
            x = x + F.gelu(y @ self.w(p + "mlp.c_fc.weight")) @ self.w(p + "mlp.c_proj.weight")
        x = F.layer_norm(x, (width,), self.w("ln_f.weight"))
        return F.cross_entropy((x @ self.w("wte.weight").T).view(-1, self.w("wte.weight").shape[0]),
                               targets.reshape(-1), reduction="none")


def rate_at(step, steps):
    if step < 100:
        return 1e-3 * (step + 1) / 101
    if step >= steps:
        return 1e-4
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * (step - 100) / (steps - 100))) * 9e-4


def train(model, data, seed, steps, batch, context):
    optimiser = nanogpt.make_optimiser(model)
    losses = []
    for number in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(number, steps)
        starts = [window(seed, number * batch + k, len(data) - context) for k in range(batch)]
        inputs = torch.stack([data[s:s + context] for s in starts])
        targets = torch.stack([data[s + 1:s + 1 + context] for s in starts])
        losses.append(nanogpt.step(model, lambda x, y: model(x, y).mean(), optimiser, inputs, targets).item())
    return losses


@torch.no_grad()
def validate(model, data, context):
    total, count = 0.0, len(data) - 1
    whole = count // context * context
    inputs, targets = data[:whole].view(-1, context), data[1:whole + 1].view(-1, context)
    for first in range(0, len(inputs), 64):
        total += model(inputs[first:first + 64], targets[first:first + 64]).double().sum().item()
    if whole < count:
        total += model(data[None, whole:count], data[None, whole + 1:]).double().sum().item()
    return total / count


def rankine(program, *arguments):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    job = subprocess.run([program, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, text=True,
                         check=True)
    return json.loads(job.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("text")
    parser.add_argument("--iters", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with open(options.text, encoding="utf-8") as file:
        text = file.read()
    place = {symbol: k for k, symbol in enumerate(sorted(set(text)))}
    data = torch.tensor([place[symbol] for symbol in text])
    cut = int(len(data) * 0.9)
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as out:
            weights = os.path.join(out, "first.safetensors")
            common = ("--text", options.text, "--seed", seed)
            rankine(options.program, *common, "--iters", 0, "--export", weights, "--out", out + "/a")
            model = Gpt(read_safetensors(weights), heads=4)
            ours = rankine(options.program, *common, "--iters", options.iters, "--log-every", 100,
                           "--out", out + "/b")
        start = time.monotonic()
        losses = train(model, data[:cut], seed, options.iters, 12, 64)
        seconds = time.monotonic() - start
        theirs = validate(model, data[cut:], 64)
        print(json.dumps({"seed": seed, "iters": options.iters, "torch": torch.__version__,
                          "val_loss": ours["val_loss"], "torch_val_loss": theirs,
                          "difference": ours["val_loss"] - theirs, "train_loss": ours["train_loss"],
                          "torch_train_loss": sum(losses[-100:]) / len(losses[-100:]),
                          "tokens_per_second": ours["tokens_per_second"],
                          "torch_tokens_per_second": options.iters * 12 * 64 / seconds}), flush=True)


if __name__ == "__main__":
    main()
