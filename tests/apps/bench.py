# SPDX-License-Identifier: Apache-2.0
"""rankine-bench-core, briefly: it verifies what it times, its JSON keeps the contract, and a wrong result or
a wrong option is said. Of the figures only those are bounded that do not hang on the machine's speed.
"""
import os
import sys
import tempfile
import unittest

import jobs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "bench"))
import rows as bench_rows  # noqa: E402  tools/bench is no package

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-bench-core")


def bench(ranks, *arguments):
    """(job, rows by name) of a quick run; None for rows where no file was written."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.json")
        job = jobs.run(ranks, PROGRAM, "--quick", "--json", path, *arguments, timeout_s=150)
        rows = {row["name"]: row for row in bench_rows.load(path)[0]} if os.path.exists(path) else None
        return job, rows


@unittest.skipUnless(os.path.exists(PROGRAM), "the benches are not built")
class Bench(unittest.TestCase):
    def test_rows_stand_beside_raw_mpi(self):
        beside = ["single_client_tasks_sync", "single_client_tasks_sync_latency", "1_1_actor_calls_async",
                  "n_n_actor_calls_with_arg_async", "multi_client_put_calls"]
        alone = ["single_client_wait_1k_refs", "single_client_wait_calls_1k_half_pending",
                 "head_bytes_per_pending_map_element", "head_bytes_per_finished_task"]
        job, rows = bench(2, "--filter", f"^({'|'.join(beside + alone)})$")
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(sorted(rows), sorted(beside + alone))
        for name, row in rows.items():
            with self.subTest(name=name):
                self.assertEqual(row["ranks"], 2)
                self.assertGreaterEqual(row["value"], row["min"])
                self.assertGreaterEqual(row["median"], row["min"])
                self.assertEqual(row["ratio"] is not None, name in beside)
        latency = rows["single_client_tasks_sync_latency"]
        self.assertGreaterEqual(latency["p99"], latency["median"])
        self.assertAlmostEqual(latency["target"], 8 * latency["raw_mpi_value"])
        self.assertEqual(latency["better"], "lower")
        self.assertLess(rows["head_bytes_per_pending_map_element"]["value"], 60)
        self.assertLess(rows["head_bytes_per_finished_task"]["value"], 20)

    def test_three_ranks(self):
        job, rows = bench(3, "--filter", "tasks_sync$|_of_2_|containing_10k_refs")
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(len(rows), 3)
        self.assertIsNone(rows["single_client_tasks_sync"]["target"])

    def test_a_wrong_result_is_found(self):
        job, rows = bench(2, "--wrong-result", "--filter", "wrong_result|single_client_tasks_sync$")
        self.assertEqual(job.returncode, 1, job.said())
        self.assertIn("wrong_result: wrong result, as asked for", job.stderr)
        self.assertEqual(list(rows), ["single_client_tasks_sync"])

    def test_wrong_options(self):
        for arguments, words in ((["--quikc"], "--quikc"), (["--filter", "("], "no regular expression")):
            job, rows = bench(2, *arguments)
            self.assertEqual((job.returncode, rows), (2, None), job.said())
            self.assertIn(words, job.stdout + job.stderr)


if __name__ == "__main__":
    jobs.main()
