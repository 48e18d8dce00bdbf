# SPDX-License-Identifier: Apache-2.0
"""Optuna's samplers on the functions of `tune_samplers function`: mean best of many studies.

    python optuna_samplers.py branin hartmann6 --seeds 30 --evaluations 200 --samplers tpe,multivariate,cmaes
"""
import argparse
import math
import statistics
import sys

import optuna

A = [(10, 3, 17, 3.5, 1.7, 8), (.05, 10, 17, .1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, .05, 10, .1, 14)]
P = [(1312, 1696, 5569, 124, 8283, 5886), (2329, 4135, 8307, 3736, 1004, 9991),
     (2348, 1451, 3522, 2883, 3047, 6650), (4047, 8828, 8732, 5743, 1091, 381)]


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    a = y - 5.1 / (4 * math.pi ** 2) * x * x + 5 / math.pi * x - 6
    return a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(trial):
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    return -sum(w * math.exp(-sum(a * (v - p / 1e4) ** 2 for a, v, p in zip(row, x, place)))
                for w, row, place in zip((1, 1.2, 3, 3.2), A, P))


FUNCTIONS = {"branin": branin, "hartmann6": hartmann6}


def sampler_named(name, seed):
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    if name == "multivariate":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True)
    if name == "cmaes":
        return optuna.samplers.CmaEsSampler(seed=seed)
    sys.exit(f"no sampler is called {name}; there are: random, tpe, multivariate, cmaes")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("functions", nargs="+", choices=sorted(FUNCTIONS))
    options.add_argument("--seeds", type=int, default=30)
    options.add_argument("--evaluations", type=int, default=200)
    options.add_argument("--samplers", default="random,tpe,multivariate,cmaes")
    given = options.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for function in given.functions:
        for name in given.samplers.split(","):
            best = []
            for seed in range(given.seeds):
                study = optuna.create_study(sampler=sampler_named(name, seed))
                study.optimize(FUNCTIONS[function], n_trials=given.evaluations)
                best.append(study.best_value)
            error = statistics.stdev(best) / math.sqrt(len(best)) if len(best) > 1 else 0
            print(f"{function:10} optuna {optuna.__version__} {name:12} {given.evaluations} evaluations: "
                  f"mean best {statistics.mean(best):.5f} +- {error:.5f}", flush=True)


if __name__ == "__main__":
    main()
