#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often each form's -2 log-likelihood is at most R's + 0.01.

  ets_compare.py R_ANSWERS.csv OUR_ANSWERS.csv

of ets_forms.R and of forecast_reference with ETS(...) models.
"""
import csv
import sys


def short(name):
    return name[4:-1].replace(",", "").replace(";", "")


def main(theirs_path, ours_path):
    with open(theirs_path) as file:
        theirs = {(row["id"], row["form"]): float(row["loglik"]) for row in csv.DictReader(file)}
    ours = {}
    with open(ours_path) as file:
        for row in csv.reader(file):
            if row[1].startswith("ETS("):
                ours[row[0], short(row[1])] = float(row[3]) if row[2] != "failed" else float("-inf")
    kinds = sorted({key[0][:3] for key in theirs})
    print(f"{'form':6} {'kind':4} {'series':>6} {'not worse':>9} {'better by 0.01':>14} {'worst':>9}")
    for form in sorted({key[1] for key in theirs}, key=lambda f: (f[-1] != "N", f)):
        for kind in kinds:
            keys = [key for key in theirs if key[1] == form and key[0].startswith(kind) and key in ours]
            lead = [2 * (ours[key] - theirs[key]) for key in keys]
            if not lead:
                continue
            good = sum(d >= -0.01 for d in lead)
            better = sum(d > 0.01 for d in lead)
            print(f"{form:6} {kind:4} {len(lead):6} {100 * good / len(lead):8.1f}% "
                  f"{100 * better / len(lead):13.1f}% {min(lead):9.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
