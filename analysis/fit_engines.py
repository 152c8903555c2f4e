#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the properties of serving engines (workloads/measured/engines.csv) to measured rows.

Every engine and version of the table has its own few numbers; all rows that it served take part, whatever the
model, the machine or the source. The simulator itself computes the residuals: ln(simulated / measured) of the time
per token, the rate or the time to the first token. Gauss-Newton steps in the logarithms of the numbers, weights
that bound the pull of outliers, and a weak pull to the values at the start, so that what rows do not tell stays.

    analysis/fit_engines.py [--rounds N] [--hold-out] [--engine NAME ...]

--hold-out leaves out one machine at a time, fits on the others and prints the error on it; nothing is written then.
"""
from __future__ import annotations

import argparse
import csv
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ROOT / "workloads" / "measured"
ENGINES = TABLES / "engines.csv"
# A number's least and largest value, and how freely it moves (standard deviation of its logarithm).
NUMBERS = {
    "step_overhead_us": (20, 30000, 1.0),
    "sequence_overhead_us": (0.5, 1000, 1.0),
    "token_overhead_us": (0.01, 50, 1.0),
    "host_layer_us": (50, 2000, 1.0),
    "expert_start_us": (1, 500, 1.0),
    "launch_factor": (0.1, 30, 0.7),
    "matmul_factor": (0.6, 3, 0.3),
    "expert_factor": (0.5, 5, 0.4),
    "attention_factor": (0.5, 8, 0.4),
    "communication_factor": (0.2, 8, 0.5),
    "request_overhead_ms": (0.5, 500, 1.0),
}
STEP = 0.1  # of a logarithm, for derivatives
BOUND = 0.15  # residuals beyond this pull no more
FIRST_WEIGHT = 0.35  # of a time to the first token against a time per token


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


def engine_of(row: dict[str, str], engines: list[dict[str, str]]) -> int:
    """As engines_find() in sim/study/engines.c."""
    best, found = 0, -1
    for i, engine in enumerate(engines):
        name = row["engine"] + (" disaggregated" if row["prefill_cfg"] else "")
        named = begins(name, engine["engine"])
        fits = begins(row["engine_version"], engine["version"]) if engine["version"] else 1
        if named and fits and named * 100 + fits > best:
            best, found = named * 100 + fits, i
    return found


class Simulator:
    """Runs rows under changed engine tables, in a folder of its own."""

    def __init__(self, folder: pathlib.Path, rows: list[dict[str, str]]) -> None:
        self.folder = folder
        self.program = folder / "trnsim"
        shutil.copy2(ROOT / "build-release" / "trnsim", self.program)
        tables = folder / "workloads" / "measured"
        tables.mkdir(parents=True)
        for path in TABLES.iterdir():
            if path.name not in ("engines.csv", "inference.csv"):
                shutil.copy2(path, tables / path.name)
        shutil.copytree(ROOT / "platforms", folder / "platforms")
        write(tables / "inference.csv", rows)

    def residuals(self, engines: list[dict[str, str]]) -> dict[str, float]:
        write(self.folder / "workloads" / "measured" / "engines.csv", engines)
        done = subprocess.run(
            [self.program, "validate", "inference", "--json"],
            cwd=self.folder, capture_output=True, text=True, check=True, env={**os.environ})
        out = {}
        for row in json.loads(done.stdout)["rows"]:
            if row["simulated"] and row["simulated"] > 0:
                sign = -1 if row["unit"] == "tokens/s" else 1
                out[row["id"]] = sign * float(numpy.log(row["simulated"] / row["measured"]))
        return out


def changed(engines: list[dict[str, str]], moves: numpy.ndarray, names: list[str]) -> list[dict[str, str]]:
    out = []
    for engine, move in zip(engines, moves):
        new = dict(engine)
        for name, by in zip(names, move):
            if engine[name]:
                low, high, _ = NUMBERS[name]
                new[name] = f"{min(max(float(engine[name]) * numpy.exp(by), low), high):.4g}"
        out.append(new)
    return out


def improve(simulator: Simulator, engines: list[dict[str, str]], groups: dict[str, int],
            base: dict[str, float]) -> list[dict[str, str]]:
    """One Gauss-Newton step for all engines at a time: rows depend on their own engine alone."""
    names = list(NUMBERS)
    slopes = {}
    for name in names:
        moves = numpy.zeros((len(engines), len(names)))
        moves[:, names.index(name)] = STEP
        slopes[name] = simulator.residuals(changed(engines, moves, names))
    step = numpy.zeros((len(engines), len(names)))
    for index in range(len(engines)):
        rows = [r for r in base if groups.get(r.removesuffix(":ttft")) == index
                and all(r in slopes[n] for n in names)]
        if not rows:
            continue
        residual = numpy.array([base[r] for r in rows])
        jacobian = numpy.array([[(slopes[n][r] - base[r]) / STEP for n in names] for r in rows])
        weight = numpy.minimum(1, BOUND / numpy.maximum(numpy.abs(residual), 1e-9))
        weight *= numpy.array([FIRST_WEIGHT if r.endswith(":ttft") else 1.0 for r in rows])
        prior = numpy.diag([0.02 * len(rows) ** 0.5 / NUMBERS[n][2] ** 2 for n in names])
        normal = jacobian.T @ (weight[:, None] * jacobian) + prior
        step[index] = -numpy.linalg.solve(normal, jacobian.T @ (weight * residual))
    return changed(engines, numpy.clip(step, -0.7, 0.7), names)


def loss(residuals: dict[str, float], groups: dict[str, int], index: int) -> float:
    values = [(FIRST_WEIGHT if r.endswith(":ttft") else 1.0) * min(abs(v), 1.0)
              for r, v in residuals.items() if groups.get(r.removesuffix(":ttft")) == index]
    return float(numpy.mean(values)) if values else 0.0


def fit(simulator: Simulator, engines: list[dict[str, str]], groups: dict[str, int],
        rounds: int) -> tuple[list[dict[str, str]], dict[str, float]]:
    base = simulator.residuals(engines)
    for turn in range(rounds):
        tried = improve(simulator, engines, groups, base)
        for _ in range(2):
            after = simulator.residuals(tried)
            better = [loss(after, groups, i) <= loss(base, groups, i) for i in range(len(engines))]
            tried = [new if good else halfway(old, new)
                     for old, new, good in zip(engines, tried, better)]
            if all(better):
                break
        after = simulator.residuals(tried)
        engines = [new if loss(after, groups, i) < loss(base, groups, i) else old
                   for i, (old, new) in enumerate(zip(engines, tried))]
        base = after
        print(f"round {turn + 1}: {summary(base)}", flush=True)
    return engines, base


def halfway(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    out = dict(new)
    for name in NUMBERS:
        if old[name] and new[name]:
            out[name] = f"{(float(old[name]) * float(new[name])) ** 0.5:.4g}"
    return out


def summary(residuals: dict[str, float]) -> str:
    main = [abs(numpy.expm1(v)) for r, v in residuals.items() if not r.endswith(":ttft")]
    first = [abs(numpy.expm1(v)) for r, v in residuals.items() if r.endswith(":ttft")]
    return (f"median error {numpy.median(main):.3f} of {len(main)} times per token and rates, "
            f"{numpy.median(first):.3f} of {len(first)} times to the first token")


def hold_out(rows: list[dict[str, str]], engines: list[dict[str, str]], rounds: int) -> None:
    """Fits without a machine, tells the error on it."""
    for machine in sorted({r["hardware"] for r in rows}):
        others = [r for r in rows if r["hardware"] != machine]
        own = [r for r in rows if r["hardware"] == machine]
        if len(own) < 10:
            continue
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            groups = {r["id"]: engine_of(r, engines) for r in rows}
            fitted, _ = fit(Simulator(pathlib.Path(a), others), engines, groups, rounds)
            print(f"{machine} held out: {summary(Simulator(pathlib.Path(b), own).residuals(fitted))}", flush=True)


def tell_errors(engines: list[dict[str, str]], groups: dict[str, int], residuals: dict[str, float]) -> None:
    for index, engine in enumerate(engines):
        main = [abs(numpy.expm1(v)) for r, v in residuals.items()
                if groups.get(r) == index and not r.endswith(":ttft")]
        engine["error"] = f"{numpy.median(main):.3f} in the median of {len(main)} rows" if main else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--engine", nargs="*", default=[], help="begin of the names of engines to be fitted")
    parser.add_argument("--every", type=int, default=1, help="of every so many rows one takes part")
    options = parser.parse_args()
    rows = [r for r in read(TABLES / "inference.csv") if r["confidence"] != "low"]
    engines = read(ENGINES)
    groups = {r["id"]: engine_of(r, engines) for r in rows}
    by_engine: dict[int, int] = {}
    kept = []
    for row in rows:
        index = groups[row["id"]]
        by_engine[index] = by_engine.get(index, -1) + 1
        if by_engine[index] % options.every == 0:
            kept.append(row)
    rows = kept
    if options.engine:
        wanted = {i for i, e in enumerate(engines) if e["engine"].startswith(tuple(options.engine))}
        rows = [r for r in rows if groups[r["id"]] in wanted]
    if options.hold_out:
        hold_out(rows, engines, options.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        engines, residuals = fit(Simulator(pathlib.Path(folder), rows), engines, groups, options.rounds)
    tell_errors(engines, groups, residuals)
    write(ENGINES, engines)


if __name__ == "__main__":
    main()
