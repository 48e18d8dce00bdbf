# SPDX-License-Identifier: Apache-2.0
"""Runs the bench programs one after another, merges their rows into build/bench.json, prints the table and
draws the pictures. Called by tools/bench.sh from the root of the tree. What fails is named and the others
still run; an interrupt ends the program that runs and leaves no process behind.
"""
import argparse
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import compare
import machine
import pictures
import rows as bench_rows
from table import table

# Programs and their rank counts; 0: started without mpirun. One that this tree does not build is left out.
PROGRAMS = (("core", (2, 4, 8)), ("metg", (2, 3, 4)), ("quiet", (8,)), ("objects", (3,)), ("scheduler", (0,)))
# A quick look at how rates go with ranks; what a row costs in memory or moves in bytes does not hang on them.
QUICK_BY_RANKS = "_(sync|async|map)$|_of_2_"
BINARIES = pathlib.Path("build/bin")
OUTPUT = pathlib.Path("build/bench")
MERGED = pathlib.Path("build/bench.json")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 10  # mpirun passes SIGTERM on and kills after a second or so


def say(words, end="\n"):
    print(words, end=end, file=sys.stderr, flush=True)


def members(session):
    """Process ids of a session: a program started in one of its own, and all that it started."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            behind_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(behind_name[3]) == session and behind_name[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def stop(process):
    """Ends a program and all that it started."""
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in members(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def command_of(name, ranks, json_file, quick):
    program = [str(BINARIES / f"rankine-bench-{name}"), "--json", str(json_file)] + ["--quick"] * quick
    if name == "core" and quick and ranks > 2:
        program += ["--filter", QUICK_BY_RANKS]
    if ranks == 0:
        return program
    return ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none", *program]


class Failed(Exception):
    """Says what a program did wrong."""


def let_through():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def run_program(command, log, timeout_s):
    """Runs it with its output in a file. Raises Failed."""
    with open(log, "w", encoding="utf-8") as output:
        # In a session of its own: Ctrl-C would reach mpirun beside our TERM, and two make it leave at once.
        # And none of ours may come between its start and the try: nobody would end it.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True, preexec_fn=let_through)
        try:
            let_through()
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            stop(process)
            raise Failed(f"no end after {timeout_s} s; see {log}") from None
        except BaseException:
            stop(process)
            raise
    if code != 0:
        tail = "\n".join(f"    {line}" for line in log.read_text().splitlines()[-12:])
        raise Failed(f"exit code {code}; {log} ends with\n{tail}")


def measure(name, ranks, quick):
    """(rows, more, failure) of one program; failure is None or words."""
    label = f"{name}-{ranks}" if ranks else name
    json_file = OUTPUT / f"{label}.json"
    for old in OUTPUT.glob(f"{label}.json*"):
        old.unlink()
    command = command_of(name, ranks, json_file, quick)
    failure = None
    start = time.monotonic()
    try:
        run_program(command, OUTPUT / f"{label}.txt", 150 if quick else 600)
    except Failed as error:
        failure = f"{' '.join(command)}: {error}"
    seconds = time.monotonic() - start
    rows, more = [], {}
    if json_file.exists() or failure is None:
        try:
            rows, more = bench_rows.load(json_file)
            curves = pathlib.Path(f"{json_file}.curves.json")  # what is drawn besides rows
            if curves.exists():
                more["curves"] = json.loads(curves.read_text(encoding="utf-8"))["curves"]
        except (ValueError, KeyError) as error:
            failure = failure or str(error)
    for row in rows:
        row["program"] = f"rankine-bench-{name}"
    run = {"command": " ".join(command), "seconds": round(seconds, 1), "failed": failure}
    return rows, more, run


def plan():
    """The (name, ranks) of the programs that this tree builds."""
    return [(name, ranks) for name, counts in PROGRAMS if (BINARIES / f"rankine-bench-{name}").exists()
            for ranks in counts]


def commit():
    words = machine.first_line(["git", "rev-parse", "HEAD"])
    changed = machine.first_line(["git", "status", "--porcelain", "--untracked-files=no"])
    return words + (" with changes" if changed else "")


def run_all(quick):
    """Everything that build/bench.json holds."""
    result = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "commit": commit(), "quick": quick, "machine": machine.describe(), "runs": [], "rows": []}
    steps = plan()
    for number, (name, ranks) in enumerate(steps, 1):
        say(f"[{number}/{len(steps)}] rankine-bench-{name}{f', {ranks} ranks' if ranks else ''} ...", end="")
        rows, more, run = measure(name, ranks, quick)
        say(f" {run['seconds']:.0f} s, {len(rows)} rows{', FAILED' if run['failed'] else ''}")
        result["rows"] += rows
        result["runs"].append(run)
        for key, value in more.items():
            result.setdefault(key, []).extend(value if isinstance(value, list) else [value])
    return result


def write(result):
    """In one step, so that an interrupt leaves the old file or the new one."""
    new = MERGED.with_suffix(".new")
    new.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    new.replace(MERGED)


def interrupted(number, _):
    sys.exit(128 + number)  # run_program ends what runs on the way out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--compare")
    options = parser.parse_args()
    for number in ENDING:
        signal.signal(number, interrupted)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    if not plan():
        sys.exit(f"bench.sh: no bench program in {BINARIES}")
    old = bench_rows.load(options.compare)[0] if options.compare else None  # it may be the file we write
    result = run_all(options.quick)
    write(result)
    print(table(result["rows"]))
    if old is not None:
        print(f"\nBeside {options.compare} (above 1: better now):")
        print(compare.comparison(old, result["rows"]))
    drawn = pictures.draw_all(result, OUTPUT)
    say(f"{MERGED}, and pictures: {' '.join(drawn) or 'none'}")
    failures = [run["failed"] for run in result["runs"] if run["failed"]]
    for failure in failures:
        say(f"FAILED: {failure}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
