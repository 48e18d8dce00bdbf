# SPDX-License-Identifier: Apache-2.0
"""rankine-selfplay learns a little Connect Four, rates its league, gives the same on any number of ranks, and
says what is wrong with its options."""
import json
import os
import tempfile
import unittest

import jobs

try:
    import h5py
except ImportError:
    h5py = None  # then the file is not looked into

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-selfplay")
SMALL = ("--steps", 24_576, "--checkpoints", 2, "--games", 20, "--hidden", "32,32", "--rate", 0.003)


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
        return json.loads(job.stdout.splitlines()[-1])

    def test_learns_the_same_on_one_rank_and_three(self):
        one, three = self.play(1), self.play(3)
        ratings = one["ratings"]
        self.assertEqual(list(ratings)[:5], ["random", "heuristic", "minimax-1", "minimax-2", "minimax-3"])
        learnt = list(ratings.values())[5:]
        self.assertEqual(len(learnt), 4)
        self.assertGreater(learnt[3], learnt[0] + 50)
        for key in ("ratings", "minimax3_wins", "early_wins"):
            self.assertEqual(one[key], three[key])


class Refuses(unittest.TestCase):
    def test_wrong_options(self):
        for words, arguments in (("minibatch", ("--minibatch", 0)), ("--checkpoints", ("--checkpoints", 0))):
            job = jobs.run(1, PROGRAM, *arguments)
            self.assertEqual(job.returncode, 1, job.said())
            self.assertIn(words, job.stderr + job.stdout)


if __name__ == "__main__":
    unittest.main()
