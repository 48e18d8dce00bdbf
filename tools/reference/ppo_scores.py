#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs rankine-ppo over seeds 1 to 10 of a table of settings and prints mean and deviation of each.

    ppo_scores.py BUILD [--only NAME ...] [--placement P] [--ranks N] [--seeds 1-10] [--out scores.json]
                  [--more="--bootstrap false"]         further options of rankine-ppo

No seed is left out. A row is a preset, an environment, the steps, what is measured and the goal.
"""
import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile

# name: preset, environment, steps, evaluation episodes, measure, goal in words
ROWS = {
    "cleanrl-cartpole": ("cleanrl", "CartPole-v1", 500_000, 0, "train_return", "mean >= 490"),
    "cleanrl-acrobot": ("cleanrl", "Acrobot-v1", 500_000, 0, "train_return", "mean >= -86"),
    "zoo-cartpole": ("sb3-zoo", "CartPole-v1", 100_000, 750, "eval_return", "median 500, mean >= 440"),
    "zoo-pendulum": ("sb3-zoo", "Pendulum-v1", 100_000, 750, "eval_return", "median >= -180"),
    "zoo-mcc": ("sb3-zoo", "MountainCarContinuous-v0", 20_000, 750, "eval_return", "mean >= 88"),
    "rankine-mcc": ("rankine", "MountainCarContinuous-v0", 20_000, 750, "eval_return", "mean >= 88"),
    "zoo-mountaincar": ("sb3-zoo", "MountainCar-v0", 1_000_000, 750, "eval_return", "mean >= -115"),
    "zoo-acrobot": ("sb3-zoo", "Acrobot-v1", 1_000_000, 750, "eval_return", "mean >= -80"),
    "zoo-lander": ("sb3-zoo", "LunarLander-v3", 1_000_000, 750, "eval_return", "mean >= 220"),
}


def run_one(build, row, seed, arguments):
    preset, environment, steps, episodes, measure, _ = row
    with tempfile.TemporaryDirectory() as folder:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(arguments.ranks),
                   os.path.join(build, "bin", "rankine-ppo"), "--env", environment, "--preset", preset,
                   "--steps", str(steps), "--seed", str(seed), "--evaluate", str(episodes),
                   "--placement", arguments.placement, "--no-report", "--out", folder]
        if arguments.ranks == 1:
            command = command[6:]
        command += shlex.split(arguments.more)
        if arguments.shards:
            command += ["--shards", str(arguments.shards)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])[measure]


def seeds_of(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS))
    parser.add_argument("--placement", default="decentralised")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--shards", type=int, default=0)
    parser.add_argument("--seeds", type=seeds_of, default=range(1, 11))
    parser.add_argument("--more", default="")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    results = {}
    for name in arguments.only:
        row = ROWS[name]
        scores = [run_one(arguments.build, row, seed, arguments) for seed in arguments.seeds]
        results[name] = scores
        deviation = statistics.stdev(scores) if len(scores) > 1 else float("nan")
        print(f"{name:18} {arguments.placement:13} mean {statistics.mean(scores):8.2f} +- {deviation:6.2f}  "
              f"median {statistics.median(scores):8.2f}  goal: {row[5]:24} "
              f"seeds: {' '.join(f'{score:.1f}' for score in scores)}", flush=True)
        if arguments.out:
            with open(arguments.out, "w") as file:
                json.dump(results, file)


if __name__ == "__main__":
    main()
