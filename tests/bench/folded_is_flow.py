#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Folded runs against flow detail from the command line, on the machines that are shipped.

    tests/bench/folded_is_flow.py TRNSIM [--only TEXT] [--limit SECONDS]

Each case is one workload with one plan on a few domains of one machine. The step, all parts of
its breakdown and every other number of the answer but the simulator's own cost must be equal to
1e-9. Prints one line a case; fails when one differs, or does not run in both.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TOLERANCE = 1e-9
OWN = ("activities", "flows", "transfers", "representatives", "rounds")
SEVEN, EIGHT = "llama-2-7b-pretrain", "llama-3-8b-pretrain"
MIXTURE, LARGE = "mixtral-8x7b-pretrain", "llama-3-70b-pretrain"

# machine, domains, workload, settings (plan.* without its prefix; others after a '!')
CASES = [
    ("p4d", 4, SEVEN, "tensor_parallel=4 pipeline_parallel=2"),
    ("p5", 4, EIGHT, "tensor_parallel=8 zero_stage=3"),
    ("p5", 4, EIGHT, "tensor_parallel=2 pipeline_parallel=2 virtual_stages=2"),
    ("p5", 4, MIXTURE, "tensor_parallel=2 pipeline_parallel=1 expert_parallel=8"),
    ("p5en", 2, EIGHT, "tensor_parallel=4 context_parallel=2"),
    ("p6-b200", 4, EIGHT, "tensor_parallel=1 zero_stage=3 shard_chips=8"),
    ("p6-b300", 2, EIGHT, "tensor_parallel=2 pipeline_parallel=4 schedule=zero-bubble"),
    ("hgx-h100", 4, SEVEN, "tensor_parallel=4 pipeline_parallel=4 schedule=dualpipe"),
    ("hgx-h100", 3, SEVEN, "tensor_parallel=8 pipeline_parallel=3 uneven_stages=on"),
    ("hgx-a100", 4, MIXTURE, "tensor_parallel=2 pipeline_parallel=2 expert_parallel=8"),
    ("gb200-nvl72", 2, EIGHT, "tensor_parallel=4 pipeline_parallel=2 virtual_stages=2"),
    ("gb200-nvl72", 2, MIXTURE, "tensor_parallel=1 pipeline_parallel=1 expert_parallel=8"),
    ("gb300-nvl72", 1, EIGHT, "tensor_parallel=2 zero_stage=3"),
    ("gb200-nvl4", 4, EIGHT, "tensor_parallel=4 context_parallel=2 context_ring=on"),
    ("gh200-96gb", 16, EIGHT, "tensor_parallel=1 pipeline_parallel=4"),
    ("gh200-144gb", 8, EIGHT, "tensor_parallel=2 zero_stage=2"),
    ("trn1.32xlarge", 4, SEVEN, "tensor_parallel=8 pipeline_parallel=4"),
    ("trn1n.32xlarge", 2, SEVEN, "tensor_parallel=16 zero_stage=1"),
    ("trn2.48xlarge", 4, MIXTURE, "tensor_parallel=4 pipeline_parallel=1 expert_parallel=8"),
    ("trn2-ultraserver", 2, LARGE, "tensor_parallel=16 pipeline_parallel=4"),
    ("trn3-ultraserver", 2, EIGHT, "tensor_parallel=4 pipeline_parallel=4"),
    ("trn3-ultraserver", 1, MIXTURE, "tensor_parallel=2 pipeline_parallel=1 expert_parallel=8"),
    ("trn3-ultraserver-gen1", 2, EIGHT, "tensor_parallel=4 zero_stage=3"),
    ("trn4-estimate", 2, EIGHT, "tensor_parallel=8 pipeline_parallel=3 uneven_stages=on"),
    ("trn4-gb300-estimate", 1, EIGHT, "tensor_parallel=1"),
    ("trn4-gb300-estimate", 2, EIGHT, "tensor_parallel=1 second_kind_share=0.6"),
    ("tpu-v4", 2, EIGHT, "tensor_parallel=4 pipeline_parallel=2"),
    ("tpu-v5e", 1, EIGHT, "tensor_parallel=8 zero_stage=3"),
    ("tpu-v5p", 2, EIGHT, "tensor_parallel=8 context_parallel=2"),
    ("tpu-7x", 1, EIGHT, "tensor_parallel=4 pipeline_parallel=2 virtual_stages=2"),
    ("mi300x", 4, EIGHT, "tensor_parallel=8 pipeline_parallel=2"),
    ("h200-nvl", 2, EIGHT, "tensor_parallel=4 zero_stage=3"),
    ("p5", 4, EIGHT, "tensor_parallel=2 !degraded_links=u2.nic-3:0"),
    ("p5", 4, EIGHT, "tensor_parallel=2 !degraded_links=u2.nvlink-*:1/2,u1.nic-0_UP:0.3"),
    ("hgx-h100", 4, SEVEN, "tensor_parallel=4 !slow_chips=3"),
    ("hgx-h100", 4, SEVEN, "tensor_parallel=4 pipeline_parallel=2 !chip_speed_deviation=0.05"),
]

Case = tuple[str, int, str, str]


def settings(case: Case) -> list[str]:
    words: list[str] = []
    for word in case[3].split():
        words += ["--set", word[1:] if word.startswith("!") else "plan." + word]
    return words


def run(trnsim: str, case: Case, detail: str, limit_s: float) -> dict[str, object] | str:
    machine, domains, workload, _ = case
    with tempfile.TemporaryDirectory() as folder:
        command = [trnsim, "run", f"workloads/{workload}.yaml", "--platform",
                   f"platforms/{machine}.xml", "--domains", str(domains), "--detail", detail,
                   "--set", "batch_tokens=1048576", "--prices", "none", "--json", "--quiet",
                   "-o", str(Path(folder) / "result.h5"), *settings(case)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s,
                                  check=False)
        except subprocess.TimeoutExpired:
            return f"stopped after {limit_s:g} s"
    if done.returncode != 0:
        return "refused: " + done.stderr.strip()
    said: dict[str, object] = json.loads(done.stdout)
    return said


def numbers(value: object, path: str = "") -> dict[str, float]:
    """All numbers of an answer by where they stand."""
    found: dict[str, float] = {}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= numbers(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found |= numbers(inner, f"{path}[{place}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found[path] = float(value)
    return found


def own_cost(path: str) -> bool:
    """What a run says of the simulator itself, and not of the machine."""
    return path.startswith("simulator_") or path.endswith("classes") or path in OWN


def differences(folded: dict[str, object], flow: dict[str, object]) -> list[str]:
    one, other = numbers(folded), numbers(flow)
    step_s = other["step_time_s"]
    found = []
    for path in sorted(one.keys() | other.keys()):
        if own_cost(path):
            continue
        a, b = one.get(path), other.get(path)
        bound = TOLERANCE * max(abs(b or 0), step_s if path.endswith("_s") else 0)
        if a is None or b is None or not abs(a - b) <= bound:
            found.append(f"{path}: folded {a}, flow {b}")
    return found


def judge(trnsim: str, case: Case, limit_s: float) -> str:
    """What differs; empty when both are equal."""
    flow = run(trnsim, case, "flow", limit_s)
    folded = run(trnsim, case, "folded", limit_s)
    if isinstance(flow, str) or isinstance(folded, str):
        return f"does not run: folded {folded!s:.200}; flow {flow!s:.200}"
    return "; ".join(differences(folded, flow)[:4])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("trnsim")
    parser.add_argument("--only", default="", help="cases that hold this text")
    parser.add_argument("--limit", type=float, default=120)
    arguments = parser.parse_args()
    wrong = 0
    for case in CASES:
        name = f"{case[0]} x {case[1]}, {case[2]}, {case[3]}"
        if arguments.only in name:
            found = judge(arguments.trnsim, case, arguments.limit)
            wrong += found != ""
            print(f"{'DIFFERS' if found else 'equal'}  {name}{': ' if found else ''}{found}",
                  flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
