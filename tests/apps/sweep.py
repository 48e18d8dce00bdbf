# SPDX-License-Identifier: Apache-2.0
"""rankine-sweep: tables in virtual time, the built-in training with gangs beside single ranks, any program;
the same history after deaths and on any number of ranks; resume; what it says of wrong input."""
import csv
import os
import signal
import sys
import time

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-sweep")
SMALL = ("--examples", 300, "--trials", 12, "--steps", 9, "--window", 4)
LONG = ("--examples", 600, "--trials", 40, "--steps", 27, "--window", 6)
SOME_FAILED = 3
SPACE = """
[space]
lr = { log_uniform = [1e-3, 1] }
kind = ["a b", "c"]
"""
# Reads its options as a stranger's script would; fails where it is told to.
SCRIPT = """
import os, sys, time
lr, kind, steps, folder = float(sys.argv[1]), sys.argv[2], int(sys.argv[3] or 1), sys.argv[4]
assert kind in ("a b", "c"), kind
assert not any(name.startswith("OMPI_COMM") for name in os.environ)
assert os.path.isdir(folder)
if lr > 0.3:
    print("a rate of", lr, "is too much", file=sys.stderr)
    sys.exit(4)
if len(sys.argv) > 5:
    time.sleep(float(sys.argv[5]))
print("epoch 1 of", steps)
print(f"loss: {(lr - 0.05) ** 2 + 1 / steps}")
"""


class Sweep(jobs.InFolder):
    def sweep(self, ranks, *options, out=None, code=0):
        job = jobs.run(ranks, PROGRAM, *options, "--out", out or self.out)
        self.assertEqual(job.returncode, code, job.said())
        return job

    def rows(self, out=None):
        with open(os.path.join(out or self.out, "results.csv"), newline="") as file:
            return list(csv.DictReader(file))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def table(self, rows=60, steps=9):
        lines = ["config,lr,width," + ",".join(f"valid_{k}" for k in range(steps + 1))]
        for k in range(rows):
            final = abs(k - 41) / rows
            curve = [final + (1 - final) * 2.0 ** -step for step in range(steps + 1)]
            lines.append(f"{k},{10 ** (-4 + 4 * k / rows):.6g},{16 << k % 4}," +
                         ",".join(f"{v:.6f}" for v in curve))
        return self.write("table.csv", "\n".join(lines) + "\n")

    # ---- Tables

    def test_no_trial_comes_to_its_end(self):
        out = os.path.join(self.folder, "few")
        job = self.sweep(2, "--trials", 4, "--scheduler", "asha", "--steps", 27, "--examples", 200,
                         out=out)
        self.assertEqual((job.report["finished"], job.report["best_state"]), (0, "paused"))
        with open(os.path.join(out, "best.toml"), encoding="utf-8") as file:
            self.assertIn(f"trial {job.report['best_trial']}, paused", file.read())
        self.assertIn("No trial came to its end", job.stdout)

    def test_table(self):
        path = self.table()
        seen = set()
        for ranks in (1, 3):
            out = os.path.join(self.folder, f"table{ranks}")
            job = self.sweep(ranks, "--table", path, "--sampler", "tpe", "--scheduler", "asha",
                             "--trials", 40, "--seed", 3, out=out)
            seen.add(job.report["history_hash"])
            rows = self.rows(out)
            self.assertEqual(len({row["lr"] for row in rows}), 40, "no row is drawn twice")
            finished = [float(row["valid"]) for row in rows if row["state"] == "finished"]
            self.assertEqual(job.report["best"], min(finished))
            self.assertLess(job.report["cost"], 20, "trials are stopped early")
            with open(os.path.join(out, "best.toml")) as file:
                self.assertIn("lr = ", file.read())
            with open(os.path.join(out, "report.html")) as file:
                page = file.read()
            for words in ("Optimisation history", "Importance", "Learning curves", "<svg"):
                self.assertIn(words, page)
            self.assertGreater(os.path.getsize(os.path.join(out, "results.h5")), 1000)
        self.assertEqual(len(seen), 1)
        whole = self.sweep(1, "--table", path, "--sampler", "random", "--scheduler", "none", "--trials", 60)
        self.assertEqual(whole.report["finished"], 60)
        self.assertAlmostEqual(whole.report["cost"], 60)
        self.assertLess(whole.report["best"], 0.01)
        many = self.sweep(1, "--table", path, "--sampler", "random", "--scheduler", "none", "--trials", 60,
                          "--mode", "async", "--workers", 20, "--fresh")
        self.assertAlmostEqual(many.report["virtual_time"], 3)

    # ---- The built-in training

    def test_training_has_the_same_history_on_any_number_of_ranks(self):
        seen = set()
        for ranks in (1, 4):
            job = self.sweep(ranks, *SMALL, out=os.path.join(self.folder, f"run{ranks}"))
            seen.add(job.report["history_hash"])
            self.assertEqual(job.report["trials"], 12)
            self.assertLess(job.report["best"], 0.6, "a sixth is right by chance")
            with open(os.path.join(self.folder, f"run{ranks}", "best.h5"), "rb") as file:
                seen.add(file.read())
        self.assertEqual(len(seen), 2, "one history and one best network")
        for scheduler in ("hyperband", "pbt"):
            job = self.sweep(3, *SMALL, "--scheduler", scheduler, "--population", 5,
                             out=os.path.join(self.folder, scheduler))
            self.assertGreater(job.report["finished"], 0)

    def test_gangs_beside_single_ranks(self):
        job = self.sweep(4, *SMALL, "--mode", "async", "--ranks-per-trial", 2, "--gang-above", 30)
        units = [int(row["units"]) for row in self.rows()]
        self.assertGreater(sum(u > 30 for u in units), 0)
        self.assertGreater(sum(u <= 30 for u in units), 0)
        self.assertEqual(job.report["failed"], 0)
        again = self.sweep(4, *SMALL, "--mode", "async", "--ranks-per-trial", 2, "--gang-above", 30,
                           "--resume")
        self.assertEqual(again.report["pieces_replayed"], again.report["pieces"])
        self.assertEqual(again.report["history_hash"], job.report["history_hash"])

    # ---- Deaths

    def kill_in_the_middle(self, rank, recovery, out, options, results=15):
        """Kills a rank when about so many results are journalled. The closed job, or None if it had ended."""
        journal = os.path.join(out, "journal")
        with jobs.Job(4, PROGRAM, *options, "--out", out, recovery=recovery) as job:
            end = time.monotonic() + 60
            while not os.path.exists(journal) or os.path.getsize(journal) < results * 4000:
                self.assertLess(time.monotonic(), end, "the journal does not grow")
                if job.process.poll() is not None:
                    return None
                time.sleep(0.002)  # the next look; nothing depends on its length
            pid = job.ranks().get(rank)
            if pid is None:
                return None
            os.kill(pid, signal.SIGKILL)
            job.returncode = job.finish()
            return job

    def some_death(self, rank, recovery, options):
        for attempt in range(5):
            out = os.path.join(self.folder, f"death{attempt}{rank}{recovery}")
            job = self.kill_in_the_middle(rank, recovery, out, options)
            if job is not None:
                return job, out
        self.fail("five runs ended before anybody could be killed")

    def test_ordered_deaths_change_nothing(self):
        wanted = self.sweep(3, *LONG).report
        survived, _ = self.some_death(2, True, LONG)
        self.assertEqual(survived.returncode, 0, survived.said())
        report = survived.report
        self.assertEqual((report["history_hash"], report["best"]), (wanted["history_hash"], wanted["best"]))
        _, out = self.some_death(0, False, LONG)
        resumed = self.sweep(2, *LONG, out=out)
        self.assertEqual(resumed.report["history_hash"], wanted["history_hash"])
        self.assertGreater(resumed.report["pieces_replayed"], 0)

    def test_async_deaths_lose_nothing(self):
        options = (*LONG, "--mode", "async")
        survived, out = self.some_death(2, True, options)
        self.assertEqual(survived.returncode, 0, survived.said())
        report = survived.report
        self.assertEqual((report["trials"], report["failed"]), (40, 0))
        replayed = self.sweep(3, *options, "--resume", out=out)
        self.assertEqual(replayed.report["history_hash"], report["history_hash"])
        self.assertEqual(replayed.report["pieces_replayed"], report["pieces"])
        _, out = self.some_death(0, False, options)
        resumed = self.sweep(4, *options, out=out)
        self.assertEqual(resumed.report["trials"], 40)
        self.assertGreater(resumed.report["pieces_replayed"], 0)

    # ---- Any program

    def command(self, *more):
        script = self.write("train.py", SCRIPT)
        space = self.write("space.toml", SPACE)
        line = " ".join([sys.executable, script, "{lr}", "{kind}", '"{steps}"', "{dir}", *more])
        return ("--command", line, "--space", space)

    def test_command(self):
        job = self.sweep(3, *self.command(), "--sampler", "random", "--steps", 9, "--trials", 12,
                         code=SOME_FAILED)
        rows = self.rows()
        failed = [row for row in rows if row["state"] == "failed"]
        self.assertEqual(len(failed), sum(float(row["lr"]) > 0.3 for row in rows))
        self.assertGreater(len(failed), 0)
        self.assertIn("exit code 4; its errors end in: a rate of", failed[0]["words"])
        self.assertIn("failed: trial", job.stderr)
        best = min((row for row in rows if row["state"] == "finished"), key=lambda row: float(row["metric"]))
        self.assertAlmostEqual(job.report["best"], (float(best["lr"]) - 0.05) ** 2 + 1 / 9)
        self.assertTrue(os.path.exists(os.path.join(self.out, "trials", "trial-00000", "errors.txt")))

    def test_command_that_hangs_or_is_not_there(self):
        job = self.sweep(2, *self.command("60"), "--sampler", "random", "--steps", 1, "--scheduler", "none",
                         "--trials", 2, "--trial-timeout", 0.5, "--seed", 5, code=SOME_FAILED)
        words = [row["words"] for row in self.rows()]
        self.assertTrue(any("it ran longer than 0.5 s and was ended" in w for w in words), words)
        space = self.write("space.toml", SPACE)
        self.sweep(2, "--command", "/nowhere/train {lr}", "--space", space, "--trials", 1, "--fresh",
                   code=SOME_FAILED)
        self.assertIn('"/nowhere/train" cannot be started: No such file', self.rows()[0]["words"])
        self.assertIsNone(job.report["best"])

    def test_other_examples_are_refused(self):
        rows = [f"{k % 250},{k % 7},{k % 3}\n" for k in range(300)]
        data = self.write("examples.csv", "".join(rows))
        self.sweep(2, "--data", data, "--trials", 2, "--steps", 1)
        self.write("examples.csv", "".join(reversed(rows)))
        other = self.sweep(2, "--data", data, "--trials", 2, "--steps", 1, "--resume", code=1)
        self.assertIn(f"{data} has changed since this run began", other.stderr)

    def test_wrong_input(self):
        space = self.write("space.toml", SPACE)
        table = self.table()
        missing = self.sweep(2, *SMALL, "--resume", out=os.path.join(self.folder, "new"), code=1)
        self.assertIn("there is no journal", missing.stderr)
        for sentence, options in (
                ("needs --space FILE", ("--command", "train {lr}")),
                ("nothing is called {rate}; there are:", ("--command", "train {rate}", "--space", space)),
                ("has {steps}: give --steps", ("--command", "train {steps}", "--space", space)),
                ("without {steps} can only be run whole", ("--command", "train {lr}", "--space", space,
                                                          "--scheduler", "asha")),
                ("there is no scheduler \"best\"; there are: none", ("--scheduler", "best", *SMALL)),
                ("best is none of", ("--sampler", "best", *SMALL)),
                ("cannot open /nowhere.csv", ("--table", "/nowhere.csv")),
                ("there is no column \"auc\"; there are: config", ("--table", table, "--objective", "auc")),
                ("--trials: Value 0 not in range", ("--trials", 0)),
                ("cannot open /nowhere", ("--data", "/nowhere/x.csv"))):
            with self.subTest(sentence=sentence):
                job = self.sweep(2, *options, out=os.path.join(self.folder, "wrong"), code=1)
                self.assertIn(sentence, job.stderr)
                self.assertEqual(job.stdout, "")


if __name__ == "__main__":
    jobs.main()
