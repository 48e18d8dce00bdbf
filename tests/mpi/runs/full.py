# SPDX-License-Identifier: Apache-2.0
"""Memory and disks that are full: the sentence names the thing, the sizes and the remedy, and what was done
before is kept. Full disks are small tmpfs in a mount namespace of the job's own, which takes root.
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
PROGRAM = os.path.join(BUILD, "tests", "runs_full")
RANKINE = os.path.join(BUILD, "bin", "rankine")
MANY_MODELS = os.path.join(BUILD, "bin", "rankine-many-models")
ARENA = 32 << 20
KEPT = re.compile(r"^(\d+) objects are as they were$", re.MULTILINE)


def run(command, small=None):
    """`command` under mpirun; `small`: (folder, size) of a tmpfs that only it sees."""
    if small:
        mount = f'mount -t tmpfs -o size={small[1]} tmpfs {small[0]} && exec "$@"'
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh", *command]
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return subprocess.run(command, capture_output=True, text=True, timeout=90, env=environment, check=False)


class Full(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def need_namespace(self):
        may = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
               f"mount -t tmpfs tmpfs {self.folder}"]
        if not shutil.which("unshare") or subprocess.run(may, capture_output=True, check=False).returncode:
            self.skipTest("no mount namespace of our own here: it takes root")

    def fills(self, job, *sentences):
        self.assertEqual(job.returncode, 0, job.stdout + job.stderr)
        for sentence in sentences:
            self.assertRegex(job.stdout, sentence)
        return int(KEPT.search(job.stdout).group(1))

    def test_a_full_arena_and_no_disk_to_spill_to(self):
        job = run(jobs.mpirun_command(2, PROGRAM, "/nowhere", ARENA))
        kept = self.fills(job, r"^rankine: the node's object store is full: 1048\d+ bytes asked",
                          r"no spill file can be made in /nowhere: No such file",
                          r"Remedy: give the store more memory \(RuntimeOptions::arena_bytes")
        self.assertGreater(kept, 20)

    def test_a_full_disk_to_spill_to(self):
        self.need_namespace()
        job = run(jobs.mpirun_command(2, PROGRAM, self.folder, ARENA), small=(self.folder, "8m"))
        kept = self.fills(job, r"^rankine: the node's object store is full: 1048\d+ bytes asked",
                          rf"writing \d+ bytes of the spill file in {self.folder} failed: No space left",
                          r"the disk has \d+ of 8388608 bytes free", "RANKINE_SPILL_DIR")
        self.assertGreater(kept, 28)  # memory and disk together

    def test_a_full_shared_memory(self):
        self.need_namespace()
        job = run(jobs.mpirun_command(2, PROGRAM, "/nowhere", 8 * ARENA), small=(jobs.SHARED_MEMORY, "32m"))
        kept = self.fills(job, r"rankine: /dev/shm is full: the object store asked for \d+ more bytes",
                          r"/dev/shm has \d+ of 33554432 bytes free. Remedy: enlarge it")
        self.assertGreater(kept, 12)

    def test_a_shared_memory_without_room_to_begin(self):
        self.need_namespace()
        job = run(jobs.mpirun_command(2, PROGRAM), small=(jobs.SHARED_MEMORY, "64k"))
        self.assertEqual(job.returncode, 2, job.stdout + job.stderr)
        self.assertRegex(job.stderr, r"rankine: /dev/shm on host \S+ has \d+ bytes free, "
                                     r"of which each of the 2 ranks there needs 42\d+ to begin. Remedy: ")

    def test_a_shared_memory_without_room_for_the_rings(self):
        self.need_namespace()
        command = jobs.mpirun_command(8, os.path.join(BUILD, "tests", "runs_actors"))
        job = run(["env", "RANKINE_VERBOSE=1", *command], small=(jobs.SHARED_MEMORY, "12m"))
        self.assertEqual(job.returncode, 0, job.stdout + job.stderr)
        self.assertIn("rankine: 8 ranks on 1 nodes, messages by p2p: ", job.stderr)  # MPI has no room either

    def test_a_full_disk_for_the_journal(self):
        self.need_namespace()
        results = tempfile.TemporaryDirectory()
        self.addCleanup(results.cleanup)
        command = jobs.mpirun_command(2, MANY_MODELS, "--series", "6000", "--out", results.name)
        look = (f"export RANKINE_RUN_DIR={self.folder}/run; \"$@\"; code=$?; "
                f"{RANKINE} journal {self.folder}/run --summary; exit $code")
        job = run(["sh", "-c", look, "sh", *command], small=(self.folder, "1m"))
        self.assertEqual(job.returncode, 0, job.stdout + job.stderr)
        said = re.findall(r"^rankine: .*", job.stderr, re.MULTILINE)
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], rf"the journal {self.folder}/run/journal could not be written: "
                                  r"No space left on device\. The run goes on .* Remedy: make room there")
        kept = re.search(r"(\d+) finished tasks", job.stdout)
        self.assertIsNotNone(kept, job.stdout)
        self.assertGreater(int(kept.group(1)), 0)

    def test_a_full_disk_for_the_results(self):
        self.need_namespace()
        command = jobs.mpirun_command(2, MANY_MODELS, "--series", "4000", "--out", self.folder)
        keep = (f"echo old > {self.folder}/results.h5; \"$@\"; code=$?; "
                f"cat {self.folder}/results.h5; exit $code")
        job = run(["sh", "-c", keep, "sh", *command], small=(self.folder, "1m"))
        self.assertEqual(job.returncode, 1, job.stdout + job.stderr)
        self.assertRegex(job.stderr, rf"H5Dwrite failed for \w+ in {self.folder}/results.h5: "
                                     "No space left on device; check free space")
        self.assertEqual(job.stdout, "old\n")


if __name__ == "__main__":
    jobs.main()
