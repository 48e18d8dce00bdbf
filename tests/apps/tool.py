# SPDX-License-Identifier: Apache-2.0
"""What `rankine` does beside runs: doctor on this machine and under mpirun, run with its command, exit codes
and Ctrl-C, help that fits a screen, and completion that knows every subcommand."""
import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
import unittest

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
RANKINE = os.path.join(BUILD, "bin", "rankine")
HELLO = os.path.join(BUILD, "bin", "rankine-hello")
SLEEPING = os.path.join(BUILD, "tests", "runs_sleeping")
SUBJECTS = {"mpirun", "root", "MPI", "MPI threads", "UCX", "one-sided", "messages", "cores", "/dev/shm",
            "GPUs", "HDF5", "Slurm"}


def environment(**variables):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("SLURM", "RANKINE", "OMPI_ALLOW"))}
    return dict(kept, **variables)


def rankine(*words, folder=None, **variables):
    return subprocess.run([RANKINE, *map(str, words)], cwd=folder, env=environment(**variables), text=True,
                          capture_output=True, timeout=120, check=False)


def findings(text):
    return {one["subject"]: one for one in map(json.loads, text.splitlines())}


class Doctor(unittest.TestCase):
    def test_alone_it_starts_ranks_and_names_what_is_wrong(self):
        done = rankine("doctor", "--json")
        found = findings(done.stdout)
        self.assertLessEqual(SUBJECTS, set(found), done)
        self.assertEqual(found["MPI"]["health"], "ok", done)
        self.assertRegex(found["messages"]["words"], r"[0-9.]+ us one way, [0-9.]+ GB/s, on one node")
        if os.geteuid() == 0:
            self.assertEqual((found["root"]["health"], done.returncode), ("BROKEN", 3))
            self.assertIn("OMPI_ALLOW_RUN_AS_ROOT", found["root"]["remedy"])
        told = rankine("doctor", OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        self.assertRegex(told.stdout, r"ok +root ")

    def test_under_mpirun_it_examines_those_ranks(self):
        ranks = len(os.sched_getaffinity(0)) + 2
        with jobs.Job(ranks, RANKINE, "doctor", "--json") as job:
            self.assertIn(job.finish(), (0, 3), job.said())
            found = findings(job.stdout)
        self.assertIn(f"{ranks} ranks on 1 node", found["MPI"]["words"])
        self.assertEqual(found["cores"]["health"], "doubtful")
        self.assertIn("more ranks than cores", found["cores"]["words"])
        self.assertIn(f"{ranks - 1} ranks", found["cores"]["remedy"])

    def test_an_mpi_without_threads_and_without_ucx_across_nodes(self):
        with tempfile.TemporaryDirectory() as folder:
            measured = {"ranks": 2, "nodes": 2, "threads": 0, "one_sided": True, "latency_us": 5, "mpi": "X"}
            for name, says in (("mpirun", json.dumps(measured)), ("ompi_info", "mca:osc:rdma:version:4")):
                path = os.path.join(folder, name)
                with open(path, "w", encoding="ascii") as file:
                    file.write(f"#!/bin/sh\necho '{says}'\n")
                os.chmod(path, 0o755)
            done = rankine("doctor", "--json", PATH=f"{folder}:{os.environ['PATH']}")
        found = findings(done.stdout)
        self.assertEqual(done.returncode, 3)
        self.assertEqual((found["MPI threads"]["health"], found["UCX"]["health"]), ("BROKEN", "BROKEN"))
        self.assertIn("built without threads", found["MPI threads"]["words"])
        self.assertIn("no UCX across nodes", found["UCX"]["words"])

    @unittest.skipIf(os.geteuid() != 0, "only root may mount")
    def test_a_small_shared_memory_and_a_gpu_without_a_driver(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "0000:01:00.0"))
            for name, says in (("vendor", "0x10de"), ("class", "0x030200")):
                with open(os.path.join(folder, "0000:01:00.0", name), "w", encoding="ascii") as file:
                    file.write(says + "\n")
            script = ('mount -t tmpfs -o size=32m none /dev/shm && '
                      'mount --bind "$1" /sys/bus/pci/devices && exec "$2" doctor --json')
            done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", folder, RANKINE],
                                  env=environment(), capture_output=True, text=True, timeout=120, check=False)
        if done.returncode not in (0, 3):
            self.skipTest("nothing can be mounted here: " + done.stderr)
        found = findings(done.stdout)
        self.assertEqual((found["/dev/shm"]["health"], found["GPUs"]["health"]), ("BROKEN", "BROKEN"), done)
        self.assertIn("is small: ", found["/dev/shm"]["words"])
        self.assertEqual(found["GPUs"]["words"], "1 without a driver")

    def test_without_mpirun_it_says_so(self):
        done = rankine("doctor", "--json", PATH="/nowhere")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(findings(done.stdout)["mpirun"]["health"], "BROKEN")


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rk-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_the_command(self):
        done = rankine("run", "--dry-run", "--run", "out", HELLO, "-n", "7", "--help", folder=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        words = shlex.split(done.stdout)
        ranks = int(words[words.index("-n") + 1])
        self.assertGreaterEqual(ranks, 2)
        self.assertLessEqual(ranks, len(os.sched_getaffinity(0)) + 1)
        for word in ("mpirun", "--enable-recovery", "--oversubscribe"):
            self.assertIn(word, words)
        self.assertEqual(words[-4:], [HELLO, "-n", "7", "--help"])
        self.assertIn(f"RANKINE_RUN_DIR={self.folder}/out", words)
        five = shlex.split(rankine("run", "-n", 5, "--dry-run", HELLO, folder=self.folder).stdout)
        self.assertEqual(five[five.index("-n") + 1], "5")
        job = rankine("run", "--dry-run", HELLO, folder=self.folder, SLURM_JOB_ID="7", SLURM_NTASKS="6",
                      SLURM_JOB_END_TIME="1")
        words = shlex.split(job.stdout)
        self.assertEqual(words[words.index("-n") + 1], "6")
        self.assertNotIn("--oversubscribe", words)

    def test_wrong_calls(self):
        for words, said in (([], "which program"), (["--bogus", HELLO], "no option --bogus"),
                            (["-n", "0", HELLO], "--ranks"), (["./not-there"], "cannot be executed")):
            done = rankine("run", *words, folder=self.folder)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(said, done.stderr)

    def test_a_run_and_its_exit_code(self):
        good = rankine("run", "-n", 3, SLEEPING, "1", folder=self.folder)
        self.assertEqual(good.returncode, 0, good)
        self.assertIn("rankine: finished with code 0", good.stderr)
        many = os.path.join(BUILD, "bin", "rankine-many-models")
        bad = rankine("run", "-n", 2, many, "--data", "not-there.csv", folder=self.folder)
        self.assertNotEqual(bad.returncode, 0, bad)

    def test_status_while_it_runs_and_afterwards(self):
        words = [RANKINE, "run", "-n", "3", "--run", "out", SLEEPING, "5", "map", "1500"]
        with subprocess.Popen(words, cwd=self.folder, env=environment(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            seen = {"ended": 0}
            while seen["ended"] == 0 and process.poll() is None:
                done = rankine("status", "out", "--json", folder=self.folder)
                seen = json.loads(done.stdout) if done.returncode == 0 else seen
                time.sleep(0.1)
            self.assertEqual(process.wait(60), 0)
        self.assertEqual((seen["state"], seen["ranks"], seen["submitted"]), ("running", 3, 1500), seen)
        self.assertGreater(seen["seconds_left"], 0)
        self.assertGreater(seen["tasks_a_second"], 10)
        after = json.loads(rankine("status", "out", "--json", folder=self.folder).stdout)
        self.assertEqual((after["state"], after["ended"], after["failed"]), ("finished", 1500, 0))
        text = rankine("status", "out", folder=self.folder).stdout
        self.assertRegex(text, r"1500 of 1500 submitted tasks ended[\s\S]*"
                               r"rank +1: +[0-9]+ tasks, the last .*nap_alone")
        with open(os.path.join(self.folder, "out", "status"), encoding="utf-8") as file:
            running = json.load(file)
        running.update(state="running", pid=process.pid)
        with open(os.path.join(self.folder, "out", "status"), "w", encoding="utf-8") as file:
            json.dump(running, file)
        killed = rankine("status", "out", "--json", folder=self.folder)
        self.assertEqual((killed.returncode, json.loads(killed.stdout)["state"]), (3, "killed"))
        nothing = rankine("status", ".", folder=self.folder)
        self.assertEqual(nothing.returncode, 1)
        self.assertIn("there is no run", nothing.stderr)
        self.assertIn("rankine: there are runs in ./out\n", nothing.stderr)

    def test_ctrl_c_is_handed_on(self):
        words = [RANKINE, "run", "-n", "3", "--run", "out", SLEEPING, "20", "map", "100000"]
        process = subprocess.Popen(words, cwd=self.folder, env=environment(), text=True,
                                   start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        status = os.path.join(self.folder, "out", "status")
        end = time.monotonic() + 60
        while not os.path.exists(status) and time.monotonic() < end:
            time.sleep(0.01)  # the next look; nothing depends on its length
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("stops in good order", said[1])
        with open(status, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["state"], "drained")


class Help(unittest.TestCase):
    def test_completion_knows_all_commands_and_options(self):
        names = re.findall(r"^  ([a-z]+) ", rankine("--help").stdout.split("Subcommands:")[1], re.MULTILINE)
        def completed(*words):
            script = ('eval "$("$1" completion)"; shift; COMP_WORDS=(rankine "$@"); COMP_CWORD=$#; _rankine; '
                      'echo "${COMPREPLY[@]}"')
            done = subprocess.run(["bash", "-c", script, "bash", RANKINE, *words], capture_output=True,
                                  text=True, timeout=60, check=True)
            return set(done.stdout.split())
        self.assertEqual(completed(""), {*names, "--help"})
        self.assertEqual(completed("rep"), {"report"})
        self.assertEqual(completed("report", "--t"), {"--to"})
        self.assertIn("--trace", completed("simulate", "--"))
        self.assertNotIn("--ranks-only", completed("doctor", "--"))

    def test_what_is_no_command(self):
        wrong = rankine("farmm", "x")
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        self.assertIn("there is no command farmm", wrong.stderr)
        option = rankine("--trace", "x")
        self.assertEqual(option.returncode, 1)
        self.assertIn("there is no command --trace", option.stderr)
        nothing = rankine()
        self.assertEqual(nothing.returncode, 1)
        self.assertIn("explain", nothing.stderr)

    def test_a_new_project_is_not_written_over_anything(self):
        with tempfile.TemporaryDirectory() as folder:
            made = rankine("new", "pie", folder=folder)
            self.assertEqual(made.returncode, 0, made)
            self.assertIn("rankine run build/pie", made.stdout)
            with open(os.path.join(folder, "pie", "CMakeLists.txt"), encoding="utf-8") as file:
                text = file.read()
            self.assertIn("add_executable(pie main.cpp)", text)
            self.assertNotIn("%NAME%", text)
            wrong = (("pie", "there already"), ("a b", "cannot be the name"), ("9", "letter first"))
            for name, said in wrong:
                again = rankine("new", name, folder=folder)
                self.assertEqual(again.returncode, 1)
                self.assertIn(said, again.stderr)

    def test_help_fits_a_screen(self):
        listed = rankine("--help")
        self.assertEqual(listed.returncode, 0)
        names = re.findall(r"^  ([a-z]+) ", listed.stdout.split("Subcommands:")[1], re.MULTILINE)
        self.assertIn("report", names)
        for words in ([], *([name] for name in names)):
            text = rankine(*words, "--help").stdout
            rows = sum(1 + len(line) // 110 for line in text.splitlines())
            self.assertLessEqual(rows, 24 if not words else 48, text)
            self.assertIn("xit code", text)


if __name__ == "__main__":
    jobs.main()
