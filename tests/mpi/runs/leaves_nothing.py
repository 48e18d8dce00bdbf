# SPDX-License-Identifier: Apache-2.0
"""After success, a failure, or Ctrl-C at any instant, no process and no file of the job is left."""
import os
import random
import time
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "runs_endings")
RANKS = 3
GONE_S = 10
INTERRUPTS = int(os.environ.get("RANKINE_TEST_INTERRUPTS", "12"))
SEED = int(os.environ.get("RANKINE_TEST_SEED", "1"))


class LeavesNothing(unittest.TestCase):
    def end(self, how, ranks=RANKS):
        """Lets a job end by itself; checks that nothing is left; returns it."""
        with jobs.Job(ranks, PROGRAM, how) as job:
            job.returncode = job.finish()
            self.assertEqual(job.left_after(GONE_S), [], f"{how} on {ranks} ranks left this\n{job.said()}")
        return job

    def test_the_look_sees_what_is_left(self):
        with jobs.Job(1, "sh", "-c", f"""
                touch "$TMPDIR/a_file" "{jobs.SHARED_MEMORY}/${jobs.MARK}"
                setsid sleep 600 < /dev/null > /dev/null 2>&1 &""") as job:
            self.addCleanup(os.remove, os.path.join(jobs.SHARED_MEMORY, job.mark))
            self.assertEqual(job.finish(), 0, job.said())
            words = "\n".join(job.left_after(0))
        self.assertIn("a_file", words)
        self.assertIn(f"{jobs.SHARED_MEMORY}/{job.mark}", words)
        self.assertIn("sleep 600", words)

    def test_after_success(self):
        for ranks in (1, 2, RANKS):
            job = self.end("success", ranks)
            self.assertEqual((job.returncode, job.stderr), (0, ""), job.said())

    def test_after_a_driver_that_returns_a_code(self):
        self.assertEqual(self.end("code").returncode, 7)

    def test_after_a_driver_that_throws(self):
        for ranks in (1, RANKS):
            job = self.end("driver", ranks)
            self.assertEqual(job.returncode, 1, job.said())
            self.assertIn("rankine: the driver failed: the driver gave up\n", job.stderr)

    def test_after_a_task_that_throws(self):
        job = self.end("task")
        self.assertEqual(job.returncode, 1, job.said())
        self.assertIn("std::out_of_range: no element 3 [in task ", job.stderr)

    def test_after_a_driver_that_throws_while_others_compute(self):
        job = self.end("busy")
        self.assertNotEqual(job.returncode, 0, job.said())
        self.assertIn("the driver gave up while others compute", job.stderr)

    def test_after_an_interrupt_while_working(self):
        with jobs.Job(RANKS, PROGRAM, "forever") as job:
            self.assertEqual(job.line(), "working")
            self.interrupt(job, "working")

    def test_after_an_interrupt_at_any_instant(self):
        with jobs.Job(RANKS, PROGRAM, "forever") as job:
            start = time.monotonic()
            self.assertEqual(job.line(), "working")
            started_s = time.monotonic() - start
            self.interrupt(job, "working")
        instants = random.Random(SEED)
        for _ in range(INTERRUPTS):
            delay_s = instants.uniform(0, 1.3 * started_s)
            with jobs.Job(RANKS, PROGRAM, "forever") as job:
                time.sleep(delay_s)  # the random instant
                self.interrupt(job, f"{delay_s:.3f} s of {started_s:.3f} s after the start")

    def interrupt(self, job, when):
        job.interrupt()
        code = job.finish(timeout_s=2 * GONE_S)
        self.assertNotEqual(code, 0, f"interrupted {when}\n{job.said()}")
        self.assertEqual(job.left_after(GONE_S), [], f"interrupted {when}, left this\n{job.said()}")


if __name__ == "__main__":
    jobs.with_private_shared_memory()
    jobs.main()
