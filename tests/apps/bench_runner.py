# SPDX-License-Identifier: Apache-2.0
"""tools/bench.sh with made-up programs in place of the benches: rows are merged, what fails is named while
the others still run, an interrupt leaves no process, two files are compared, wrong options are said.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import jobs

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "bench.sh"
RUNNER = ROOT / "tools" / "bench" / "run.py"
# Stands in for mpirun -n N --oversubscribe --bind-to none PROGRAM ...
MPIRUN = '#!/bin/sh\nshift 5\nexec "$@"\n'


def row(name, value, **more):
    return {"name": name, "value": value, "median": value, "min": None, "p99": None, "unit": "1/s",
            "ranks": 0, "raw_mpi_value": None, "ratio": None, "raw_is": "", "target": None,
            "better": "higher", **more}


def writes(content):
    """A program that writes this JSON to the file behind --json."""
    return f"#!/bin/sh\ncat > \"$2\" << 'END'\n{json.dumps(content)}\nEND\n"


class Tree:
    """A folder with build/bin/rankine-bench-NAME for each given text of a program."""

    def __init__(self, **programs):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.write("mpirun", MPIRUN)
        for name, text in programs.items():
            self.write(f"build/bin/rankine-bench-{name}", text)
        self.environment = dict(os.environ, PATH=f"{self.path}:{os.environ['PATH']}")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, *arguments):
        return subprocess.Popen([sys.executable, "-B", str(RUNNER), *arguments], cwd=self.path, text=True,
                                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments):
        process = self.start(*arguments)
        process.out, process.err = process.communicate(timeout=60)
        return process

    def merged(self):
        return json.loads((self.path / "build" / "bench.json").read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


def script(*arguments):
    return subprocess.run(["bash", str(SCRIPT), *arguments], capture_output=True, text=True, timeout=60)


class Runner(unittest.TestCase):
    def test_rows_are_merged(self):
        scheduler = writes([row("b_10_workers", 2e6), row("b_100_workers", 1e6, target=2e6)])
        objects = writes({"rows": [row("a", 5, ranks=4)], "notes": ["one"]})
        with Tree(objects=objects, scheduler=scheduler) as tree:
            done = tree.run("--quick")
            self.assertEqual(done.returncode, 0, done.err)
            merged = tree.merged()
            self.assertEqual([(item["program"], item["name"]) for item in merged["rows"]],
                             [("rankine-bench-objects", "a"), ("rankine-bench-scheduler", "b_10_workers"),
                              ("rankine-bench-scheduler", "b_100_workers")])
            self.assertEqual((merged["quick"], merged["notes"]), (True, ["one"]))
            self.assertGreater(merged["machine"]["cpus"], 0)
            self.assertIn("--quick", merged["runs"][0]["command"])
            self.assertRegex(done.out, r"b_100_workers +1 M +1/s +1 M +2 M +NO")
            self.assertEqual(tree.run().returncode, 0)  # a second time, over what the first left
            self.assertFalse(tree.merged()["quick"])

    def test_what_fails_is_named_and_the_others_run(self):
        broken = row("c", 1)
        del broken["unit"]
        with Tree(core="#!/bin/sh\necho it went wrong\nexit 3\n", objects=writes([broken]),
                  quiet="#!/bin/sh\nexit 0\n", scheduler=writes([row("b", 1)])) as tree:
            done = tree.run()
            self.assertEqual(done.returncode, 1)
            self.assertIn("exit code 3", done.err)
            self.assertIn("it went wrong", done.err)
            self.assertIn("row 'c' lacks unit", done.err)
            self.assertRegex(done.err, r"FAILED: .*quiet-8\.json")
            self.assertEqual([item["name"] for item in tree.merged()["rows"]], ["b"])

    def test_an_interrupt_leaves_no_process(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number), tempfile.TemporaryDirectory() as folder:
                told = pathlib.Path(folder) / "pid"
                os.mkfifo(told)
                with Tree(scheduler=f"#!/bin/sh\nsleep 600 &\necho $! > {told}\nwait\n") as tree:
                    process = tree.start()
                    sleeper = int(told.read_text())
                    process.send_signal(number)
                    process.communicate(timeout=30)
                    self.assertEqual(process.returncode, 128 + number)
                    self.assertTrue(self.gone(sleeper))
                    self.assertFalse((tree.path / "build" / "bench.json").exists())

    def gone(self, pid):
        end = time.monotonic() + 5
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            time.sleep(0.02)  # the next look; nothing depends on its length
        return not os.path.exists(f"/proc/{pid}")

    def test_two_files_are_compared(self):
        with Tree() as tree:
            old = tree.write("old.json", json.dumps({"rows": [
                row("rate", 100), row("seconds", 4, better="lower", unit="s"), row("went", 1)]}))
            new = tree.write("new.json", json.dumps([
                row("rate", 150), row("seconds", 2, better="lower", unit="s"), row("came", 1)]))
            done = script("--compare", str(old), "--with", str(new))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"rate +100 +150 +1/s +1\.5\n")
            self.assertRegex(done.stdout, r"seconds +4 +2 +s +2\n")
            self.assertIn("only in the old file: went (0)", done.stdout)
            self.assertIn("only in the new file: came (0)", done.stdout)

    def test_wrong_options(self):
        with Tree() as tree:
            torn = str(tree.write("torn.json", '{"rows": ['))
            for arguments, words in ((["--quikc"], "no option '--quikc'"),
                                     (["--compare"], "needs a file"),
                                     (["--compare", "/nowhere"], "'/nowhere' cannot be read"),
                                     (["--with", torn], "--with needs --compare"),
                                     (["--compare", torn], torn)):
                done = script(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(words, done.stderr)
        self.assertEqual(script("--help").returncode, 0)


if __name__ == "__main__":
    jobs.main()
