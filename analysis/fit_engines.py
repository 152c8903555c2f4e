#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the numbers of workloads/measured/engines.csv to measured rows of serving, and writes their errors there.

A row of the table is an engine, a range of its versions or a family of chips; a cell that is empty is that of the
more general row. So every number is of a software and a generation, none of a model, a machine or a source. The
simulator itself computes the residuals, ln(simulated / measured) of the time per token, the rate or the time to the
first token: one run for the figures, one for the slopes of each column. Gauss-Newton steps in the logarithms of all
cells together; outliers pull no more than BOUND; a cell is pulled to that of the more general row, or to the
neutral value of its column, as if by rows of its own.

    analysis/fit_engines.py [--rounds N] [--engine NAME ... [--own]] [--fresh]
    analysis/fit_engines.py --hold-out FOLDS|model|hardware

--fresh begins with the neutral values instead of the table's. --hold-out leaves out every FOLDS-th row, or all rows of
a model or of a kind of hardware, fits on the others from the neutral values and prints the error on what was left
out, for each fold; nothing is written. Models and hardware of few rows are left out together.
"""
from __future__ import annotations

import argparse
import csv
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ROOT / "workloads" / "measured"
ENGINES = TABLES / "engines.csv"
# A number's least, neutral and largest value, and how freely it moves (standard deviation of its logarithm).
NUMBERS = {
    "step_overhead_us": (20, 700, 30000, 1.0),
    "sequence_overhead_us": (0.5, 4, 1000, 1.0),
    "request_overhead_ms": (0.5, 10, 500, 1.0),
    "host_layer_us": (50, 450, 2000, 1.0),
    "prompt_kernel_us": (1, 20, 500, 1.0),
    "launch_factor": (0.1, 0.8, 10, 0.7),
    "matmul_factor": (0.5, 1, 3, 0.3),
    "matmul_rate_factor": (0.4, 1, 4, 0.4),
    "block_rate_factor": (0.7, 1, 2.5, 0.3),
    "attention_factor": (0.5, 1, 4, 0.3),
    "prompt_attention_factor": (0.5, 1, 50, 1.5),
    "communication_factor": (0.3, 1.3, 6, 0.5),
    "expert_factor": (0.5, 1, 4, 0.4),
    "expert_compute_factor": (0.3, 1, 6, 0.6),
    "expert_start_us": (1, 50, 500, 1.0),
}
STEP = 0.1  # of a logarithm, for slopes
BOUND = 0.12  # residuals beyond this pull no more
FIRST_WEIGHT = 0.4  # of a time to the first token against a time per token
PRIOR = 3.0  # rows' worth of pull to the more general value
LONGEST = 0.7  # step of a logarithm
DAMPING = (0.05, 1.0)  # of the diagonal; the best is taken
FEW = 8  # rows of a fold


def read(path: pathlib.Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: pathlib.Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def begins(text: str, names: str) -> int:
    """Letters of the longest name of 'a|b' that the text begins with, plus 1; 0: none."""
    return max((len(n) + 1 for n in names.split("|") if text.lower().startswith(n.lower())), default=0)


def closeness(row: dict[str, str], engine: dict[str, str]) -> tuple[int, ...]:
    """As closeness() in sim/study/engines.c; (): the row is of another engine."""
    name = row["engine"] + (" disaggregated" if row["prefill_cfg"] else "")
    words = row["hardware"].split(" ")
    tails = [" ".join(words[i:]) for i in range(len(words))]
    fits = (begins(name, engine["engine"]),
            begins(row["engine_version"], engine["version"]) if engine["version"] else 1,
            max(begins(tail, engine["hardware"]) for tail in tails) if engine["hardware"] else 1)
    return fits if all(fits) else ()


def engine_of(row: dict[str, str], engines: list[dict[str, str]], column: str = "") -> int:
    """The closest engine with a cell in the column, as engines_text() finds it; -1: none."""
    close = [(closeness(row, e), -i) for i, e in enumerate(engines) if not column or e[column]]
    best = max((c for c in close if c[0]), default=((), 1))
    return -best[1]


class Simulator:
    """Runs rows under changed engine tables, in a folder of its own."""

    def __init__(self, folder: str, rows: list[dict[str, str]]) -> None:
        self.folder = pathlib.Path(folder)
        self.tables = self.folder / "workloads" / "measured"
        self.tables.mkdir(parents=True)
        shutil.copy2(ROOT / "build-release" / "trnsim", self.folder / "trnsim")
        shutil.copytree(ROOT / "platforms", self.folder / "platforms")
        for path in TABLES.iterdir():
            if path.name not in ("engines.csv", "inference.csv"):
                shutil.copy2(path, self.tables / path.name)
        self.rows = rows

    def residuals(self, engines: list[dict[str, str]], rows: list[dict[str, str]] | None = None) -> dict[str, float]:
        """Of all rows, or of some."""
        write(self.tables / "engines.csv", engines)
        write(self.tables / "inference.csv", self.rows if rows is None else rows)
        done = subprocess.run([self.folder / "trnsim", "validate", "inference", "--quiet", "--json"],
                              cwd=self.folder, capture_output=True, text=True, check=True)
        out = {}
        for row in json.loads(done.stdout)["rows"]:
            if row["simulated"] and row["simulated"] > 0:
                sign = -1 if row["unit"] == "tokens/s" else 1
                out[row["id"]] = sign * float(numpy.log(row["simulated"] / row["measured"]))
        return out


class Cells:
    """All numbers that are fitted, and which rows each of them serves."""

    def __init__(self, engines: list[dict[str, str]], rows: list[dict[str, str]], movable: set[int]) -> None:
        served = {(engine_of(r, engines, n), n) for r in rows for n in NUMBERS}
        served = {(i, n) for i, n in served if i in movable}
        self.list = [(i, n) for n in NUMBERS for i, e in enumerate(engines) if e[n] and (i, n) in served]
        place = {cell: k for k, cell in enumerate(self.list)}
        self.of_row = {r["id"]: {n: place[(engine_of(r, engines, n), n)] for n in NUMBERS
                                 if (engine_of(r, engines, n), n) in place} for r in rows}
        self.parents = []  # a cell's, or minus 1; and the value of one that does not move
        self.targets = []
        for i, n in self.list:
            votes: dict[int, int] = {}
            for row in rows:
                if self.of_row[row["id"]].get(n) == place[(i, n)]:
                    others = [e if k != i else {**e, n: ""} for k, e in enumerate(engines)]
                    above = engine_of(row, others, n)
                    votes[above] = votes.get(above, 0) + 1
            above = max(votes, key=lambda k: votes[k], default=-1)
            self.parents.append(place.get((above, n), -1))
            self.targets.append(float(engines[above][n]) if above >= 0 else NUMBERS[n][1])
        mixtures = {m["model"] for m in read(TABLES / "models.csv") if m["experts"] != "0"}
        blocks = {m["model"] for m in read(TABLES / "models.csv") if m["block_scales"] == "1"}
        self.moved_by = {n: [r for r in rows if n in self.of_row[r["id"]] and
                             (n != "block_rate_factor" or r["model"] in blocks) and (not n.startswith("expert") or r["model"] in mixtures)] for n in NUMBERS}

    def values(self, engines: list[dict[str, str]]) -> numpy.ndarray:
        return numpy.log([float(engines[i][n]) for i, n in self.list])

    def put(self, engines: list[dict[str, str]], values: numpy.ndarray) -> list[dict[str, str]]:
        out = [dict(e) for e in engines]
        for (i, n), value in zip(self.list, values):
            low, _, high, _ = NUMBERS[n]
            out[i][n] = f"{min(max(numpy.exp(value), low), high):.4g}"
        return out

    def pull(self, values: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Normal matrix and gradient of the pull to the more general values."""
        size = len(self.list)
        normal, gradient = numpy.zeros((size, size)), numpy.zeros(size)
        for k, (_, n) in enumerate(self.list):
            weight = PRIOR * BOUND ** 2 / NUMBERS[n][3] ** 2
            direction = numpy.zeros(size)
            direction[k] = 1
            target = numpy.log(self.targets[k])
            if self.parents[k] >= 0:
                direction[self.parents[k]] = -1
                target = 0
            normal += weight * numpy.outer(direction, direction)
            gradient += weight * direction * (direction @ values - target)
        return normal, gradient


def is_first(name: str) -> bool:
    return name.endswith(":ttft")


def cost(residuals: dict[str, float], taking_part: set[str]) -> float:
    """Mean bounded error."""
    values = [(FIRST_WEIGHT if is_first(r) else 1.0) * min(abs(v), 1.0) for r, v in residuals.items()
              if r.removesuffix(":ttft") in taking_part]
    return float(numpy.mean(values))


def normal_equations(simulator: Simulator, engines: list[dict[str, str]], cells: Cells, base: dict[str, float],
                     taking_part: set[str]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Of a Gauss-Newton step of all cells."""
    values = cells.values(engines)
    columns = sorted({n for _, n in cells.list})
    slopes = {}
    for name in columns:
        moved = values + STEP * numpy.array([n == name for _, n in cells.list])
        after = simulator.residuals(cells.put(engines, moved), cells.moved_by[name])
        slopes[name] = {r: (after[r] - v) / STEP for r, v in base.items() if r in after}
    normal, gradient = cells.pull(values)
    for name, residual in base.items():
        own = cells.of_row.get(name.removesuffix(":ttft"))
        if own is None or name.removesuffix(":ttft") not in taking_part:
            continue
        weight = min(1, BOUND / max(abs(residual), 1e-9)) * (FIRST_WEIGHT if is_first(name) else 1.0)
        index = numpy.array([own[n] for n in columns if n in own])
        slope = numpy.clip([slopes[n].get(name, 0.0) for n in columns if n in own], -5, 5)
        normal[numpy.ix_(index, index)] += weight * numpy.outer(slope, slope)
        gradient[index] += weight * slope * residual
    return normal, gradient


def fit(simulator: Simulator, engines: list[dict[str, str]], rows: list[dict[str, str]], taking_part: set[str],
        rounds: int, movable: set[int] | None = None) -> tuple[list[dict[str, str]], dict[str, float]]:
    """Of all cells, or of those of some engines (their places in the table)."""
    cells = Cells(engines, rows, set(range(len(engines))) if movable is None else movable)
    base = simulator.residuals(engines)
    print(f"  start: {summary(base, taking_part)}", flush=True)
    for turn in range(rounds):
        normal, gradient = normal_equations(simulator, engines, cells, base, taking_part)
        best = cost(base, taking_part)
        for damping in DAMPING:
            step = -numpy.linalg.solve(normal + damping * numpy.diag(numpy.diag(normal)), gradient)
            tried = cells.put(engines, cells.values(engines) + numpy.clip(step, -LONGEST, LONGEST))
            after = simulator.residuals(tried)
            if cost(after, taking_part) < best:
                best, engines_next, base_next = cost(after, taking_part), tried, after
        if best >= cost(base, taking_part):
            break
        engines, base = engines_next, base_next
        print(f"  round {turn + 1}: cost {best:.4f}, {summary(base, taking_part)}", flush=True)
    return engines, base


def summary(residuals: dict[str, float], ids: set[str]) -> str:
    parts = []
    for first, what in ((False, "times per token and rates"), (True, "times to the first token")):
        errors = [abs(numpy.expm1(v)) for r, v in residuals.items()
                  if is_first(r) == first and r.removesuffix(":ttft") in ids]
        if errors:
            parts.append(f"{numpy.median(errors):.3f} of {len(errors)} {what}")
    return "median error " + ", ".join(parts)


def neutral(engines: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{n: f"{NUMBERS[n][1]:g}" if n in NUMBERS and v else v for n, v in e.items()} for e in engines]


def folds(rows: list[dict[str, str]], by: str) -> dict[str, set[str]]:
    """Ids by what is left out together."""
    apart: dict[str, set[str]] = {}
    for index, row in enumerate(rows):
        name = f"{index % int(by) + 1} of {by}" if by.isdigit() else row[by]
        apart.setdefault(name, set()).add(row["id"])
    few = {name for name, ids in apart.items() if len(ids) < FEW}
    together = set().union(*(apart[name] for name in few))
    return {n: ids for n, ids in apart.items() if n not in few} | ({"all others": together} if together else {})


def hold_out(rows: list[dict[str, str]], engines: list[dict[str, str]], by: str, rounds: int) -> None:
    held: dict[str, float] = {}
    everybody = {r["id"] for r in rows}
    with tempfile.TemporaryDirectory() as folder:
        simulator = Simulator(folder, rows)
        for name, apart in folds(rows, by).items():
            print(f"without {name}:", flush=True)
            _, residuals = fit(simulator, neutral(engines), rows, everybody - apart, rounds)
            held |= {r: v for r, v in residuals.items() if r.removesuffix(":ttft") in apart}
            print(f"  held out: {summary(held, apart)}", flush=True)
    print(f"all held-out rows: {summary(held, everybody)}")


def tell_errors(engines: list[dict[str, str]], rows: list[dict[str, str]], residuals: dict[str, float]) -> None:
    """Of the rows that are closest to each engine; engines without rows among these keep what they say."""
    for index, engine in enumerate(engines):
        own = {r["id"] for r in rows if engine_of(r, engines) == index}
        main = [abs(numpy.expm1(v)) for r, v in residuals.items() if r in own]
        if main:
            engine["error"] = f"{numpy.median(main):.3f} in the median of {len(main)} rows"


def merged(before: list[dict[str, str]], after: list[dict[str, str]],
           now: list[dict[str, str]]) -> list[dict[str, str]]:
    """What a fit changed, in a table that another fit may have changed since."""
    return [{n: a[n] if a[n] != b[n] else c[n] for n in c} for b, a, c in zip(before, after, now)]


def named(engine: dict[str, str], names: list[str]) -> bool:
    return any(re.match(name, engine["engine"]) for name in names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--hold-out", default="", metavar="FOLDS|model|hardware")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--engine", nargs="*", default=[],
                        help="expressions that the names of engines to be fitted begin with: only their rows count")
    parser.add_argument("--own", action="store_true", help="what these engines have from more general ones stays")
    options = parser.parse_args()
    engines = before = read(ENGINES)
    rows = [r for r in read(TABLES / "inference.csv") if r["confidence"] != "low" and engine_of(r, engines) >= 0]
    if options.engine:
        rows = [r for r in rows if named(engines[engine_of(r, engines)], options.engine)]
    if options.hold_out:
        hold_out(rows, engines, options.hold_out, options.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        start = neutral(engines) if options.fresh else [dict(e) for e in engines]
        movable = {i for i, e in enumerate(engines) if not options.own or named(e, options.engine)}
        engines, residuals = fit(Simulator(folder, rows), start, rows, {r["id"] for r in rows}, options.rounds, movable)
    tell_errors(engines, rows, residuals)
    write(ENGINES, merged(before, engines, read(ENGINES)))


if __name__ == "__main__":
    main()
