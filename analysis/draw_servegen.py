#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws a trace from ServeGen's description of clients: each has, window by window, a rate and a burstiness, and
lengths with probabilities. Writes CSV with the columns of Vidur, which workloads read.

    analysis/draw_servegen.py RATES.csv --lengths PMF.jsonl.gz --hours 1 > trace.csv
    analysis/draw_servegen.py RATES.csv --start-h 12 --input 1024 --output 256 > trace.csv

RATES has client, window_start_s, rate_req_s, cv_interarrival, dist; gaps are gamma or Weibull with that mean and cv
(two parameters follow from them, the file's own are not read). Without --lengths all requests are alike.
"""
from __future__ import annotations

import argparse
import ast
import bisect
import csv
import gzip
import heapq
import itertools
import json
import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

WINDOW_S = 600.0

Lengths = dict[str, list[tuple[float, list[list[int]], list[list[float]]]]]


def opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt") if path.suffix == ".gz" else path.open()


def weibull_shape(cv: float) -> float:
    """The shape with that deviation over mean, by bisection."""
    low, high = 0.1, 20.0
    for _ in range(60):
        shape = (low + high) / 2
        square = math.exp(math.lgamma(1 + 2 / shape) - 2 * math.lgamma(1 + 1 / shape)) - 1
        low, high = (shape, high) if square > cv * cv else (low, shape)
    return low


def gaps(rate: float, cv: float, kind: str, stream: random.Random) -> Iterator[float]:
    cv = max(cv, 0.05)
    if kind == "Weibull":
        shape = weibull_shape(cv)
        scale = 1 / rate / math.gamma(1 + 1 / shape)
        while True:
            yield stream.weibullvariate(scale, shape)
    while True:
        yield stream.gammavariate(1 / cv**2, cv**2 / rate)


def client_times(windows: list[dict[str, str]], start_s: float, end_s: float, stream: random.Random) -> Iterator[float]:
    for window in windows:
        begin = float(window["window_start_s"])
        if begin + WINDOW_S <= start_s or begin >= end_s:
            continue
        now = begin - float(window["rate_req_s"]) ** -1 * stream.random()
        for gap in gaps(float(window["rate_req_s"]), float(window["cv_interarrival"]), window["dist"], stream):
            now += gap
            if now >= min(begin + WINDOW_S, end_s):
                break
            if now >= max(begin, start_s):
                yield now


def read_lengths(path: Path) -> Lengths:
    """By client: windows with values and summed probabilities of input and output."""
    found: Lengths = {}
    with opened(path) as file:
        for line in file:
            row = json.loads(line)
            tables = [sorted(ast.literal_eval(row[name]).items()) for name in ("input_tokens", "output_tokens")]
            values = [[int(value) for value, _ in table] for table in tables]
            sums = [list(itertools.accumulate(share for _, share in table)) for table in tables]
            found.setdefault(str(row["client"]), []).append((float(row["window_start_s"]), values, sums))
    return found


def draw(lengths: Lengths, client: str, now: float, stream: random.Random, otherwise: tuple[int, int]) -> tuple[int, int]:
    windows = lengths.get(client)
    if not windows:
        return otherwise
    _, values, sums = max((each for each in windows if each[0] <= now), default=windows[0], key=lambda each: each[0])
    places = [min(bisect.bisect(total, stream.random() * total[-1]), len(total) - 1) for total in sums]
    return max(values[0][places[0]], 1), max(values[1][places[1]], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws a trace from ServeGen's clients.")
    parser.add_argument("rates", type=Path)
    parser.add_argument("--lengths", type=Path)
    parser.add_argument("--input", type=int, default=1024, help="tokens where no lengths are known")
    parser.add_argument("--output", type=int, default=256)
    parser.add_argument("--start-h", type=float, default=0)
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    clients: dict[str, list[dict[str, str]]] = {}
    with opened(given.rates) as file:
        for row in csv.DictReader(file):
            clients.setdefault(row["client"], []).append(row)
    lengths = read_lengths(given.lengths) if given.lengths else {}
    start_s, end_s = given.start_h * 3600, (given.start_h + given.hours) * 3600
    streams = {client: random.Random(f"{given.seed} {client}") for client in clients}
    merged = heapq.merge(*(zip(client_times(windows, start_s, end_s, streams[client]), itertools.repeat(client))
                           for client, windows in clients.items()))
    output = csv.writer(sys.stdout)
    output.writerow(("arrived_at", "num_prefill_tokens", "num_decode_tokens"))
    for now, client in merged:
        output.writerow((f"{now - start_s:.6f}", *draw(lengths, client, now, streams[client],
                                                       (given.input, given.output))))


if __name__ == "__main__":
    main()
