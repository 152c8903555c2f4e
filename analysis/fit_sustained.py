#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the part of the arithmetic rate that steady training keeps, chip by chip, to measured steps.

analysis/fit_sustained.py TRNSIM DATA [CHIP...]   TRNSIM: the program; DATA: the folder with training.csv;
                                                  CHIP: names in fitted.json; all when left out

Kernel tables time one kernel at a time; in training chips run at their power limit for hours and
lower their clocks. Used are dense rows of high confidence whose simulated step is at least
three fifths matrix multiplication and attention; chips of one architecture share a constant. Fitted
is the median over all rows; the source states how far off each group of rows is when it is fitted to
the others alone. Writes platforms/generator/fitted.json (then run platforms/generate.py); run again
until it changes nothing.
"""
from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean, median

FITTED = Path(__file__).resolve().parents[1] / "platforms" / "generator" / "fitted.json"
CHIPS = {"A100-80GB": ("a100", "sustained_clock"), "H100-SXM": ("h100", "sustained_clock"),
         "GB200": ("blackwell", "sustained_clock"), "B200": ("blackwell", "sustained_clock"),
         "Trainium1": ("trn1", "matmul_efficiency")}
LEAST_SHARE = 0.6
LIMITS = (0.4, 1.0)

Row = dict[str, str]
Result = dict[str, object]


def share(suspects: str) -> float:
    """Of the step: arithmetic that follows the clock."""
    return sum(float(part) for part in re.findall(r"(?:matmul|attention) (\d+) %", suspects)) / 100


def usable(row: Row) -> bool:
    return row["arch"].startswith("dense") and row["confidence"] == "high"


def factor(result: Result) -> float:
    """By how much arithmetic must be faster for the step to be as measured."""
    wanted = float(result["measured"]) / float(result["simulated"]) - 1
    return 1 / max(0.1, 1 + wanted / share(str(result["suspects"])))


def held_out(results: list[Result]) -> list[float]:
    """Errors of arithmetic, each group fitted to the others; of the only group, of what was fitted."""
    errors = []
    for group in sorted({str(result["group"]) for result in results}):
        others = [factor(result) for result in results if result["group"] != group]
        value = median(others or [factor(result) for result in results])
        errors += [value / factor(result) - 1 for result in results if result["group"] == group]
    return errors


def fit_chip(results: list[Result], current: float) -> tuple[float, str]:
    value = min(max(current * median(map(factor, results)), LIMITS[0]), LIMITS[1])
    groups = len({str(result["group"]) for result in results})
    errors = held_out(results)
    return value, (f"fit: analysis/fit_sustained.py on {len(results)} training steps; arithmetic of each of "
                   f"{groups} groups held out in turn is off by {median(map(abs, errors)):.3f} in the median, "
                   f"bias {fmean(errors):+.3f}")


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    program, data, *wanted = arguments
    output = str(Path(tempfile.mkdtemp()) / "validation.h5")
    done = subprocess.run([program, "validate", "training", "--data", data, "--json", "-q", "-o", output],
                          capture_output=True, text=True, check=False)
    with open(Path(data) / "training.csv", encoding="utf-8", newline="") as text:
        rows = {row["id"]: row for row in csv.DictReader(text)}
    constants = json.loads(FITTED.read_text(encoding="utf-8"))
    for chip, name in dict.fromkeys(CHIPS.values()):
        results = [row for row in json.loads(done.stdout)["rows"]
                   if CHIPS.get(row["accelerator"]) == (chip, name) and row["simulated"]
                   and usable(rows[row["id"]]) and share(row["suspects"]) >= LEAST_SHARE]
        if not results or (wanted and chip not in wanted):
            continue
        known = constants.setdefault(chip, {}).get(name, {"value": "0.65" if name != "sustained_clock" else "1"})
        value, source = fit_chip(results, float(known["value"]))
        print(f"{chip} {name}: {known['value']} to {value:.3f}, {len(results)} rows; {source}")
        constants[chip][name] = {"value": f"{value:.3g}", "source": source}
    FITTED.write_text(json.dumps(constants, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
