# SPDX-License-Identifier: Apache-2.0
"""Random numbers of a job do not depend on how many ranks it has, nor on the run."""
import os
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "runs_semantics")


def digest(ranks):
    job = jobs.run(ranks, PROGRAM, timeout_s=120)
    words = job.stdout.split()
    assert job.returncode == 0 and len(words) == 2 and words[0] == "digest", job.said()
    return words[1]


class SameNumbers(unittest.TestCase):
    def test_ranks_do_not_change_the_numbers(self):
        digests = {ranks: digest(ranks) for ranks in (1, 2, 3, 8)}
        self.assertEqual(len(set(digests.values())), 1, digests)


if __name__ == "__main__":
    jobs.main()
