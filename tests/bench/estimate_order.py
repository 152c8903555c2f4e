#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the closed form of plans orders them as the simulation does, on random feasible plans.

    tests/bench/estimate_order.py TRNSIM [--plans N] [--only TEXT] [--jobs N]

Prints for each case the rank correlation, the largest differences and how fast plans were
estimated. Fails when a correlation is below 0.98 or a plan that was drawn cannot be simulated.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

LEAST = 0.98
SHOWN = 5

# workload, machine, domains, settings
CASES = [
    ("llama-3-8b-pretrain", "hgx-h100", 4, ""),
    ("mixtral-8x7b-pretrain", "hgx-h100", 8, ""),
    ("gpt3-175b-pretrain", "hgx-a100", 32, ""),
    ("llama-3.1-405b-pretrain", "trn3-ultraserver", 16, ""),
]

Case = tuple[str, str, int, str]
Row = dict[str, str]


def run(arguments: argparse.Namespace, case: Case, output: Path) -> dict[str, object]:
    workload, machine, domains, settings = case
    command = [arguments.trnsim, "plan", f"workloads/{workload}.yaml", "--platform",
               f"platforms/{machine}.xml", "--domains", str(domains), "--prices", "none",
               "--top", "1", "--check", str(arguments.plans), "--json", "--quiet",
               "-j", str(arguments.jobs), "-o", str(output)]
    for setting in settings.split():
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    said: dict[str, object] = json.loads(done.stdout)
    return said


def difference(row: Row) -> float:
    """The estimate over the simulation, less one; 0 for a plan that was refused."""
    simulated = float(row["step_time_s"])
    return float(row["estimated_step_time_s"]) / simulated - 1 if simulated > 0 else 0.0


def told(row: Row) -> str:
    """What a plan differs in from a chip that does all by itself."""
    dull = ("0", "1", "none", "1f1b", "")
    words = [f"{key.removesuffix('_parallel')} {value}" for key, value in row.items()
             if not key.endswith(("_s", "_bytes", "message")) and value not in dull]
    flags = [key for key, value in row.items() if value == "1" and
             key.startswith(("overlap", "offload", "pipeline_inside", "sequence"))]
    return ", ".join(words + flags)


def judge(arguments: argparse.Namespace, case: Case) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "plan.h5"
        said = run(arguments, case, output)
        with open(f"{output}.check.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    refused = [row for row in rows if row["message"]]
    order = float(str(said["spearman"]))
    print(f"{order:.4f}  {case[0]} on {case[1]} x {case[2]} {case[3]}: {said['plans_feasible']} "
          f"plans, {float(str(said['plans_per_s'])):.3g} a second, {len(rows) - len(refused)} "
          f"simulated, {len(refused)} refused", flush=True)
    for row in sorted(rows, key=lambda row: -abs(difference(row)))[:SHOWN]:
        print(f"        {100 * difference(row):+6.1f} %  {told(row)}")
    for row in refused:
        print(f"        refused: {row['message']}")
    return order >= LEAST and not refused


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("trnsim")
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--only", default="", help="cases that hold this text")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    cases = [case for case in CASES if arguments.only in f"{case[0]} {case[1]}"]
    sys.exit(0 if all([judge(arguments, case) for case in cases]) else 1)


if __name__ == "__main__":
    main()
