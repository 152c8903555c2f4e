#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tries values of one property of the collective library and prints the errors on measured rows.

analysis/fit_collectives.py TRNSIM PROPERTY PLATFORM[,PLATFORM] VALUE,VALUE,... GROUP [GROUP...]

Example: analysis/fit_collectives.py build/trnsim in_switch.step hgx-h200 5us,10us,15us H200-8-NVL

The platforms are changed in a copy. What is best goes into platforms/generator/library.py with the rows as
its source. Rows: ../shared/measured, or the folder in TRNSIM_DATA; workloads/measured without either.
"""
from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    shared = Path(os.environ.get("TRNSIM_DATA", ROOT.parent / "shared")) / "measured"
    return shared if shared.is_dir() else ROOT / "workloads" / "measured"


def with_value(text: str, name: str, value: str) -> str:
    """The platform with another value; its range would no longer hold and is dropped."""
    text = re.sub(rf' *<prop id="{re.escape(name)}\.(low|high)" [^\n]*\n', "", text)
    changed, count = re.subn(rf'(<prop id="{re.escape(name)}" value=")[^"]*', rf"\g<1>{value}", text)
    if count != 1:
        raise SystemExit(f"{name} is not in the platform file")
    return changed


def errors(trnsim: str, copy: Path, groups: list[str]) -> list[float]:
    command = [trnsim, "validate", *groups, "--data", str(data_folder()), "--json"]
    result = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True)
    return [row["error_fraction"] for row in json.loads(result.stdout)["rows"]
            if row["error_fraction"] is not None]


def main(arguments: list[str]) -> int:
    if len(arguments) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    trnsim, name, platforms, values, *groups = arguments
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "platforms", copy / "platforms")
        shutil.copytree(ROOT / "workloads", copy / "workloads")
        for value in values.split(","):
            for platform in platforms.split(","):
                text = (ROOT / "platforms" / f"{platform}.xml").read_text(encoding="utf-8")
                path = copy / "platforms" / f"{platform}.xml"
                path.write_text(with_value(text, name, value), encoding="utf-8")
            found = errors(str(Path(trnsim).resolve()), copy, groups)
            print(f"{value:>10}  {len(found)} rows  median |error| {statistics.median(map(abs, found)):.1%}"
                  f"  bias {statistics.mean(found):+.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
