# SPDX-License-Identifier: Apache-2.0
"""rankine-many-models on generated series: the report, the tables and the file of results."""
import os
import tempfile
import unittest

import jobs
from many_models_run import METHODS, fit, table

SERIES = 60
FLOOR = "(floor)"
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class ManyModels(unittest.TestCase):
    def check_report(self, report, ranks, methods, series):
        self.assertEqual(report["app"], "many_models")
        self.assertEqual(report["data"], "generated")
        self.assertEqual(report["series"], series)
        self.assertEqual(report["models_fitted"], series * len(methods))
        self.assertEqual(report["failed"], 0)
        self.assertEqual(report["ranks"], ranks)
        self.assertGreater(report["seconds"], 0)
        models = report["models_per_second"] * report["seconds"]
        self.assertAlmostEqual(models, report["models_fitted"], delta=1e-3)
        self.assertEqual(len(report["peak_memory_mib"]), ranks)
        self.assertGreater(min(report["peak_memory_mib"]), 0)
        for measure in ("smape", "mase", "owa"):
            self.assertEqual(list(report[measure]), methods + [FLOOR])
            for method, value in report[measure].items():
                self.assertGreater(value, 0, f"{measure} of {method}")
        self.assertEqual(report["owa"]["Naive2"], 1.0, "OWA is relative to Naive2")

    def check_tables(self, job, methods):
        for measure, key in (("sMAPE %", "smape"), ("MASE", "mase"), ("OWA", "owa")):
            columns, rows = table(job, measure)
            self.assertEqual(columns, ["Flat", "Trend", "Seasonal", "Both", "Total"])
            self.assertEqual(list(rows), methods + [FLOOR])
            for method, numbers in rows.items():
                self.assertEqual(len(numbers), len(columns))
                self.assertAlmostEqual(numbers[-1], job.report[key][method], delta=0.0005001)

    def test_each_number_of_ranks(self):
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks), tempfile.TemporaryDirectory() as folder:
                out = os.path.join(folder, "made", "on the way")
                job = fit(ranks, "--series", SERIES, "--seed", 5, out=out)
                self.assertEqual(job.returncode, 0, job.said())
                self.check_report(job.report, ranks, METHODS, SERIES)
                self.assertEqual(job.report["seed"], 5)
                self.check_tables(job, METHODS)
                self.assertLessEqual({"results.h5", "status"}, set(os.listdir(out)))
                with open(job.report["results"], "rb") as file:
                    self.assertEqual(file.read(len(HDF5_SIGNATURE)), HDF5_SIGNATURE)
                self.assertIn(f"{SERIES} of {SERIES} series", job.stderr)  # the progress line

    def test_no_method_beats_the_noise_floor_by_much(self):
        job = fit(2, "--series", 400)
        floor = job.report["smape"][FLOOR]
        self.assertLess(min(job.report["smape"][name] for name in ("Damped", "Theta", "Comb")), 1.15 * floor)
        self.assertGreater(min(job.report["smape"][name] for name in METHODS), 0.98 * floor)

    def test_options(self):
        job = fit(2, "--series", 20, "--models", "comb,naive2", "--season", 4, "--horizon", 6, "--seed", 9)
        self.assertEqual(job.returncode, 0, job.said())
        self.check_report(job.report, 2, list(job.report["owa"])[:-1], 20)
        self.assertEqual(sorted(job.report["owa"]), sorted(["Comb", "Naive2", FLOOR]))
        other = fit(2, "--series", 20, "--models", "comb,naive2", "--season", 4, "--horizon", 6, "--seed", 10)
        self.assertNotEqual(other.report["results_sha256"], job.report["results_sha256"])


if __name__ == "__main__":
    jobs.main()
