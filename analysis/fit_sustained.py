#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the part of the arithmetic rate that steady training keeps, chip by chip, to measured steps.

analysis/fit_sustained.py TRNSIM DATA   TRNSIM: the program; DATA: the folder with training.csv

Kernel tables time one kernel at a time; in training chips run at their power limit for hours and
lower their clocks. Used are dense rows of high confidence whose simulated step is at least
three fifths matrix multiplication and attention. Configurations are divided by a digest: half are
fitted, the source states the bias of the others. Writes platforms/generator/fitted.json (then run
platforms/generate.py); run again until it changes nothing.
"""
from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

FITTED = Path(__file__).resolve().parents[1] / "platforms" / "generator" / "fitted.json"
CHIPS = {"A100-80GB": ("a100", "sustained_clock"), "H100-SXM": ("h100", "sustained_clock"),
         "GB200": ("blackwell", "sustained_clock"), "Trainium1": ("trn1", "matmul_efficiency")}
LEAST_SHARE = 0.6
LIMITS = (0.4, 1.0)

Row = dict[str, str]


def share(suspects: str) -> float:
    """Of the step: arithmetic that follows the clock."""
    return sum(float(part) for part in re.findall(r"(?:matmul|attention) (\d+) %", suspects)) / 100


def usable(row: Row) -> bool:
    return row["arch"].startswith("dense") and row["confidence"] == "high"


def held_out(row: Row) -> bool:
    return hashlib.sha256(row["config_key"].encode()).digest()[0] % 2 == 1


def factor(result: dict[str, object]) -> float:
    """By how much arithmetic must be faster for the step to be as measured."""
    wanted = float(result["measured"]) / float(result["simulated"]) - 1
    return 1 / max(0.1, 1 + wanted / share(str(result["suspects"])))


def fit_chip(results: list[dict[str, object]], rows: dict[str, Row], current: float) -> tuple[float, str]:
    fitted = [result for result in results if not held_out(rows[str(result["id"])])]
    held = [result for result in results if held_out(rows[str(result["id"])])]
    value = current * median(factor(result) for result in fitted)
    value = min(max(value, LIMITS[0]), LIMITS[1])
    errors = [value / current / factor(result) - 1 for result in held]
    text = (f"fit: analysis/fit_sustained.py on {len(fitted)} training steps; arithmetic of {len(held)} held "
            f"out ones is off by {median(errors):+.3f} in the median" if held else
            f"fit: analysis/fit_sustained.py on {len(fitted)} training steps")
    return value, text


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    program, data = arguments
    output = str(Path(tempfile.mkdtemp()) / "validation.h5")
    done = subprocess.run([program, "validate", "training", "--data", data, "--json", "-q", "-o", output],
                          capture_output=True, text=True, check=False)
    with open(Path(data) / "training.csv", encoding="utf-8", newline="") as text:
        rows = {row["id"]: row for row in csv.DictReader(text)}
    constants = json.loads(FITTED.read_text(encoding="utf-8"))
    for accelerator, (chip, name) in CHIPS.items():
        results = [row for row in json.loads(done.stdout)["rows"]
                   if row["accelerator"] == accelerator and row["simulated"] and usable(rows[row["id"]])
                   and share(row["suspects"]) >= LEAST_SHARE]
        if not results:
            continue
        known = constants.setdefault(chip, {}).get(name, {"value": "0.65" if name != "sustained_clock" else "1"})
        value, source = fit_chip(results, rows, float(known["value"]))
        print(f"{chip} {name}: {known['value']} to {value:.3f}, {len(results)} rows; {source}")
        constants[chip][name] = {"value": f"{value:.3g}", "source": source}
    FITTED.write_text(json.dumps(constants, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
