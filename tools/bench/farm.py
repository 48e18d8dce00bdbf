#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast `rankine farm` is beside bare loops of posix_spawn and wait, as many as there are CPUs, and beside
GNU parallel, in one run, rounds of all three in turn, each farm between two bare loops:

    tools/bench/farm.py [--build build] [--commands 10000] [--rounds 1] [--parallel 1000] [--shell]

--shell: commands that need a shell. Every command is a real process, checked to have ended with 0. The
rate of the farm is by its own clock, from reading the list to the last result written; that with mpirun's
start stands beside it. GNU parallel runs fewer commands, being slower; its start counts."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time


def bare(build, cpus, count, words, shell):
    program = os.path.join(build, "bin", "rankine-spawn-loop")
    said = subprocess.run([program, str(cpus), str(count), "sh" if shell else "direct", *words],
                          capture_output=True, text=True, check=True)
    return count / float(said.stdout)


def farm(build, count, command, folder):
    path = os.path.join(folder, "commands")
    with open(path, "w") as file:
        file.write(f"{command}\n" * count)
    start = time.monotonic()
    said = subprocess.run([os.path.join(build, "bin", "rankine"), "farm", path, "--out",
                           os.path.join(folder, f"run-{start}")], capture_output=True, text=True, check=True)
    report = json.loads(said.stdout.splitlines()[-1])
    assert report["succeeded"] == count, report
    return report["commands_per_second"], count / (time.monotonic() - start)


def parallel(cpus, count, command):
    start = time.monotonic()
    subprocess.run(["parallel", "-j", str(cpus)], input=f"{command}\n" * count, text=True,
                   capture_output=True, check=True)
    return count / (time.monotonic() - start)


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", default="build")
    options.add_argument("--commands", type=int, default=10000)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--parallel", type=int, default=1000, help="commands for it; 0: without it")
    options.add_argument("--shell", action="store_true")
    wishes = options.parse_args()
    cpus = len(os.sched_getaffinity(0))
    command = "/bin/true; :" if wishes.shell else "/bin/true"
    rates = {name: [] for name in ("bare loops", "farm", "farm with mpirun's start", "GNU parallel")}
    ratios = {name: [] for name in rates}

    def note(name, rate, base):
        rates[name].append(rate)
        ratios[name].append(rate / base)

    def bare_now():
        return bare(wishes.build, cpus, min(wishes.commands, 5000), [command], wishes.shell)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(wishes.rounds):
            before = bare_now()
            inside, outside = farm(wishes.build, wishes.commands, command, folder)
            base = (before + bare_now()) / 2  # the machine's speed changes: the farm's neighbours count
            note("bare loops", base, base)
            note("farm", inside, base)
            note("farm with mpirun's start", outside, base)
            if wishes.parallel > 0 and shutil.which("parallel"):
                note("GNU parallel", parallel(cpus, wishes.parallel, command), base)
    for name, all_rates in rates.items():
        if all_rates:
            print(f"{name:<26} {statistics.median(all_rates):>9.0f} commands/s  "
                  f"{100 * statistics.median(ratios[name]):>6.1f} % of bare loops")


if __name__ == "__main__":
    main()
