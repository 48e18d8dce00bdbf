# SPDX-License-Identifier: Apache-2.0
"""The folder in which commands of the pages are run: small files of the kinds and names that the pages use,
generated, beside links to the build and to the repository's tools."""
import gzip
import math
import os
import random
import struct
import subprocess

DEBIANS_PYTHON = "/usr/bin/python3"  # has Debian's h5py; the one that runs this may not
SERIES_H5 = """
import h5py, math, random
random.seed(2)
with h5py.File("sales.h5", "w") as file:
    values = [20 + 5 * math.sin(2 * math.pi * t / 12) + random.random() for _ in range(12) for t in range(72)]
    file["ids"] = [f"shop {k}" for k in range(12)]
    file["offsets"] = [72 * k for k in range(13)]
    file["values"] = values
    file.attrs["season"], file.attrs["horizon"] = 12, 6
"""
TRAIN_PY = """
import argparse
parser = argparse.ArgumentParser()
for name, kind in (("--lr", float), ("--epochs", int), ("--dir", str), ("--fold", int)):
    parser.add_argument(name, type=kind)
given = parser.parse_args()
print("loss:", (given.lr or 0.1) ** 2 + 1 / (given.epochs or 1))
"""
TRAIN = """#!/bin/sh
test "$1" = --rate && test "$3" = --name && echo "$4 learns at $2"
"""
SPACE = """[space]
lr = { log_uniform = [1e-4, 1] }
"""
SMALL_GPT2 = ("--tokens train.bin --iters 1 --layers 2 --heads 2 --width 16 --context 16 --batch 4 "
              "--out weights --export gpt2.safetensors").split()
EDUCATIONS = ("Bachelors", "HS-grad", "Masters")


def write(path, content, opened=open):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with opened(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def executable(path, content):
    write(path, content)
    os.chmod(path, 0o755)


def sales_csv():
    rows = ["id,time,value"]
    for shop in range(8):
        rows += [f"shop {shop},{day},{30 + 9 * math.sin(2 * math.pi * day / 7) + random.random():.3f}"
                 for day in range(120)]
    return "\n".join(rows) + "\n"


def adult_csv(rows):
    lines = []
    for k in range(rows):
        age, hours = random.randrange(18, 80), random.randrange(20, 60)
        rich = random.random() < (age + hours) / 200
        sex, income = "Male" if k % 2 else "Female", ">50K" if rich else "<=50K"
        lines.append(f"{age}, Private, {1000 + k}, {EDUCATIONS[k % 3]}, {9 + k % 5}, Never-married, Sales, "
                     f"Husband, White, {sex}, 0, 0, {hours}, Nowhere, {income}")
    return "\n".join(lines) + "\n"


def table_of_results(rows=400, steps=9):
    lines = ["config,lr,width," + ",".join(f"valid_{k}" for k in range(steps + 1))]
    for k in range(rows):
        final = abs(k - 290) / rows
        lines.append(f"{k},{10 ** (-4 + 4 * k / rows):.6g},{16 << k % 4}," +
                     ",".join(f"{final + (1 - final) * 2.0 ** -step:.6f}" for step in range(steps + 1)))
    return "\n".join(lines) + "\n"


def mnist(folder):
    """Pictures of 28 x 28 with a bar where the digit says; the layout of LeCun's files."""
    for part, count in (("train", 200), ("t10k", 40)):
        pictures = bytearray()
        for k in range(count):
            picture = bytearray(784)
            for row in range(28):
                picture[row * 28 + 2 * (k % 10) + 4] = 255 - row
            pictures += picture
        labels = bytes(k % 10 for k in range(count))
        write(f"{folder}/{part}-images-idx3-ubyte.gz",
              struct.pack(">4i", 2051, count, 28, 28) + bytes(pictures), gzip.open)
        write(f"{folder}/{part}-labels-idx1-ubyte.gz", struct.pack(">2i", 2049, count) + labels, gzip.open)


def text():
    words = ("all", "the", "king", "queen", "speaks", "to", "of", "night", "and", "day")
    lines = ["ROMEO: " + " ".join(random.choice(words) for _ in range(9)) for _ in range(1500)]
    return "\n".join(lines) + "\n"


def tokens():
    """nanoGPT's layout: uint16 without a header."""
    return struct.pack("<20000H", *(k * k % 257 for k in range(20000)))


def make(scratch, root, build):
    """The folder, in `scratch`; ../shared of it has stand-ins for the data sets that pages name so."""
    random.seed(1)
    folder = os.path.join(scratch, "rankine")
    shared = os.path.join(scratch, "shared", "data")
    os.makedirs(folder)
    os.symlink(build, f"{folder}/build")
    os.symlink(f"{root}/tools", f"{folder}/tools")
    write(f"{folder}/sales.csv", sales_csv())
    subprocess.run([DEBIANS_PYTHON, "-c", SERIES_H5], cwd=folder, check=True)
    write(f"{folder}/adult-train.csv", adult_csv(600))
    write(f"{folder}/results.csv.gz", table_of_results(), gzip.open)
    write(f"{folder}/train.py", TRAIN_PY)
    write(f"{folder}/space.toml", SPACE)
    write(f"{folder}/commands.txt", "".join(f"echo line {k}\n" for k in range(1, 21)))
    write(f"{folder}/table.csv", "rate,name\n0.1,a\n0.2,b\n")
    write(f"{folder}/input.txt", text())
    write(f"{folder}/train.bin", tokens())
    write(f"{shared}/text/tinyshakespeare.txt", text())
    mnist(f"{shared}/mnist")
    os.symlink(f"{shared}/mnist", f"{folder}/mnist")
    subprocess.run([f"{build}/bin/rankine-train", *SMALL_GPT2], cwd=folder, check=True, capture_output=True)
    executable(f"{folder}/programs/train", TRAIN)
    executable(f"{folder}/programs/python", f'#!/bin/sh\nexec {DEBIANS_PYTHON} "$@"\n')
    return folder
