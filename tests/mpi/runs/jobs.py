# SPDX-License-Identifier: Apache-2.0
"""Jobs under mpirun for the system tests: start one, watch its processes, interrupt it, list what it left.

Every job has a temporary directory of its own and a mark in its environment, by which its processes are found
wherever they went. Only processes that carry the mark are ever signalled. Linux only: it reads /proc.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

SHARED_MEMORY = "/dev/shm"
MARK = "RANKINE_TEST_JOB"
SKIPPED = 77
PRIVATE = "RANKINE_TEST_PRIVATE_SHM"


def mpirun_command(ranks, program, *arguments, recovery=False):
    launcher = os.environ.get("RANKINE_TEST_MPIEXEC", "mpirun")
    options = ["--enable-recovery"] if recovery else []
    return [launcher, *options, "-n", str(ranks), "--oversubscribe", "--bind-to", "none", str(program),
            *[str(argument) for argument in arguments]]


class Job:
    """mpirun with `ranks` processes of `program`, in a process group of its own as a shell would make it. The
    job goes on when a rank dies only with `recovery`."""

    def __init__(self, ranks, program, *arguments, stdin=subprocess.DEVNULL, env=None, recovery=False):
        self.mark = uuid.uuid4().hex
        # Short: Open MPI puts socket names, limited to 108 characters, below it.
        self.temporary = tempfile.mkdtemp(prefix="rk-", dir="/tmp")
        self.shared_before = shared_files()
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                           TMPDIR=self.temporary, **{MARK: self.mark})
        environment.update(env or {})
        self.process = subprocess.Popen(mpirun_command(ranks, program, *arguments, recovery=recovery),
                                        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment, text=True, start_new_session=True)
        self.stdout = self.stderr = ""

    def finish(self, timeout_s=90):
        """Waits for the end; the exit code. Output is in stdout and stderr then."""
        try:
            self.stdout, self.stderr = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self.stdout, self.stderr = self.process.communicate()
            raise AssertionError(f"no end after {timeout_s} s\n{self.said()}") from None
        return self.process.returncode

    def said(self):
        return f"--- stdout\n{self.stdout[-4000:]}\n--- stderr\n{self.stderr[-4000:]}"

    @property
    def report(self):
        """The JSON of the last line of standard output once the job has ended; None where it is none."""
        lines = self.stdout.splitlines()
        return json.loads(lines[-1], parse_constant=refuse) if lines and lines[-1].startswith("{") else None

    def line(self):
        """The next line of standard output; fails at its end."""
        text = self.process.stdout.readline()
        if not text:
            self.finish()
            raise AssertionError(f"the job ended early\n{self.said()}")
        return text.rstrip("\n")

    def interrupt(self):
        """What Ctrl-C does: SIGINT to the terminal's foreground process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def processes(self):
        """Process ids of the job that are alive, mpirun included."""
        return [pid for pid in all_processes() if carries(pid, self.mark)]

    def ranks(self):
        """Process ids of the ranks, by rank."""
        found = {}
        for pid in self.processes():
            rank = environment_of(pid).get("OMPI_COMM_WORLD_RANK")
            if rank is not None:
                found[int(rank)] = pid
        return found

    def left(self):
        """Words for each thing of this job that is still there."""
        words = [f"process {pid}: {command_of(pid)}" for pid in self.processes()]
        words += [f"{SHARED_MEMORY}/{name}" for name in shared_files() - self.shared_before
                  if not in_use_by_others(name, self.mark)]
        for folder, _, files in os.walk(self.temporary):
            words += [os.path.join(folder, name) for name in files]
        return sorted(words)

    def left_after(self, timeout_s):
        """What is left once nothing is, or `timeout_s` later."""
        end = time.monotonic() + timeout_s
        while (words := self.left()) and time.monotonic() < end:
            time.sleep(0.05)  # the next look; nothing depends on its length
        return words

    def kill(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def close(self):
        self.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class InFolder(unittest.TestCase):
    """Tests that have a folder of their own, and in it `out`, which is not there yet."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = os.path.join(self.folder, "run")


def refuse(word):
    raise ValueError(f"{word} is not JSON")


def run(ranks, program, *arguments, timeout_s=90, env=None):
    """A job from start to end; the closed Job with returncode, stdout and stderr."""
    with Job(ranks, program, *arguments, env=env) as job:
        job.returncode = job.finish(timeout_s)
        return job


def all_processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            text = file.read().decode(errors="replace")
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in text.split("\0") if "=" in word)


def carries(pid, mark):
    """Whether a live process (a zombie's environment is empty) belongs to the job of this mark."""
    return environment_of(pid).get(MARK) == mark


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "(gone)"


def shared_files():
    """Names of this user's files in shared memory."""
    names = set()
    for name in os.listdir(SHARED_MEMORY):
        try:
            if os.lstat(os.path.join(SHARED_MEMORY, name)).st_uid == os.getuid():
                names.add(name)
        except FileNotFoundError:
            pass
    return names


def in_use_by_others(name, mark):
    """Whether a process of another job has the file mapped or open: then it is not ours."""
    path = os.path.join(SHARED_MEMORY, name)
    for pid in all_processes():
        try:
            with open(f"/proc/{pid}/maps") as file:
                used = any(line.rstrip("\n").endswith(path) for line in file)
            fds = f"/proc/{pid}/fd"
            used = used or any(os.readlink(os.path.join(fds, fd)) == path for fd in os.listdir(fds))
        except OSError:
            continue
        if used and not carries(pid, mark):
            return True
    return False


def with_private_shared_memory():
    """Starts this script again with a /dev/shm of its own where the system lets us, so that other people's
    files cannot be taken for ours."""
    if os.environ.get(PRIVATE):
        return
    mount = f'mount -t tmpfs -o size=50% tmpfs {SHARED_MEMORY} && exec "$@"'
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]
    if shutil.which("unshare") and subprocess.run([*inside, "true"], capture_output=True).returncode == 0:
        os.environ[PRIVATE] = "1"
        os.execvp("unshare", [*inside, sys.executable, "-B", *sys.argv])


def main():
    """unittest.main with an exit code that tells skipped (all were) and empty from passed."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    # A class that skips itself counts as skipped, and none of its tests as run.
    if not result.wasSuccessful() or result.testsRun + len(result.skipped) == 0:
        sys.exit(1)
    sys.exit(SKIPPED if len(result.skipped) >= max(result.testsRun, 1) else 0)
