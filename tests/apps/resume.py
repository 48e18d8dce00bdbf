# SPDX-License-Identifier: Apache-2.0
"""rankine-many-models killed in the middle goes on from its journal, with the same bits; other options are
refused; what `rankine journal` says of all that."""
import json
import os
import signal
import subprocess
import time

import jobs
from many_models_run import PROGRAM, fit

TOOL = os.path.join(os.path.dirname(PROGRAM), "rankine")
SERIES = 4000


def tool(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60)


class Resume(jobs.InFolder):
    def setUp(self):
        super().setUp()
        self.journal = os.path.join(self.out, "journal")

    def kill_head_in_the_middle(self):
        with jobs.Job(3, PROGRAM, "--series", SERIES, "--out", self.out) as job:
            end = time.monotonic() + 60
            while not os.path.exists(self.journal) or os.path.getsize(self.journal) < 1_500_000:
                self.assertLess(time.monotonic(), end, "the journal does not grow")
                self.assertIsNone(job.process.poll(), "it ended before it could be killed")
                time.sleep(0.002)  # the next look; nothing depends on its length
            os.kill(job.ranks()[0], signal.SIGKILL)
            job.finish()

    def summary(self):
        said = tool("journal", self.out, "--json", "--summary")
        return json.loads(said.stdout.splitlines()[-1])

    def test_a_folder_of_its_own(self):
        """Without --out: no other program's results are overwritten, and jobs of an array do not meet."""
        for variables, folder in (({}, "run/rankine-many-models"), ({"RANKINE_RUN_DIR": "task_3"}, "task_3")):
            job = subprocess.run([PROGRAM, "--series", "2", "--models", "Naive"], cwd=self.folder, timeout=60,
                                 env={**os.environ, **variables}, capture_output=True, check=True)
            for name in ("status", "journal", "results.h5"):
                self.assertTrue(os.path.exists(os.path.join(self.folder, folder, name)), job.stderr)

    def test_the_same_bits(self):
        whole = fit(3, "--series", SERIES)
        self.kill_head_in_the_middle()
        had = self.summary()
        self.assertGreater(had["tasks"], 0)
        self.assertFalse(had["finished"])
        resumed = fit(2, "--series", SERIES, out=self.out)  # another number of ranks
        self.assertEqual(resumed.returncode, 0, resumed.said())
        self.assertIn(f"resumes from {self.journal}: {had['tasks']} finished tasks", resumed.stderr)
        self.assertEqual(resumed.report["chunks_resumed"], had["tasks"])
        self.assertEqual(resumed.report["results_sha256"], whole.report["results_sha256"])
        self.assertTrue(self.summary()["finished"])
        # The run is complete: by itself the next one begins anew, with --resume it takes all of it.
        again = fit(3, "--series", SERIES, "--resume", out=self.out)
        self.assertEqual(again.report["chunks_resumed"], again.report["chunks"])
        self.assertEqual(again.report["results_sha256"], whole.report["results_sha256"])
        anew = fit(3, "--series", 100, out=self.out)
        self.assertEqual(anew.report["chunks_resumed"], 0)
        self.assertIn("the last run in this directory finished", anew.stderr)
        self.assertTrue(os.path.exists(self.journal + ".finished"))

    def test_a_file_that_was_mended_meanwhile(self):
        path = os.path.join(self.folder, "long.csv")
        options = ("--data", path, "--stream-above", 1, "--season", 4, "--horizon", 4, "--models", "SES")

        def write(offset, last):
            rows = [f"s{k},{t},{offset + (k * t) % 7}\n" for k in range(200) for t in range(1, 31)]
            with open(path, "w") as file:
                file.write("id,time,value\n" + "".join(rows) + f"z,1,{last}\n")

        write(10, "oops")
        failed = fit(2, *options, out=self.out)
        self.assertEqual(failed.returncode, 1, failed.said())
        self.assertIn('value "oops" is not a number', failed.stderr)
        write(20, 1.5)
        mended = fit(2, *options, out=self.out)
        self.assertIn("resumes from", mended.stderr)
        self.assertIn(f"{path} has changed since this run began", mended.stderr)
        self.assertEqual(mended.report["chunks_resumed"], 0, mended.said())
        whole = fit(2, *options)
        self.assertEqual(mended.report["results_sha256"], whole.report["results_sha256"])

    def test_refusals(self):
        missing = fit(2, "--series", 10, "--resume", out=self.out)
        self.assertEqual(missing.returncode, 1, missing.said())
        self.assertIn(f"there is no journal {self.journal} to resume from", missing.stderr)
        self.kill_head_in_the_middle()
        other = fit(2, "--series", SERIES, "--seed", 7, out=self.out)
        self.assertEqual(other.returncode, 1, other.said())
        self.assertIn(f"--series {SERIES} --seed 1 --models benchmarks, this run is of", other.stderr)
        self.assertIn(f"--series {SERIES} --seed 7 --models benchmarks. Remedy:", other.stderr)
        self.assertEqual(other.stdout, "")
        both = fit(2, "--resume", "--fresh", out=self.out)
        self.assertEqual(both.returncode, 1, both.said())
        fresh = fit(2, "--series", 50, "--seed", 7, "--fresh", out=self.out)
        self.assertEqual(fresh.returncode, 0, fresh.said())
        self.assertEqual(fresh.report["chunks_resumed"], 0)
        self.assertTrue(os.path.exists(self.journal + ".old"))

    def test_the_journal_in_words(self):
        job = fit(2, "--series", 60, out=self.out)
        said = tool("journal", self.out)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, r"^ +8  program   rankine-many-models, --series 60 --seed 1")
        self.assertIn('saved     "units_a_chunk" 8 bytes', said.stdout)
        self.assertRegex(said.stdout, r"task      .*fit_chunk key \d+ \d+\.\d+ s \d+ bytes")
        self.assertIn(f"{job.report['chunks']} finished tasks, 0 actors, 1 saved values, 1 starts, finished",
                      said.stdout)
        lines = [json.loads(line) for line in tool("journal", self.out, "--json").stdout.splitlines()]
        self.assertEqual([line["kind"] for line in lines][:2], ["program", "note"])
        self.assertEqual(lines[-1]["records"], len(lines) - 1)
        with open(self.journal, "r+b") as file:
            file.truncate(os.path.getsize(self.journal) - 1)
        torn = tool("journal", self.journal)
        self.assertEqual(torn.returncode, 3)
        self.assertIn("its last record is cut off", torn.stdout)
        with open(self.journal, "r+b") as file:
            file.seek(lines[4]["offset"] + 20)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
        damaged = tool("journal", self.out, "--json")
        self.assertEqual(damaged.returncode, 3)
        self.assertEqual(json.loads(damaged.stdout.splitlines()[-1])["good_bytes"], lines[4]["offset"])
        nothing = tool("journal", os.path.join(self.out, "nowhere"))
        self.assertEqual((nothing.returncode, nothing.stdout), (1, ""))
        self.assertIn("rankine: there is no journal", nothing.stderr)
        foreign = tool("journal", os.path.join(self.out, "results.h5"))
        self.assertEqual(foreign.returncode, 1)
        self.assertIn("is no journal", foreign.stderr)


if __name__ == "__main__":
    jobs.main()
