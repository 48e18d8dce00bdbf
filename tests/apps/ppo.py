# SPDX-License-Identifier: Apache-2.0
"""rankine-ppo learns, gives the same bits on any number of ranks and after a death or a break, leaves its
files, and says what is wrong with its options."""
import os
import signal
import tempfile
import time
import unittest

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-ppo")

STAND_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unit", "rl", "stand_in.py")


def learn(ranks, *arguments, out=None):
    """The finished job."""
    with tempfile.TemporaryDirectory() as folder:
        return jobs.run(ranks, PROGRAM, *arguments, "--out", out or folder)


class Learns(unittest.TestCase):
    def test_cart_pole(self):
        with tempfile.TemporaryDirectory() as out:
            job = learn(1, "--preset", "sb3-zoo", "--steps", 30_000, "--evaluate", 20, out=out)
            self.assertEqual(job.returncode, 0, job.said())
            self.assertGreater(job.report["eval_return"], 150)
            self.assertGreater(job.report["train_return"], 50)
            self.assertGreater(job.report["steps_per_second"], 0)
            self.assertEqual(job.report["steps"], 30_208)
            self.assertRegex(job.stderr, r"30208 steps .* steps/s  return .* entropy .* KL")
            for name, words in (("report.html", "mean return of the last 100 episodes"),
                                ("episode.svg", "<svg")):
                with open(os.path.join(out, name)) as file:
                    self.assertIn(words, file.read())
            self.assertTrue(os.path.exists(os.path.join(out, "checkpoint.h5")))

    def test_continuous_actions(self):
        job = learn(1, "--env", "Pendulum-v1", "--preset", "sb3-zoo", "--steps", 5_000, "--evaluate", 5)
        self.assertEqual(job.returncode, 0, job.said())
        self.assertLess(job.report["eval_return"], 0)

    def test_numbers_said_make_the_other_preset(self):
        """Each of these options reaches the config: the zoo's numbers become those of "rankine"."""
        numbers = ("--environments", 4, "--rollout", 256, "--minibatch", 128, "--rate", 3e-4,
                   "--entropy", 0.005, "--noise", "gsde", "--log-std", -1, "--noise-every", 64)
        presets = (("rankine",), ("sb3-zoo", *numbers), ("rankine", "--log-std", -2),
                   ("rankine", "--noise", "independent"), ("rankine", "--noise-every", 4))
        said = [learn(1, "--env", "MountainCarContinuous-v0", "--evaluate", 0, "--steps", 2048,
                      "--preset", *preset) for preset in presets]
        for job in said:
            self.assertEqual(job.returncode, 0, job.said())
        hashes = [job.report["parameters_hash"] for job in said]
        self.assertEqual(hashes[0], hashes[1])
        self.assertEqual(len(set(hashes)), 4)

    def test_the_time_limit_of_an_asynchronous_run(self):
        """One rank alone has its actor always one update behind: these runs are reproducible."""
        said = [learn(1, "--env", "Pendulum-v1", "--steps", 8192, "--evaluate", 0,
                      "--placement", "asynchronous", *more)
                for more in ((), ("--bootstrap", "true"), ("--bootstrap", "false"))]
        for job in said:
            self.assertEqual(job.returncode, 0, job.said())
        hashes = [job.report["parameters_hash"] for job in said]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])


class SameBits(unittest.TestCase):
    STEPS = ("--steps", 20_480, "--evaluate", 0)

    def test_ranks_and_placements(self):
        hashes = {}
        for ranks in (1, 2, 3, 5):
            for placement in ("central", "decentralised"):
                job = learn(ranks, *self.STEPS, "--placement", placement)
                self.assertEqual(job.returncode, 0, job.said())
                hashes[ranks, placement] = (job.report["parameters_hash"], job.report["train_return"])
                self.assertEqual(job.report["workers"], {1: 1, 2: 1, 3: 2, 5: 4}[ranks])
        self.assertEqual(len(set(hashes.values())), 1, hashes)
        other = learn(1, *self.STEPS, "--shards", 1)
        self.assertNotEqual(other.report["parameters_hash"], hashes[1, "central"][0])

    def test_normalised_environments(self):
        said = [learn(ranks, "--env", "MountainCar-v0", "--preset", "sb3-zoo", "--steps", 10_240,
                      "--evaluate", 0, "--placement", placement).report["parameters_hash"]
                for ranks, placement in ((1, "decentralised"), (3, "central"), (5, "decentralised"))]
        self.assertEqual(len(set(said)), 1, said)

    def test_an_environment_in_python(self):
        said = [learn(ranks, "--env", STAND_IN + ":Stroll", "--python", "python3", "--steps", 8192,
                      "--evaluate", 10, "--placement", placement)
                for ranks, placement in ((1, "decentralised"), (3, "decentralised"), (3, "central"))]
        for job in said:
            self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual(len({job.report["parameters_hash"] for job in said}), 1)
        self.assertGreater(said[0].report["eval_return"], -2.6)  # five steps to the end at the most
        job = learn(1, "--env", STAND_IN + ":Nobody", "--python", "python3", "--steps", 8192)
        self.assertEqual(job.returncode, 1, job.said())
        self.assertIn("Nobody", job.stderr)


class Survives(jobs.InFolder):
    STEPS = ("--steps", 200_000, "--evaluate", 0, "--environments", 8)

    def until_checkpoint(self, job):
        end = time.monotonic() + 60
        while not os.path.exists(os.path.join(self.out, "checkpoint.h5")):
            self.assertLess(time.monotonic(), end, "there is no checkpoint")
            self.assertIsNone(job.process.poll(), "it ended before it could be killed")
            time.sleep(0.002)  # the next look; nothing depends on its length

    def test_a_worker_dies(self):
        whole = learn(1, *self.STEPS)
        for placement in ("central", "decentralised"):
            with self.subTest(placement=placement):
                self.setUp()
                with jobs.Job(4, PROGRAM, *self.STEPS, "--placement", placement, "--checkpoint-seconds", 0,
                              "--out", self.out, recovery=True) as job:
                    self.until_checkpoint(job)
                    os.kill(job.ranks()[2], signal.SIGKILL)
                    code = job.finish()
                self.assertEqual(code, 0, job.said())
                report = job.report
                self.assertEqual(report["parameters_hash"], whole.report["parameters_hash"], job.said())
                self.assertEqual(report["steps"], whole.report["steps"])

    def test_a_worker_dies_while_nobody_waits(self):
        with jobs.Job(4, PROGRAM, *self.STEPS, "--placement", "asynchronous", "--checkpoint-seconds", 0,
                      "--out", self.out, recovery=True) as job:
            self.until_checkpoint(job)
            os.kill(job.ranks()[2], signal.SIGKILL)
            code = job.finish()
        self.assertEqual(code, 0, job.said())
        self.assertGreater(job.report["train_return"], 50)

    def test_resume(self):
        whole = learn(1, *self.STEPS)
        with jobs.Job(2, PROGRAM, *self.STEPS, "--checkpoint-seconds", 0, "--out", self.out) as job:
            self.until_checkpoint(job)
            os.kill(job.ranks()[0], signal.SIGKILL)
            job.finish()
        other = learn(3, *self.STEPS, "--seed", 2, out=self.out)
        self.assertEqual(other.returncode, 1, other.said())
        resumed = learn(3, *self.STEPS, "--placement", "central", out=self.out)
        self.assertEqual(resumed.returncode, 0, resumed.said())
        self.assertGreater(resumed.report["steps_resumed"], 0)
        self.assertLess(resumed.report["steps_resumed"], resumed.report["steps"])
        self.assertEqual(resumed.report["parameters_hash"], whole.report["parameters_hash"])
        self.assertEqual(resumed.report["train_return"], whole.report["train_return"])


class Options(unittest.TestCase):
    def test_wrong_ones(self):
        for arguments, words in ((("--env", "CartPole"), "known are"),
                                 (("--env", "CartPole"), "--python python3"),
                                 (("--preset", "cleanlr"), "known are cleanrl, sb3-zoo, rankine"),
                                 (("--preset", "rankine"), "alone, not for \"CartPole-v1\""),
                                 (("--noise", "pink"), "none of independent, gsde"),
                                 (("--placement", "middle"), "central, decentralised, asynchronous"),
                                 (("--shards", 3), "power of two"),
                                 (("--steps", 10), "less than one update"),
                                 (("--config", "/nowhere.toml"), "/nowhere.toml")):
            with self.subTest(arguments=arguments):
                job = learn(1, *arguments)
                self.assertEqual(job.returncode, 1, job.said())
                self.assertIn(words, job.stderr + job.stdout)

    def test_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ppo.toml")
            with open(path, "w") as file:
                file.write('env = "Acrobot-v1"\nsteps = 4096\nseed = 3\nevaluate = 0\nhidden = [32, 32]\n')
            job = learn(1, "--config", path, "--seed", 5)
        self.assertEqual(job.returncode, 0, job.said())
        self.assertEqual((job.report["environment"], job.report["steps"], job.report["seed"]),
                         ("Acrobot-v1", 4096, 5))


if __name__ == "__main__":
    jobs.main()
