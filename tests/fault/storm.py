# SPDX-License-Identifier: Apache-2.0
"""The kill storm: the job of storm.cpp, on five ranks, loses one to three random workers at random instants,
once for each seed. Every time it must end by itself, before a watchdog, with the SHA-256 of the undisturbed
run, and leave no process behind.

    storm.py [--seeds N] [--first SEED] [--transport rma|p2p]

Victims, instants (within nine tenths of the undisturbed run's time) and ways to die are drawn from the seed.
"""
import argparse
import os
import random
import signal
import statistics
import sys
import threading
import time

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "fault_storm")
RANKS = 5
WATCHDOG_S = 60
WAYS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSTOP)


class Outcome:
    def __init__(self):
        self.sha = ""
        self.seconds = 0.0
        self.retried = 0
        self.shots = []  # (instant, rank, way) that met a living process
        self.trouble = ""


def shoot(ranks, plan, begin, outcome, over):
    for instant, rank, way in plan:
        if over.wait(max(0.0, begin + instant - time.monotonic())):
            return
        try:
            os.kill(ranks[rank], way)
            outcome.shots.append((round(instant, 3), rank, way.name))
        except ProcessLookupError:
            pass


def run(plan, env):
    """One job; `plan` is a list of (seconds after the beginning, rank, signal) in order."""
    outcome = Outcome()
    over = threading.Event()
    with jobs.Job(RANKS, PROGRAM, recovery=True, env=env) as job:
        watchdog = threading.Timer(WATCHDOG_S, job.kill)
        watchdog.start()
        try:
            if job.line() != "begin":
                raise AssertionError("it does not begin")
            begin = time.monotonic()
            shooter = threading.Thread(target=shoot, args=(job.ranks(), plan, begin, outcome, over))
            shooter.start()
            words = job.line().split()
            over.set()
            shooter.join()
            outcome.sha, outcome.seconds, outcome.retried = words[1], float(words[2]), int(words[3])
            job.finish(WATCHDOG_S)
            left = job.left_after(10)
            if left:
                outcome.trouble = "left behind: " + "; ".join(left)
        except AssertionError as error:
            outcome.trouble = str(error)
        finally:
            over.set()
            watchdog.cancel()
    return outcome


def plan_of(seed, duration):
    draw = random.Random(seed)
    victims = draw.sample(range(1, RANKS), draw.randint(1, 3))
    return sorted((draw.uniform(0, 0.9 * duration), rank, draw.choice(WAYS)) for rank in victims)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--transport", choices=("auto", "rma", "p2p"), default="auto")
    options = parser.parse_args()
    env = {"RANKINE_TRANSPORT": options.transport}

    calm = [run([], env) for _ in range(2)]
    for outcome in calm:
        if outcome.trouble:
            sys.exit(f"the undisturbed run: {outcome.trouble}")
    duration = min(outcome.seconds for outcome in calm)
    sha = calm[0].sha
    if calm[1].sha != sha:
        sys.exit("two undisturbed runs differ")
    print(f"undisturbed: {duration:.2f} s, SHA-256 {sha}", flush=True)

    good, seconds, shots = 0, [], 0
    for seed in range(options.first, options.first + options.seeds):
        outcome = run(plan_of(seed, duration), env)
        if not outcome.trouble and outcome.sha != sha:
            outcome.trouble = f"another SHA-256: {outcome.sha}"
        fate = outcome.trouble or f"{outcome.seconds:.2f} s, {outcome.retried} retried"
        print(f"seed {seed}: {outcome.shots}: {fate}", flush=True)
        good += not outcome.trouble
        shots += len(outcome.shots)
        seconds.append(outcome.seconds)
    overhead = statistics.mean(seconds) / duration - 1
    print(f"storm: {good} of {options.seeds} finished with equal results, {shots} ranks lost, "
          f"{100 * overhead:.0f} % longer than undisturbed on average, "
          f"{max(seconds) / duration:.1f} times at most")
    sys.exit(0 if good == options.seeds else 1)


if __name__ == "__main__":
    main()
