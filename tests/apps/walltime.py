# SPDX-License-Identifier: Apache-2.0
"""rankine-many-models with less wall time than it needs: it stops by itself, says so, and exits with 0."""
import json
import os
import tempfile
import time
import unittest

import jobs
from many_models_run import fit

ROUNDS_MAX = 60  # on a busy machine a round may be over before much was done


class WallTime(unittest.TestCase):
    def test_it_stops_in_good_order_and_leaves_no_half_results(self):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            job = fit(3, "--series", 400_000, "--walltime", "5", out=folder)
            self.assertEqual(job.returncode, 0, job.said())
            self.assertLess(time.monotonic() - start, 15)
            self.assertIn("draining: nothing new starts", job.stderr)
            self.assertRegex(job.stderr, r"rankine: stopped before the wall time after \d+ of \d+ tasks; run "
                                         r"again with the same run directory")
            self.assertNotIn("results.h5", os.listdir(folder))
            with open(os.path.join(folder, "status")) as file:
                status = json.load(file)
            self.assertEqual((status["state"], status["code"]), ("drained", 0))
            self.assertGreater(status["tasks_left"], 0)
            self.assertGreater(status["tasks_finished"], 0)

    def test_rounds_until_it_is_complete_give_the_same_bits(self):
        series = 40_000
        whole = fit(3, "--series", series)
        with tempfile.TemporaryDirectory() as folder:
            fitted = submitted = 0
            for rounds in range(1, ROUNDS_MAX):
                job = fit(3, "--series", series, "--walltime", "3", out=folder)
                self.assertEqual(job.returncode, 0, job.said())
                if job.report:
                    break
                with open(os.path.join(folder, "status")) as file:
                    status = json.load(file)
                self.assertEqual(status["state"], "drained", job.said())
                if status["tasks_submitted"] >= submitted:  # the round came as far: what was done stays done
                    self.assertGreaterEqual(status["tasks_finished"], fitted)
                    fitted, submitted = status["tasks_finished"], status["tasks_submitted"]
            self.assertGreater(rounds, 1, "it was to take several rounds")
            self.assertIsNotNone(job.report, f"not complete after {rounds} rounds")
            self.assertGreater(job.report["chunks_resumed"], 0)
            self.assertEqual(job.report["results_sha256"], whole.report["results_sha256"])


if __name__ == "__main__":
    jobs.main()
