#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits what frameworks cost on the host to measured steps, one framework at a time.

analysis/fit_software.py TRNSIM DATA [WHAT...]   TRNSIM: the program; DATA: the folder with training.csv and,
                                                 if it is there, vtrain-single-node.csv (every tenth row);
                                                 WHAT: names of frameworks, or experts; all when left out

kernel_gap_us of every framework that has one, then expert_launch_us and expert_gap_us, one pair for
all frameworks that have them. Used are primary rows; rows of one model, with whatever number of
layers, count as one: fitted is the mean over models of the median absolute error. The text in the
column `fit` states the error of each model when it is fitted to the others alone, or, of a
framework with one model, of each quarter of its rows fitted to the rest. Writes
workloads/measured/frameworks.csv.
"""
from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, median

FRAMEWORKS = Path(__file__).resolve().parents[1] / "workloads/measured/frameworks.csv"
SHAPE = ("hidden", "heads", "n_experts", "moe_topk", "moe_ffn")
QUARTERS = 4
SINGLE_NODE, SINGLE_NODE_FRAMEWORK, SAMPLED = "vtrain-single-node.csv", "Megatron-LM", 10
GAPS_US = range(0, 801, 10)
LAUNCHES_US = (100, 150, 200, 250, 300)
EXPERT_GAPS_US = range(0, 2001, 100)
WORST = 0.4  # an error beyond counts as this: a few rows are of software that nothing describes

MADE = ("id", "framework")  # columns that rows measured in one node do not have

Row = dict[str, str]
Errors = dict[str, float]
Candidate = tuple[float, ...]


def read_table(path: Path) -> list[Row]:
    with open(path, encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def read_data(folder: Path) -> list[Row]:
    """Primary rows of training.csv, and a sample of the steps measured in one node."""
    rows = [row for row in read_table(folder / "training.csv") if row["primary"] == "1"]
    if (folder / SINGLE_NODE).exists():
        table = read_table(folder / SINGLE_NODE)
        rows += [row | {"id": f"vtrain:{index}", "framework": SINGLE_NODE_FRAMEWORK}
                 for index, row in enumerate(table, start=2) if index % SAMPLED == 0]
    return rows


def write_table(path: Path, rows: list[Row]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def framework_of(row: Row, frameworks: list[Row]) -> str:
    """The longest name that the row's framework starts with."""
    names = [known["framework"] for known in frameworks if row["framework"].startswith(known["framework"])]
    return max(names, key=len, default="*")


def model_of(row: Row) -> str:
    return ",".join(row.get(column, "") for column in SHAPE)


def folds(rows: list[Row]) -> dict[str, str]:
    """What each row is held out with: its model, or a quarter of the only one."""
    models = {row["id"]: model_of(row) for row in rows}
    if len(set(models.values())) > 1:
        return models
    return {row["id"]: str(index % QUARTERS) for index, row in enumerate(rows)}


def simulated(program: str, rows: list[Row], frameworks: list[Row]) -> Errors:
    """Simulated over measured time of each row that has both, with these frameworks."""
    write_table(FRAMEWORKS, frameworks)
    folder = Path(tempfile.mkdtemp())
    single_node = [row for row in rows if row["id"].startswith("vtrain:")]
    write_table(folder / "training.csv", [row for row in rows if row not in single_node])
    if single_node:
        write_table(folder / SINGLE_NODE, [{column: row[column] for column in row if column not in MADE}
                                           for row in single_node])
    done = subprocess.run([program, "validate", "training", "vtrain", "--data", str(folder), "--json", "-q", "-o",
                           str(folder / "validation.h5")], capture_output=True, text=True, check=False)
    ids = {f"vtrain:{line}": row["id"] for line, row in enumerate(single_node, start=2)}
    return {ids.get(result["id"], result["id"]): result["simulated"] / result["measured"]
            for result in json.loads(done.stdout)["rows"] if result["simulated"] and result["measured"]}


def with_values(frameworks: list[Row], names: Iterable[str], **values: float) -> list[Row]:
    texts = {column: f"{value:g}" for column, value in values.items()}
    return [row | texts if row["framework"] in names else row for row in frameworks]


def loss(ratios: Errors, rows: list[Row]) -> float:
    """Mean over models of the median absolute error."""
    models: dict[str, list[float]] = {}
    for row in rows:
        if row["id"] in ratios:
            models.setdefault(model_of(row), []).append(min(WORST, abs(ratios[row["id"]] - 1)))
    return fmean(median(errors) for errors in models.values())


def between(at_none: Errors, at_some: Errors, share: float) -> Errors:
    """Waiting adds up: a straight line through two runs."""
    return {row: at_none[row] + share * (at_some[row] - at_none[row]) for row in at_none if row in at_some}


def best(tried: dict[Candidate, Errors], rows: list[Row]) -> Candidate:
    return min(tried, key=lambda candidate: loss(tried[candidate], rows))


def told(tried: dict[Candidate, Errors], rows: list[Row]) -> str:
    """The error of rows held out, each fold fitted to the others."""
    rows = [row for row in rows if all(row["id"] in ratios for ratios in tried.values())]
    fold_of = folds(rows)
    errors = []
    for fold in sorted(set(fold_of.values())):
        chosen = tried[best(tried, [row for row in rows if fold_of[row["id"]] != fold])]
        errors += [chosen[row["id"]] - 1 for row in rows if fold_of[row["id"]] == fold]
    what = "model" if len({model_of(row) for row in rows}) > 1 else "quarter"
    return (f"fit: analysis/fit_software.py on {len(rows)} rows; each {what} held out in turn: off by "
            f"{median(map(abs, errors)):.3f} in the median, bias {fmean(errors):+.3f}")


def fit_kernel_gaps(program: str, data: list[Row], frameworks: list[Row], wanted: list[str]) -> list[Row]:
    for name in [row["framework"] for row in frameworks if float(row["kernel_gap_us"]) > 0]:
        if wanted and name not in wanted:
            continue
        rows = [row for row in data if framework_of(row, frameworks) == name]
        if not rows:
            continue
        none = simulated(program, rows, with_values(frameworks, [name], kernel_gap_us=0))
        some = simulated(program, rows, with_values(frameworks, [name], kernel_gap_us=GAPS_US[-1]))
        tried = {(float(gap),): between(none, some, gap / GAPS_US[-1]) for gap in GAPS_US}
        (gap,), text = best(tried, rows), told(tried, rows)
        frameworks = [row | {"fit": text} if row["framework"] == name else row
                      for row in with_values(frameworks, [name], kernel_gap_us=gap)]
        print(f"{name}: kernel_gap_us {gap:g}; {text}")
    return frameworks


def fit_experts(program: str, data: list[Row], frameworks: list[Row]) -> list[Row]:
    names = [row["framework"] for row in frameworks if float(row["expert_launch_us"]) > 0]
    rows = [row for row in data if row.get("n_experts") and framework_of(row, frameworks) in names]
    tried: dict[Candidate, Errors] = {}
    for launch in LAUNCHES_US:
        none = simulated(program, rows, with_values(frameworks, names, expert_launch_us=launch, expert_gap_us=0))
        some = simulated(program, rows, with_values(frameworks, names, expert_launch_us=launch,
                                                    expert_gap_us=EXPERT_GAPS_US[-1]))
        tried |= {(float(launch), float(gap)): between(none, some, gap / EXPERT_GAPS_US[-1])
                  for gap in EXPERT_GAPS_US}
        gap, least = min(((gap, loss(tried[float(launch), float(gap)], rows)) for gap in EXPERT_GAPS_US),
                         key=lambda pair: pair[1])
        print(f"expert_launch_us {launch}: expert_gap_us {gap:g}, {100 * least:.1f} %")
    (launch, gap), text = best(tried, rows), told(tried, rows)
    print(f"experts: {launch:g} and {gap:g}; {text}")
    return [row | {"fit": text} if row["framework"] in names else row
            for row in with_values(frameworks, names, expert_launch_us=launch, expert_gap_us=gap)]


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    program, folder, *wanted = arguments
    data = read_data(Path(folder))
    before = read_table(FRAMEWORKS)
    try:
        frameworks = fit_kernel_gaps(program, data, before, wanted)
        if not wanted or "experts" in wanted:
            frameworks = fit_experts(program, data, frameworks)
    except BaseException:
        write_table(FRAMEWORKS, before)
        raise
    write_table(FRAMEWORKS, frameworks)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
