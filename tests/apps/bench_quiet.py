# SPDX-License-Identifier: Apache-2.0
"""rankine-bench-quiet and rankine-bench-objects show what they must: idle ranks take next to no CPU, also
beside a driver that computes, and a large object is in memory once. Times are not asserted: this machine may
be busy."""
import json
import os
import tempfile
import unittest

import jobs

PROGRAMS = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin")
KEYS = {"name", "value", "median", "min", "p99", "unit", "raw_mpi_value", "ratio", "raw_is", "ranks",
        "target", "better"}


class BenchQuiet(unittest.TestCase):
    def rows_of(self, program, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "rows.json")
            job = jobs.run(3, os.path.join(PROGRAMS, program), "--quick", "--json", path, *arguments)
            self.assertEqual(job.returncode, 0, job.said())
            with open(path) as file:
                rows = {row["name"]: row for row in json.load(file)}
        for row in rows.values():
            self.assertEqual(set(row), KEYS)
            self.assertEqual(row["ranks"], 3)
            self.assertGreater(row["value"], 0)
        return rows

    def test_idle_ranks_sleep(self):
        rows = self.rows_of("rankine-bench-quiet", "--filter", "idle|start")
        self.assertEqual(set(rows), {"start_to_first_result", "idle_rank", "idle_head",
                                     "idle_rank_driver_computes", "idle_head_driver_computes"})
        for name, row in rows.items():
            if name.startswith("idle"):
                self.assertLess(row["value"], 5, name)
                self.assertEqual((row["unit"], row["target"], row["better"]), ("%core", 1, "lower"))

    def test_sleeping_ranks_answer(self):
        rows = self.rows_of("rankine-bench-quiet", "--filter", "answers$")
        self.assertEqual(rows["sleeping_rank_answers"]["target"], 50)
        self.assertGreater(rows["sleeping_rank_answers"]["raw_mpi_value"], 0)

    def test_a_large_object_is_in_memory_once(self):
        rows = self.rows_of("rankine-bench-objects")
        self.assertLess(rows["broadcast_copies_held"]["value"], 1.01)
        self.assertLess(rows["broadcast_copies_resident"]["value"], 1.2)
        self.assertGreater(rows["broadcast_same_node_first"]["raw_mpi_value"], 0)


if __name__ == "__main__":
    jobs.main()
