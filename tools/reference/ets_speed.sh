#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AutoETS here, in R and in statsforecast on the same series, one core, one after another. R and Python report
# processor time. For a quiet machine.
#   ets_speed.sh FORECAST_REFERENCE SERIES.csv COUNT [PYTHON]
# SERIES is what ets_forms.R writes; of its ray series we fit all, R and PYTHON (with statsforecast) COUNT.
set -eu
program=$1 series=$2 count=$3 python=${4:-python3}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
grep '^ray' "$series" > "$folder/all.csv"
head -n "$count" "$folder/all.csv" > "$folder/few.csv"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1
"$program" "$folder/all.csv" AutoETS 0 1000 > "$folder/ours.csv"
"$program" "$folder/few.csv" AutoETS 0 1000 2>&1 > /dev/null | sed 's/^/the few alone: /' >&2
Rscript - "$folder/few.csv" <<'END'
suppressMessages(library(forecast))
lines <- strsplit(readLines(commandArgs(trailingOnly = TRUE)[1]), ",")
series <- lapply(lines, function(p) ts(as.numeric(strsplit(p[3], " ")[[1]]), frequency = as.integer(p[2])))
begin <- proc.time()[1]
for (y in series) ets(y)
taken <- proc.time()[1] - begin
each <- 1e3 * taken / length(series)
cat(sprintf("R ets: %d series in %.3f s, %.3f ms a series\n", length(series), taken, each))
END
"$python" - "$folder/few.csv" <<'END'
import sys, time
import numpy as np
import statsforecast
from statsforecast.models import AutoETS
rows = [line.rstrip("\n").split(",") for line in open(sys.argv[1])]
season = int(rows[0][1])
series = [np.array(row[2].split(), dtype=float) for row in rows]
AutoETS(season_length=season).fit(series[0])
begin = time.process_time()
for y in series:
    AutoETS(season_length=season).fit(y)
taken = time.process_time() - begin
print(f"statsforecast {statsforecast.__version__} AutoETS: {len(series)} series in {taken:.3f} s, "
      f"{1e3 * taken / len(series):.3f} ms a series")
END
