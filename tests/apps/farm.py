# SPDX-License-Identifier: Apache-2.0
"""rankine farm: ends, retries, time limits, outputs, arrays and rows, wrong input; lines that run again after
a worker or the whole job was killed, and lines that do not."""
import collections
import csv
import json
import os
import signal
import subprocess
import time

import jobs

TOOL = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine")
SOME_FAILED = 3


def rank_process(job, rank, name="rankine"):
    """The process of a rank, or its helper (rankine-spawn), which has the same environment."""
    for pid in job.processes():
        if jobs.environment_of(pid).get("OMPI_COMM_WORLD_RANK") == str(rank):
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == name:
                    return pid
    raise AssertionError(f"rank {rank} is not there")


class Farm(jobs.InFolder):
    def setUp(self):
        super().setUp()
        self.log = os.path.join(self.folder, "log")

    def commands(self, *lines):
        path = os.path.join(self.folder, "commands.txt")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def farm(self, *arguments, ranks=3, **options):
        return jobs.run(ranks, TOOL, "farm", "--out", self.out, *arguments, **options)

    def results(self):
        with open(os.path.join(self.out, "results.csv"), newline="") as file:
            return {int(row["line"]): row for row in csv.DictReader(file)}

    def output(self, *arguments):
        return subprocess.run([TOOL, "farm", "output", self.out, *arguments], capture_output=True, text=True,
                              timeout=60)

    def marks(self):
        """How often each line ran to its end, by what it wrote."""
        with open(self.log) as file:
            return collections.Counter(int(line) for line in file)

    def wait_for_lines(self, job, count):
        end = time.monotonic() + 60
        while not os.path.exists(self.log) or os.path.getsize(self.log) < 4 * count:
            self.assertLess(time.monotonic(), end, "no lines are done")
            self.assertIsNone(job.process.poll(), "it ended early")
            time.sleep(0.002)  # the next look; nothing depends on its length

    @staticmethod
    def processes_left(job):
        end = time.monotonic() + 20
        while (left := job.processes()) and time.monotonic() < end:
            time.sleep(0.02)  # the next look; nothing depends on its length
        return [jobs.command_of(pid) for pid in left]

    def test_ends_retries_and_time_limits(self):
        first_fails = f'[ -e {self.folder}/there ] || {{ touch {self.folder}/there; exit 1; }}'
        job = self.farm(self.commands(
            "# words", "echo hello $RANKINE_LINE; echo trouble >&2", "exit 7", "kill -ABRT $$",
            "#@ timeout=0.2s name=slow", "sleep 100", "#@ retries=2", first_fails, "echo no >&2; false",
            "nosuchcommand x"))
        # mpirun gives the head's code, there being nobody who died.
        self.assertEqual(job.returncode, SOME_FAILED, job.said())
        keys = ("commands", "succeeded", "failed", "timed_out", "retried")
        self.assertEqual([job.report[key] for key in keys], [7, 2, 5, 1, 5])
        rows = self.results()
        ends = {line: (row["state"], row["exit_code"], row["signal"], row["attempts"])
                for line, row in rows.items()}
        self.assertEqual(ends,
                         {2: ("ok", "0", "0", "1"), 3: ("failed", "7", "0", "1"),
                          4: ("failed", "134", "6", "1"),
                          6: ("timeout", "143", "15", "1"), 8: ("ok", "0", "0", "2"),
                          9: ("failed", "1", "0", "3"), 10: ("failed", "127", "0", "3")})
        self.assertEqual(rows[6]["name"], "slow")
        self.assertIn("signal 6 (Aborted)", job.stdout)
        self.assertRegex(job.stdout, r"\n +no\n")  # what the line said last
        said = self.output("2")
        self.assertEqual((said.stdout, said.stderr), ("hello 2\n", "trouble\n"))
        self.assertEqual(self.output("--errors", "2", "9").stdout, "trouble\nno\n")
        self.assertIn("has no line 1", self.output("1").stderr)

    def test_without_mpirun(self):
        env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        command = [TOOL, "farm", "-", "--out", self.out, "--ranks", "2"]
        def run(text):
            return subprocess.run(command, input=text, capture_output=True, text=True, env=env, timeout=60)

        good = run("/bin/true\n")
        self.assertEqual(good.returncode, 0, good.stderr)
        bad = run("false\n")
        self.assertEqual(bad.returncode, SOME_FAILED, bad.stderr)
        self.assertEqual(json.loads(bad.stdout.splitlines()[-1])["ranks"], 2)
        env["PATH"] = "/nowhere"
        none = run("true\n")
        self.assertEqual(none.returncode, 2, none.stderr)
        self.assertIn("mpirun is not on the PATH. Remedy: install Open MPI", none.stderr)

    def test_arrays_and_rows(self):
        job = self.farm("--command", 'echo {} "$RANKINE_ARRAY_INDEX"', "--array", "3-9:3", ranks=2)
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(self.output("3", "9").stdout, "3 3\n9 9\n")
        table = os.path.join(self.folder, "table.csv")
        with open(table, "w") as file:
            file.write("rate,name,@cpus\n0.1,a b,1\n0.2,$HOME,0.5\n")
        job = self.farm("--command", "echo {name} {rate}", "--csv", table, ranks=2)
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(self.output("1", "2").stdout, "a b 0.1\n$HOME 0.2\n")

    def test_resources(self):
        lines = ["#@ cpus=2", "echo $OMP_NUM_THREADS", "#@ cpus=1", "echo $OMP_NUM_THREADS"]
        job = self.farm(self.commands(*lines), ranks=2, env={"RANKINE_CPUS": "2"})
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(self.output("2", "4").stdout, "2\n1\n")
        job = self.farm(self.commands("#@ cpus=64", "echo"), ranks=2, env={"RANKINE_CPUS": "2"})
        self.assertEqual(job.returncode, SOME_FAILED, job.said())
        self.assertIn("cpus", job.stdout)
        # Two that wait for each other: they run at once on one rank of two CPUs.
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        job = self.farm(self.commands(f"echo x > {fifo}", f"cat {fifo}"), ranks=2, env={"RANKINE_CPUS": "2"})
        self.assertEqual(job.returncode, 0, job.said())

    def test_wrong_input(self):
        nowhere = os.path.join(self.folder, "nowhere")
        for arguments, words in (
                ([], "name a file of commands"),
                ([nowhere], "nowhere"),
                ([self.commands("#@ cpus=x", "echo")], "commands.txt, line 1: cpus=x"),
                (["--command", "echo {}", "--array", "5-1"], "--array 5-1"),
                (["--command", "true", "--timeout", "soon"], "timeout=soon")):
            wrong = subprocess.run([TOOL, "farm", "--out", self.out, *arguments], capture_output=True,
                                   text=True, timeout=60)
            self.assertEqual((wrong.returncode, wrong.stdout), (1, ""), wrong)
            self.assertIn(words, wrong.stderr)
        job = self.farm(nowhere, ranks=2)  # ranks say it once
        self.assertEqual((job.returncode, job.stderr.count("nowhere")), (1, 1), job.said())

    def test_a_killed_worker_and_a_killed_job(self):
        count = 300
        line = f"sleep 0.01; echo $RANKINE_LINE >> {self.log}"
        path = self.commands(*[line + f" # {k}" for k in range(count)])
        with jobs.Job(4, TOOL, "farm", "--out", self.out, path, recovery=True) as job:
            self.wait_for_lines(job, 40)
            os.kill(rank_process(job, 1), signal.SIGKILL)
            self.wait_for_lines(job, 100)
            for pid in [job.process.pid, *[rank_process(job, rank) for rank in (0, 2, 3)]]:
                os.kill(pid, signal.SIGKILL)
            job.finish()
            self.assertEqual(self.processes_left(job), [], "commands or helpers outlive the job")
        before = sum(self.marks().values())
        self.assertLess(before, count)
        job = self.farm(path, ranks=3)
        self.assertEqual(job.returncode, 0, job.said())
        marks = self.marks()
        self.assertEqual(sorted(marks), list(range(1, count + 1)), "lines are lost")
        # Twice ran what was running when its rank was killed, or had ended a moment before.
        self.assertLessEqual(sum(marks.values()) - count, 20)
        self.assertGreaterEqual(job.report["resumed"], before - 20)
        # A line more, and one less: only what is new runs.
        with open(path) as file:
            lines = file.read().splitlines()
        job = self.farm(self.commands("true", *lines[1:]), "--resume", ranks=2)
        self.assertEqual((job.report["resumed"], job.report["succeeded"]), (count - 1, count), job.said())
        self.assertEqual(sum(self.marks().values()), sum(marks.values()))
        self.assertEqual(self.output("2").returncode, 0)

    def test_no_command_outlives_its_rank_or_its_helper(self):
        def kill_group(job):
            os.killpg(os.getpgid(rank_process(job, 1)), signal.SIGKILL)

        def kill_helper(job):
            os.kill(rank_process(job, 1, "rankine-spawn"), signal.SIGKILL)

        # The shell has a child: what dies with its parent is only the shell. Without --enable-recovery the
        # job ends with the rank.
        path = self.commands(f"echo $RANKINE_LINE >> {self.log}; sleep 300; :")
        for mishap in (kill_group, kill_helper):
            with self.subTest(mishap=mishap.__name__):
                with jobs.Job(2, TOOL, "farm", "--fresh", "--out", self.out, path) as job:
                    self.wait_for_lines(job, 0.5)
                    mishap(job)
                    job.finish()
                    self.assertEqual(self.processes_left(job), [])
                os.remove(self.log)

    def test_what_failed_runs_again(self):
        path = self.commands(f"echo 1 >> {self.log}", f"echo 2 >> {self.log}; [ -e {self.folder}/there ]")
        self.assertEqual(self.farm(path, ranks=2).returncode, SOME_FAILED)
        with open(os.path.join(self.folder, "there"), "w"):
            pass
        job = self.farm(path, "--resume", ranks=2)
        self.assertEqual((job.returncode, job.report["resumed"]), (0, 1), job.said())
        self.assertEqual(self.marks(), {1: 1, 2: 2})

    def test_wall_time(self):
        path = self.commands(*["sleep 0.2 # " + str(k) for k in range(200)])
        job = self.farm(path, "--walltime", "3", ranks=3)
        self.assertEqual(job.returncode, 0, job.said())
        self.assertTrue(job.report["stopped"])
        self.assertGreater(job.report["succeeded"], 0)
        self.assertEqual(job.report["succeeded"] + job.report["not_run"], 200)
        self.assertIn("run again with the same run directory", job.stderr)
        again = self.farm(self.commands("sleep 0.2 # 0"), ranks=2)
        self.assertEqual((again.returncode, again.report["resumed"]), (0, 1), again.said())


if __name__ == "__main__":
    jobs.main()
