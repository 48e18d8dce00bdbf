# SPDX-License-Identifier: Apache-2.0
"""The main job by sbatch on three nodes: one-sided and two-sided messages, mpirun and srun, the same results
as one rank; and its exit code is the job's."""
import os
import subprocess
import tempfile
import unittest

import jobs
import slurm

SMALL = ("--series", "200")
THREE_NODES = ("--nodes=3", "--ntasks-per-node=2", "--time=5")


class Batch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rk-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        slurm.submit_folder(cls.folder)
        alone = slurm.BatchJob(cls.folder, "--nodes=1", "--ntasks-per-node=1", "--time=5",
                               "slurm/many_models.sbatch", *SMALL)
        cls.assert_completed(cls(), alone, ranks=1)
        cls.expected = alone.report()["results_sha256"]

    def assert_completed(self, job, ranks):
        facts = job.wait()
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("COMPLETED", "0:0"), job.log())
        self.assertEqual(job.report()["ranks"], ranks, job.log())

    def many_models(self, *options, env=None):
        job = slurm.BatchJob(self.folder, *THREE_NODES, *options,
                             env=dict(RANKINE_VERBOSE="1", **(env or {})))
        self.assert_completed(job, ranks=6)
        self.assertEqual(job.report()["results_sha256"], self.expected)
        return job.log()

    def test_one_sided_on_three_nodes(self):
        log = self.many_models("slurm/many_models.sbatch", *SMALL, env={"RANKINE_TRANSPORT": "rma"})
        self.assertIn("6 ranks on 3 nodes, messages by rma", log)

    def test_two_sided_on_three_nodes(self):
        log = self.many_models("slurm/many_models.sbatch", *SMALL, env={"RANKINE_TRANSPORT": "p2p"})
        self.assertIn("6 ranks on 3 nodes, messages by p2p", log)

    def test_srun_starts_the_ranks_itself(self):
        words = " ".join(("slurm/launch.sh --launcher srun --run direct rankine-many-models", *SMALL,
                          "--out direct"))
        self.assertIn("6 ranks on 3 nodes", self.many_models("--wrap", words))

    def test_wrong_input_fails_the_job_with_the_program_s_code(self):
        job = slurm.BatchJob(self.folder, *THREE_NODES, "slurm/many_models.sbatch", "--data", "not-there.csv")
        facts = job.wait()
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("FAILED", "1:0"), job.log())
        self.assertIn("not-there.csv", job.log())

    def test_killed_head_fails_the_job(self):
        job = slurm.BatchJob(self.folder, *THREE_NODES, "slurm/many_models.sbatch", "--series", "2000000")
        status = os.path.join(self.folder, "run", f"many-models-{job.id}", "status")
        job.wait_until(lambda _: os.path.exists(status), "status file")
        with open(status) as file:
            pid = [line.split(":")[1].strip(" ,\n") for line in file if '"pid"' in line][0]
        subprocess.run(["kill", "-9", pid], check=True)
        facts = job.wait()
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("FAILED", "1:0"), job.log())

    def test_rank_killed_while_starting_ends_the_job(self):
        job = slurm.BatchJob(self.folder, *THREE_NODES, "slurm/many_models.sbatch", *SMALL)
        status = os.path.join(self.folder, "run", f"many-models-{job.id}", "status")
        # From about here on the ranks start together, for about a second.
        job.wait_until(lambda _: os.path.exists(status), "status file")
        ranks = slurm.pids_on("n3", "rankine-many-models")
        slurm.kill(ranks[:1])
        self.assertIn(job.wait(100)["JobState"], ("FAILED", "COMPLETED"), job.log())

    def test_array(self):
        job = slurm.BatchJob(self.folder, "--array=3-4", "--time=5", "--ntasks-per-node=2",
                             "--mem-per-cpu=500", "--output=array-%a.log",
                             "slurm/many_models_array.sbatch", *SMALL)
        runs = [os.path.join(self.folder, "run", f"many-models-{job.id}_{task}") for task in (3, 4)]
        job.wait_until(lambda facts: all(self.over(run) for run in runs), "end of both runs")

    @staticmethod
    def over(run):
        try:
            with open(os.path.join(run, "status")) as file:
                return '"finished"' in file.read() and os.path.exists(os.path.join(run, "results.h5"))
        except FileNotFoundError:
            return False


if __name__ == "__main__":
    jobs.main()
