#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prefix reuse of the Mooncake traces against an independent count of reusable blocks: an infinite
cache, one replica, blocks counted as stored at admission. Needs the program's path in TRNSIM, and
the traces under TRNSIM_DATA (default ../shared); says so when they are not there."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TRNSIM_DATA", ROOT.parent / "shared")) / "data/traces/mooncake-fast25"


def reusable(trace: Path) -> tuple[int, int]:
    """Blocks whose whole beginning was seen before, and all blocks."""
    stored: set[int] = set()
    found = asked = 0
    for line in trace.read_text().splitlines():
        ids = json.loads(line)["hash_ids"]
        asked += len(ids)
        for block in ids:
            if block not in stored:
                break
            found += 1
        stored.update(ids)
    return found, asked


def simulated(program: str, trace: Path, folder: str) -> dict[str, float]:
    command = [program, "run", str(ROOT / "workloads/serve-llama-3-70b-conv.yaml"), "--platform",
               str(ROOT / "platforms/hgx-h100.xml"), "--json", "-q", "-o", folder + "/result.h5"]
    for change in (f"trace={trace}", "requests=0", "kv_tokens=unlimited"):
        command += ["--set", change]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    program = os.environ.get("TRNSIM", "")
    traces = sorted(DATA.glob("*.jsonl"))
    if not program or not traces:
        print("skipped: no program in TRNSIM, or no traces")
        return
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for trace in traces:
            found, asked = reusable(trace)
            result = simulated(program, trace, folder)
            equal = (result["prefix_hit_blocks"], result["prompt_blocks"]) == (found, asked)
            wrong += not equal
            print(f"{trace.name}: {found} of {asked} blocks, simulated {result['prefix_hit_blocks']}",
                  "" if equal else "DIFFERS")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
