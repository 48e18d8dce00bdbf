# SPDX-License-Identifier: Apache-2.0
"""rankine-many-models with less wall time than it needs: it stops by itself, says so, and exits with 0."""
import json
import os
import tempfile
import time
import unittest

import jobs
from many_models_run import fit


class WallTime(unittest.TestCase):
    def test_it_stops_in_good_order_and_leaves_no_half_results(self):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            job = fit(3, "--series", 2_000_000, "--walltime", "4", out=folder)
            self.assertEqual(job.returncode, 0, job.said())
            self.assertLess(time.monotonic() - start, 8)
            self.assertIn("draining: nothing new starts", job.stderr)
            self.assertRegex(job.stderr, r"rankine: stopped before the wall time after \d+ of \d+ tasks; run "
                                         r"again with the same run directory")
            self.assertNotIn("results.h5", os.listdir(folder))
            with open(os.path.join(folder, "status")) as file:
                status = json.load(file)
            self.assertEqual((status["state"], status["code"]), ("drained", 0))
            self.assertGreater(status["tasks_left"], 0)
            self.assertGreater(status["tasks_finished"], 0)


if __name__ == "__main__":
    jobs.main()
