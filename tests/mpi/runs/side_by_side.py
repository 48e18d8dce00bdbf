# SPDX-License-Identifier: Apache-2.0
"""Several jobs of one user on one machine at once do not touch each other."""
import os
import tempfile
import unittest

import jobs

BIN = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin")


class SideBySide(unittest.TestCase):
    def test_three_jobs_at_once(self):
        hello = os.path.join(BIN, "rankine-hello")
        models = os.path.join(BIN, "rankine-many-models")
        with tempfile.TemporaryDirectory() as folder:
            outs = [os.path.join(folder, name) for name in ("a", "b")]
            with jobs.Job(3, hello) as first, \
                    jobs.Job(3, models, "--series", 200, "--seed", 1, "--out", outs[0]) as second, \
                    jobs.Job(3, models, "--series", 300, "--seed", 2, "--out", outs[1]) as third:
                for job in (first, second, third):
                    self.assertEqual(job.finish(), 0, job.said())
            self.assertIn("sum of 1000 squares: 333833500\n", first.stdout)
            found = [job.report for job in (second, third)]
            self.assertEqual([(one["series"], one["seed"], one["failed"]) for one in found],
                             [(200, 1, 0), (300, 2, 0)])
            for job, series, seed, out in ((second, 200, 1, outs[0]), (third, 300, 2, outs[1])):
                alone = jobs.run(1, models, "--series", series, "--seed", seed, "--out", out)
                self.assertEqual(alone.report["results_sha256"], job.report["results_sha256"])


if __name__ == "__main__":
    jobs.main()
