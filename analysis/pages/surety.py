# SPDX-License-Identifier: Apache-2.0
"""How sure an answer is: how far the same model was off where others have measured."""
from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pages.entry import Entry
from pages.units import digits

ACCURACY = Path(__file__).resolve().parents[2] / "docs" / "ACCURACY.md"  # written by trnsim validate's figures


PARTS = {"training": ("<!-- figures:", "<!-- end of figures"), "serving": ("<!-- serving:", "<!-- serving:")}


class Checked(NamedTuple):
    """Measured training steps or served loads of one accelerator."""
    rows: int
    medians: list[float]  # of each group, per cent
    worst_p90: float


def _lines(kind: str) -> list[str]:
    """The part of the page about this kind of run."""
    begin, end = PARTS[kind]
    try:
        text = ACCURACY.read_text(encoding="utf-8")
    except OSError:
        return []
    return text.partition(begin)[2].partition(end)[0].splitlines()


def checked(chip: str, kind: str) -> Checked | None:
    """Of the accelerators whose name stands in the chip's name. Of loads: throughput and time a token alone."""
    found: list[tuple[int, float, float]] = []
    for line in _lines(kind):
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 7 and cells[2].isdigit() and cells[0] != "all" and not cells[0].endswith(" ttft"):
            accelerator = re.split(r"[-\s]", cells[1])[0]
            if re.search(rf"\b{re.escape(accelerator)}\b", chip):
                found.append((int(cells[2]), float(cells[3]), float(cells[4])))
    return Checked(sum(f[0] for f in found), [f[1] for f in found], max(f[2] for f in found)) if found else None


def _one(entry: Entry) -> str:
    kind = entry.result.kind
    if kind == "baseline":
        return f"{entry.name}: measured"
    if kind not in PARTS or "chip" not in entry.result.tables():
        return f"{entry.name}: not compared with measurements"
    chip = str(entry.result.row("chip")["chip"])
    known, what = checked(chip, kind), "step" if kind == "training" else "load"
    if known is None:
        return f"{entry.name}: an estimate, no {what} measured on {chip} was compared"
    medians = sorted(known.medians)
    told = digits(medians[0]) if medians[0] == medians[-1] else f"{digits(medians[0])} to {digits(medians[-1])}"
    return f"{entry.name}: {known.rows} {what}s measured on such chips were simulated, median errors {told} %, one in ten beyond {digits(known.worst_p90)} %"


def of_time(entry: Entry, base: Entry) -> str:
    return "; ".join(_one(e) for e in (entry, base)) + " (docs/ACCURACY.md)"


def of_energy() -> str:
    return "less than time: powers are partly estimates, trnsim platform inspect says which; the ratio is surer than the joules"
