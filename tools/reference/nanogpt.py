#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A GPT in PyTorch beside Rankine's: losses and speed from the same first values and batches.

The model is our own writing of GPT-2's decoder with nanoGPT's defaults. Needs torch and numpy.
  nanogpt.py write FOLDER [--steps N]           first values and batches as files
  nanogpt.py losses FOLDER [--steps N]          losses of PyTorch on them (rankine-bench-nn --batches FOLDER)
  nanogpt.py speed [--bench PROGRAM]            PyTorch's best tokens/s over its settings, and Rankine's
"""
import argparse
import itertools
import math
import os
import re
import subprocess
import sys
import time

import numpy as np

LAYERS, HEADS, WIDTH, CONTEXT, VOCABULARY, EXAMPLES = 4, 4, 128, 64, 65, 12


def make_model(fused):
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln_1 = nn.LayerNorm(WIDTH, bias=False)
            self.c_attn = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
            self.c_proj = nn.Linear(WIDTH, WIDTH, bias=False)
            self.ln_2 = nn.LayerNorm(WIDTH, bias=False)
            self.c_fc = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
            self.mlp_proj = nn.Linear(4 * WIDTH, WIDTH, bias=False)
            self.register_buffer("seen", torch.tril(torch.ones(CONTEXT, CONTEXT, dtype=torch.bool)))

        def forward(self, x):
            examples, length, _ = x.shape
            shape = (examples, length, HEADS, WIDTH // HEADS)
            parts = self.c_attn(self.ln_1(x)).split(WIDTH, 2)
            q, k, v = (part.view(shape).transpose(1, 2) for part in parts)
            if fused:
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            else:
                scores = (q @ k.transpose(-2, -1)) / math.sqrt(WIDTH // HEADS)
                y = scores.masked_fill(~self.seen, -math.inf).softmax(-1) @ v
            x = x + self.c_proj(y.transpose(1, 2).reshape(examples, length, WIDTH))
            return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x))))

    class Gpt(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte = nn.Embedding(VOCABULARY, WIDTH)
            self.wpe = nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
            self.ln_f = nn.LayerNorm(WIDTH, bias=False)
            for module in self.modules():
                if isinstance(module, (nn.Linear, nn.Embedding)):
                    nn.init.normal_(module.weight, std=0.02)
            for name, parameter in self.named_parameters():
                if name.endswith("_proj.weight"):
                    nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * LAYERS))

        def forward(self, tokens, targets):
            x = self.wte(tokens) + self.wpe.weight
            for block in self.blocks:
                x = block(x)
            logits = self.ln_f(x) @ self.wte.weight.T
            return F.cross_entropy(logits.view(-1, VOCABULARY), targets.reshape(-1), ignore_index=-1)

    torch.manual_seed(1)
    return Gpt()


def ordered(model):
    """Parameters in the order of Rankine's units and tensors."""
    yield model.wte.weight
    yield model.wpe.weight
    for block in model.blocks:
        yield from (block.ln_1.weight, block.c_attn.weight, block.c_proj.weight, block.ln_2.weight,
                    block.c_fc.weight, block.mlp_proj.weight)
    yield model.ln_f.weight


def make_optimiser(model):
    import torch
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def step(model, call, optimiser, tokens, targets):
    import torch
    loss = call(tokens, targets)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss


def write(folder, steps, text):
    os.makedirs(folder, exist_ok=True)
    model = make_model(False)
    np.concatenate([p.detach().numpy().ravel() for p in ordered(model)]).tofile(folder + "/parameters.f32")
    letters = np.frombuffer(open(text, "rb").read(), dtype=np.uint8)
    tokens = np.unique(letters, return_inverse=True)[1][:int(0.9 * len(letters))].astype(np.int32)
    starts = np.random.default_rng(1).integers(0, len(tokens) - CONTEXT - 1, (steps, EXAMPLES))
    tokens[starts[..., None] + np.arange(CONTEXT + 1)].astype(np.int32).tofile(folder + "/tokens.i32")


def losses(folder, steps):
    import torch
    torch.set_num_threads(1)
    model = make_model(False)
    values = np.fromfile(folder + "/parameters.f32", dtype=np.float32)
    with torch.no_grad():
        for parameter in ordered(model):
            parameter.copy_(torch.from_numpy(values[:parameter.numel()].reshape(parameter.shape)))
            values = values[parameter.numel():]
    optimiser = make_optimiser(model)
    tokens = torch.from_numpy(np.fromfile(folder + "/tokens.i32", dtype=np.int32).astype(np.int64))
    tokens = tokens.view(-1, EXAMPLES, CONTEXT + 1)
    for number in range(steps):
        loss = step(model, model, optimiser, tokens[number, :, :-1], tokens[number, :, 1:])
        print(f"loss {number} {loss.item():.7f}")


def time_one(threads, compiled, fused, seconds):
    """Seconds a step, the best of five stretches, in this process."""
    import torch
    torch.set_num_threads(threads)
    model = make_model(fused)
    call = torch.compile(model) if compiled else model
    optimiser = make_optimiser(model)
    tokens = torch.randint(VOCABULARY, (EXAMPLES, CONTEXT + 1))
    for _ in range(5):
        step(model, call, optimiser, tokens[:, :-1], tokens[:, 1:])
    stretches = []
    for _ in range(5):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds / 5:
            step(model, call, optimiser, tokens[:, :-1], tokens[:, 1:])
            count += 1
        stretches.append((time.perf_counter() - start) / count)
    print(min(stretches))


def speed(bench, seconds):
    best = 0.0
    choices = (False, True)
    for passive, threads, compiled, fused in itertools.product((True, False), (1, 2), choices, choices):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        environment.pop("OMP_WAIT_POLICY", None)
        if passive:
            environment["OMP_WAIT_POLICY"] = "PASSIVE"
        elif threads == 1:
            continue
        command = [sys.executable, __file__, "one"]
        command += [str(threads), str(int(compiled)), str(int(fused)), "--seconds", str(seconds)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        words = [f"{threads} threads", "passive" * passive, "compiled" * compiled, "fused" * fused]
        name = " ".join(word for word in words if word)
        if run.returncode != 0:
            print(f"torch {name}: failed: {run.stderr.strip().splitlines()[-1:]}", flush=True)
            continue
        rate = EXAMPLES * CONTEXT / float(run.stdout.split()[-1])
        best = max(best, rate)
        print(f"torch {name}: {rate:.0f} tokens/s", flush=True)
    if bench:
        for threads in (1, 2):
            command = [bench, "--threads", str(threads)]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            print(run.stdout, end="")
            ours = float(re.search(r"([0-9]+) tokens/s", run.stdout).group(1))
            print(f"rankine {threads} threads: {ours / best:.2f} times PyTorch's best of {best:.0f} tokens/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("write", "losses", "speed", "one"))
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--bench")
    parser.add_argument("--text", default="../shared/data/text/tinyshakespeare.txt")
    options = parser.parse_args()
    if options.what == "write":
        write(options.rest[0], options.steps, options.text)
    elif options.what == "losses":
        losses(options.rest[0], options.steps)
    elif options.what == "speed":
        speed(options.bench, options.seconds)
    else:
        time_one(int(options.rest[0]), options.rest[1] == "1", options.rest[2] == "1", options.seconds)


if __name__ == "__main__":
    main()
