# SPDX-License-Identifier: Apache-2.0
"""A program that cannot begin says why in one sentence, on one rank, and all ranks end with exit code 2."""
import os
import tempfile
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "runs_crashing")
HELLO = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-hello")


class Refusals(unittest.TestCase):
    def refused(self, sentence, ranks=2, **env):
        job = jobs.run(ranks, PROGRAM, "segv", env=env)
        self.assertEqual(job.returncode, 2, job.said())
        said = [line for line in job.stderr.splitlines() if line.startswith("rankine: ")]
        self.assertEqual(len(said), 1, job.said())
        self.assertIn(sentence, said[0])
        self.assertEqual(job.stdout, "")

    def wrapped(self, of_rank_1):
        """The ended job of three ranks in a shell script that does this first on rank 1."""
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "wrapped")
            with open(script, "w") as file:
                file.write(f"#!/bin/sh\n[ $OMPI_COMM_WORLD_RANK = 1 ] && {of_rank_1}\n{HELLO}\nexit $?\n")
            os.chmod(script, 0o755)
            with jobs.Job(3, script, recovery=True) as job:
                job.finish(60)
                return job

    def test_a_rank_that_ends_before_mpi_begins_does_not_leave_the_others_waiting(self):
        self.assertIn("1 of the 3 ranks of this node have gone while the others wait for them in MPI_Init",
                      self.wrapped("exit 127").stderr)

    def test_a_rank_that_begins_late_is_waited_for(self):
        job = self.wrapped("sleep 12")  # longer than it takes to notice one that has gone
        self.assertIn("1003 tasks on 3 ranks", job.stdout, job.said())

    def test_wrong_variables(self):
        self.refused('RANKINE_ARENA_BYTES is "12x": it must be a number of bytes, at least 16777216',
                     RANKINE_ARENA_BYTES="12x")
        self.refused('RANKINE_RESOURCES has "a=": it must be a list like licence=2,fpga=1', ranks=3,
                     RANKINE_RESOURCES="a=")
        self.refused('RANKINE_TRANSPORT is "tcp": it must be node', RANKINE_TRANSPORT="tcp")
        self.refused('RANKINE_CPUS is "-1": it must be a whole number from 1 to 1024', ranks=1,
                     RANKINE_CPUS="-1")

    def test_a_run_directory_that_cannot_be_made_or_written(self):
        with tempfile.NamedTemporaryFile() as file:
            self.refused(f"the run directory {file.name} is a file. Remedy: ", RANKINE_RUN_DIR=file.name)
        self.refused("the run directory /proc/run cannot be made: ", RANKINE_RUN_DIR="/proc/run")


if __name__ == "__main__":
    jobs.main()
