#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits drawn conversations to a trace with block ids: turns, what a turn adds, think time and the beginning that all
share, beside lengths and arrivals (fit_load.py). Prints the lines of a workload file and, with --show, what the simulator
makes of the trace and of the drawn load. Only these statistics leave the trace.

    analysis/fit_turns.py conversation_trace.jsonl [--show] [--pace 0.02] [--program build-release/trnsim]

A request goes on with the request before it whose whole blocks are the most leading ids of its own, beyond the blocks
that all share. The trace has no ends: an answer is taken to come at --pace seconds a token.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from fit_load import Request, burstiness, lengths, read

ROOT = Path(__file__).resolve().parent.parent
BLOCK_TOKENS = 512


class Turns(NamedTuple):
    first: list[Request]  # of each conversation
    turns: list[int]
    added: list[int]  # tokens of a later prompt beyond what was said
    think_s: list[int]
    shared_tokens: int


def block_ids(path: Path) -> list[list[int]]:
    rows = (json.loads(line) for line in path.read_text().splitlines() if line.strip())
    return [row["hash_ids"] for row in rows if row["input_length"] > 0 and row["output_length"] > 0]


def shared_blocks(ids: list[list[int]]) -> int:
    """Leading blocks that nearly all requests have."""
    count = 0
    while sum(row[count:count + 1] == ids[0][count:count + 1] for row in ids) > 0.9 * len(ids):
        count += 1
    return count


def parents(requests: list[Request], ids: list[list[int]], shared: int) -> list[int]:
    """Of each request, the one that it goes on with; -1: none."""
    known: dict[tuple[int, ...], int] = {}
    found = []
    for number, (request, row) in enumerate(zip(requests, ids)):
        ends = (known.get(tuple(row[:count]), -1) for count in range(len(row), shared, -1))
        found.append(next((end for end in ends if end >= 0), -1))
        whole = request.input_tokens // BLOCK_TOKENS
        if whole > shared:
            known[tuple(row[:whole])] = number
    return found


def conversations(requests: list[Request], ids: list[list[int]], pace_s: float) -> Turns:
    shared = shared_blocks(ids)
    before = parents(requests, ids, shared)
    depth, root, turns = [0] * len(requests), list(range(len(requests))), [1] * len(requests)
    added, think = [], []
    for number, parent in enumerate(before):
        if parent >= 0:
            request, last = requests[number], requests[parent]
            depth[number], root[number] = depth[parent] + 1, root[parent]
            turns[root[number]] += 1
            added.append(max(request.input_tokens - last.input_tokens - last.output_tokens, 1))
            think.append(max(round(request.time_s - last.time_s - pace_s * last.output_tokens), 1))
    roots = [number for number, parent in enumerate(before) if parent < 0]
    return Turns([requests[number] for number in roots], [turns[number] for number in roots], added, think,
                 shared * BLOCK_TOKENS)


def load_lines(requests: list[Request], talk: Turns) -> dict[str, str]:
    cv, _ = burstiness(talk.first)
    rate = len(requests) / (requests[-1].time_s - requests[0].time_s)
    return {"arrivals": "gamma", "rate": f"{rate:.3g}", "cv": f"{cv:.3g}",
            "input_tokens": lengths([request.input_tokens for request in talk.first]),
            "output_tokens": lengths([request.output_tokens for request in requests]),
            "turns": lengths(talk.turns), "turn_tokens": lengths(talk.added), "think": lengths(talk.think_s),
            "shared_tokens": str(talk.shared_tokens)}


def simulate(program: Path, workload: Path, changes: list[str]) -> dict[str, float]:
    words = [word for change in changes for word in ("--set", change)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program, "run", workload, "--platform", ROOT / "platforms/hgx-h100.xml", "--quiet", "--json",
                               "--output", Path(folder) / "result.h5", "--set", "kv_tokens=unlimited", "--set", "rate_scale=0.25", *words],
                              capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def show(program: Path, trace: Path, fit: dict[str, str], count: int) -> None:
    base = ROOT / "workloads/serve-llama-3-70b-conv.yaml"
    runs = [simulate(program, base, [f"trace={os.path.abspath(trace)}", "requests=0"]),
            simulate(program, base, [f"requests={count}", *(f"{key}={value}" for key, value in fit.items())])]
    print("\n| | trace | drawn |\n|---|---|---|")
    for name, key, scale in (("requests a second", "requests_per_s", 1),
                             ("prompt tokens a request", "input_tokens_per_s", 0), ("answer tokens a request", "output_tokens_per_s", 0),
                             ("share of prompt tokens found in a cache without end", "cached_token_fraction", 1)):
        values = [run[key] / (1 if scale else run["requests_per_s"]) for run in runs]
        print(f"| {name} | " + " | ".join(f"{value:.4g}" for value in values) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--pace", type=float, default=0.02)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--program", type=Path, default=ROOT / "build-release/trnsim")
    options = parser.parse_args()
    requests = read(options.trace)
    talk = conversations(requests, block_ids(options.trace), options.pace)
    fit = load_lines(requests, talk)
    print("\n".join(f"    {key}: {value}" for key, value in fit.items()))
    print(f"# {len(requests)} requests, {len(talk.turns)} conversations of {sum(talk.turns) / len(talk.turns):.3g} turns")
    if options.show:
        show(options.program.resolve(), options.trace, fit, len(requests))


if __name__ == "__main__":
    main()
