# SPDX-License-Identifier: Apache-2.0
"""A job that stops before its work is done: it requeues itself and goes on where it was, as often as needed.
Each round ends with code 0, Slurm kills none of them, and the results are those of one undisturbed run.

rounds.py signal SERIES: a signal comes in the first round. rounds.py SECONDS SERIES: each round has this wall
time. rounds.py slurm SERIES: it is Slurm's shortest, --time=1, which the run learns from Slurm."""
import re
import subprocess
import sys
import tempfile
import unittest

import jobs
import slurm

CAUSE, SERIES = sys.argv[1:3]
PROGRAM = "rankine-many-models"


class Rounds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rk-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        slurm.submit_folder(self.folder)

    def submit(self, *options, env=None):
        return slurm.BatchJob(self.folder, "--nodes=3", "--ntasks-per-node=2", *options,
                              "slurm/many_models.sbatch", "--series", SERIES,
                              env=dict(RANKINE_VERBOSE="1", **(env or {})))

    def finish(self, job):
        facts = job.wait(900)
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("COMPLETED", "0:0"), job.log())
        return facts

    def disturbed(self):
        if CAUSE == "slurm":
            return self.submit("--time=1", "--signal=B:USR1@1")
        if CAUSE != "signal":
            return self.submit("--time=10", env={"RANKINE_WALLTIME": CAUSE})
        job = self.submit("--time=10")
        at_work = slurm.Work("n3", PROGRAM, 0.3)
        job.wait_until(lambda _: "ranks on 3 nodes" in job.log() and at_work(), "work on n3")
        subprocess.run(["scancel", "--batch", "--signal=USR1", job.id], check=True)
        return job

    def test_goes_on_where_it_was(self):
        job = self.disturbed()
        restarts = int(self.finish(job)["Restarts"])
        log = job.log()
        print(f"{restarts + 1} rounds", flush=True)
        self.assertGreater(restarts, 0, log)
        if CAUSE == "signal":
            self.assertEqual(restarts, 1, log)
        self.assertEqual(len(re.findall("^rankine: drained with code 0", log, re.MULTILINE)), restarts, log)
        self.assertEqual(log.count("launch.sh: requeued, since work is left"), restarts, log)
        self.assertEqual(len(re.findall("^rankine: finished with code 0", log, re.MULTILINE)), 1, log)
        self.assertNotIn("DUE TO TIME LIMIT", log)  # Slurm's words when it kills
        whole = self.submit("--time=10")
        self.finish(whole)
        self.assertEqual(job.report()["results_sha256"], whole.report()["results_sha256"])


if __name__ == "__main__":
    del sys.argv[1:]
    jobs.main()
