# SPDX-License-Identifier: Apache-2.0
"""Which back end carries a job's messages: chosen by RANKINE_TRANSPORT or by a trial, told to who asks, equal
in what it computes. On one node the choice is the memory that its ranks share.
"""
import os
import re
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "runs_semantics")
SAID = re.compile(r"rankine: (\d+) ranks on 1 nodes, messages by (\w+): ")


def run(ranks, transport, verbose="1"):
    env = {"RANKINE_VERBOSE": verbose}
    if transport is not None:
        env["RANKINE_TRANSPORT"] = transport
    return jobs.run(ranks, PROGRAM, timeout_s=120, env=env)


class Transports(unittest.TestCase):
    def said(self, job):
        self.assertEqual(job.returncode, 0, job.said())
        lines = SAID.findall(job.stderr)
        self.assertEqual(len(lines), 1, job.said())
        return lines[0]

    def test_one_node_uses_its_memory_unless_told_otherwise(self):
        digests = set()
        for ranks in (1, 2, 3, 8):
            for transport, chosen in ((None, "node"), ("auto", "node"), ("node", "node"), ("rma", "rma"),
                                      ("p2p", "p2p")):
                with self.subTest(ranks=ranks, transport=transport):
                    job = run(ranks, transport)
                    self.assertEqual(self.said(job), (str(ranks), chosen))
                    digests.add(job.stdout)
        self.assertEqual(len(digests), 1, digests)

    def test_a_quiet_job_says_nothing(self):
        job = run(2, None, verbose="0")
        self.assertEqual((job.returncode, job.stderr), (0, ""), job.said())

    def test_a_wrong_wish_is_an_error_that_names_it(self):
        job = run(2, "tcp")
        self.assertNotEqual(job.returncode, 0)
        self.assertIn('RANKINE_TRANSPORT is "tcp": it must be node', job.stderr)
        self.assertEqual(job.stdout, "")


if __name__ == "__main__":
    jobs.main()
