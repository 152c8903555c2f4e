# SPDX-License-Identifier: Apache-2.0
"""How sure an answer is: how far the same model was off where others have measured."""
from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pages.entry import Entry
from pages.units import digits

ACCURACY = Path(__file__).resolve().parents[2] / "docs" / "ACCURACY.md"  # written by trnsim validate's figures


class Checked(NamedTuple):
    """Measured training steps of one accelerator."""
    rows: int
    medians: list[float]  # of each group, per cent
    worst_p90: float


def checked(chip: str) -> Checked | None:
    """Of the accelerators whose name stands in the chip's name."""
    try:
        lines = ACCURACY.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found: list[tuple[int, float, float]] = []
    for line in lines:
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 7 and cells[2].isdigit() and cells[0] != "all":
            accelerator = re.split(r"[-\s]", cells[1])[0]
            if re.search(rf"\b{re.escape(accelerator)}\b", chip):
                found.append((int(cells[2]), float(cells[3]), float(cells[4])))
    return Checked(sum(f[0] for f in found), [f[1] for f in found], max(f[2] for f in found)) if found else None


def _one(entry: Entry) -> str:
    if entry.result.kind == "baseline":
        return f"{entry.name}: measured"
    if "chip" not in entry.result.tables():
        return f"{entry.name}: not compared with measurements"
    chip = str(entry.result.row("chip")["chip"])
    known = checked(chip)
    if known is None:
        return f"{entry.name}: an estimate, no step measured on {chip} is public"
    medians = sorted(known.medians)
    told = digits(medians[0]) if medians[0] == medians[-1] else f"{digits(medians[0])} to {digits(medians[-1])}"
    return f"{entry.name}: {known.rows} steps measured on such chips were simulated, median errors {told} %, one in ten beyond {digits(known.worst_p90)} %"


def of_time(entry: Entry, base: Entry) -> str:
    return "; ".join(_one(e) for e in (entry, base)) + " (docs/ACCURACY.md)"


def of_energy() -> str:
    return "less than time: powers are partly estimates, trnsim platform inspect says which; the ratio is surer than the joules"
