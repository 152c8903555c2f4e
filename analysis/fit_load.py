#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits a synthetic load to a recorded trace: quantiles of the lengths, their correlation, rate
and burstiness of the arrivals. Prints the lines for a workload file and, with --show, how a
drawn load compares with the trace. Only these statistics leave the trace.

    analysis/fit_load.py AzureLLMInferenceTrace_conv.csv [--show] [--figure fit.png]
"""
from __future__ import annotations

import argparse
import csv
import datetime
import json
import math
import random
import statistics
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

SHARES = (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65,
          0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 1)
COLUMNS = (("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
           ("Timestamp", "Request tokens", "Response tokens"),
           ("arrived_at", "num_prefill_tokens", "num_decode_tokens"),
           ("", "num_prefill_tokens", "num_decode_tokens"))  # lengths alone: one a second
NORMAL = NormalDist()


class Request(NamedTuple):
    time_s: float
    input_tokens: int
    output_tokens: int


def seconds(text: str) -> float:
    """Seconds as a number or as a date; the dates have more digits than datetime takes."""
    if "-" not in text:
        return float(text)
    moment, _, fraction = text.partition(".")
    return datetime.datetime.fromisoformat(moment + "+00:00").timestamp() + float("0." + (fraction or "0"))


def read(path: Path) -> list[Request]:
    if path.suffix == ".jsonl":
        rows = (json.loads(line) for line in path.read_text().splitlines() if line.strip())
        found = [Request(row["timestamp"] / 1000, row["input_length"], row["output_length"]) for row in rows]
    else:
        with path.open(newline="") as file:
            table = csv.DictReader(file)
            names = next(names for names in COLUMNS if set(names) - {""} <= set(table.fieldnames or ()))
            found = [Request(seconds(row.get(names[0], str(number))), int(row[names[1]]), int(row[names[2]]))
                     for number, row in enumerate(table)]
    return [request for request in found if request.input_tokens > 0 and request.output_tokens > 0]


def quantile(ordered: list[int], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def lengths(values: list[int]) -> str:
    ordered = sorted(values)
    return " ".join(f"{share:g}:{max(round(quantile(ordered, share)), 1)}" for share in SHARES)


def normal_scores(values: list[int]) -> list[float]:
    """Ranks as normal variables; equal values share their mean rank."""
    places: dict[int, list[int]] = {}
    for place, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(place)
    score = {value: NORMAL.inv_cdf((statistics.fmean(found) + 0.5) / len(values))
             for value, found in places.items()}
    return [score[value] for value in values]


def correlation(first: list[float], second: list[float]) -> float:
    mean_first, mean_second = statistics.fmean(first), statistics.fmean(second)
    both = sum((a - mean_first) * (b - mean_second) for a, b in zip(first, second))
    return both / math.sqrt(sum((a - mean_first) ** 2 for a in first) *
                            sum((b - mean_second) ** 2 for b in second))


def burstiness(requests: list[Request], window_s: float = 60) -> tuple[float, float]:
    """Deviation over mean of the gaps, and variance over mean of requests per window (1: Poisson)."""
    gaps = [b.time_s - a.time_s for a, b in zip(requests, requests[1:])]
    counts: dict[int, int] = {}
    for request in requests:
        cell = int((request.time_s - requests[0].time_s) / window_s)
        counts[cell] = counts.get(cell, 0) + 1
    windows = [counts.get(cell, 0) for cell in range(max(counts))] or [0, 0]
    spread = statistics.pvariance(windows) / max(statistics.fmean(windows), 1e-9)
    return statistics.pstdev(gaps) / statistics.fmean(gaps), spread


def draw(text: str, share: float) -> int:
    """As sim/workload/lengths.c draws."""
    points = [tuple(map(float, item.split(":"))) for item in text.split()]
    for (low, start), (high, end) in zip(points, points[1:]):
        if share <= high:
            return max(int(start + (share - low) / (high - low) * (end - start) + 0.5), 1)
    return int(points[-1][1])


def synthetic(fit: dict[str, str], count: int) -> list[Request]:
    source, rho, made = random.Random(1), float(fit["length_correlation"]), []
    for _ in range(count):
        first, other = source.gauss(0, 1), source.gauss(0, 1)
        second = rho * first + math.sqrt(1 - rho * rho) * other
        made.append(Request(0, draw(fit["input_tokens"], NORMAL.cdf(first)),
                            draw(fit["output_tokens"], NORMAL.cdf(second))))
    return made


def show(requests: list[Request], drawn: list[Request]) -> None:
    print("\n| | trace | drawn |\n|---|---|---|")
    for name in ("input_tokens", "output_tokens"):
        trace = sorted(getattr(request, name) for request in requests)
        made = sorted(getattr(request, name) for request in drawn)
        print(f"| {name}, mean | {statistics.fmean(trace):.1f} | {statistics.fmean(made):.1f} |")
        for share in (0.1, 0.5, 0.9, 0.99):
            print(f"| {name}, p{share * 100:g} | {quantile(trace, share):.0f} | {quantile(made, share):.0f} |")
    both = [statistics.fmean(a.input_tokens * a.output_tokens for a in kind) for kind in (requests, drawn)]
    print(f"| mean of input x output | {both[0]:.0f} | {both[1]:.0f} |")


def figure(requests: list[Request], drawn: list[Request], path: str) -> None:
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plot
    _, axes = plot.subplots(1, 2, figsize=(9, 3.5))
    for axis, name in zip(axes, ("input_tokens", "output_tokens")):
        for kind, label in ((requests, "trace"), (drawn, "drawn")):
            values = sorted(getattr(request, name) for request in kind)
            axis.plot(values, [(i + 1) / len(values) for i in range(len(values))], label=label)
        axis.set(xscale="log", xlabel=name, ylabel="share of requests")
        axis.legend()
    plot.tight_layout()
    plot.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--show", action="store_true", help="compare a drawn load with the trace")
    parser.add_argument("--figure", help="write the comparison as a figure")
    options = parser.parse_args()
    requests = read(options.trace)
    inputs = [request.input_tokens for request in requests]
    outputs = [request.output_tokens for request in requests]
    cv, spread = burstiness(requests)
    span_s = requests[-1].time_s - requests[0].time_s
    fit = {"rate": f"{(len(requests) - 1) / span_s:.4g}", "cv": f"{cv:.3g}", "input_tokens": lengths(inputs),
           "output_tokens": lengths(outputs),
           "length_correlation": f"{correlation(normal_scores(inputs), normal_scores(outputs)):.3f}"}
    print(f"# {options.trace.name}: {len(requests)} requests in {span_s:.0f} s; variance over mean of the "
          f"requests per minute {spread:.2f} (Poisson: 1)")
    for name, text in fit.items():
        print(f"{name}: {text}")
    drawn = synthetic(fit, 50000)
    if options.show:
        show(requests, drawn)
    if options.figure:
        figure(requests, drawn, options.figure)


if __name__ == "__main__":
    main()
