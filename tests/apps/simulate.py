# SPDX-License-Identifier: Apache-2.0
"""rankine simulate against real runs: tasks that sleep, of varying length, with dependencies, a map and
children, recorded on 3 ranks and predicted for 2 to 8; and rankine trace as JSON; and what is said to wrong
options."""
import json
import os
import subprocess
import tempfile
import unittest

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
RANKINE = os.path.join(BUILD, "bin", "rankine")
SLEEPING = os.path.join(BUILD, "tests", "runs_sleeping")
MEAN_MS = 10
TRIES = 4


def rankine(*arguments):
    return subprocess.run([RANKINE, *[str(a) for a in arguments]], capture_output=True, text=True,
                          timeout=120, check=False)


def seconds_of_run(ranks, folder=None):
    """How long the sleeping tasks took on so many ranks of one cpu each."""
    environment = {"RANKINE_CPUS": "1"}
    if folder:
        environment["RANKINE_RUN_DIR"] = folder
    with jobs.Job(ranks, SLEEPING, MEAN_MS, env=environment) as job:
        if job.finish() != 0:
            raise AssertionError(job.said())
        return float(job.stdout.splitlines()[-1])


def predict(folder, *options):
    result = rankine("simulate", "--trace", folder, "--json", *options)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


class Simulate(unittest.TestCase):
    def test_real_runs_take_as_long_as_predicted(self):
        with tempfile.TemporaryDirectory() as folder:
            # What else the machine does makes tasks sleep longer: the best of some is what is compared.
            recorded = min((seconds_of_run(3, os.path.join(folder, str(i))), str(i)) for i in range(2))
            run = os.path.join(folder, recorded[1])
            predicted = {one["ranks"]: one for one in predict(run, "--ranks", "2,3,4,6,8")}
            for ranks, one in predicted.items():
                self.assertEqual((one["tasks"], one["failed"]), (145, 0))
                for attempt in range(TRIES):
                    real = seconds_of_run(ranks)
                    if abs(one["seconds"] / real - 1) < 0.1:
                        break
                else:
                    self.fail(f"{ranks} ranks: predicted {one['seconds']} s, took {real} s")
                print(f"{ranks} ranks: predicted {one['seconds']:.4f} s, took {real:.4f} s "
                      f"({100 * (one['seconds'] / real - 1):+.1f} %, attempt {attempt + 1})")
            self.check_answers(run)
            self.check_trace(run)

    def check_trace(self, run):
        result = rankine("trace", run)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        events = json.loads(result.stdout)["traceEvents"]
        slices = [e for e in events if e["ph"] == "X" and e["pid"] > 0]
        self.assertEqual(sum(e["args"]["elements"] for e in slices), 145)
        self.assertEqual({e["pid"] for e in slices}, {1, 2})
        ends = {}
        for one in sorted(slices, key=lambda e: e["ts"]):
            row = (one["pid"], one["tid"])
            self.assertGreaterEqual(one["ts"], ends.get(row, 0) - 0.01)
            ends[row] = one["ts"] + one["dur"]
        with open(os.path.join(run, "trace"), "rb+") as file:
            file.truncate(os.path.getsize(file.name) - 10)
        torn = rankine("trace", run)
        self.assertEqual(torn.returncode, 3)
        self.assertIn("cut off", torn.stderr)
        json.loads(torn.stdout)

    def check_answers(self, run):
        with tempfile.TemporaryDirectory() as empty:
            nothing = rankine("simulate", "--trace", empty, "--ranks", 4)
        self.assertEqual(nothing.returncode, 2)
        self.assertIn("there is no trace", nothing.stderr)
        self.assertIn("RANKINE_RUN_DIR", nothing.stderr)
        for wrong, said in ((("--ranks", 1), "2 ranks or more"), (("--ranks", 4, "--scale", 0), "scale"),
                            (("--ranks", 4, "--latency", 5), "latency"), (("--ranks", "x"), "ranks"),
                            (("--ranks", 4, "--nodes", 9), "nodes"), ((), "--ranks")):
            result = rankine("simulate", "--trace", run, *wrong)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(said, result.stderr)


if __name__ == "__main__":
    jobs.main()
