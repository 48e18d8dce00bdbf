# SPDX-License-Identifier: Apache-2.0
"""rankine-bench-scheduler ends every task of its mix, finds the tables in order afterwards, and says what a
worker and a task take in memory. Rates are not asserted: this machine may be busy."""
import json
import os
import subprocess
import tempfile
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-bench-scheduler")
KEYS = {"name", "value", "median", "min", "p99", "unit", "raw_mpi_value", "ratio", "raw_is", "ranks",
        "target", "better"}


class BenchScheduler(unittest.TestCase):
    def test_rows(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "scheduler.json")
            run = subprocess.run([PROGRAM, "--quick", "--tasks", "20000", "--json", path],
                                 capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            with open(path) as file:
                rows = {row["name"]: row for row in json.load(file)}
        for row in rows.values():
            self.assertEqual(set(row), KEYS)
        sizes = ("1k", "10k", "100k")
        for size in sizes:
            for name in (f"scheduler_mix_{size}_workers", f"scheduler_singles_{size}_workers"):
                self.assertGreater(rows[name]["value"], 0)
                self.assertEqual((rows[name]["unit"], rows[name]["target"]), ("1/s", 1e6))
            self.assertLess(rows[f"bytes_of_worker_{size}"]["value"], 1000)
        self.assertEqual(rows["scheduler_mix_drop"]["better"], "lower")
        self.assertLessEqual(rows["bytes_of_pending_task"]["value"], 200)
        self.assertLess(rows["bytes_of_running_task"]["value"], 300)
        self.assertLess(rows["bytes_of_finished_task"]["value"], 5)  # of few tasks: pages of the first ones


if __name__ == "__main__":
    jobs.main()
