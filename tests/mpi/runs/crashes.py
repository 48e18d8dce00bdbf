# SPDX-License-Identifier: Apache-2.0
"""What a rank that crashes says: which signal, where, which task with how many bytes of arguments, on
standard error and in the run directory; and that it then ends as it would have.
"""
import os
import re
import subprocess
import tempfile
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "tests", "runs_crashing")
WHO = r"rankine: rank 1 \(\S+\) crashed, process \d+: signal "
ARGUMENTS = r"key 0x[0-9a-f]+, attempt 1, with (\d+) bytes of arguments\n"


def crash(how, ranks=2):
    """Exit code, standard error and the log that the last rank left."""
    with tempfile.TemporaryDirectory() as directory:
        job = jobs.run(ranks, PROGRAM, how, directory)
        path = os.path.join(directory, "log", f"crash-rank{ranks - 1}.txt")
        log = ""
        if os.path.exists(path):
            with open(path) as file:
                log = file.read()
    return job.returncode, job.stderr, log


class Crashes(unittest.TestCase):
    def said(self, how, *patterns):
        """Both on standard error and in the log, in this order; the exit code and the log."""
        code, stderr, log = crash(how)
        for text in (stderr, log):
            self.assertRegex(text, re.compile(".*".join(patterns), re.DOTALL), f"{how}: {stderr}\n---\n{log}")
        return code, log

    def test_a_task_that_touches_foreign_memory(self):
        code, log = self.said("segv", WHO + r"11 \(SIGSEGV.*\) at 0x10\n",
                              r"rankine: it ran task .*touch, " + ARGUMENTS)
        self.assertEqual(code, 128 + 11)
        size = int(re.search(ARGUMENTS, log).group(1))
        self.assertTrue(8000 <= size <= 8100, size)
        self.assertNotIn("overflowed", log)
        # The backtrace leads to the function.
        command = re.search(r"lines: (addr2line .*)", log).group(1)
        names = subprocess.run(command.split(), capture_output=True, text=True, check=False).stdout
        self.assertRegex(names, r"touch\(")

    def test_a_task_that_overflows_its_stack(self):
        self.said("stack", WHO + r"11 \(SIGSEGV", "it ran task .*overflow",
                  r"its stack of 10\d{5} bytes overflowed. Remedy: raise RuntimeOptions::stack_bytes")

    def test_a_gang_member_that_overflows_its_threads_stack(self):
        self.said("gang", WHO + r"11", "it ran a gang's member .*member",
                  "the stack of its thread overflowed")

    def test_abort_and_signals_that_are_sent(self):
        code, _ = self.said("abort", WHO + r"6 \(SIGABRT, a call of abort\(\)\)\n", "it ran task .*touch")
        self.assertEqual(code, 128 + 6)
        code, _ = self.said("fpe", WHO + r"8 \(SIGFPE")
        self.assertEqual(code, 128 + 8)

    def test_an_element_of_a_map(self):
        _, log = self.said("map", r"it ran task .*third, element 3 of a map, " + ARGUMENTS)
        self.assertEqual(re.search(ARGUMENTS, log).group(1), "4")

    def test_an_actors_method(self):
        self.said("actor", r"it ran the actor's method .*Fragile::poke.*, " + ARGUMENTS)

    def test_an_exception_on_a_thread_of_the_user(self):
        code, stderr, log = crash("thread")
        self.assertEqual(code, 128 + 6)
        self.assertRegex(stderr, r"rankine: nobody caught an exception on rank 1 \(\S+\): "
                                 "std::runtime_error: nobody is there")
        self.assertIn("rankine: no task ran on this thread\n", log)

    def test_a_task_that_calls_exit(self):
        code, log = self.said("exit", r"rankine: rank 1 \(\S+\) ends: exit\(5\) was called by task .*touch")
        self.assertEqual(code, 5)
        self.assertNotIn("crashed", log)

    def test_the_head_outlives_a_task_that_kills_every_other_rank(self):
        for how in ("segv", "map"):
            with jobs.Job(3, PROGRAM, how, recovery=True) as job:
                job.finish()
                self.assertRegex(job.stderr, "is not tried again, because ranks die when they run it: "
                                             "the ranks that ran it died: [12], [12]")
                self.assertNotIn("rank 0 (", job.stderr)

    def test_the_head_of_two_ranks_does_not_try_what_crashed_the_only_worker(self):
        for how in ("segv", "exit", "map", "gang"):
            with jobs.Job(2, PROGRAM, how, recovery=True) as job:
                job.finish()
                self.assertRegex(job.stderr, "the driver failed: .* is not tried again, because ranks die "
                                             "when they run it: the rank that ran it died: 1", how)
                self.assertNotIn("rank 0 (", job.stderr)

    def test_the_programs_own_handler_stays(self):
        code, stderr, log = crash("own")
        self.assertEqual((code, log), (6, ""), stderr)
        self.assertIn("the program's own handler\n", stderr)

    def test_reports_can_be_switched_off(self):
        code, stderr, log = crash("off")
        self.assertEqual((code, log), (128 + 11, ""), stderr)
        self.assertNotIn("rankine: ", stderr)


if __name__ == "__main__":
    jobs.main()
