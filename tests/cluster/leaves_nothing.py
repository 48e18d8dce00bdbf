# SPDX-License-Identifier: Apache-2.0
"""The virtual Slurm cluster itself: it comes up with three nodes, twice in a row, gives back its command's
exit code, and leaves no process, folder, mount or network interface, whether its command ends, it is asked
to stop, or it is killed."""
import os
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

import jobs

CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster.sh")


def machine():
    """What a cluster could leave outside its namespaces, as words."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    with open("/proc/self/mountinfo") as file:
        mounts = file.read()
    with open("/etc/hosts") as file:
        hosts = file.read()
    return {"links": [line.split()[1] for line in links.splitlines()], "mounts": mounts, "hosts": hosts,
            "namespaces": sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []}


class Cluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        check = subprocess.run([CLUSTER, "check"], capture_output=True, text=True)
        if check.returncode == jobs.SKIPPED:
            raise unittest.SkipTest(check.stderr.strip())

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rk-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.mark = uuid.uuid4().hex
        self.environment = dict(os.environ, TMPDIR=self.folder, **{jobs.MARK: self.mark})
        self.before = machine()

    def start(self, *command):
        return subprocess.Popen([CLUSTER, "with", *command], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        out, said = process.communicate(timeout=90)
        return process.returncode, out, said

    def assert_nothing_left(self, but_folders=False):
        end = time.monotonic() + 20
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.05)  # the next look; nothing depends on its length
        self.assertEqual(left, [])
        self.assertEqual(machine(), self.before)
        if not but_folders:
            self.assertEqual(os.listdir(self.folder), [])

    def processes(self):
        return [jobs.command_of(pid) for pid in jobs.all_processes() if jobs.carries(pid, self.mark)]

    def test_twice_in_a_row(self):
        for code in (0, 5):
            with self.subTest(code=code):
                end, out, said = self.finish(self.start("sh", "-c", f"srun -N3 -n3 hostname; exit {code}"))
                self.assertEqual(end, code, said)
                self.assertEqual(sorted(out.split()), ["n1", "n2", "n3"], said)
                self.assert_nothing_left()

    def test_asked_to_stop_and_killed(self):
        for number, code in ((signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)):
            with self.subTest(signal=number.name):
                process = self.start("sh", "-c", "echo up; exec sleep 1000")
                if process.stdout.readline() != "up\n":
                    self.fail(self.finish(process)[2])
                process.send_signal(number)
                self.assertEqual(self.finish(process)[0], code)
                self.assert_nothing_left(but_folders=number == signal.SIGKILL)


if __name__ == "__main__":
    jobs.main()
