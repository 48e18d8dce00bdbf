#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores of the forecasting models on M3 and on M4 Hourly and Weekly, beside published ones.

    python3 tools/reference/m_scores.py [--build build] [--data ../shared/data] [SET ...]

Runs build/bin/forecast_scores once a set; a set whose data is absent is skipped with a message. Seasons are
those that the series have (Weekly 52, Hourly 24 and 168); MASE keeps the period of the competition.
"""
import argparse
import pathlib
import subprocess
import sys

DOT = "DynamicOptimisedTheta"
SETS = {
    "m3": ("m3/M3.csv", [], ["AutoETS", "AutoARIMA", "StaticTheta", "OptimisedTheta", "DynamicTheta", DOT,
                             "Median(AutoETS,AutoARIMA,DynamicOptimisedTheta)"],
           "published: Theta 12.82 (sMAPE, mean over series), AutoARIMA+ETS+CES+DOT 12.63"),
    "hourly": ("m4/Hourly-train.csv", [],
               ["LogMSTL(24,168)", "MSTL(24,168)", f"LogMSTL(24,168,{DOT})", f"MSTL(24,168,{DOT})",
                f"Conformal(LogMSTL(24,168,{DOT}))", "LogMSTL(24,168,AutoARIMA)"],
               "published (sMAPE, MASE, OWA): SCUM 13.167, 1.458, 0.663; winner 9.328, 0.893, 0.440"),
    "weekly": ("m4/Weekly-train.csv", ["--season", "52"],
               [DOT, f"MSTL(52,{DOT})", f"LogMSTL(52,{DOT})", "LogMSTL(52)", "MSTL(52,AutoARIMA)", "SCUM"],
               "published (sMAPE, MASE, OWA): SCUM 6.726, 2.133, 0.751; winner 7.817, 2.356, 0.851"),
}


def main():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--build", type=pathlib.Path, default=root / "build")
    parser.add_argument("--data", type=pathlib.Path, default=root.parent / "shared" / "data")
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all unless named")
    options = parser.parse_args()
    program = options.build / "bin" / "forecast_scores"
    if not program.exists():
        sys.exit(f"{program} is missing: build the target forecast_scores")
    for name in options.sets or SETS:
        if name not in SETS:
            sys.exit(f"there is no set {name}; known are {', '.join(SETS)}")
        path, arguments, models, published = SETS[name]
        if not (options.data / path).exists():
            print(f"{name}: skipped, {options.data / path} is not there")
            continue
        print(f"== {name}; {published}", flush=True)
        subprocess.run([program, options.data / path, "--models", ",".join(models), *arguments], check=True)


if __name__ == "__main__":
    main()
