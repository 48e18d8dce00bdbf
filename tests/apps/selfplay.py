# SPDX-License-Identifier: Apache-2.0
"""rankine-selfplay learns a little Connect Four, rates its league, gives the same on any number of ranks and
after a kill, and says what is wrong with its options."""
import os
import signal
import tempfile
import time
import unittest

import jobs

try:
    import h5py
except ImportError:
    h5py = None  # then the file is not looked into

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-selfplay")
REST = ("--checkpoints", 2, "--games", 20, "--hidden", "32,32", "--rate", 0.003)
SMALL = ("--steps", 24_576, *REST)


class Plays(unittest.TestCase):
    def play(self, ranks):
        with tempfile.TemporaryDirectory() as out:
            job = jobs.run(ranks, PROGRAM, *SMALL, "--out", out)
            self.assertEqual(job.returncode, 0, job.said())
            self.assertTrue(os.path.exists(os.path.join(out, "league.h5")))
            if h5py is not None:
                with h5py.File(os.path.join(out, "league.h5")) as file:
                    self.assertEqual(len(file["members"]), 9)
                    self.assertEqual(file["parameters_7"].shape, file["parameters_5"].shape)
        return job.report

    def test_learns_the_same_on_one_rank_and_three(self):
        one, three = self.play(1), self.play(3)
        ratings = one["ratings"]
        self.assertEqual(list(ratings)[:5], ["random", "heuristic", "minimax-1", "minimax-2", "minimax-3"])
        learnt = list(ratings.values())[5:]
        self.assertEqual(len(learnt), 4)
        self.assertGreater(learnt[3], learnt[0] + 50)
        for key in ("ratings", "minimax3_wins", "early_wins"):
            self.assertEqual(one[key], three[key])


class Resumes(unittest.TestCase):
    STEPS = (*REST, "--steps", 98_304, "--checkpoint-seconds", 0)

    def stop(self, out, signal_number):
        """A run that hears the signal once another state of its learning is in the journal; its exit code."""
        journal = os.path.join(out, "journal")
        before = os.path.getsize(journal) if os.path.exists(journal) else 0
        with jobs.Job(2, PROGRAM, *self.STEPS, "--out", out) as job:
            end = time.monotonic() + 60
            while not os.path.exists(journal) or os.path.getsize(journal) < before + 100_000:
                self.assertLess(time.monotonic(), end, "the journal does not grow")
                self.assertIsNone(job.process.poll(), "it ended before it could be stopped")
                time.sleep(0.002)  # the next look; nothing depends on its length
            os.kill(job.ranks()[0], signal_number)
            return job.finish()

    def test_the_same_after_a_kill_and_a_stop(self):
        with tempfile.TemporaryDirectory() as folder:
            whole = jobs.run(1, PROGRAM, *self.STEPS, "--out", os.path.join(folder, "whole"))
            self.assertEqual(whole.returncode, 0, whole.said())
            out = os.path.join(folder, "cut")
            self.assertNotEqual(self.stop(out, signal.SIGKILL), 0)
            self.assertEqual(self.stop(out, signal.SIGUSR1), 0)
            resumed = jobs.run(3, PROGRAM, *self.STEPS, "--out", out)
            self.assertEqual(resumed.returncode, 0, resumed.said())
        whole, resumed = (job.report for job in (whole, resumed))
        self.assertEqual(whole["steps_resumed"], 0)
        self.assertGreater(resumed["steps_resumed"], 0)
        self.assertLess(resumed["steps_resumed"], resumed["steps"])
        for key in ("ratings", "minimax3_wins", "minimax3_losses", "early_wins", "early_losses"):
            self.assertEqual(whole[key], resumed[key])


class Refuses(unittest.TestCase):
    def test_wrong_options(self):
        for words, arguments in (("minibatch", ("--minibatch", 0)), ("--checkpoints", ("--checkpoints", 0))):
            job = jobs.run(1, PROGRAM, *arguments)
            self.assertEqual(job.returncode, 1, job.said())
            self.assertIn(words, job.stderr + job.stdout)


if __name__ == "__main__":
    unittest.main()
