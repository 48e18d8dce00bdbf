# SPDX-License-Identifier: Apache-2.0
"""rankine explain: of a run that goes on, whose tasks wait for each other; afterwards, of tasks that were
lost with a rank and tried again, by number, by name and by key; wrong input."""
import json
import os
import re
import signal
import subprocess
import time

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
RANKINE = os.path.join(BUILD, "bin", "rankine")
RESUMING = os.path.join(BUILD, "tests", "runs_resuming")
SLEEPING = os.path.join(BUILD, "tests", "runs_sleeping")


def explain(*words):
    return subprocess.run([RANKINE, "explain", *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False)


class Explain(jobs.InFolder):
    def setUp(self):
        super().setUp()
        self.marks = os.path.join(self.folder, "marks")

    def stories(self, *words):
        told = explain(self.out, *words, "--json")
        return [json.loads(line) for line in told.stdout.splitlines()]

    def seen_while_it_runs(self, job):
        """What it says of tasks that have not ended, once it knows of one that waits for another."""
        end = time.monotonic() + 60
        while time.monotonic() < end and job.process.poll() is None:
            stories = self.stories("--most", 1000)
            if any(story["state"] == "waiting" for story in stories):
                return stories
            time.sleep(0.02)  # the next look; nothing depends on its length
        self.fail("it ended, and no task was seen to wait")

    def test_a_run_that_goes_on_and_loses_a_rank(self):
        with jobs.Job(3, SLEEPING, 45, env={"RANKINE_RUN_DIR": self.out}, recovery=True) as job:
            stories = self.seen_while_it_runs(job)
            one = next(story for story in stories if story["state"] == "waiting")
            words = explain(self.out, one["task"]).stdout
            # It may have gone on in between.
            self.assertRegex(words, r"It waits for 1 of the 1 that it depends on: 0x[0-9a-f]+ .*\(not ended"
                                    r"\)|ended|is ready")
            os.kill(job.ranks()[1], signal.SIGKILL)
            job.finish()
        self.assertIn("All tasks that were submitted have ended", explain(self.out).stdout)
        again = [story for story in self.stories("nap", "--most", 1000)
                 if any(attempt["attempt"] > 1 for attempt in story["attempts"])]
        self.assertTrue(again, "nothing was tried again")
        self.assertIn(1, again[0]["ranks_lost"])
        self.assertRegex(explain(self.out, again[0]["task"]).stdout,
                         r"tried again +1 attempts before did not end; ranks that were lost: rank 1 at ")
        self.assertRegex(explain(self.out, "parent").stdout, r"^5 tasks; those that have not ended")
        parent = self.stories("parent", "--most", 1)[0]["task"]
        self.assertRegex(explain(self.out, parent).stdout, r"submitted +2 tasks itself")

    def test_tasks_by_their_keys(self):
        with jobs.Job(3, RESUMING, self.out, self.marks) as job:
            self.assertEqual(job.finish(), 0, job.said())
        one = self.stories("--key", 1, "--element", 7)
        self.assertEqual([(story["state"], story["element"]) for story in one], [("ended", 7)])
        last = self.stories("--key", 119)[0]
        self.assertEqual((last["state"], len(last["depends_on"]), last["key"]), ("ended", 1, 119))
        self.assertGreaterEqual(last["ready_s"], last["depends_on"][0]["ended_s"] - 1e-9)
        text = explain(self.out, last["task"]).stdout
        for words in ("depends on  " + last["depends_on"][0]["task"], "for what it depends on", "for a rank",
                      "attempt 1   on rank ", "key 119: its result is there"):
            self.assertIn(words, text)

    def test_wrong_input(self):
        for words, said in ((["nowhere"], "there is no trace"), ([], "RUN is required")):
            told = explain(*words)
            self.assertNotEqual(told.returncode, 0)
            self.assertIn(said, told.stderr)
        with jobs.Job(1, os.path.join(BUILD, "bin", "rankine-hello"),
                      env={"RANKINE_RUN_DIR": self.out}) as job:
            self.assertEqual(job.finish(), 0, job.said())
        self.assertIn("threw       std::domain_error: no real root of -1", explain(
            self.out, "careful_root").stdout)
        for words in (["0xffffff"], ["nosuchname"], ["--key", "77"]):
            told = explain(self.out, *words)
            self.assertEqual(told.returncode, 1)
            self.assertTrue(re.search("has no such task. Remedy: ", told.stderr), told.stderr)


if __name__ == "__main__":
    jobs.main()
