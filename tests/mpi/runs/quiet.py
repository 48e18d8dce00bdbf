# SPDX-License-Identifier: Apache-2.0
"""One long task on one worker of four ranks: the others, the waiting head included, use no CPU, and nobody
listens on a socket that MPI alone would not have opened.
"""
import glob
import os
import socket
import subprocess
import time
import unittest

import jobs

BUILD = os.environ["RANKINE_TEST_BUILD"]
RANKS = 4
WINDOW_S = 4.0
TASK_S = 8.0  # the window lies inside, also when reading /proc is slow
IDLE_MAX = 0.02  # of a core


def cpu_s(pid):
    """CPU seconds that all threads of a process have used so far."""
    total_ns = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total_ns += int(file.read().split()[0])
    return total_ns / 1e9


def listening(pid):
    """(protocol, local address in hexadecimal) of the sockets on which a process takes what others send."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            name = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue
        if name.startswith("socket:["):
            inodes.add(name[len("socket:["):-1])
    found = []
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        try:
            with open(f"/proc/{pid}/net/{protocol}") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except FileNotFoundError:
            continue  # a kernel without IPv6
        for row in rows:
            takes_all = protocol.startswith("udp") or row[3] == "0A"  # TCP_LISTEN
            if takes_all and row[9] in inodes:
                found.append((protocol, row[1]))
    return found


def sockets_of_mpi():
    """How many sockets a rank of a plain MPI job of this size listens on, at most."""
    with jobs.Job(RANKS, os.path.join(BUILD, "tests", "runs_bare_mpi"), stdin=subprocess.PIPE) as job:
        assert job.line() == "ready"
        ranks = job.ranks()
        assert len(ranks) == RANKS, ranks
        most = max(len(listening(pid)) for pid in ranks.values())
        assert job.finish() == 0, job.said()  # closes its standard input
        return most


class Quiet(unittest.TestCase):
    def test_the_look_at_sockets_sees_one(self):
        with socket.socket() as mine:
            mine.bind(("127.0.0.1", 0))
            mine.listen()
            port = f"{mine.getsockname()[1]:04X}"
            self.assertIn(port, [address.split(":")[1] for _, address in listening(os.getpid())])

    def test_idle_ranks_sleep_and_nobody_listens(self):
        of_mpi = sockets_of_mpi()
        with jobs.Job(RANKS, os.path.join(BUILD, "tests", "runs_long_task"), TASK_S) as job:
            word, busy = job.line().split()
            self.assertEqual(word, "busy")
            ranks = job.ranks()
            self.assertEqual(sorted(ranks), list(range(RANKS)))
            before = {rank: cpu_s(pid) for rank, pid in ranks.items()}
            start = time.monotonic()
            time.sleep(WINDOW_S)  # the window of the measurement
            after = {rank: cpu_s(pid) for rank, pid in ranks.items()}
            seconds = time.monotonic() - start
            sockets = {rank: listening(pid) for rank, pid in ranks.items()}
            code = job.finish()
        self.assertEqual((code, job.stdout), (0, "done\n"), job.said())

        share = {rank: (after[rank] - before[rank]) / seconds for rank in ranks}
        print("of a core:", {rank: f"{100 * part:.2f} %" for rank, part in sorted(share.items())}, flush=True)
        for rank, pid in ranks.items():
            if pid == int(busy):
                # It computed all the while: the clock that finds the others idle does run.
                self.assertGreater(share[rank], 10 * IDLE_MAX, f"rank {rank} is the busy one")
            else:
                self.assertLess(share[rank], IDLE_MAX, f"rank {rank} has nothing to do")
            self.assertLessEqual(len(sockets[rank]), of_mpi, f"rank {rank} listens on {sockets[rank]}")


if __name__ == "__main__":
    jobs.main()
