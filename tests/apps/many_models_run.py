# SPDX-License-Identifier: Apache-2.0
"""Runs rankine-many-models for the tests beside it and reads what it says."""
import os
import tempfile

import jobs

PROGRAM = os.path.join(os.environ["RANKINE_TEST_BUILD"], "bin", "rankine-many-models")
DATA = os.environ.get("RANKINE_TEST_DATA", "")
METHODS = ["Naive", "sNaive", "Naive2", "SES", "Holt", "Damped", "Theta", "Comb"]
SOME_FAILED = 3


def fit(ranks, *options, out=None):
    """A whole run; results go to a folder that is gone afterwards unless `out` names one. The closed job."""
    with tempfile.TemporaryDirectory() as folder:
        return jobs.run(ranks, PROGRAM, *options, "--out", out or folder)


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
