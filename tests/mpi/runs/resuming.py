# SPDX-License-Identifier: Apache-2.0
"""The head is killed at random instants of a job and the job started again, until it ends: no task that was
in the journal when the head died runs again, and the results are those of a run that nobody disturbed.

    resuming.py [--kills N]     N kills of one job (default 3)
"""
import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
PROGRAM = os.path.join(BUILD, "tests", "runs_resuming")
TOOL = os.path.join(BUILD, "bin", "rankine")
TASKS = 240 + 12 + 20
RANKS = 3
KILLS = 3
SOMETHING = 300  # bytes of a journal with more in it than who began it


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [tuple(int(word) for word in line.split()) for line in file]


def journal_bytes(run):
    path = os.path.join(run, "journal")
    return os.path.getsize(path) if os.path.exists(path) else 0


def journalled(run):
    """The (key, element) that the journal has, and how it ended."""
    said = subprocess.run([TOOL, "journal", run, "--json"], capture_output=True, text=True, timeout=60)
    assert said.returncode in (0, 3), said.stderr
    entries = [json.loads(line) for line in said.stdout.splitlines()]
    tasks = set()
    for entry in entries:
        if "count" in entry:
            first = entry.get("first", 0)
            tasks |= {(entry["key"], first + i) for i in range(entry["count"])}
    return tasks, entries[-1]


class Resuming(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_folder = os.path.join(folder.name, "run")
        self.marks = os.path.join(folder.name, "marks")
        undisturbed = jobs.run(RANKS, PROGRAM, os.path.join(folder.name, "undisturbed"),
                               os.path.join(folder.name, "undisturbed_marks"))
        self.assertEqual(undisturbed.returncode, 0, undisturbed.said())
        self.digest = undisturbed.stdout.splitlines()[-1]
        self.assertTrue(self.digest.startswith("digest "), undisturbed.said())

    def killed_run(self, after_lines):
        """A run whose head is killed when so many more lines are there; False: it ended before."""
        before = len(lines_of(self.marks))
        with jobs.Job(RANKS, PROGRAM, self.run_folder, self.marks) as job:
            end = time.monotonic() + 60
            while job.process.poll() is None and (len(lines_of(self.marks)) < before + after_lines
                                                  or journal_bytes(self.run_folder) < SOMETHING):
                self.assertLess(time.monotonic(), end, "the job does not go on")
                time.sleep(0.002)  # the next look; nothing depends on its length
            head = job.ranks().get(0)
            if head is None or job.process.poll() is not None:
                return False
            os.kill(head, signal.SIGKILL)
            job.finish()
            self.assertEqual(job.left_after(20), [], job.said())
        return True

    def test_kills(self):
        chance = random.Random(4)
        kills = 0
        resumed = 0
        for _ in range(KILLS):
            had, _ = journalled(self.run_folder) if kills > 0 else (set(), None)
            lines = len(lines_of(self.marks))
            todo = TASKS - len(had)
            if not self.killed_run(chance.randint(1, max(1, todo // 2))):
                break
            kills += 1
            ran = collections.Counter(lines_of(self.marks)[lines:])
            again = sorted(had & set(ran))
            self.assertEqual(again, [], "journalled, and run again")
            self.assertEqual([task for task, times in ran.items() if times > 1], [], "run twice in one run")
            resumed = max(resumed, len(had))
        had, summary = journalled(self.run_folder)
        lines = len(lines_of(self.marks))
        last = jobs.run(RANKS, PROGRAM, self.run_folder, self.marks)
        self.assertEqual(last.returncode, 0, last.said())
        self.assertEqual(last.stdout.splitlines()[-1], self.digest)
        self.assertIn(f"starts {kills + 1} resumed {len(had)}", last.stdout)
        ran = collections.Counter(lines_of(self.marks)[lines:])
        self.assertEqual(sorted(had & set(ran)), [], "journalled, and run again")
        self.assertEqual(len(had) + len(ran), TASKS)
        self.assertGreater(len(had), 0, summary)
        self.assertEqual(kills, KILLS)
        whole, summary = journalled(self.run_folder)
        self.assertEqual((len(whole), summary["finished"], summary["starts"]), (TASKS, True, kills + 1))
        print(f"{kills} kills; {len(had)} of {TASKS} tasks came from the journal in the last run, "
              f"{len(lines_of(self.marks))} executions in all")

    def test_a_journal_of_another_program(self):
        self.assertTrue(self.killed_run(20))
        with open(os.path.join(self.run_folder, "journal"), "r+b") as file:
            content = file.read().replace(b"runs_resuming", b"runs_resumed!")
            file.seek(0)
            file.write(content)
        refused = jobs.run(RANKS, PROGRAM, self.run_folder, self.marks)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("damaged in its first record", refused.stderr)
        self.assertEqual(refused.stdout, "")


if __name__ == "__main__":
    if "--kills" in sys.argv:
        at = sys.argv.index("--kills")
        KILLS = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    jobs.main()
