# SPDX-License-Identifier: Apache-2.0
"""rankine-train --device cuda, its GPUs and NCCL emulated (tests/emulated): the losses of the CPU, the same
bits on several ranks, checkpoints that go on there and not on a CPU; and what the plain program says
without GPUs."""
import os

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
EMULATED = os.path.join(BUILD, "tests", "train_emulated")
PLAIN = os.path.join(BUILD, "bin", "rankine-train")
TEXT = "what goes round comes round, and then it goes again; " * 4
TINY = ("--layers", 2, "--heads", 2, "--width", 8, "--context", 4, "--batch", 4, "--shards", 2,
        "--evaluation-batches", 1, "--decay-steps", 6, "--warm-up", 2)


class OnGpus(jobs.InFolder):
    def setUp(self):
        super().setUp()
        self.text = os.path.join(self.folder, "text.txt")
        with open(self.text, "w") as file:
            file.write(TEXT)

    def job(self, ranks, *arguments, program=EMULATED, out="run", env=None):
        job = jobs.run(ranks, program, "--out", os.path.join(self.folder, out), *arguments,
                       env=env or {"RANKINE_GPUS": "1"})
        return job

    def good(self, *arguments, **options):
        job = self.job(*arguments, **options)
        self.assertEqual(job.returncode, 0, job.said())
        return job.report

    def test_a_gpt(self):
        options = ("--text", self.text, *TINY, "--iters", 6)
        cpu = self.good(2, *options, out="cpu")
        one = self.good(2, *options, "--device", "cuda", out="one")
        self.assertEqual((one["device"], one["precision"]), ("cuda", "float32"))
        self.assertAlmostEqual(one["val_loss"], cpu["val_loss"], delta=1e-5)
        self.assertGreater(one["flop_utilisation"], 0)
        self.assertNotEqual(one["parameters_hash"], cpu["parameters_hash"])  # other sums: it was not the CPU
        for mesh in (("--data-parallel", 2, "--zero", 3), ("--pipeline-parallel", 2)):
            two = self.good(3, *options, "--device", "cuda", *mesh, out="two" + mesh[0])
            self.assertEqual(two["parameters_hash"], one["parameters_hash"], mesh)
        halves = self.good(2, *options, "--device", "cuda", "--precision", "bf16", out="halves")
        self.assertNotEqual(halves["val_loss"], one["val_loss"])
        self.assertAlmostEqual(halves["val_loss"], one["val_loss"], delta=0.02)

    def test_goes_on(self):
        options = ("--text", self.text, *TINY, "--device", "cuda")
        whole = self.good(2, *options, "--iters", 6, out="whole")
        self.good(2, *options, "--iters", 3)
        refused = self.job(2, "--text", self.text, *TINY, "--iters", 6, "--resume")
        self.assertEqual(refused.returncode, 1, refused.said())
        self.assertIn("made with other options", refused.stderr)
        resumed = self.good(3, *options, "--iters", 6, "--resume", "--data-parallel", 2)
        self.assertEqual(resumed["iters_resumed"], 3)
        self.assertEqual(resumed["parameters_hash"], whole["parameters_hash"])

    def test_classifiers(self):
        path = os.path.join(self.folder, "squares.csv")
        with open(path, "w") as file:
            for k in range(60):
                row = [(k * 37 + i * (1 + k % 2) * 29) % 256 for i in range(16)]
                file.write(",".join(map(str, [*row, k % 2])) + "\n")
        for model in ("mlp", "cnn"):
            options = ("--dataset", path, "--model", model, "--hidden", "6", "--convolutions", "2",
                       "--batch", 8, "--shards", 2, "--iters", 4)
            cpu = self.good(2, *options, out=model)
            gpu = self.good(2, *options, "--device", "cuda", out=model + "gpu")
            self.assertAlmostEqual(gpu["val_loss"], cpu["val_loss"], delta=1e-4)

    def test_without_gpus(self):
        """Where the tests run on a machine with GPUs, none are seen."""
        none = {"CUDA_VISIBLE_DEVICES": "", "RANKINE_GPUS": "0"}
        for program in (EMULATED, PLAIN):
            job = self.job(2, "--text", self.text, *TINY, "--device", "cuda", program=program, env=none)
            self.assertEqual(job.returncode, 1, job.said())
            self.assertIn("needs 1 rank with 1 GPU each", job.stderr)
        job = self.job(3, "--text", self.text, *TINY, "--device", "cuda", program=PLAIN,
                       env={"CUDA_VISIBLE_DEVICES": "", "RANKINE_GPUS": "1"})  # promised, but not there
        self.assertEqual(job.returncode, 1, job.said())
        self.assertRegex(job.stderr, "built without CUDA|there is no CUDA device")
        for arguments, words in ((("--precision", "bf16"), "--precision bf16 is for --device cuda"),
                                 (("--plan", "--device", "cuda"), "--plan measures CPUs"),
                                 (("--device", "tpu"), "--device")):
            job = self.job(1, *arguments, program=PLAIN)
            self.assertEqual(job.returncode, 1, job.said())
            self.assertIn(words, job.stderr + job.stdout)


if __name__ == "__main__":
    jobs.main()
