# SPDX-License-Identifier: Apache-2.0
"""One of three nodes is lost under the main job: first all its ranks and the daemon that started them, then
the whole node with Slurm's daemon and its network. The job ends well, with the same results as an undisturbed
run on one rank, and its status says how many ranks it lost."""
import json
import os
import subprocess
import tempfile
import time
import unittest

import jobs
import slurm

WORK = ("--series", "80000")
PROGRAM = "rankine-many-models"
THREE_NODES = ("--nodes=3", "--ntasks-per-node=2", "--time=5")


class NodeLoss(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rk-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        slurm.submit_folder(cls.folder)
        alone = slurm.BatchJob(cls.folder, "--nodes=1", "--ntasks-per-node=3", "--time=5",
                               "slurm/many_models.sbatch", *WORK)
        facts = alone.wait()
        assert facts["JobState"] == "COMPLETED", alone.log()
        cls.expected = alone.report()["results_sha256"]

    def lose(self, node, take_away, lost):
        """Runs the job and takes something away once the node's ranks have worked for a while."""
        job = slurm.BatchJob(self.folder, *THREE_NODES, "slurm/many_models.sbatch", *WORK,
                             env={"RANKINE_VERBOSE": "1"})
        status = os.path.join(self.folder, "run", f"many-models-{job.id}", "status")
        at_work = slurm.Work(node, PROGRAM, 0.3)
        job.wait_until(lambda _: "ranks on 3 nodes" in job.log() and at_work(), f"work on {node}")
        take_away()
        start = time.monotonic()
        facts = job.wait(120)
        print(f"ended {time.monotonic() - start:.1f} s after the loss on {node}", flush=True)
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("COMPLETED", "0:0"), job.log())
        self.assertEqual(facts["Restarts"], "0")
        with open(status) as file:
            end = json.load(file)
        self.assertEqual((end["state"], end["ranks_lost"]), ("finished", lost), job.log())
        self.assertEqual(job.report()["results_sha256"], self.expected)

    def test_a_one_rank_of_a_node(self):
        self.lose("n3", lambda: slurm.kill(slurm.pids_on("n3", PROGRAM)[:1]), 1)

    def test_b_ranks_and_daemon_of_a_node(self):
        def take_away():
            pids = slurm.pids_on("n2", PROGRAM, "orted", "slurmstepd")
            self.assertEqual(len(pids), 4)
            slurm.kill(pids)

        self.lose("n2", take_away, 2)

    def test_c_whole_node(self):
        def take_away():
            subprocess.run(["ip", "link", "set", "v3", "down"], check=True)
            slurm.kill(slurm.processes_of("n3"))

        self.lose("n3", take_away, 2)


if __name__ == "__main__":
    jobs.main()
