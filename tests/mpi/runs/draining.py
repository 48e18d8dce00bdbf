# SPDX-License-Identifier: Apache-2.0
"""Real jobs that are told to stop: by signals as mpirun passes them on, by Ctrl-C, and by the wall time.

What mpirun 4.1 does was measured: SIGUSR1 goes to the ranks as it is. Ctrl-C and SIGTERM become SIGTERM to
the ranks one second later and SIGKILL another second after that (odls_base_sigkill_timeout), and mpirun
returns 1 whatever the ranks do: RUN/status says how the run ended.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import jobs

BUILD = pathlib.Path(os.environ["RANKINE_TEST_BUILD"])
PROGRAM = BUILD / "tests" / "runs_draining"
EXIT_CODE = pathlib.Path(__file__).resolve().parents[3] / "slurm" / "exit_code.sh"
NOTHING_KEPT = 75
INTERRUPTED = 130
LONG = (400, 50)  # tasks, milliseconds each: 20 s of work for one worker


class Draining(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rk-run-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.run_directory = os.path.join(self.folder, "run")

    def status(self):
        with open(os.path.join(self.run_directory, "status")) as file:
            return json.load(file)

    def start(self, ranks, *arguments, kept=True, **variables):
        env = {"RANKINE_RUN_DIR": self.run_directory} if kept else {}
        env.update(variables)
        job = jobs.Job(ranks, PROGRAM, *arguments, env=env)
        self.addCleanup(job.close)
        return job

    def signalled(self, how_sent, ranks=3, timeout_s=20, arguments=(*LONG, "plain"), **options):
        """The job and its exit code after it was sent a signal while it worked."""
        job = self.start(ranks, *arguments, **options)
        self.assertEqual(job.line(), "working")
        self.assertEqual(self.status()["state"] if options.get("kept", True) else "running", "running")
        how_sent(job)
        return job, job.finish(timeout_s)

    def assert_drained(self, job, reason, left=True):
        status = self.status()
        self.assertEqual(status["state"], "drained", job.said())
        self.assertEqual(status["reason"], reason)
        self.assertEqual(status["code"], 0)
        done = status["tasks_submitted"] - status["tasks_left"]
        self.assertEqual(status["tasks_left"] > 0, left, job.said())
        self.assertIn(f"rankine: stopped {reason} after {done} of {status['tasks_submitted']} tasks; "
                      f"run again with the same run directory ({self.run_directory}) to go on", job.stderr)
        self.assertEqual(jobs_exit_code(self.run_directory), 0)

    def test_usr1_drains_and_mpirun_returns_0(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                job, code = self.signalled(lambda j: j.process.send_signal(signal.SIGUSR1), ranks)
                self.assertEqual(code, 0, job.said())
                self.assert_drained(job, "on SIGUSR1")
                self.assertEqual(job.left_after(5), [])

    def test_a_signal_in_the_moment_that_the_status_says_running(self):
        job = self.start(6, *LONG, "plain")
        end = time.monotonic() + 30
        while len(pids := job.ranks()) < 6 and time.monotonic() < end:
            time.sleep(0.01)  # the next look; nothing depends on its length
        while not os.path.exists(os.path.join(self.run_directory, "status")) and time.monotonic() < end:
            pass  # each rank must listen by now, so not a moment is given away
        for pid in reversed(pids.values()):
            os.kill(pid, signal.SIGUSR1)
        self.assertEqual(job.finish(30), 0, job.said())
        self.assertEqual(self.status()["state"], "drained", job.said())

    def test_term_to_mpirun_drains_before_it_kills(self):
        job, _ = self.signalled(lambda j: j.process.terminate())
        self.assert_drained(job, "on SIGTERM")

    def test_ctrl_c_drains(self):
        job, _ = self.signalled(lambda j: j.interrupt())
        self.assert_drained(job, "on SIGTERM")  # what mpirun makes of it

    def test_a_second_ctrl_c_ends_mpirun_at_once(self):
        def twice(job):
            job.interrupt()
            time.sleep(0.2)  # a person's second press
            job.interrupt()
        start = time.monotonic()
        job, code = self.signalled(twice)
        self.assertNotEqual(code, 0)
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(self.status()["state"], "running")  # it had no chance: that is a failure
        self.assertEqual(jobs_exit_code(self.run_directory), 1)

    def alone(self, *arguments):
        """The program without mpirun, working."""
        env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   RANKINE_RUN_DIR=self.run_directory)
        process = subprocess.Popen([str(PROGRAM), *[str(a) for a in arguments]], env=env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "working\n")
        return process

    def test_ctrl_c_without_mpirun_drains_and_a_second_one_ends_at_once(self):
        process = self.alone(*LONG, "plain")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("rankine: stopped on Ctrl-C after", said)
        self.assertEqual(self.status()["state"], "drained")
        process = self.alone(0, 0, "busy")
        process.send_signal(signal.SIGINT)
        for line in process.stderr:
            if "draining on Ctrl-C" in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual(self.status()["state"], "interrupted")
        self.assertEqual(jobs_exit_code(self.run_directory), INTERRUPTED)

    def test_without_a_run_directory_nothing_is_kept_and_the_code_says_so(self):
        job, code = self.signalled(lambda j: j.process.send_signal(signal.SIGUSR1), kept=False)
        self.assertEqual(code, NOTHING_KEPT, job.said())
        self.assertIn("nothing was kept, because there is no run directory. Remedy:", job.stderr)

    def test_the_wall_time_ends_long_work_in_time_with_code_0(self):
        start = time.monotonic()
        job = self.start(2, *LONG, "plain", RANKINE_WALLTIME="3")
        code = job.finish(20)
        self.assertEqual(code, 0, job.said())
        self.assertLess(time.monotonic() - start, 6)
        self.assert_drained(job, "before the wall time")
        self.assertLess(self.status()["seconds"], 3)

    def test_tasks_and_drivers_that_do_not_notice_are_ended_by_force_in_time(self):
        for how in ("stuck", "busy"):
            with self.subTest(how=how):
                start = time.monotonic()
                job = self.start(2, 0, 0, how, RANKINE_WALLTIME="3s")
                job.finish(30)
                self.assertLess(time.monotonic() - start, 12)
                self.assertEqual(self.status()["state"], "drained", job.said())
                self.assertIn("rankine: stopped before the wall time", job.stderr)
                self.assertEqual(job.left_after(5), [])

    def test_work_that_fits_finishes_and_keeps_its_own_code(self):
        job = self.start(2, 5, 1, "code", RANKINE_WALLTIME="1:00:00")
        self.assertEqual(job.finish(20), 3, job.said())
        status = self.status()
        self.assertEqual((status["state"], status["code"], status["tasks_left"]), ("finished", 3, 0))
        self.assertEqual(jobs_exit_code(self.run_directory), 3)

    def test_requeue_is_in_the_status_only_if_work_is_left(self):
        job, _ = self.signalled(lambda j: j.process.send_signal(signal.SIGUSR1), RANKINE_REQUEUE="1")
        self.assertIs(self.status()["requeue"], True, job.said())
        job = self.start(2, 5, 1, "plain", RANKINE_REQUEUE="1")
        job.finish(20)
        self.assertIs(self.status()["requeue"], False, job.said())


def jobs_exit_code(run_directory):
    """What a launch script makes of the status."""
    return subprocess.run(["sh", str(EXIT_CODE), run_directory], capture_output=True, check=False).returncode


if __name__ == "__main__":
    jobs.main()
