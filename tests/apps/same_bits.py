# SPDX-License-Identifier: Apache-2.0
"""The results of a run are the same bits with 1, 2, 3 and 6 ranks: by the app's own digest, and by every byte
of the file.
"""
import hashlib
import os
import tempfile
import unittest

import jobs
from many_models_run import DATA, fit

RANKS = (1, 2, 3, 6)


class SameBits(unittest.TestCase):
    def check(self, *options):
        digests = {}
        for ranks in RANKS:
            with tempfile.TemporaryDirectory() as folder:
                job = fit(ranks, *options, out=folder)
                self.assertEqual(job.returncode, 0, job.said())
                with open(os.path.join(folder, "results.h5"), "rb") as file:
                    digests[ranks] = (job.report["results_sha256"], hashlib.sha256(file.read()).hexdigest())
        self.assertEqual(len(set(digests.values())), 1, digests)
        return digests[1]

    def test_generated_series(self):
        first = self.check("--series", 500, "--seed", 3)
        with tempfile.TemporaryDirectory() as folder:
            other = fit(2, "--series", 500, "--seed", 4, out=folder)
        self.assertNotEqual(first[0], other.report["results_sha256"], "the digest does look at the results")

    def test_m3(self):
        path = os.path.join(DATA, "m3", "M3.csv")
        if not os.path.exists(path):
            self.skipTest(f"{path} is absent")
        self.check("--data", path)


if __name__ == "__main__":
    jobs.main()
