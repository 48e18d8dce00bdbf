# SPDX-License-Identifier: Apache-2.0
"""A program that cannot begin says why in one sentence, on one rank, and all ranks end with exit code 2."""
import os
import tempfile
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "runs_crashing")


class Refusals(unittest.TestCase):
    def refused(self, sentence, ranks=2, **env):
        job = jobs.run(ranks, PROGRAM, "segv", env=env)
        self.assertEqual(job.returncode, 2, job.said())
        said = [line for line in job.stderr.splitlines() if line.startswith("rankine: ")]
        self.assertEqual(len(said), 1, job.said())
        self.assertIn(sentence, said[0])
        self.assertEqual(job.stdout, "")

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
