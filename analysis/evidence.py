#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes platforms/generator/evidence.json: how far measured times lie from simulated ones, by chip.

analysis/evidence.py TRNSIM [DATA]   TRNSIM: the program; DATA: a folder with training.csv, collectives.csv and
                                     inference.csv (default: workloads/measured)

For each chip and kind of answer, over rows that are not of low confidence (times to first tokens: not of open
loads, where they hang on how near the load is to what can be served): rows, and the 10th percentile, median and 90th percentile of measured over
simulated time (of rates the inverse). platforms/generate.py makes properties of it. MODEL.md, "Evidence".
"""
from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "platforms/generator/evidence.json"
KINDS = ("training", "collectives", "inference")

Row = dict[str, str]


def chips_of_platforms() -> dict[str, str]:
    """The first kind of chip of each platform file."""
    found = {}
    for path in (ROOT / "platforms").glob("*.xml"):
        match = re.search(r'id="chip\.(\w+)\.title"', path.read_text(encoding="utf-8"))
        if match:
            found[path.stem] = match[1]
    return found


def answer(row: Row, experts: set[str]) -> str:
    """The name of the property that the row counts for."""
    if row["kind"] == "training":
        return "experts" if row["id"] in experts else "training"
    if row["kind"] == "inference":
        return "first_token" if row["id"].endswith(":ttft") else "tokens"
    return "collectives"


def table(path: Path) -> list[Row]:
    with open(path, encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def usable(row: Row, given: Row) -> bool:
    waits = row["id"].endswith(":ttft") and given.get("load_type") == "open_poisson"
    return given.get("confidence") != "low" and not waits


def quantile(values: list[float], share: float) -> float:
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def summary(rows: list[Row]) -> dict[str, object]:
    ratios = sorted(float(row["simulated"]) / float(row["measured"]) if row["unit"] == "tokens/s" else
                    float(row["measured"]) / float(row["simulated"]) for row in rows)
    groups = sorted({row["group"].removesuffix(" ttft") for row in rows})
    return {"rows": len(rows), "groups": len(groups), "least": round(ratios[0], 3),
            "low": round(quantile(ratios, 0.1), 3), "median": round(quantile(ratios, 0.5), 3),
            "high": round(quantile(ratios, 0.9), 3), "most": round(ratios[-1], 3)}


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    data = Path(arguments[1]) if len(arguments) == 2 else ROOT / "workloads/measured"
    done = subprocess.run([arguments[0], "validate", *KINDS, "--data", str(data), "--json", "-q"],
                          capture_output=True, text=True, check=True)
    given = {row["id"]: row for kind in KINDS for row in table(data / f"{kind}.csv")}
    experts = {name for name, row in given.items() if row.get("n_experts") not in (None, "", "0")}
    chips = chips_of_platforms()
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in json.loads(done.stdout)["rows"]:
        if row["simulated"] and row["measured"] and usable(row, given.get(row["id"].removesuffix(":ttft"), {})):
            rows.setdefault((chips[row["platform"]], answer(row, experts)), []).append(row)
    told: dict[str, dict[str, object]] = {}
    for (chip, kind), members in sorted(rows.items()):
        told.setdefault(chip, {})[kind] = summary(members)
    TARGET.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
