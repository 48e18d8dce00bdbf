# SPDX-License-Identifier: Apache-2.0
"""The kill storm of a farm: ranks, helpers and whole jobs are killed at random instants, once for each seed,
and the list is run again until it is complete.

No line may be lost, none may fail, none that ended runs again (but for those that were running when something
was killed), and what each printed must be there. CI runs two seeds; more:

PYTHONPATH=tests/mpi/runs:tests/apps RANKINE_TEST_BUILD=build python3 -B tests/apps/farm_storm.py [SEEDS]
"""
import collections
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import jobs

TOOL = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine")
RANKS = 5
LINES = 400


def processes_called(job, name):
    """Process ids by rank."""
    found = {}
    for pid in job.processes():
        rank = jobs.environment_of(pid).get("OMPI_COMM_WORLD_RANK")
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if rank is not None and file.read().strip() == name:
                    found[int(rank)] = pid
        except FileNotFoundError:
            pass  # it has ended
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return 1
    except ProcessLookupError:
        return 0


def disturb(job, luck):
    """Kills one to three workers or their helpers, and now and then the job; how many processes died."""
    start, died = time.monotonic(), 0
    for instant in sorted(luck.uniform(0.0, 0.6) for _ in range(luck.randint(1, 3))):
        time.sleep(max(0, start + instant - time.monotonic()))
        victims = processes_called(job, luck.choice(["rankine", "rankine", "rankine-spawn"]))
        victims.pop(0, None)
        if victims:
            died += kill(victims[luck.choice(sorted(victims))])
    if luck.random() < 0.5:
        time.sleep(luck.uniform(0.0, 0.3))
        died += kill(job.process.pid)
        for pid in processes_called(job, "rankine").values():
            died += kill(pid)
    return died


def storm(seed, folder):
    """Runs the list, with mishaps, until it is complete. How many processes were killed, lines done twice."""
    luck = random.Random(seed)
    log, out, path = (os.path.join(folder, f"{name}{seed}") for name in ("log", "run", "commands"))
    with open(path, "w", encoding="ascii") as file:
        for line in range(1, LINES + 1):
            pause = f"sleep {luck.uniform(0.005, 0.03):.3f}; " if line % 4 == 0 else ""
            file.write(f"{pause}echo {line} >> {log}; echo line {line}\n")
    killed, status = 0, os.path.join(out, "status")
    for start in range(6):
        if os.path.exists(status):
            os.remove(status)
        with jobs.Job(RANKS, TOOL, "farm", "--out", out, path, recovery=True) as job:
            end = time.monotonic() + 60
            # Earlier, Open MPI 4.1 itself waits for ever for the dead rank, in MPI_Init.
            while not os.path.exists(status) and job.process.poll() is None and time.monotonic() < end:
                time.sleep(0.002)  # the next look; nothing depends on its length
            killed += disturb(job, luck) if start < 3 else 0
            job.finish()
            assert_nothing_runs(job)
        lines = job.stdout.splitlines()
        if lines and lines[-1].startswith("{"):
            break
    return killed, check(json.loads(lines[-1]), log, out, killed)


def assert_nothing_runs(job):
    end = time.monotonic() + 20
    while (left := job.processes()) and time.monotonic() < end:
        time.sleep(0.02)  # the next look; nothing depends on its length
    assert not left, [jobs.command_of(pid) for pid in left]


def check(report, log, out, killed):
    """How many lines were done twice."""
    assert (report["succeeded"], report["failed"]) == (LINES, 0), report
    with open(log, encoding="ascii") as file:
        marks = collections.Counter(int(line) for line in file)
    assert sorted(marks) == list(range(1, LINES + 1)), "lines are lost"
    with open(os.path.join(out, "results.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == list(range(1, LINES + 1))
    assert all(row["state"] == "ok" for row in rows)
    said = subprocess.run([TOOL, "farm", "output", out, *map(str, range(1, LINES + 1))], capture_output=True,
                          text=True, check=True, timeout=60).stdout
    assert said == "".join(f"line {line}\n" for line in range(1, LINES + 1))
    twice = sum(marks.values()) - LINES
    # One rank runs one line at a time: what it was at may have left its mark and not ended yet.
    assert twice <= killed, f"{twice} lines ran twice, {killed} processes were killed"
    return twice


def main(seeds):
    killed, twice = 0, 0
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        for seed in range(1, seeds + 1):
            died, again = storm(seed, folder)
            killed, twice = killed + died, twice + again
            print(f"seed {seed}: {died} processes killed, {again} lines ran twice, none lost", flush=True)
    print(f"{seeds} seeds of {LINES} lines: {killed} processes killed, {twice} lines ran twice, 0 lost")
    assert killed > 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
