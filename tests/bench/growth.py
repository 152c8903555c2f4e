#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Growth of the simulator's own cost with the machine: prints the tables of docs/PERFORMANCE.md.

    tests/bench/growth.py TRNSIM [--runs N] [--limit SECONDS]

Each row is one process, from start to closed result file: median of N runs of its user and wall
time, its peak memory, and what it simulated. A run over the limit is stopped and said to be.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

TRN3 = "platforms/trn3-ultraserver.xml"
LLAMA = "workloads/llama-3.1-405b-pretrain.yaml"
MIXTURE = "workloads/moe-2t-pretrain.yaml"
SEVEN = "workloads/llama-2-7b-pretrain.yaml"
HGX = "platforms/hgx-h100.xml"
TRN2 = "platforms/trn2-ultraserver.xml"
ALL_REDUCE = "workloads/all-reduce-1GiB.yaml"
DOMAINS = [1, 8, 64, 512, 6945]


@dataclass
class Row:
    name: str
    workload: str
    domains: int
    detail: str
    settings: tuple[str, ...] = ()
    platform: str = TRN3


def rows() -> list[Row]:
    table = [Row("Llama 405B", LLAMA, n, "folded") for n in DOMAINS]
    table += [Row("mixture 2T", MIXTURE, n, "folded") for n in (64, 6945)]
    table += [Row("Llama 405B, 100 slow chips", LLAMA, 6945, "folded", ("slow_chips=100",))]
    table += [Row(f"Llama 405B, a link {what}", LLAMA, n, "folded", (f"degraded_links={link}",))
              for what, link in (("at half rate", "u3.nic-05-1_UP:0.5"), ("dead", "u3.nic-05-1:0"))
              for n in (512, 6945)]
    table += [Row("Llama 405B", LLAMA, n, "flow") for n in (1, 8)]
    table += [Row("Llama 2 7B, TP8 x DP64, HGX H100", SEVEN, 64, d, (), HGX)
              for d in ("folded", "flow")]
    for chips, domains, machine in ((144, 1, TRN3), (16416, 114, TRN3), (65664, 456, TRN3),
                                    (65536, 1024, TRN2)):
        table += [Row(f"all-reduce 1 GiB, {chips} chips of {machine[10:14]}", ALL_REDUCE, domains,
                      detail, (), machine) for detail in ("folded", "flow")]
    table += [Row("all-reduce 1 GiB, 65536 of 65664 chips", ALL_REDUCE, 456, detail,
                  ("group_chips=65536",)) for detail in ("folded", "flow")]
    table += [Row("Llama 405B, TP16 x PP9 x DP32, stages across domains", LLAMA, 32, "folded",
                  ("plan.tensor_parallel=16", "plan.pipeline_parallel=9",
                   "plan.pipeline_inside=off"))]
    table += [Row("12 all-reduces of 1 GiB, ring, 144 chips", ALL_REDUCE, 1, "message",
                  ("algorithm=ring", "repeats=12"))]
    table += [Row("all-reduce 1 GiB, ring, 576 chips", ALL_REDUCE, 4, "message",
                  ("algorithm=ring",))]
    return table


def run(trnsim: str, row: Row, limit_s: float) -> tuple[float, float, dict[str, object]] | str:
    with tempfile.TemporaryDirectory() as folder:
        command = [trnsim, "run", row.workload, "--platform", row.platform, "--ultraservers",
                   str(row.domains), "--detail", row.detail, "--json", "--quiet", "-o",
                   os.path.join(folder, "result.h5")]
        for setting in row.settings:
            command += ["--set", setting]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        start = time.monotonic()
        try:
            done = subprocess.run(command, capture_output=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired:
            return f"stopped after {limit_s:g} s"
        wall_s = time.monotonic() - start
        user_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    if done.returncode != 0:
        return "refused: " + done.stderr.decode().strip()[:90]
    return user_s, wall_s, json.loads(done.stdout)


def measure(trnsim: str, row: Row, runs: int, limit_s: float) -> str:
    users, walls = [], []
    for _ in range(runs):
        result = run(trnsim, row, limit_s)
        if isinstance(result, str):
            return f"| {row.name} | {row.domains} | {row.detail} | {result} | | | | |"
        users.append(result[0])
        walls.append(result[1])
        said = result[2]
    took_s = said.get("step_time_s", said.get("time_s"))
    return (f"| {row.name} | {row.domains} | {row.detail} | {statistics.median(users):.2f} | "
            f"{statistics.median(walls):.2f} | {float(said['simulator_peak_bytes']) / 1e6:.0f} | "
            f"{said['activities']} | {took_s:.6g} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("trnsim")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60)
    arguments = parser.parse_args()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "?")
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {model}, "
          f"{platform.system()}; load average {os.getloadavg()[0]:.1f}\n")
    print("| run | UltraServers | detail | user s | wall s | peak MB | activities | simulated s |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows():
        print(measure(arguments.trnsim, row, arguments.runs, arguments.limit), flush=True)


if __name__ == "__main__":
    main()
