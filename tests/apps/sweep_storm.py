# SPDX-License-Identifier: Apache-2.0
"""The kill storm of a sweep: one to three of four workers are killed at random instants, once for each seed.

In ordered mode the history must be that of the undisturbed run, in async mode nothing may be lost and the
journal must give the same history again. CI does not run it (it takes minutes):

PYTHONPATH=tests/mpi/runs:tests/apps RANKINE_TEST_BUILD=build python3 -B tests/apps/sweep_storm.py [SEEDS]
"""
import os
import random
import signal
import sys
import tempfile
import time

import jobs
from sweep import LONG, PROGRAM


def storm(seed, options, out):
    """Runs a sweep on five ranks and kills some of ranks 1 to 4 meanwhile; the job and how many died."""
    luck = random.Random(seed)
    victims = luck.sample(range(1, 5), luck.randint(1, 3))
    instants = sorted(luck.uniform(0.01, 0.25) for _ in victims)
    died = 0
    with jobs.Job(5, PROGRAM, *options, "--out", out, recovery=True) as job:
        end = time.monotonic() + 60
        while not os.path.exists(os.path.join(out, "journal")) and time.monotonic() < end:
            time.sleep(0.002)
        start, pids = time.monotonic(), job.ranks()
        for victim, instant in zip(victims, instants):
            time.sleep(max(0, start + instant - time.monotonic()))
            if job.process.poll() is None and victim in pids:
                try:
                    os.kill(pids[victim], signal.SIGKILL)
                    died += 1
                except ProcessLookupError:
                    pass  # it had ended already
        job.returncode = job.finish()
    return job, died


def run(*options, ranks, out):
    with jobs.Job(ranks, PROGRAM, *options, "--out", out) as job:
        job.returncode = job.finish()
    return job.report


def main(seeds):
    deaths = 0
    with tempfile.TemporaryDirectory() as folder:
        wanted = run(*LONG, ranks=3, out=os.path.join(folder, "wanted"))
        for seed in range(1, seeds + 1):
            job, died = storm(seed, LONG, os.path.join(folder, f"ordered{seed}"))
            report = job.report
            assert report["history_hash"] == wanted["history_hash"], f"seed {seed}: another history"
            assert report["best"] == wanted["best"], f"seed {seed}: another best"
            out = os.path.join(folder, f"async{seed}")
            job, more = storm(seed, (*LONG, "--mode", "async"), out)
            report = job.report
            assert (report["trials"], report["failed"]) == (wanted["trials"], 0), f"seed {seed}: lost"
            again = run(*LONG, "--mode", "async", "--resume", ranks=3, out=out)
            assert again["history_hash"] == report["history_hash"], f"seed {seed}: the replay differs"
            deaths += died + more
            print(f"seed {seed}: {died} and {more} ranks died, nothing changed", flush=True)
    print(f"{seeds} seeds, {deaths} ranks killed: ordered histories equal, async ones whole and replayed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
