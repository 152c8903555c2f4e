# SPDX-License-Identifier: Apache-2.0
"""How sure an answer is: where measured times lie, as each result holds it. MODEL.md, "Evidence"."""
from __future__ import annotations

import math
from typing import NamedTuple

from pages.entry import Entry
from pages.page import Cell, Text, number, said
from pages.units import digits


class Time(NamedTuple):
    """A time of the summary, where measured ones begin and end, and on what that stands."""
    what: str
    value: str
    low: str
    high: str
    evidence: str


STEP = Time("a step", "step_time_s", "step_time_low_s", "step_time_high_s", "evidence")
FIRST = Time("the mean first token", "ttft_mean_s", "ttft_low_s", "ttft_high_s", "evidence_ttft")
TOKEN = Time("the mean of other tokens", "tpot_mean_s", "tpot_low_s", "tpot_high_s", "evidence")


class Bounds(NamedTuple):
    low: float
    high: float

    @property
    def holds_one(self) -> bool:
        return self.low < 1 < self.high


def _logs(entry: Entry, time: Time) -> tuple[float, float]:
    """How far measured times lie below and above the simulated one, as logarithms."""
    value = entry.value(time.value)
    return math.log(value / entry.value(time.low)) if entry.value(time.low) > 0 < value else math.nan, math.log(entry.value(time.high) / value) if value > 0 else math.nan


def bounds(ratio: float, entry: Entry, base: Entry, time: Time) -> Bounds:
    """Of a ratio of times, or of what is in proportion to them; what is known of the two is taken as independent."""
    (below, above), (base_below, base_above) = _logs(entry, time), _logs(base, time)
    return Bounds(ratio * math.exp(-math.hypot(below, base_above)), ratio * math.exp(math.hypot(above, base_below)))


def told(ratio: float, within: Bounds, of_what: str = "times") -> str:
    """Whether which of the two it is holds, in the direction in which the ratio is told."""
    if not math.isfinite(ratio) or ratio <= 0:
        return "not known"
    if not math.isfinite(within.low) or not math.isfinite(within.high):
        return "not known: no measured time says how far off these are"
    if abs(math.log(within.high / within.low)) < 0.005:
        return "measured, both"
    low, high = sorted((1 / within.low, 1 / within.high)) if ratio < 1 else within
    return f"{'open' if within.holds_one else 'holds'}: {digits(low)} to {digits(high)} times by the ranges of the {of_what}"


def dataset(entry: Entry, base: Entry, time: Time) -> str:
    return ", ".join(e.of(column) for e in (entry, base) for column in (time.low, time.high))


def _one(entry: Entry, time: Time) -> Text:
    kind, source = entry.result.kind, str(entry.row.get(time.evidence, ""))
    if kind == "baseline":
        return said(f"{entry.name}: measured, {{}}. {{}}", entry.cell(time.value, "s"), Cell(source, entry.of(time.evidence)))
    if not math.isfinite(entry.value(time.low)):
        return said(f"{entry.name}, {time.what}: {{}} simulated; no range is known. {{}}", entry.cell(time.value, "s"), Cell(source, entry.of(time.evidence)))
    return said(f"{entry.name}, {time.what}: {{}} simulated, measured ones lie from {{}} to {{}}. {{}}", entry.cell(time.value, "s"),
                *(number(entry.value(column), "s", entry.of(column)) for column in (time.low, time.high)), Cell(source, entry.of(time.evidence)))


def sources(entries: list[Entry], times: tuple[Time, ...]) -> tuple[str, list[Text]]:
    """A note of a section: on what the ranges stand."""
    return "On what the ranges of times stand", [_one(e, time) for e in entries for time in times if time.value in e.row]

