# SPDX-License-Identifier: Apache-2.0
"""slurm/launch.sh without a cluster: the command it builds, the sentences it gives for wrong options, local
runs and their exit codes; and shellcheck's opinion of all scripts for jobs."""
import glob
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import jobs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAUNCH = os.path.join(ROOT, "slurm", "launch.sh")
PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-many-models")

# Stands for a program that stops before its time is up, twice, with work left.
DRAINS_TWICE = """#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" = 0 ] || exit 0
echo round >>"$RANKINE_RUN_DIR/rounds"
state=drained requeue=true
[ "$(wc -l <"$RANKINE_RUN_DIR/rounds")" -lt 3 ] || { state=finished requeue=false; }
printf '{\n  "state": "%s",\n  "code": 0,\n  "requeue": %s\n}\n' $state $requeue >"$RANKINE_RUN_DIR/status"
"""
# Stands for one that ends, while mpirun does not notice: some process of it stays for ever.
NEVER_LEAVES = """#!/bin/sh
printf '{\n  "state": "finished",\n  "code": 3,\n  "requeue": false\n}\n' >"$RANKINE_RUN_DIR/status"
exec sleep 1000
"""


# Stands for ranks that wait in MPI_Init for one that SIGUSR1 has killed.
NEVER_BEGINS = """#!/bin/sh
trap '' USR1
touch "$RANKINE_RUN_DIR/there"
while :; do sleep 1; done
"""
# Stands for one that drains when it is asked to.
DRAINS = """#!/bin/sh
trap 'printf "{\n  \\"state\\": \\"drained\\",\n  \\"code\\": 0\n}\n" >"$RANKINE_RUN_DIR/status"; exit 0' USR1
touch "$RANKINE_RUN_DIR/status" "$RANKINE_RUN_DIR/there"
while :; do sleep 0.1; done
"""


class LaunchScript(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rk-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def launch(self, *words, **variables):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("SLURM", "RANKINE"))}
        environment = dict(kept, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", **variables)
        return subprocess.run([LAUNCH, *words], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=90)

    def assert_refused(self, sentence, *words, **variables):
        done = self.launch(*words, **variables)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(sentence, done.stderr)

    def command(self, *words, **variables):
        done = self.launch("--dry-run", *words, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return shlex.split(done.stdout)

    def test_wrong_options_give_sentences(self):
        self.assert_refused("which program?")
        self.assert_refused("--local needs a value", "--local")
        self.assert_refused("give a number of ranks", "--local", "none", PROGRAM)
        self.assert_refused("it is mpirun or srun", "--launcher", "ssh", PROGRAM)
        self.assert_refused("unknown option --lokal", "--lokal", "4", PROGRAM)
        self.assert_refused("neither in", "--local", "2", "rankine-not-there")
        self.assert_refused("cannot be executed", "--local", "2", "./not-there")
        self.assert_refused("no Slurm job here", PROGRAM)
        self.assert_refused("--site not-there cannot be read", "--local", "2", "--site", "not-there", PROGRAM)
        self.assert_refused("cannot be made", "--local", "2", "--run", "/dev/null/run", PROGRAM)
        self.assert_refused("does not say how many ranks", PROGRAM, SLURM_JOB_ID="7")
        self.assert_refused("--local inside a Slurm job", "--local", "2", PROGRAM, SLURM_JOB_ID="7")

    def test_command_in_a_job(self):
        job = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "12", "SLURM_SUBMIT_DIR": "/home/me",
               "SLURM_JOB_END_TIME": "123", "RANKINE_TRANSPORT": "p2p"}
        words = self.command(PROGRAM, "--series", "two words", **job)
        run = "/home/me/run/rankine-many-models-7"
        self.assertEqual(words[:6], [f"RANKINE_RUN_DIR={run}", "mpirun", "--enable-recovery", "--bind-to",
                                     "none", "-n"])
        self.assertEqual(words[-3:], [PROGRAM, "--series", "two words"])
        for name in ("RANKINE_RUN_DIR", "RANKINE_TRANSPORT", "SLURM_JOB_END_TIME"):
            self.assertEqual(words[words.index(name) - 1], "-x")
        self.assertNotIn("RANKINE_REQUEUE", words)
        self.assertIn("RANKINE_REQUEUE", self.command("--requeue", PROGRAM, **job))
        array = dict(job, SLURM_ARRAY_JOB_ID="5", SLURM_ARRAY_TASK_ID="2")
        self.assertEqual(self.command(PROGRAM, **array)[0],
                         "RANKINE_RUN_DIR=/home/me/run/rankine-many-models-5_2")
        direct = self.command("--launcher", "srun", PROGRAM, SLURM_CPUS_PER_TASK="4", **job)
        self.assertEqual(direct[1:3], ["srun", "--mpi=pmix"])
        self.assertIn("--cpus-per-task=4", direct)

    def test_site_file_adds_options_and_variables(self):
        site = os.path.join(self.folder, "site")
        with open(site, "w") as file:
            file.write("launch_options+=(--mca btl self)\nexport RANKINE_SPILL_DIR=/scratch\necho $UNSET\n")
        words = self.command("--site", site, "--local", "2", PROGRAM)
        self.assertEqual(words[-4:], ["--mca", "btl", "self", PROGRAM])
        self.assertIn("RANKINE_SPILL_DIR", words)

    def test_local_run_ends_with_the_program_s_code(self):
        good = self.launch("--local", "2", "--run", "out", PROGRAM, "--series", "20", "--out", "out")
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn('"ranks":2', good.stdout)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "out", "status")))
        bad = self.launch("--local", "2", PROGRAM, "--data", "not-there.csv")
        self.assertEqual(bad.returncode, 1, bad.stderr)
        self.assertIn("not-there.csv", bad.stderr)

    def program(self, text):
        path = os.path.join(self.folder, "program")
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def interrupt(self, program, signal_):
        """What it says and its exit code when it gets the signal as soon as the program is there."""
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        there = os.path.join(self.folder, "out", "there")
        words = [LAUNCH, "--local", "1", "--run", "out", self.program(program)]
        with subprocess.Popen(words, cwd=self.folder, env=environment, text=True,
                              stderr=subprocess.PIPE) as process:
            end = time.monotonic() + 30
            while not os.path.exists(there) and time.monotonic() < end:
                time.sleep(0.01)  # the next look; nothing depends on its length
            process.send_signal(signal_)
            said = process.communicate(timeout=30)[1]
        return said, process.returncode

    def test_a_signal_before_the_run_has_begun_ends_it(self):
        said, code = self.interrupt(NEVER_BEGINS, signal.SIGINT)
        self.assertIn("SIGINT: the run has not begun yet, and is ended", said)
        self.assertIn("the run failed before it began", said)
        self.assertEqual(code, 1)

    def test_a_terminal_that_is_closed_stops_the_run_in_good_order(self):
        said, code = self.interrupt(DRAINS, signal.SIGHUP)
        self.assertIn("SIGHUP: the run stops in good order", said)
        self.assertEqual(code, 0, said)

    def test_requeue_on_a_laptop_goes_on_until_all_is_done(self):
        program = self.program(DRAINS_TWICE)
        done = self.launch("--local", "2", "--requeue", "--run", "out", program)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("started again, since work is left"), 2, done.stderr)
        with open(os.path.join(self.folder, "out", "rounds")) as file:
            self.assertEqual(len(file.readlines()), 3)
        once = self.launch("--local", "2", "--run", "once", program)
        self.assertEqual(once.returncode, 0, once.stderr)
        with open(os.path.join(self.folder, "once", "rounds")) as file:
            self.assertEqual(len(file.readlines()), 1)

    def test_mpirun_that_does_not_return_is_ended(self):
        site = os.path.join(self.folder, "site")
        with open(site, "w") as file:
            file.write("end_grace_s=1\n")
        done = self.launch("--site", site, "--local", "1", "--run", "out", self.program(NEVER_LEAVES))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("mpirun has not returned: ending it", done.stderr)

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck")
    def test_shellcheck_finds_nothing(self):
        scripts = [name for pattern in ("slurm/*.sh", "slurm/*.sbatch", "slurm/*.conf", "tests/cluster/*.sh")
                   for name in glob.glob(os.path.join(ROOT, pattern))]
        self.assertGreater(len(scripts), 5)
        done = subprocess.run(["shellcheck", *scripts], text=True, capture_output=True)
        self.assertEqual(done.stdout + done.stderr, "")


if __name__ == "__main__":
    jobs.main()
