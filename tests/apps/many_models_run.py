# SPDX-License-Identifier: Apache-2.0
"""Runs rankine-many-models for the tests beside it and reads what it says."""
import json
import os
import tempfile

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-many-models")
DATA = os.environ.get("RANKINE_TEST_DATA", "")
METHODS = ["Naive", "sNaive", "Naive2", "SES", "Holt", "Damped", "Theta", "Comb"]
SOME_FAILED = 3


def fit(ranks, *options, out=None):
    """A whole run; results go to a folder that is gone afterwards unless `out` names one. The closed job with
    `report`, the last line of standard output as a dictionary, where that is JSON."""
    with tempfile.TemporaryDirectory() as folder:
        job = jobs.run(ranks, PROGRAM, *options, "--out", out or folder)
    lines = job.stdout.splitlines()
    job.report = json.loads(lines[-1], parse_constant=refuse) if lines and lines[-1].startswith("{") else None
    return job


def refuse(word):
    raise ValueError(f"{word} is not JSON")


def table(job, measure):
    """One printed table: its column names (groups, then Total), and the numbers by method."""
    lines = job.stdout.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith(measure + " "))
    columns = lines[at][len(measure):].split()
    rows = {}
    for line in lines[at + 1:]:
        if not line.strip():
            return columns, rows
        words = line.split()
        rows[words[0]] = [float(word) for word in words[1:]]
    raise AssertionError(f"the table of {measure} does not end")
