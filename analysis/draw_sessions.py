#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws agent sessions from statistics of recorded ones, in the form that workloads read.

    analysis/draw_sessions.py --sessions 48 --seed 1 > workloads/claims/agent-sessions.csv
    analysis/draw_sessions.py --fit requests_rle.csv     # prints the statistics of a recording

Only quantiles leave a recording. Calls of a session are drawn independently of each other, which
recorded ones are not; sub-agents are left out.
"""
from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from pathlib import Path

SHARES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
BLOCK_TOKENS = 64
KEPT_FRACTION = 0.981  # calls whose prompt begins with the whole prompt before
# Quantiles at SHARES over 692 recorded sessions of coding agents, main agents only.
CALLS = (3, 3, 4, 7, 18, 44, 90, 148, 207, 330, 514)
FIRST_TOKENS = (6343, 9925, 13021, 15485, 18587, 24236, 105238, 259335, 378386, 716145, 851858)
ADDED_TOKENS = (0, 0, 0, 5, 46, 280, 986, 2910, 5632, 15306, 60000)
OUTPUT_TOKENS = (1, 57, 88, 104, 138, 217, 429, 894, 1526, 3676, 18195)
THINK_S = (0.0, 2.0, 3.0, 4.0, 6.0, 10.0, 35.0, 171.0, 475.0, 2979.0, 77589.0)
COLUMNS = ("trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,api_time_s,think_time_s,stop,n_blocks,"
           "common_prefix_blocks_prev,hash_ranges")


def drawn(generator: random.Random, quantiles: tuple[float, ...]) -> float:
    """A value between two quantiles, linear in the share."""
    share = generator.random()
    place = max(i for i, known in enumerate(SHARES[:-1]) if known <= share)
    part = (share - SHARES[place]) / (SHARES[place + 1] - SHARES[place])
    return quantiles[place] + part * (quantiles[place + 1] - quantiles[place])


def session(generator: random.Random, number: int, most_tokens: int, most_think_s: float) -> list[str]:
    rows = []
    first = min(drawn(generator, FIRST_TOKENS), most_tokens / 2)
    tokens, blocks_before, first_id = int(first), 0, 1
    for call in range(round(drawn(generator, CALLS))):
        kept = call > 0 and generator.random() < KEPT_FRACTION and tokens <= most_tokens
        if call > 0 and not kept:  # the context was summarised: nothing of it is found again
            tokens, first_id, blocks_before = int(first), first_id + blocks_before, 0
        blocks = max(1, tokens // BLOCK_TOKENS)
        output = max(1, int(drawn(generator, OUTPUT_TOKENS)))
        think_s = min(drawn(generator, THINK_S), most_think_s) if call > 0 else 0
        rows.append(f"s{number:04d},main,{call},0,n,-,{tokens},{output},0,{think_s:.0f},-,{blocks},"
                    f"{blocks_before},{first_id}-{first_id + blocks - 1}")
        blocks_before = blocks
        tokens += output + int(drawn(generator, ADDED_TOKENS))
    return rows


def quantiles_of(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [ordered[int(share * (len(ordered) - 1))] for share in SHARES]


def fit(path: Path) -> None:
    agents: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["agent"] == "main":
                agents[row["trace_id"]].append(row)
    pairs = [pair for rows in agents.values() for pair in zip(rows, rows[1:])]
    kept = [BLOCK_TOKENS * int(now["common_prefix_blocks_prev"]) > 0.95 * int(before["in_tokens"])
            for before, now in pairs]
    added = [int(now["in_tokens"]) - int(before["in_tokens"]) - int(before["out_tokens"])
             for (before, now), whole in zip(pairs, kept) if whole]
    print("KEPT_FRACTION", round(sum(kept) / len(kept), 3))
    print("CALLS", quantiles_of([len(rows) for rows in agents.values()]))
    print("FIRST_TOKENS", quantiles_of([int(rows[0]["in_tokens"]) for rows in agents.values()]))
    print("ADDED_TOKENS", quantiles_of(added))
    print("OUTPUT_TOKENS", quantiles_of([int(row["out_tokens"]) for rows in agents.values() for row in rows]))
    print("THINK_S", quantiles_of([float(now["think_time_s"] or 0) for _, now in pairs]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-tokens", type=int, default=200_000, help="a longer context is summarised")
    parser.add_argument("--most-think-s", type=float, default=3600, help="no call waits longer")
    parser.add_argument("--fit", type=Path, metavar="FILE", help="print the statistics of a recording")
    arguments = parser.parse_args()
    if arguments.fit is not None:
        fit(arguments.fit)
        return
    generator = random.Random(arguments.seed)
    print(COLUMNS)
    for number in range(1, arguments.sessions + 1):
        print("\n".join(session(generator, number, arguments.most_tokens, arguments.most_think_s)))


if __name__ == "__main__":
    main()
