# SPDX-License-Identifier: Apache-2.0
"""The whole app on the M3 competition's file reaches the published scores of Naive2 and Theta (M3 and M4
papers); the library is held against R's series by series in tests/unit/forecast. Skipped where the data is
absent.
"""
import os
import unittest

import jobs
from many_models_run import DATA, METHODS, fit, table

M3 = os.path.join(DATA, "m3", "M3.csv")
GROUPS = ["Yearly", "Quarterly", "Monthly", "Other", "Total"]
NAIVE2_SMAPE = [17.880, 10.029, 16.764, 6.302, 14.702]
NAIVE2_MASE = [3.172, 1.252, 1.038, 3.089, 1.669]
TOLERANCE = 0.001


@unittest.skipUnless(os.path.exists(M3), f"{M3} is absent")
class PublishedScores(unittest.TestCase):
    def test_m3(self):
        job = fit(3, "--data", M3)
        self.assertEqual(job.returncode, 0, job.said())
        report = job.report
        self.assertEqual((report["series"], report["models_fitted"], report["failed"]), (3003, 3003 * 8, 0))
        for measure, method, published in (("smape", "Naive2", 14.702), ("mase", "Naive2", 1.669),
                                           ("smape", "Theta", 12.822), ("mase", "Theta", 1.420),
                                           ("owa", "Naive2", 1.0)):
            self.assertAlmostEqual(report[measure][method], published, delta=TOLERANCE)
        for measure, published in (("sMAPE %", NAIVE2_SMAPE), ("MASE", NAIVE2_MASE)):
            columns, rows = table(job, measure)
            self.assertEqual((columns, list(rows)), (GROUPS, METHODS))
            for found, expected in zip(rows["Naive2"], published):
                self.assertAlmostEqual(found, expected, delta=TOLERANCE + 1e-9)


if __name__ == "__main__":
    jobs.main()
