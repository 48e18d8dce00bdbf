#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a model of the library against R on real series: mean MASE and sMAPE by group, and series by series.

  compare.py PROGRAM MODEL DATA R_ANSWERS.csv [SEASON]

PROGRAM is forecast_reference, MODEL e.g. AutoETS, DATA M3.csv or NAME-train.csv of M4 (NAME-test.csv lies
beside it), R_ANSWERS has the columns id,form,loglik,aicc,smape,mase; series that it lacks are left out.
SEASON replaces the m that the model is given (MASE keeps the data's own).
"""
import csv
import os
import subprocess
import sys
import tempfile


def read_m3(path):
    parts = {}
    with open(path) as file:
        for row in csv.DictReader(file):
            parts.setdefault(row["id"], {})[row["split"]] = row
    for name, rows in parts.items():
        values = {split: [float(v) for v in rows[split]["values"].split()] for split in ("train", "test")}
        yield name, rows["train"]["period"], int(rows["train"]["frequency"]), values["train"], values["test"]


def read_m4(path):
    def rows(file):
        for row in list(csv.reader(file))[1:]:
            yield row[0], [float(v) for v in row[1:] if v not in ("", "NA")]

    with open(path) as train, open(path.replace("-train", "-test")) as test:
        tests = dict(rows(test))
        season = 24 if "Hourly" in path else 1
        for name, values in rows(train):
            yield name, "all", season, values, tests[name]


def scores(train, test, forecast, season):
    error = [abs(a - f) for a, f in zip(test, forecast)]
    steps = [abs(train[t] - train[t - season]) for t in range(season, len(train))]
    scale = sum(steps) / len(steps) if steps else 0
    smape = sum(200 * e / (abs(a) + abs(f)) for e, a, f in zip(error, test, forecast) if e > 0) / len(test)
    return smape, sum(error) / len(error) / scale if scale > 0 else float("nan")


def fits(program, model, series, season):
    """id -> (form, loglik, aicc, forecasts)"""
    horizon = max(len(test) for *_, test in series)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "series.csv")
        with open(path, "w") as file:
            for name, _, m, train, _ in series:
                file.write(f"{name},{season or m},{' '.join(map(repr, train))}\n")
        text = subprocess.run([program, path, model, str(horizon), "512"], check=True, stdout=subprocess.PIPE,
                              text=True).stdout
    answers = {}
    for row in csv.reader(text.splitlines()):
        answers[row[0]] = (row[2], float(row[3]), float(row[4]), [float(v) for v in row[6].split()])
    return answers


def report(group, rows):
    """rows: (our smape, our mase, R's smape, R's mase, same form, our AICc - R's)"""
    mean = [sum(row[i] for row in rows) / len(rows) for i in range(4)]
    lower = sum(row[5] < -0.01 for row in rows) / len(rows)
    higher = sum(row[5] > 0.01 for row in rows) / len(rows)
    print(f"{group:10} {len(rows):6} {mean[0]:8.3f} {mean[2]:8.3f} {mean[1]:8.4f} {mean[3]:8.4f} "
          f"{mean[1] / mean[3]:7.4f} {100 * sum(row[4] for row in rows) / len(rows):9.1f}% "
          f"{100 * lower:7.1f}% {100 * higher:7.1f}%")


def main(program, model, data, theirs_path, season=None):
    with open(theirs_path) as file:
        theirs = {row["id"]: row for row in csv.DictReader(file) if row["mase"] not in ("", "NA")}
    series = [one for one in (read_m3 if "M3" in data else read_m4)(data) if one[0] in theirs]
    ours = fits(program, model, series, season and int(season))
    groups = {}
    failed = []
    for name, group, m, train, test in series:
        form, _, aicc, forecast = ours[name]
        if form == "failed":
            failed.append(name)
            continue
        r = theirs[name]
        smape, mase = scores(train, test, forecast, m)
        row = (smape, mase, float(r["smape"]), float(r["mase"]), form == r["form"],
               aicc - float(r["aicc"] or "nan"))
        if row[3] == row[3] and row[1] == row[1] and row[3] != float("inf"):
            groups.setdefault(group, []).append(row)
    print(f"{'group':10} {'series':>6} {'sMAPE':>8} {'R':>8} {'MASE':>8} {'R':>8} {'ratio':>7} "
          f"{'same form':>10} {'AICc <':>8} {'AICc >':>8}")
    for group, rows in groups.items():
        report(group, rows)
    if len(groups) > 1:
        report("all", [row for rows in groups.values() for row in rows])
    if failed:
        print("failed:", " ".join(failed))


if __name__ == "__main__":
    main(*sys.argv[1:])
