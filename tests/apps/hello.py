# SPDX-License-Identifier: Apache-2.0
"""rankine-hello says the same on any number of ranks."""
import os
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-hello")


class Hello(unittest.TestCase):
    def test_each_number_of_ranks(self):
        for ranks in (1, 2, 3, 8):
            with self.subTest(ranks=ranks):
                job = jobs.run(ranks, PROGRAM)
                self.assertEqual((job.returncode, job.stderr), (0, ""), job.said())
                self.assertEqual(job.stdout.splitlines(), [
                    "areas: 12.5664 496.1, their sum: 508.667",
                    "sum of 1000 squares: 333833500",
                    "caught: std::domain_error: no real root of -1.000000",
                    f"1003 tasks on {ranks} ranks"])


if __name__ == "__main__":
    jobs.main()
