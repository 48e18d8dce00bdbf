# SPDX-License-Identifier: Apache-2.0
"""rankine-train learns, gives the same bits on any mesh and after deaths and breaks, goes on with fewer
ranks, writes text, reads and writes weights, and says what is wrong with its options."""
import glob
import json
import os
import signal
import struct
import tempfile
import time

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-train")
TINY = ("--layers", 2, "--heads", 2, "--width", 16, "--context", 16, "--batch", 8, "--evaluation-batches", 2,
        "--evaluate-every", 20)


def train(ranks, *arguments, out=None):
    """The finished job."""
    with tempfile.TemporaryDirectory() as folder:
        return jobs.run(ranks, PROGRAM, *arguments, "--out", out or folder)


class Training(jobs.InFolder):
    def good(self, job):
        self.assertEqual(job.returncode, 0, job.said())
        return job.report

    def until_checkpoint(self, job, after=0):
        """Until there is one of more than `after` steps."""
        end = time.monotonic() + 60
        while True:
            steps = [int(path[-8:]) for path in glob.glob(self.out + "/checkpoints/step-????????")]
            if steps and max(steps) > after:
                return
            self.assertLess(time.monotonic(), end, "there is no checkpoint")
            self.assertIsNone(job.process.poll(), "it ended before it could be disturbed")
            time.sleep(0.002)  # the next look; nothing depends on its length


class Learns(Training):
    def test_a_generated_text(self):
        job = train(2, *TINY, "--iters", 60, "--rate", 0.01, out=self.out)
        report = self.good(job)
        self.assertLess(report["val_loss"], 3.5)  # log 70 = 4.2 is knowing nothing
        self.assertLess(report["train_loss"], 3.5)
        self.assertGreater(report["tokens_per_second"], 0)
        self.assertGreater(report["flop_utilisation"], 0)
        self.assertEqual((report["iters"], report["data_parallel"], report["shards"]), (60, 1, 4))
        self.assertRegex(job.stderr, r"60/60 steps  loss .* tokens/s .* % of peak .* validation")
        with open(os.path.join(self.out, "report.html")) as file:
            page = file.read()
        for words in ("Norm of the gradient", "Learning rate", "What the ranks do", "A sample"):
            self.assertIn(words, page)
        with open(os.path.join(self.out, "timeline.json")) as file:
            self.assertTrue(json.load(file))

    def test_digits(self):
        path = os.path.join(self.folder, "clouds.csv")
        with open(path, "w") as file:
            for k in range(200):
                one = k % 2
                first, second = 40 * one + k * 7 % 13, 40 - 40 * one + k * 5 % 11
                file.write(f"{first},{second},{k * 3 % 17},{k % 5},{one}\n")
        report = self.good(train(3, "--dataset", path, "--batch", 16, "--epochs", 5, "--hidden", "8",
                                 "--evaluate-every", 20, "--rate", 0.02, "--warm-up", 0))
        self.assertGreater(report["val_accuracy"], 0.95)
        self.assertEqual(report["data_parallel"], 2)


class SameBits(Training):
    STEPS = (*TINY, "--iters", 20)

    def test_meshes(self):
        said = {}
        for ranks, mesh in ((1, ()), (3, ()), (5, ()),
                            (3, ("--zero", 1)), (3, ("--zero", 2)), (3, ("--zero", 3)),
                            (3, ("--pipeline-parallel", 2)), (1, ("--recompute",)), (1, ("--threads", 1)),
                            (5, ("--data-parallel", 2, "--pipeline-parallel", 2, "--zero", 1))):
            report = self.good(train(ranks, *self.STEPS, *mesh))
            said[ranks, mesh] = report["parameters_hash"], report["val_loss"]
            hidden = report["communication_hidden"]
            if ranks == 1:
                self.assertIsNone(hidden)  # one rank sends nothing
            else:
                self.assertTrue(0 <= hidden <= 1, (mesh, hidden))
        self.assertEqual(len(set(said.values())), 1, said)
        alone = said[1, ()]
        tensor = self.good(train(3, *self.STEPS, "--tensor-parallel", 2))
        self.assertAlmostEqual(tensor["val_loss"], alone[1], delta=1e-4)
        other = self.good(train(1, *self.STEPS, "--shards", 2))
        self.assertNotEqual(other["parameters_hash"], alone[0])


class Survives(Training):
    STEPS = (*TINY, "--iters", 300, "--checkpoint-seconds", 0)

    def test_deaths_and_fewer_ranks(self):
        whole = self.good(train(1, *self.STEPS))
        for victims, left in (((3,), 2), ((1, 2, 3), 1)):  # of four workers, four of which were in the mesh
            with self.subTest(victims=victims):
                self.setUp()
                with jobs.Job(5, PROGRAM, *self.STEPS, "--data-parallel", 4, "--out", self.out,
                              recovery=True) as job:
                    self.until_checkpoint(job)
                    pids = job.ranks()
                    for victim in victims:
                        os.kill(pids[victim], signal.SIGKILL)
                    code = job.finish()
                self.assertEqual(code, 0, job.said())
                report = job.report
                self.assertGreater(report["restarts"], 0, job.said())
                self.assertEqual(report["data_parallel"], left)
                self.assertEqual(report["parameters_hash"], whole["parameters_hash"], job.said())
                self.assertEqual(report["val_loss"], whole["val_loss"])

    def test_a_spare_rank_takes_over(self):
        whole = self.good(train(1, *self.STEPS))
        with jobs.Job(4, PROGRAM, *self.STEPS, "--data-parallel", 2, "--out", self.out, recovery=True) as job:
            self.until_checkpoint(job)
            os.kill(job.ranks()[1], signal.SIGKILL)
            code = job.finish()
        self.assertEqual(code, 0, job.said())
        report = job.report
        self.assertEqual(report["data_parallel"], 2)
        self.assertEqual(report["parameters_hash"], whole["parameters_hash"])

    def test_resume_on_another_mesh(self):
        whole = self.good(train(1, *self.STEPS))
        with jobs.Job(3, PROGRAM, *self.STEPS, "--zero", 2, "--out", self.out) as job:
            self.until_checkpoint(job)
            os.kill(job.ranks()[0], signal.SIGKILL)
            job.finish()
        other = train(1, *self.STEPS, "--seed", 2, out=self.out)
        self.assertEqual(other.returncode, 1, other.said())
        self.assertIn("made with other options", other.stderr)
        resumed = self.good(train(3, *self.STEPS, "--pipeline-parallel", 2, out=self.out))
        self.assertGreater(resumed["iters_resumed"], 0)
        self.assertLess(resumed["iters_resumed"], 300)
        self.assertEqual(resumed["parameters_hash"], whole["parameters_hash"])
        self.assertEqual(resumed["train_loss"], whole["train_loss"])

    def test_stopped_and_gone_on(self):
        whole = self.good(train(1, *self.STEPS))
        with jobs.Job(3, PROGRAM, *self.STEPS, "--out", self.out) as job:
            self.until_checkpoint(job)
            job.process.send_signal(signal.SIGUSR1)
            code = job.finish()
        self.assertEqual(code, 0, job.said())
        self.assertIn("to go on", job.stderr)
        resumed = self.good(train(3, *self.STEPS, out=self.out))
        self.assertEqual(resumed["parameters_hash"], whole["parameters_hash"])


class Weights(Training):
    def test_text_and_weights(self):
        file = os.path.join(self.folder, "gpt2.safetensors")
        trained = self.good(train(2, *TINY, "--iters", 20, "--export", file, out=self.out))
        sample = train(1, "--sample", 50, "--prompt", "The ", out=self.out)
        self.assertEqual(sample.returncode, 0, sample.said())
        self.assertTrue(sample.stdout.startswith("The "), sample.said())
        self.assertEqual(len(sample.stdout), 4 + 50 + 1)
        self.assertEqual(sample.stdout, train(1, "--sample", 50, "--prompt", "The ", out=self.out).stdout)
        wrong = train(1, "--sample", 5, "--prompt", "\u20ac", out=self.out)
        self.assertIn("which the training text does not have", wrong.stderr)
        again = self.good(train(3, *TINY, "--iters", 0, "--import", file))
        self.assertEqual(again["parameters_hash"], trained["parameters_hash"])
        self.assertEqual(again["val_loss"], trained["val_loss"])
        numbers = train(1, "--sample", 3, "--import", file, "--prompt", "1 2", "--temperature", 0)
        self.assertEqual(numbers.stdout.split()[:2], ["1", "2"])
        self.assertEqual(len(numbers.stdout.split()), 5)

    def test_token_files(self):
        train_file = os.path.join(self.folder, "train.bin")
        with open(train_file, "wb") as file:
            file.write(struct.pack("<4000H", *(k * k % 7 for k in range(4000))))
        with open(os.path.join(self.folder, "val.bin"), "wb") as file:
            file.write(struct.pack("<256i", *([20240520, 1, 500] + 253 * [0])))
            file.write(struct.pack("<500H", *(k * k % 7 for k in range(500))))
        report = self.good(train(1, *TINY, "--tokens", train_file, "--iters", 40, "--order", "epochs",
                                 "--rate", 0.02, "--warm-up", 0))
        self.assertLess(report["val_loss"], 1.0)
        wrong = train(1, "--tokens", train_file, "--vocabulary", 3)
        self.assertEqual(wrong.returncode, 1, wrong.said())
        self.assertIn("is not below the vocabulary of 3", wrong.stderr)


class Plan(Training):
    def test_two_ranks(self):
        job = train(3, *TINY, "--plan")
        report = self.good(job)
        plan = report["plan"]
        self.assertEqual(plan["data_parallel"] * plan["tensor_parallel"] * plan["pipeline_parallel"], 2)
        self.assertGreater(plan["step_seconds"], 0)
        self.assertFalse(os.path.exists(self.out + "/checkpoints"))


class Options(Training):
    def test_wrong_ones(self):
        short = os.path.join(self.folder, "short.txt")
        with open(short, "w") as file:
            file.write("too short")
        for ranks, arguments, words in (
                (1, ("--preset", "gpt3"), "nanogpt-cpu"),
                (1, ("--shards", 8), "--shards 4"),
                (1, ("--text", "/nowhere.txt"), "/nowhere.txt"),
                (1, ("--tokens", short), "no 16-bit tokens"),
                (1, ("--model", "cnn"), "need a --dataset"),
                (1, ("--sample", 5), "there is no checkpoint"),
                (1, ("--import", short), "safetensors"),
                (1, (*TINY, "--rate", 1e30, "--clip", 0, "--warm-up", 0, "--iters", 20), "diverged"),
                (2, ("--data-parallel", 2), "mpirun -n 3"),
                (4, (*TINY, "--data-parallel", 3), "power of two"),
                (4, (*TINY, "--tensor-parallel", 3), "divide"),
                (3, (*TINY, "--shards", 1, "--data-parallel", 2), "raise shards")):
            with self.subTest(arguments=arguments):
                job = train(ranks, *arguments)
                self.assertEqual(job.returncode, 1, job.said())
                self.assertIn(words, job.stderr + job.stdout)

    def test_an_unwritable_folder(self):
        job = train(1, *TINY, "--iters", 5, out="/proc/nowhere")
        self.assertNotEqual(job.returncode, 0)
        self.assertIn("/proc/nowhere", job.stderr)

    def test_a_file(self):
        path = os.path.join(self.folder, "train.toml")
        with open(path, "w") as file:
            file.write('preset = "nanogpt-cpu"\niters = 3\nseed = 3\nwidth = 16\nhidden = [4, 4]\n')
        report = self.good(train(1, "--config", path, "--seed", 5))
        self.assertEqual((report["iters"], report["seed"]), (3, 5))


if __name__ == "__main__":
    jobs.main()
