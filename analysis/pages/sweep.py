# SPDX-License-Identifier: Apache-2.0
"""A sweep: the best points, and all of them to be looked through."""
from __future__ import annotations

import math

import pandas

from pages.entry import Entry
from pages.page import Cell, Section, Table, joined, number, said, short
from pages.units import digits, label

FIXED = ("point", "status", "message", "file", "platform_file", "platform", "workload")
MORE = ("tokens_per_s", "mfu", "goodput", "requests_per_s", "bandwidth", "attainment", "tokens_per_usd", "tokens_per_J")
AIMS = ("cost_usd_per_million_tokens", "step_time_s", "time_s", "ttft_p99_s", "energy_J_per_million_tokens", "tokens_per_s")
ACROSS = ("energy_J_per_million_tokens", "tokens_per_s", "ttft_p99_s", "bus_bandwidth_Bps")
NAMES_MOST, AXES_MOST = 40, 9


def is_more(name: str) -> bool:
    """Whether a larger value is the better one."""
    return any(word in name for word in MORE)


def _varied(frame: pandas.DataFrame) -> list[str]:
    """Keys of the sweep stand between the point's own columns and those of the summary: what varies there."""
    return [c for c in frame.columns if c not in FIXED and frame[c].nunique(dropna=True) > 1]


def _keys(entry: Entry, frame: pandas.DataFrame) -> list[str]:
    """Columns that the sweep itself sets: they differ, and the sweep's text names their last word."""
    text = next((i.text for role, i in entry.result.inputs().items() if role == "sweep"), "")
    varied = _varied(frame)
    named = [c for c in varied if c.split(".")[-1] in text]
    return named or varied[:2]


def _aim(frame: pandas.DataFrame) -> str | None:
    for name in AIMS:
        if name in frame.columns and frame[name].notna().any() and frame[name].nunique() > 1:
            return name
    return next((c for c in _varied(frame) if frame[c].dtype.kind == "f"), None)


def answer(entry: Entry) -> Section:
    frame = entry.result.table("sweep")
    units: dict[str, str] = frame.attrs["units"]
    done = frame[frame["status"] == "done"]
    status = entry.dataset("sweep/status")
    counts = [Cell(f"{digits(n)} points", status) for n in (len(done), len(frame), len(frame) - len(done))]
    section = Section("The answer", [said("{} of {} are done; {} failed, and say why in the column message.", *counts) if len(done) < len(frame) else said("All {} are done.", counts[0])])
    aim = _aim(done) if len(done) else None
    if aim is None:
        return section
    best = done.sort_values(aim, ascending=not is_more(aim)).head(5)
    keys = _keys(entry, done)
    head = ["best by " + label(aim), *(label(c) for c in (aim, *keys))]
    first = best.index[0]
    at = joined([said(f"{label(key)} {{}}", _cell(entry, best, units, key, first)) for key in keys], ", ")
    section.lead = joined([said(f"The best by {label(aim)}: {{}}, at ", number(float(best[aim][first]), units[aim], entry.dataset(f"sweep/{aim}[{first}]"), aim)), at, "."], "")
    rows = [[Cell(f"point {digits(float(p))}", f"{entry.result.path.name}:/sweep/point[{i}]"), number(float(v), units[aim], f"{entry.result.path.name}:/sweep/{aim}[{i}]", aim)]
            + [_cell(entry, best, units, key, i) for key in keys] for i, p, v in zip(best.index, best["point"], best[aim])]
    spread = float(done[aim].max() / done[aim].min()) if float(done[aim].min()) > 0 else math.nan
    if math.isfinite(spread):
        section.text.append(said(f"Over all points {label(aim)} differs {{}} from the lowest to the highest.", Cell(f"{digits(spread)} times", entry.dataset(f"sweep/{aim}"))))
    section.tables.append(Table(head, rows))
    return section


def _cell(entry: Entry, frame: pandas.DataFrame, units: dict[str, str], key: str, index: int) -> Cell:
    dataset = f"{entry.result.path.name}:/sweep/{key}[{index}]"
    value = frame[key][index]
    return Cell(str(value), dataset) if frame[key].dtype == object else number(float(value), units[key], dataset, key)


def sections(entry: Entry) -> list[Section]:
    whole = entry.result.table("sweep")
    units: dict[str, str] = whole.attrs["units"]
    frame = whole[whole["status"] == "done"]
    keys, aim = _keys(entry, frame), _aim(frame)
    varied = _varied(frame)
    shown = [c for c in varied if frame[c].dtype != object or frame[c].nunique() <= NAMES_MOST]
    shown = list(dict.fromkeys([k for k in keys if k in shown] + shown))
    if aim is None or len(shown) < 2:
        return []
    columns: list[dict[str, object]] = [{"name": "point", "unit": "1"}]
    data: list[list[object]] = [[int(p) for p in frame["point"]]]
    for name in shown:
        if frame[name].dtype == object:
            levels = sorted(str(v) for v in frame[name].unique())
            columns.append({"name": name, "unit": "", "names": levels})
            data.append([levels.index(str(v)) for v in frame[name]])
        else:
            columns.append({"name": name, "unit": units[name], "more": is_more(name)})
            data.append([short(float(v)) for v in frame[name]])
    numbers = [c for c in shown if frame[c].dtype != object]
    across = next((c for c in (*ACROSS, *numbers) if c in numbers and c not in keys and c != aim), numbers[0])
    chart: dict[str, object] = {
        "kind": "explore", "title": "All points",
        "caption": "Drag along an axis of the parallel lines to keep a range: the other pictures then show only what is kept. The wheel zooms. "
                   "A line joins the points that no other beats in both.",
        "columns": columns, "rows": [list(row) for row in zip(*data)], "keys": [k for k in keys if k in shown][:2],
        "axes": list(dict.fromkeys([k for k in keys if k in shown][:AXES_MOST - 2] + [aim, across])),
        "start": {"x": across, "y": aim, "colour": next((k for k in keys if k in shown), aim)},
        "dataset": f"{entry.result.path.name}:/sweep"}
    return [Section("Look through the points", charts=[chart])]
