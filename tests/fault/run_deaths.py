# SPDX-License-Identifier: Apache-2.0
"""Ranks that die in every way that a process can: each scene of `fault_deaths` is a job that must come out as
promised, end by itself, and leave no process behind."""
import os
import signal
import threading
import time
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "fault_deaths")
RANKS = 5
END_S = 60


class Deaths(unittest.TestCase):
    def play(self, scene, on_line=None, ranks=RANKS):
        """Runs a scene to its end; each line it prints goes to `on_line`. Returns its lines."""
        with jobs.Job(ranks, PROGRAM, scene, recovery=True) as job:
            watchdog = threading.Timer(END_S, job.kill)
            watchdog.start()
            said = []
            while not said or ": as promised" not in said[-1]:
                said.append(job.line())
                if on_line:
                    on_line(said[-1])
            watchdog.cancel()
            job.finish(END_S)
            self.assertEqual(job.left_after(5), [], job.said())
            return said

    def test_a_killed_rank(self):
        self.play("sigkill")

    def test_a_segmentation_fault(self):
        self.play("segv")

    def test_an_abort(self):
        self.play("abort")

    def test_an_exit(self):
        self.play("exit")

    def test_a_rank_that_asks_for_too_much_memory(self):
        self.play("memory")

    def test_a_task_that_kills_its_ranks_is_named(self):
        said = "\n".join(self.play("poison"))
        self.assertRegex(said, r"poison: rankine: the poison is not tried again, .*died: \d, \d, \d")

    def test_it_does_not_take_the_head_along(self):
        said = "\n".join(self.play("poison", ranks=3))
        self.assertRegex(said, r"poison: rankine: the poison is not tried again, .*died: \d, \d\. Remedy")

    def test_a_frozen_rank_is_given_up_and_killed(self):
        stopped = []

        def on_line(line):
            word, _, pid = line.partition(": ")
            if word == "stop":
                stopped.append(int(pid))
                os.kill(int(pid), signal.SIGSTOP)

        self.play("frozen", on_line)
        self.assertEqual(len(stopped), 1)
        self.assertFalse(os.path.exists(f"/proc/{stopped[0]}"), "the frozen rank is still there")

    def test_a_rank_that_comes_back_in_time_is_kept(self):
        def on_line(line):
            word, _, pid = line.partition(": ")
            if word == "stop":
                os.kill(int(pid), signal.SIGSTOP)
                time.sleep(0.5)  # a third of what it takes to be given up
                os.kill(int(pid), signal.SIGCONT)

        self.play("thawed", on_line)

    def test_a_gang_whose_member_dies_runs_anew(self):
        self.play("gang")

    def test_rank_0_joins_a_gang_when_too_few_are_left(self):
        said = "\n".join(self.play("gang with the head", ranks=3))
        self.assertRegex(said, r"too large: .*a gang of 3 ranks asks for 1 cpus on each")

    def test_a_rank_outlives_the_creation_of_a_communicator_in_which_another_one_died(self):
        self.play("creation", ranks=3)

    def test_an_actor_goes_on_from_its_checkpoint(self):
        said = "\n".join(self.play("actor"))
        self.assertRegex(said, r"no restart: .*the rank that ran it died: \d; no restart is left")

    def test_rank_0_works_when_the_last_worker_is_gone(self):
        self.play("last worker")

    def test_a_task_without_a_retry_fails_with_its_rank(self):
        said = "\n".join(self.play("no retry"))
        self.assertRegex(said, r"no retry: rankine: fragile failed: the rank that ran it died: \d; no retry")

    def test_ranks_leave_when_the_head_is_killed(self):
        with jobs.Job(RANKS, PROGRAM, "headless", recovery=True) as job:
            pid = int(job.line().partition(": ")[2])
            os.kill(pid, signal.SIGKILL)
            job.finish(END_S)
            self.assertEqual(job.left_after(5), [], job.said())
            self.assertEqual(job.stderr.count("leaves: the head (rank 0) died"), RANKS - 1, job.said())


if __name__ == "__main__":
    jobs.main()
