# SPDX-License-Identifier: Apache-2.0
"""rankine-many-models with models that are fitted: the same bits on any number of ranks, streamed or not, and
after the death of a worker; saved models that forecast later; results that h5py reads."""
import hashlib
import json
import math
import os
import random
import signal
import subprocess
import time
import unittest

import jobs
from many_models_run import PROGRAM, fit

# Debian's own Python, which has Debian's h5py: the one that runs this may be another.
PYTHON = "/usr/bin/python3"
# Some seconds of work for two workers.
LONG = ("--series", 900, "--seed", 2, "--models", "AutoETS", "--levels", "90")

READ = """
import json, sys, h5py
with h5py.File(sys.argv[1], "r") as file:
    def plain(word):
        return word.decode() if isinstance(word, bytes) else str(word)
    def text(name):
        return [plain(word) for word in file[name][...]]
    print(json.dumps({
        "layout": sorted(file), "ids": text("ids"), "models": text("models"),
        "shape": list(file["forecasts"].shape), "forecasts": file["forecasts"][...].tolist(),
        "lower": file["lower"][...].tolist(), "upper": file["upper"][...].tolist(),
        "compressed": file["forecasts"].compression, "units": plain(file["smape"].attrs["units"])}))
"""


def has_h5py():
    return os.path.exists(PYTHON) and subprocess.run([PYTHON, "-c", "import h5py"], capture_output=True,
                                                     check=False).returncode == 0


def read(path):
    said = subprocess.run([PYTHON, "-c", READ, path], capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def digests(job, folder):
    with open(os.path.join(folder, "results.h5"), "rb") as file:
        return job.report["results_sha256"], hashlib.sha256(file.read()).hexdigest()


class FittedModels(jobs.InFolder):
    def run_fit(self, ranks, *options, name="run"):
        out = os.path.join(self.folder, name)
        job = fit(ranks, *options, out=out)
        self.assertEqual(job.returncode, 0, job.said())
        return job, digests(job, out)

    def long_csv(self, series=30, length=60):
        draw = random.Random(5)
        path = os.path.join(self.folder, "sales.csv")
        with open(path, "w") as file:
            file.write("id,time,value\n")
            for s in range(series):
                for t in range(length):
                    value = 50 + s + 5 * math.sin(t * math.pi / 6) + draw.gauss(0, 1)
                    file.write(f"s{s},{t},{value:.5f}\n")
        return path

    def test_same_bits(self):
        options = ("--generator", "ray-ets", "--series", 600, "--models", "AutoETS,DynamicOptimisedTheta",
                   "--levels", "80,95")
        seen = {self.run_fit(ranks, *options, name=f"ranks{ranks}")[1] for ranks in (1, 2, 4)}
        self.assertEqual(len(seen), 1)

    def test_streamed_input_gives_the_same(self):
        options = ("--data", self.long_csv(), "--season", 12, "--horizon", 12, "--models", "AutoETS,sNaive",
                   "--choose", "cv")
        whole, bits = self.run_fit(2, *options)
        streamed, streamed_bits = self.run_fit(3, *options, "--stream-above", 0, name="streamed")
        self.assertEqual(bits, streamed_bits)
        best = "BestCV(3,AutoETS,sNaive)"
        self.assertEqual(sum(whole.report["won"][best].values()), 30)
        self.assertRegex(streamed.stdout, r"(?m)^Chosen ")

    def die_in_the_middle(self, out):
        """Kills worker 2 when results have come. The closed job, or None where it had ended before."""
        journal = os.path.join(out, "journal")
        with jobs.Job(3, PROGRAM, *LONG, "--out", out, recovery=True) as job:
            end = time.monotonic() + 60
            while not os.path.exists(journal) or os.path.getsize(journal) < 20_000:
                self.assertLess(time.monotonic(), end, "the journal does not grow")
                if job.process.poll() is not None:
                    return None
                time.sleep(0.002)  # the next look; nothing depends on its length
            pid = job.ranks().get(2)
            if pid is None:
                return None
            os.kill(pid, signal.SIGKILL)
            job.returncode = job.finish()
            return job

    def test_a_killed_worker_changes_nothing(self):
        _, bits = self.run_fit(3, *LONG)
        for attempt in range(5):
            out = os.path.join(self.folder, f"killed{attempt}")
            job = self.die_in_the_middle(out)
            if job is not None:
                break
        self.assertIsNotNone(job, "five runs ended before anybody could be killed")
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(digests(job, out), bits)
        again, bits_again = self.run_fit(2, *LONG, "--resume", name=os.path.basename(out))
        self.assertEqual(again.report["chunks_resumed"], again.report["chunks"])
        self.assertEqual(bits_again, bits)

    @unittest.skipUnless(has_h5py(), f"{PYTHON} has no h5py (apt install python3-h5py)")
    def test_saved_models_forecast_later_and_h5py_reads_all(self):
        models = "AutoETS,DynamicOptimisedTheta,AutoARIMA"
        self.run_fit(2, "--data", self.long_csv(6), "--season", 12, "--horizon", 12, "--models", models,
                     "--levels", "80,95", "--save-models", name="fitted")
        path = os.path.join(self.folder, "fitted", "results.h5")
        fitted = read(path)
        self.assertEqual(fitted["ids"], [f"s{s}" for s in range(6)])
        self.assertEqual(fitted["models"], models.split(","))
        self.assertEqual(fitted["shape"], [6, 3, 12])
        self.assertEqual(fitted["compressed"], "gzip")
        self.assertEqual(fitted["units"], "percent (0..200)")
        self.run_fit(3, "--predict-from", path, "--horizon", 20, "--levels", "80,95", name="later")
        later = read(os.path.join(self.folder, "later", "results.h5"))
        self.assertEqual(later["shape"], [6, 3, 20])
        for s in range(6):
            for m in range(3):
                self.assertEqual(later["forecasts"][s][m][:12], fitted["forecasts"][s][m])
                for level in range(2):
                    for bound in ("lower", "upper"):
                        self.assertEqual(later[bound][s][m][level][:12], fitted[bound][s][m][level])
                low, high = later["lower"][s][m][1][19], later["upper"][s][m][1][19]
                self.assertLess(low, later["forecasts"][s][m][19])
                self.assertLess(later["forecasts"][s][m][19], high)


if __name__ == "__main__":
    jobs.main()
