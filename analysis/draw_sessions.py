#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws agent sessions from statistics of recorded ones, in the form that workloads read.

    analysis/draw_sessions.py --sessions 40 --seed 1 > workloads/claims/agent-sessions.csv
    analysis/draw_sessions.py --sub-agents 0.09          # so many beside each main agent, in the mean
    analysis/draw_sessions.py --fit requests_rle.csv     # prints the statistics of a recording

Only quantiles leave a recording. Calls of a session are drawn independently of each other, which
recorded ones are not. Sub-agents have a context of their own and start
with their session, as recorded ones do.
"""
from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

SHARES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
BLOCK_TOKENS = 64
FIRST_IDS = 1 << 18  # between block ids of agents of a session


class Kind(NamedTuple):
    """Statistics of main agents or of sub-agents: quantiles at SHARES."""
    kept_fraction: float  # calls whose prompt begins with the whole prompt before
    calls: tuple[float, ...]
    first_tokens: tuple[float, ...]
    added_tokens: tuple[float, ...]
    output_tokens: tuple[float, ...]
    think_s: tuple[float, ...]


# Over 692 recorded sessions of coding agents, with 63 sub-agents (0.091 a session).
MAIN = Kind(0.981, (3, 3, 4, 7, 18, 44, 90, 148, 207, 330, 514),
            (6343, 9925, 13021, 15485, 18587, 24236, 105238, 259335, 378386, 716145, 851858),
            (0, 0, 0, 5, 46, 280, 986, 2910, 5632, 15306, 60000),
            (1, 57, 88, 104, 138, 217, 429, 894, 1526, 3676, 18195),
            (0.0, 2.0, 3.0, 4.0, 6.0, 10.0, 35.0, 171.0, 475.0, 2979.0, 77589.0))
SUB = Kind(1.0, (2, 2, 4, 5, 7, 11, 13, 17, 19, 24, 24),
           (8868, 8868, 9018, 9096, 9838, 10335, 11687, 11763, 13335, 18251, 18259),
           (25, 53, 128, 256, 650, 2259, 5582, 12816, 21991, 59337, 119842),
           (62, 83, 111, 131, 176, 235, 306, 520, 2975, 4760, 9829),
           (1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 6.0, 29.0, 44.0, 73.0, 133.0))
COLUMNS = ("trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,api_time_s,think_time_s,stop,n_blocks,"
           "common_prefix_blocks_prev,hash_ranges")


def drawn(generator: random.Random, quantiles: tuple[float, ...]) -> float:
    """A value between two quantiles, linear in the share."""
    share = generator.random()
    place = max(i for i, known in enumerate(SHARES[:-1]) if known <= share)
    part = (share - SHARES[place]) / (SHARES[place + 1] - SHARES[place])
    return quantiles[place] + part * (quantiles[place + 1] - quantiles[place])


def agent_rows(generator: random.Random, kind: Kind, names: str, first_id: int, most_tokens: int,
               most_think_s: float) -> list[str]:
    """Calls of one agent; names: of its session and itself."""
    rows = []
    first = min(drawn(generator, kind.first_tokens), most_tokens / 2)
    tokens, blocks_before = int(first), 0
    for call in range(max(round(drawn(generator, kind.calls)), 1)):
        kept = call > 0 and generator.random() < kind.kept_fraction and tokens <= most_tokens
        if call > 0 and not kept:  # the context was summarised: nothing of it is found again
            tokens, first_id, blocks_before = int(first), first_id + blocks_before, 0
        blocks = max(1, tokens // BLOCK_TOKENS)
        output = max(1, int(drawn(generator, kind.output_tokens)))
        think_s = min(drawn(generator, kind.think_s), most_think_s) if call > 0 else 0
        rows.append(f"{names},{call},0,n,-,{tokens},{output},0,{think_s:.0f},-,{blocks},"
                    f"{blocks_before},{first_id}-{first_id + blocks - 1}")
        blocks_before = blocks
        tokens += output + int(drawn(generator, kind.added_tokens))
    return rows


def sub_agents(generator: random.Random, mean: float) -> int:
    """A count of that mean, each as likely as the rate of a Poisson process makes it."""
    count, time = 0, generator.expovariate(1)
    while time < mean:
        count, time = count + 1, time + generator.expovariate(1)
    return count


def quantiles_of(values: list[float]) -> tuple[float, ...]:
    ordered = sorted(values)
    return tuple(ordered[int(share * (len(ordered) - 1))] for share in SHARES)


def fit_kind(agents: list[list[dict[str, str]]]) -> Kind:
    pairs = [pair for rows in agents for pair in zip(rows, rows[1:])]
    kept = [BLOCK_TOKENS * int(now["common_prefix_blocks_prev"]) > 0.95 * int(before["in_tokens"])
            for before, now in pairs]
    added = [int(now["in_tokens"]) - int(before["in_tokens"]) - int(before["out_tokens"])
             for (before, now), whole in zip(pairs, kept) if whole]
    return Kind(round(sum(kept) / len(kept), 3), quantiles_of([len(rows) for rows in agents]),
                quantiles_of([int(rows[0]["in_tokens"]) for rows in agents]), quantiles_of(added),
                quantiles_of([int(row["out_tokens"]) for rows in agents for row in rows]),
                quantiles_of([float(now["think_time_s"] or 0) for _, now in pairs]))


def fit(path: Path) -> None:
    agents: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            agents[row["trace_id"], row["agent"]].append(row)
    main_agents = [rows for (_, name), rows in agents.items() if name == "main"]
    others = [rows for (_, name), rows in agents.items() if name != "main"]
    print("MAIN", fit_kind(main_agents))
    print("SUB", fit_kind(others))
    print("sub-agents a session", round(len(others) / len(main_agents), 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-tokens", type=int, default=200_000, help="a longer context is summarised")
    parser.add_argument("--most-think-s", type=float, default=3600, help="no call waits longer")
    parser.add_argument("--sub-agents", type=float, default=0, help="of a session, mean")
    parser.add_argument("--fit", type=Path, metavar="FILE", help="print the statistics of a recording")
    arguments = parser.parse_args()
    if arguments.fit is not None:
        fit(arguments.fit)
        return
    generator, others = random.Random(arguments.seed), random.Random(f"{arguments.seed} sub-agents")
    limits = (arguments.most_tokens, arguments.most_think_s)
    print(COLUMNS)
    for number in range(1, arguments.sessions + 1):
        print("\n".join(agent_rows(generator, MAIN, f"s{number:04d},main", 1, *limits)))
        for other in range(1, sub_agents(others, arguments.sub_agents) + 1):
            names = f"s{number:04d},main/agent_{other:03d}"
            print("\n".join(agent_rows(others, SUB, names, other * FIRST_IDS, *limits)))


if __name__ == "__main__":
    main()
