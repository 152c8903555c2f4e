#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/PLANS.md: measured training steps against the best plans that are found for them.

analysis/plan_ranks.py TRNSIM [DATA] [--groups GROUP...] [--kept FILE]

TRNSIM: the program; DATA: a folder with training.csv (default: workloads/measured). Groups are
searched one after the other and kept in FILE (default: results/plan-ranks.json): the next call
goes on from there, unless the program or the rows are others. DGXC-H100 and Megatron-Bridge, whose
search takes an hour, are left out unless named. The page is written when all groups are there.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/PLANS.md"
GROUPS = ["Korthikanti-Table5", "BLOOM-sweep", "NeMo-24.07-H100", "NeMo-longseq-H100",
          "MaxText-A3", "TorchTitan", "AWS-p5-torchtitan", "stas00-longseq", "Neuron-trn1",
          "MegatronCore-H100-weak", "llm-foundry", "SC21-Table1", "MegatronCore-H100-strong",
          "DGXC-GB200", "MLPerf"]

HEAD = """# Plans of others, and plans that are found

For each measured training step `trnsim validate --plans` searches its machine and batch (MODEL.md, "Plan estimate"), looks up the plan of its
authors among all feasible plans, and simulates theirs and the finalists (MODEL.md, "Finalists") as one replica. What the framework sets (kernels, dtypes,
gradients, gaps of the host) is the same for all plans of a row. Written by `analysis/plan_ranks.py TRNSIM [DATA]`.

| Column | Meaning |
|---|---|
| feasible | plans that divide the machine and batch and fit the memory |
| rank | of their plan by the estimate; -: it is not among those that are searched |
| alike | the same among plans that differ in how chips, layers and batch are divided alone: what their framework could have tuned |
| theirs, found | simulated step |
| gain | theirs over found, less one |

Gains come mostly from what the framework did not have: schedules, partial recomputation, overlaps, and activations on the host instead of
recomputed ones, which is paid for by the host's link as the platform states it. The rank among all plans says little of the authors' skill, the one among
plans alike does.
"""

Row = dict[str, object]


def number(row: Row, key: str) -> float:
    value = row[key]
    return float(value) if isinstance(value, (int, float)) else float("nan")


def search(program: str, data: Path, group: str) -> list[Row]:
    done = subprocess.run([program, "validate", "--plans", group, "--data", str(data), "--json"],
                          capture_output=True, text=True, check=True)
    rows: list[Row] = json.loads(done.stdout)["rows"]
    return rows


def compared(rows: list[Row]) -> list[Row]:
    return [row for row in rows if number(row, "best_step_s") > 0 and number(row, "own_step_s") > 0]


def ranked(rows: list[Row]) -> list[Row]:
    return [row for row in rows if number(row, "rank") > 0]


def share(row: Row) -> float:
    return number(row, "rank_alike") / number(row, "plans_alike")


def total(name: str, rows: list[Row]) -> str:
    both, inside = compared(rows), ranked(rows)
    as_fast = sum(number(row, "gain_fraction") > -1e-6 for row in both)
    gain = f"{100 * median(number(row, 'gain_fraction') for row in both):+.1f} %" if both else ""
    best = f"{100 * median(map(share, inside)):.2g} %" if inside else ""
    return f"| {name} | {len(rows)} | {len(both)} | {as_fast} | {len(inside)} | {best} | {gain} |"


def line(row: Row) -> str:
    rank = alike = "-"
    if number(row, "rank") > 0:
        rank = f"{number(row, 'rank'):.0f}"
        alike = f"{number(row, 'rank_alike'):.0f} of {number(row, 'plans_alike'):.0f}"
    times = " | | "
    if compared([row]):
        times = (f"{number(row, 'own_step_s'):.4g} s | {number(row, 'best_step_s'):.4g} s | "
                 f"{100 * number(row, 'gain_fraction'):+.1f} %")
    what = row["reason"] or row["best_plan"]
    return (f"| {row['id']} | {row['group']} | {number(row, 'chips'):.0f} | "
            f"{number(row, 'plans_feasible'):.0f} | {rank} | {alike} | {times} | {what} |")


def page(groups: dict[str, list[Row]]) -> str:
    rows = [row for group in groups.values() for row in group]
    parts = [HEAD,
             "| Group | Rows | Compared | Found at least as fast | Theirs searched | "
             "Median of them alike: in the best | Median gain |",
             "|---|---|---|---|---|---|---|",
             *(total(name, group) for name, group in groups.items()), total("all", rows), "",
             "## Rows", "",
             "| Row | Group | Chips | Feasible | Rank | Alike | Theirs | Found | Gain | Found plan, or why "
             "theirs has no rank or step |",
             "|---|---|---|---|---|---|---|---|---|---|", *map(line, rows)]
    return "\n".join(parts) + "\n"


def digest(arguments: argparse.Namespace) -> str:
    program = Path(arguments.trnsim).read_bytes()
    return hashlib.sha256(program + (arguments.data / "training.csv").read_bytes()).hexdigest()


def read_kept(path: Path, inputs: str) -> dict[str, list[Row]]:
    """Groups that were searched by the same program on the same rows."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    groups: dict[str, list[Row]] = kept.get("groups", {}) if kept.get("inputs") == inputs else {}
    return groups


def write_kept(path: Path, inputs: str, groups: dict[str, list[Row]]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"inputs": inputs, "groups": groups}), encoding="utf-8")
    new.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("trnsim")
    parser.add_argument("data", nargs="?", type=Path, default=ROOT / "workloads/measured")
    parser.add_argument("--groups", nargs="+", default=GROUPS)
    parser.add_argument("--kept", type=Path, default=ROOT / "results/plan-ranks.json")
    arguments = parser.parse_args()
    inputs = digest(arguments)
    groups = read_kept(arguments.kept, inputs)
    for group in arguments.groups:
        if group not in groups:
            groups[group] = search(arguments.trnsim, arguments.data, group)
            write_kept(arguments.kept, inputs, groups)
        print(total(group, groups[group]), flush=True)
    PAGE.write_text(page({group: groups[group] for group in arguments.groups}), encoding="utf-8")


if __name__ == "__main__":
    main()
