#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much worse a group of measured steps gets when no constant has seen it.

analysis/hold_out.py RESULTS.json [DATA]   RESULTS.json: `trnsim validate training --json`;
                                           DATA: the folder with training.csv

The one constant of a chip that is fitted to steps (fit_sustained.py) is fitted again without each
group in turn, to first order in the share of the step that follows it. Prints, by group, the median
error with the constant of all groups and with that of the others.
"""
from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from statistics import median

from fit_sustained import CHIPS, LEAST_SHARE, factor, share, usable

DATA = Path(__file__).resolve().parents[1] / "workloads/measured"

Result = dict[str, object]


def error(result: Result, scale: float) -> float:
    """Of the step with arithmetic so many times faster."""
    change = 1 + share(str(result["suspects"])) * (1 / scale - 1)
    return abs(float(str(result["simulated"])) * change / float(str(result["measured"])) - 1)


def lines(results: list[Result], accelerator: str) -> list[str]:
    out = []
    all_scale = median(factor(result) for result in results)
    for group in sorted({str(result["group"]) for result in results}):
        held = [result for result in results if result["group"] == group]
        rest = [result for result in results if result["group"] != group]
        if rest:
            scale = median(factor(result) for result in rest)
            out.append(f"| {accelerator} | {group} | {len(held)} | "
                       f"{100 * median(error(result, all_scale) for result in held):.1f} | "
                       f"{100 * median(error(result, scale) for result in held):.1f} |")
    return out


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    data = Path(arguments[1]) if len(arguments) == 2 else DATA
    with open(data / "training.csv", encoding="utf-8", newline="") as text:
        rows = {row["id"]: row for row in csv.DictReader(text)}
    results = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))["rows"]
    print("| Accelerator | Group held out | Rows | Median, fitted with it | Median, fitted without |\n|---|---|---|---|---|")
    for accelerator in CHIPS:
        own = [row for row in results if row["accelerator"] == accelerator and row["simulated"] and row["measured"]
               and usable(rows[row["id"]]) and share(row["suspects"]) >= LEAST_SHARE]
        print("\n".join(lines(own, accelerator)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
