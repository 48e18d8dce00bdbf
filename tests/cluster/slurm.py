# SPDX-License-Identifier: Apache-2.0
"""Batch jobs on the cluster of cluster.sh for the tests beside it, which run on its head node: submit one,
wait for it, read what Slurm says of it and what it wrote."""
import json
import os
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ["RANKINE_TEST_BUILD"]
ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}


def submit_folder(folder):
    """Makes `folder` look like a repository that was built: where users submit from."""
    os.symlink(os.path.join(ROOT, "slurm"), os.path.join(folder, "slurm"))
    os.symlink(BUILD, os.path.join(folder, "build"))


class BatchJob:
    """A job submitted from `folder`; words are sbatch's options, its script and what the script gets."""

    def __init__(self, folder, *words, env=None):
        self.folder = folder
        command = ["sbatch", "--parsable", "--output=job-%j.log", *words]
        done = subprocess.run(command, cwd=folder, env=dict(os.environ, **(env or {})), text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stderr}")
        self.id = done.stdout.strip()

    def facts(self):
        """What scontrol says of it: JobState, ExitCode, Restarts, ..."""
        text = subprocess.run(["scontrol", "show", "job", "--oneliner", self.id], text=True,
                              capture_output=True, check=True).stdout
        return dict(word.split("=", 1) for word in text.split() if "=" in word)

    def wait(self, timeout_s=60):
        """Waits for the end; the facts of then."""
        return self.wait_until(lambda facts: facts["JobState"] in ENDED, "end", timeout_s)

    def wait_until(self, true_of, words, timeout_s=60):
        """Waits until something is true of the facts; fails with `words` when it does not come."""
        end = time.monotonic() + timeout_s
        while not true_of(facts := self.facts()):
            if time.monotonic() > end:
                subprocess.run(["scancel", self.id])
                raise AssertionError(f"no {words} after {timeout_s} s\n{facts}\n{self.log()}")
            time.sleep(0.1)  # the next look; nothing depends on its length
        return facts

    def log(self):
        try:
            with open(os.path.join(self.folder, f"job-{self.id}.log")) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def report(self):
        """The program's last line of JSON as a dictionary."""
        lines = [line for line in self.log().splitlines() if line.startswith('{"app"')]
        return json.loads(lines[-1]) if lines else None


def processes_of(node):
    """Process ids and names of all that runs on a node."""
    pids = subprocess.run(["ip", "netns", "pids", node], text=True, capture_output=True, check=True).stdout
    found = {}
    for pid in pids.split():
        try:
            with open(f"/proc/{pid}/comm") as file:
                found[int(pid)] = file.read().strip()
        except OSError:
            pass
    return found


def pids_on(node, *names):
    """Ids of the processes of these names on a node; the kernel keeps 15 letters of a name."""
    return [pid for pid, name in processes_of(node).items() if name in [wanted[:15] for wanted in names]]


def kill(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def computed_s(pid):
    """Seconds of processor time that a process has used; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Work:
    """Whether each of the program's ranks on a node has computed for so long since it was first asked."""

    def __init__(self, node, program, seconds):
        self.node, self.program, self.seconds = node, program, seconds
        self.began = {}

    def __call__(self):
        ranks = pids_on(self.node, self.program)
        for pid in ranks:
            self.began.setdefault(pid, computed_s(pid))
        return bool(ranks) and all(computed_s(pid) > self.began[pid] + self.seconds for pid in ranks)
