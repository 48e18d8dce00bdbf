# SPDX-License-Identifier: Apache-2.0
"""rankine-bench-metg verifies every point of every pattern, writes its rows and its curves, and refuses what
it cannot do. Figures are not asserted: this machine may be busy."""
import json
import os
import tempfile
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-bench-metg")
DEPENDENT = ("stencil_1d", "fft", "tree", "all_to_all", "random_nearest")
KEYS = {"name", "value", "median", "min", "p99", "unit", "raw_mpi_value", "ratio", "raw_is", "ranks",
        "target", "better"}


class Metg(unittest.TestCase):
    def test_rows_and_curves(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "metg.json")
            job = jobs.run(3, PROGRAM, "--quick", "--sweeps", "1", "--width", "6", "--json", path)
            self.assertEqual(job.returncode, 0, job.said())
            with open(path) as file:
                rows = json.load(file)
            with open(path + ".curves.json") as file:
                curves = json.load(file)
        names = {"metg_50_trivial": 5, "metg_50_trivial_map": 5}
        names.update({f"metg_50_{pattern}": 20 for pattern in DEPENDENT})
        names.update({f"metg_50_{pattern}_mpi_static": None for pattern in DEPENDENT})
        for row in rows:  # on a busy machine a curve may not cross 50 %, and then has no row
            with self.subTest(row=row["name"]):
                self.assertEqual(set(row), KEYS)
                self.assertEqual((row["unit"], row["better"], row["ranks"]), ("us", "lower", 3))
                self.assertEqual(row["target"], names[row["name"]])
                self.assertGreater(row["value"], 0)
        self.assertEqual(curves["name"], "metg_curves")
        systems = {(curve["pattern"], curve["system"]) for curve in curves["curves"]}
        self.assertEqual(systems, {("trivial", "map")} |
                         {(pattern, system) for pattern in ("trivial", *DEPENDENT)
                          for system in ("rankine", "mpi_manager")} |
                         {(pattern, "mpi_static") for pattern in DEPENDENT})
        for curve in curves["curves"]:
            self.assertEqual(curve["ranks"], 3)
            self.assertGreaterEqual(len(curve["points"]), 1)
            for granularity, efficiency in curve["points"]:
                self.assertGreater(granularity, 0)
                self.assertGreater(efficiency, 0)

    def test_what_it_cannot_do(self):
        alone = jobs.run(1, PROGRAM)
        self.assertEqual(alone.returncode, 2, alone.said())
        self.assertIn("mpirun -n 2", alone.stderr)
        wide = jobs.run(2, PROGRAM, "--width", "33")
        self.assertEqual(wide.returncode, 2, wide.said())
        self.assertIn("--width", wide.stderr)


if __name__ == "__main__":
    jobs.main()
