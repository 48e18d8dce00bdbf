# SPDX-License-Identifier: Apache-2.0
"""What rankine-many-models says, and with which exit code, when options, a file or some series are wrong."""
import os
import random

import jobs
from many_models_run import METHODS, SOME_FAILED, fit

HEADER = "id,period,type,frequency,horizon,n,split,values\n"
M3_SERIES = HEADER + ("N1,YEARLY,MICRO,1,2,8,train,1 2 3 4 5 6 7 8\n"
                      "N1,YEARLY,MICRO,1,2,2,test,9 10\n")


def long_rows(name, values, left_out=()):
    return "".join(f"{name},{time},{value}\n" for time, value in enumerate(values, 1) if time not in left_out)


class WrongInput(jobs.InFolder):
    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def refused(self, sentence, *options):
        """The run ends with exit code 1 and this sentence, and does not pretend to have results."""
        job = fit(2, *options)
        self.assertEqual(job.returncode, 1, job.said())
        self.assertIn(sentence, job.stderr)
        self.assertEqual(job.stdout, "")

    def test_options(self):
        self.refused('there is no model "wrong"; known are: Naive, sNaive,', "--models", "naive,wrong")
        self.refused("model Naive is named twice", "--models", "naive,naive")
        self.refused("AICc of AutoETS and AutoARIMA cannot be compared", "--models", "AutoETS,AutoARIMA",
                     "--choose", "aicc")
        self.refused("--series: Value 0 not in range 1 to", "--series", 0)
        self.refused("--series: Value twelve not in range", "--series", "twelve")
        self.refused("--seed: Value -1 is not a whole number from 0 to 18446744073709551615", "--seed", -1)
        self.refused("--seed: Value 99999999999999999999", "--seed", "9" * 20)
        self.refused("--horizon: Value 1e9 not in range 1 to", "--horizon", "1e9")
        self.refused("The following argument was not expected: --bogus", "--bogus")
        self.refused("--data: its value is empty", "--data", "")  # "$DATA" of a variable that is not set

    def test_help_is_no_error(self):
        job = fit(1, "--help")
        self.assertEqual(job.returncode, 0, job.said())
        for option in ("--data", "--series", "--models", "--season", "--horizon", "--seed", "--out"):
            self.assertIn(option, job.stdout)

    def test_a_file_that_is_not_there(self):
        path = os.path.join(self.folder, "nowhere.csv")
        self.refused(f"cannot open {path}: No such file or directory", "--data", path)

    def test_files_of_no_use(self):
        path = self.file("empty.csv", "")
        self.refused(f"{path} is empty", "--data", path)
        path = self.file("words.csv", "some words\nand more\n")
        self.refused(f'{path}, line 1: no column "id" in the header', "--data", path)
        path = self.file("long.csv", "id,time,value\na,1,2\n")
        self.refused("says neither season nor horizon; give both", "--data", path)

    def test_files_cut_short(self):
        path = self.file("row.csv", M3_SERIES[:M3_SERIES.index("test")])
        self.refused(f"{path}, line 3: expected 8 fields", "--data", path)
        path = self.file("values.csv", M3_SERIES[:M3_SERIES.rindex(" 10")])
        self.refused(f"{path}, line 3: column n says 2 values but there are 1", "--data", path)
        path = self.file("rows.csv", M3_SERIES[:M3_SERIES.rindex("N1")])
        self.refused("series N1 has no test row; the file is cut short", "--data", path)

    def test_an_unwritable_folder(self):
        folder = os.path.join(self.file("file", "text"), "below")
        job = fit(2, "--series", 3, out=folder)
        self.assertEqual(job.returncode, 2, job.said())
        self.assertIn(f"rankine: the run directory {folder} cannot be made", job.stderr)

    def test_a_wall_time_that_is_none(self):
        job = fit(2, "--series", 3, "--walltime", "soon")
        self.assertEqual(job.returncode, 1, job.said())
        self.assertIn('the wall time "soon" is no time. Remedy: write 90 (seconds), 30m', job.stderr)

    def test_bad_series_are_named_and_the_rest_goes_on(self):
        noise = random.Random(3)
        good = [100 + 2 * t + 5 * (t % 4) + noise.random() for t in range(40)]
        hole = good[:10] + ["nan"] + good[11:]
        rows = [long_rows("good", good), long_rows("constant", [7.5] * 40), long_rows("brief", good[:3]),
                long_rows("hole", hole), long_rows("negative", [-x for x in good]),
                long_rows("gap", good, left_out={20})]
        path = self.file("mixed.csv", "id,time,value\n" + "".join(rows))
        job = fit(3, "--data", path, "--season", 4, "--horizon", 4)
        self.assertEqual(job.returncode, SOME_FAILED, job.said())
        self.assertIn("failed: series brief, all models: has 3 values, a horizon of 4 leaves none to fit\n",
                      job.stderr)
        self.assertIn("failed: series hole, all models: training value 11 of 36 is nan\n", job.stderr)
        self.assertRegex(job.stderr, "failed: series gap, all models: has a gap: the step from line [0-9]+ ")
        self.assertIn("no MASE: series constant: ", job.stderr)
        for name in ("good", "negative"):
            self.assertNotIn(f"series {name}", job.stderr)
        self.assertEqual((job.report["series"], job.report["failed"]), (6, 3 * len(METHODS)))
        self.assertEqual(job.report["models_fitted"], 3 * len(METHODS))
        for method in METHODS:
            self.assertGreater(job.report["smape"][method], 0)


if __name__ == "__main__":
    jobs.main()
