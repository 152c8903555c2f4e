# SPDX-License-Identifier: Apache-2.0
"""How sure an answer is: how far the same model was off where others have measured."""
from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

from pages.entry import Entry
from pages.units import digits

ACCURACY = Path(__file__).resolve().parents[2] / "docs" / "ACCURACY.md"  # written by trnsim validate's figures


SOURCE = "docs/ACCURACY.md"  # as a page names it
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


def checked(chip: str, kind: str, first_tokens: bool = False) -> Checked | None:
    """Of the accelerators whose name stands in the chip's names; "": of all. Of loads: throughput and time a token, or times to first tokens."""
    found: list[tuple[int, float, float]] = []
    for line in _lines(kind):
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 7 and cells[2].isdigit() and cells[0] != "all" and cells[0].endswith(" ttft") == first_tokens:
            accelerator = re.split(r"[-.,\s]", cells[1])[0]
            if not chip or re.search(rf"\b{re.escape(accelerator)}\b", chip, re.IGNORECASE):
                found.append((int(cells[2]), float(cells[3]), float(cells[4])))
    return Checked(sum(f[0] for f in found), [f[1] for f in found], max(f[2] for f in found)) if found else None


def _chip(entry: Entry) -> tuple[str, str]:
    """How the platform calls its first chip, short and in full."""
    platform = next((given.text for role, given in entry.result.inputs().items() if role == "platform"), "")
    found = re.search(r'id="chip\.(\w+)\.title" value="([^"]*)"', platform)
    return (found[1], found[2]) if found is not None else ("", "")


def _percent(medians: list[float]) -> str:
    least, most = digits(min(medians)), digits(max(medians))
    return f"{least}\u00a0%" if least == most else f"{least} to {most}\u00a0%"


def _one(entry: Entry) -> str:
    kind, (short, title) = entry.result.kind, _chip(entry)
    if kind == "baseline":
        return f"{entry.name}: measured"
    if kind not in PARTS or not title:
        return f"{entry.name}: not compared with measurements"
    known, what = checked(f"{short} {title}", kind), "step" if kind == "training" else "load"
    if known is None:
        return f"{entry.name}: an estimate, no {what} measured on {title} was compared"
    return f"{entry.name}: {known.rows} {what}s measured on such chips were simulated, median errors {_percent(known.medians)}, one in ten beyond {digits(known.worst_p90)}\u00a0%"


def of_first_tokens(entries: tuple[Entry, Entry]) -> str:
    """What is known of times to first tokens alone: the worst are of loads that fill the machine."""
    told = [f"{e.name} {_percent(known.medians)}" for e in entries if (known := checked(" ".join(_chip(e)), "serving", True)) is not None]
    return "first tokens alone, median errors by group of loads, the worst where loads fill the machine: " + ", ".join(told) if told else "no first tokens measured on such chips were compared"


def _error(entry: Entry) -> float:
    """Median error of a time, 1: 100 %. Of a chip that nobody measured: that of the worst accelerator that was."""
    if entry.result.kind == "baseline":
        return 0.0
    known = checked(" ".join(_chip(entry)), entry.result.kind) if entry.result.kind in PARTS else None
    known = known or checked("", entry.result.kind if entry.result.kind in PARTS else "training")
    return max(known.medians) / 100 if known is not None else math.inf


def margin(entry: Entry, base: Entry) -> float:
    """How far from 1 a ratio of two times must be to say something: the errors of both, taken as independent."""
    return math.hypot(_error(entry), _error(base))


def is_open(ratio: float, entry: Entry, base: Entry) -> bool:
    return math.isfinite(ratio) and ratio > 0 and abs(math.log(ratio)) < math.log1p(margin(entry, base))


def judged(ratio: float, entry: Entry, base: Entry) -> str:
    if not math.isfinite(ratio):
        return "not known"
    far = f"{digits(100 * margin(entry, base))}\u00a0%, the errors of both together"
    return f"too close to call: the difference is within {far}" if is_open(ratio, entry, base) else f"the difference is beyond {far}"


def of_time(ratio: float, entry: Entry, base: Entry) -> str:
    return "; ".join([judged(ratio, entry, base), *(_one(e) for e in (entry, base))])


def of_energy() -> str:
    return "less than time: powers are partly estimates, trnsim platform inspect says which; the ratio is surer than the joules"
