# SPDX-License-Identifier: Apache-2.0
"""rankine-census: the report, the same bits on any number of ranks, after the death of a worker and after a
resume that does not fit again; what it says of wrong input."""
import gzip
import hashlib
import os
import signal
import time

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-census")
SMALL = ("--rows", 3000)
# Of a length that one can die in: the single model 2 s, the 30 of the groups 0.3 s.
LONG = ("--rows", 6000, "--trees", 600, "--shrinkage", 0.01, "--depth", 5)
GLOBAL_BYTES = 24 * 1300  # of the single model's result in the journal, at least
SOME_FAILED = 3


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Census(jobs.InFolder):
    def census(self, ranks, *options, out=None, code=0):
        job = jobs.run(ranks, PROGRAM, *options, "--out", out or self.out)
        self.assertEqual(job.returncode, code, job.said())
        return job

    def digests(self, report, out):
        return (report["results_hash"], sha256(os.path.join(out, "groups.h5")),
                sha256(os.path.join(out, "global.h5")))

    def test_same_bits_on_any_number_of_ranks(self):
        seen = set()
        for ranks in (1, 2, 4):
            out = os.path.join(self.folder, f"run{ranks}")
            job = self.census(ranks, *SMALL, out=out)
            said = job.report
            self.assertEqual((said["groups"], said["failed"], said["ranks"]), (30, 0, ranks))
            seen.add(self.digests(job.report, out))
        self.assertEqual(len(seen), 1)
        out = os.path.join(self.folder, "files")
        through_files = self.census(2, *SMALL, "--memory", 50_000, out=out)
        self.assertTrue(through_files.report["on_disk"])
        seen.add(self.digests(through_files.report, out))
        self.assertEqual(len(seen), 1, "a table that goes through files gives the same")
        other = self.census(2, *SMALL, "--seed", 2, out=os.path.join(self.folder, "other"))
        self.assertNotIn(other.report["results_hash"], {digest[0] for digest in seen})

    def test_groups_that_differ_are_better_served_by_models_of_their_own(self):
        job = self.census(3, "--rows", 20000)
        own, single = job.report["group_models"], job.report["global_model"]
        self.assertGreater(own["auc"], single["auc"] + 0.01)
        self.assertLess(own["log_loss"], single["log_loss"] - 0.01)
        self.assertGreater(single["auc"], 0.7)
        self.assertRegex(job.stdout, r"(?m)^group +tested +AUC")
        self.assertRegex(job.stdout, r"(?m)^all +\d{4} +0\.\d{4}")
        self.assertIn("30 of 30 models", job.stderr)

    def die_in_the_middle(self, rank, recovery, out):
        """Kills a rank when the groups have begun. The closed job, or None where it had ended before."""
        journal = os.path.join(out, "journal")
        with jobs.Job(4, PROGRAM, *LONG, "--out", out, recovery=recovery) as job:
            end = time.monotonic() + 60
            while not os.path.exists(journal) or os.path.getsize(journal) < GLOBAL_BYTES:
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

    def some_death(self, rank, recovery):
        for attempt in range(5):
            out = os.path.join(self.folder, f"death{attempt}")
            job = self.die_in_the_middle(rank, recovery, out)
            if job is not None:
                return job, out
        self.fail("five runs ended before anybody could be killed")

    def test_deaths(self):
        whole = self.census(3, *LONG)
        wanted = self.digests(whole.report, self.out)
        survived, out = self.some_death(2, recovery=True)
        self.assertEqual(survived.returncode, 0, survived.said())
        self.assertEqual(self.digests(survived.report, out), wanted)

        _, out = self.some_death(0, recovery=False)
        resumed = self.census(2, *LONG, out=out)
        self.assertTrue(resumed.report["global_resumed"], "the single model was in the journal")
        self.assertEqual(self.digests(resumed.report, out), wanted)
        again = self.census(3, *LONG, "--resume", out=out)
        self.assertEqual(again.report["chunks_resumed"], again.report["chunks"])
        self.assertEqual(self.digests(again.report, out), wanted)

    def test_a_group_that_cannot_be_fitted(self):
        rows = "".join(f"{shop},{k},{k % 2}\n" for shop in ("north", "south") for k in range(40))
        path = os.path.join(self.folder, "shops.csv.gz")
        with gzip.open(path, "wt") as file:
            file.write("shop,x,label\n" + rows + "west,1,\n")
        options = ("--data", path, "--by", "shop", "--label", "label", "--positive", "1")
        refused = self.census(2, *options, code=1)
        self.assertIn('the whole table: column "label" has missing values', refused.stderr)
        with gzip.open(path, "wt") as file:
            file.write("shop,x,label\n" + rows + "west,1,1\n")
        # With seed 1 the one row of the west is held out.
        job = self.census(2, *options, "--seed", 1, "--fresh", code=SOME_FAILED)
        self.assertIn("failed: shop = west: 1 rows leave none to learn from", job.stderr)
        self.assertEqual((job.report["groups"], job.report["failed"]), (3, 1))

    def test_wrong_input(self):
        path = os.path.join(self.folder, "t.csv")
        with open(path, "w") as file:
            file.write("a,b,c\n1,2,x\n1,2\n")
        for sentence, options in (
                (f"{path}, line 3: 2 fields, the header has 3",
                 ("--data", path, "--by", "a", "--label", "c")),
                ("there is no value column \"pay\"; there are: region,", ("--label", "pay", *SMALL)),
                ("there is no column \"nowhere\"; there are: region,", ("--by", "nowhere", *SMALL)),
                ("column \"colour\" has no value \"pink\"; it has: ",
                 ("--label", "colour", "--positive", "pink", *SMALL)),
                ("cannot open /nowhere.csv", ("--data", "/nowhere.csv")),
                ("--test-share: Value 2 not in range", ("--test-share", 2))):
            with self.subTest(sentence=sentence):
                job = self.census(2, *options, "--fresh", code=1)
                self.assertIn(sentence, job.stderr)
                self.assertEqual(job.stdout, "")


if __name__ == "__main__":
    jobs.main()
