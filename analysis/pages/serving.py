# SPDX-License-Identifier: Apache-2.0
"""Serving results: what a machine serves at which latency and cost, and what limits it."""
from __future__ import annotations

import math

import numpy
import pandas

from pages.page import Cell, Chart, Section, Table, number, short
from pages.training import Entry, times
from pages.units import digits, quantity

SHOWN = (("chips", "chips", 0), ("replicas", "replicas", 0), ("requests_completed", "requests completed", 0),
         ("requests_per_s", "requests completed a second", 1), ("goodput_requests_per_s", "of these within the service level", 1),
         ("slo_attainment_fraction", "share within the service level", 1), ("output_tokens_per_s", "output tokens", 1),
         ("output_tokens_per_s_per_chip", "output tokens a chip", 1), ("ttft_p50_s", "time to first token, median", -1),
         ("ttft_p99_s", "time to first token, p99", -1), ("tpot_p50_s", "time per output token, median", -1),
         ("tpot_p99_s", "time per output token, p99", -1), ("e2e_p99_s", "time to last token, p99", -1),
         ("load_fraction", "load", 0), ("prefix_hit_fraction", "prompt blocks found in the cache", 1),
         ("cost_usd_per_million_tokens", "cost of a million output tokens", -1),
         ("energy_J_per_million_tokens", "energy of a million output tokens, whole facility", -1), ("average_power_W", "power, mean", 0))
LATENCIES = (("ttft_s", "Time to first token"), ("tpot_s", "Time per output token"), ("e2e_s", "Time to the last token"))
STEPS = 200  # points of a distribution
SERIES_MOST = 1500  # points of a line over time


def answer(entries: list[Entry], base: Entry | None) -> Section:
    section = Section("The answer")
    for entry in entries:
        section.text.append(
            f"{entry.name} serves {quantity(entry.value('requests_per_s'), 'requests/s')} on {digits(entry.value('chips'))} chips; "
            f"{quantity(entry.value('slo_attainment_fraction'), '1', 'x_fraction')} meet the service level. First tokens take "
            f"{quantity(entry.value('ttft_p50_s'), 's')} (p99 {quantity(entry.value('ttft_p99_s'), 's')}), the others "
            f"{quantity(entry.value('tpot_p50_s'), 's')} each (p99 {quantity(entry.value('tpot_p99_s'), 's')}). Requests wait for {entry.row['limited_by']}; "
            f"most of a step is {entry.row['step_limited_by']}.")
        if entry.value("is_saturated") == 1:
            section.text.append(f"{entry.name} is saturated: its queue grew to the end, and latencies follow the length of the run. "
                                f"Trust it to {quantity(entry.value('trusted_to_requests_per_s'), 'requests/s')}.")
    for entry in entries:
        if base is None or entry is base:
            continue
        cost = entry.value("cost_usd_per_million_tokens") / base.value("cost_usd_per_million_tokens")
        energy = entry.value("energy_J_per_million_tokens") / base.value("energy_J_per_million_tokens")
        said = [f"an output token is {times(cost, 'dearer', 'cheaper')}"] if cost > 0 else []
        said += [f"needs {digits(energy)} times the energy"] if energy > 0 else []
        if said:
            section.text.append(f"At this load {entry.name} against {base.name}: " + " and ".join(said) + ".")
    section.tables.append(_table(entries, base))
    return section


def _table(entries: list[Entry], base: Entry | None) -> Table:
    described = {c.name: c for c in entries[0].result.columns("summary")}
    rows = []
    for column, label, direction in SHOWN:
        if column not in described:
            continue
        row = [Cell(label)]
        for entry in entries:
            cell = number(entry.value(column), described[column].unit, entry.dataset(f"summary/{column}"), column)
            ratio = entry.value(column) / base.value(column) if base is not None and base.value(column) else math.nan
            if entry is not base and direction and abs(ratio - 1) > 0.005:
                cell.tone = "better" if (ratio > 1) == (direction > 0) else "worse"
            row.append(cell)
        rows.append(row)
    return Table([""] + [e.name + (" (baseline)" if e is base else "") for e in entries], rows)


def _distribution(entries: list[Entry], column: str, title: str) -> Chart:
    shares = numpy.unique(numpy.concatenate([numpy.linspace(0, 0.99, STEPS), numpy.linspace(0.99, 1, 20)]))
    series = []
    for entry in entries:
        frame = entry.result.table("serving/requests", [column, "state"])
        values = frame[column][(frame["state"] == 0) & (frame[column] > 0)]
        if len(values):
            points = [[short(v), short(float(100 * s))] for s, v in zip(shares, numpy.quantile(values, shares))]
            series.append({"name": entry.name, "line": True, "points": points, "dataset": entry.dataset(f"serving/requests/{column}")})
    return {"kind": "points", "title": title, "caption": "Share of the completed requests that took at most so long.", "series": series,
            "x": {"name": title.lower(), "unit": "s", "log": True}, "y": {"name": "share of requests", "unit": "%"}}


def _thinned(frame: pandas.DataFrame) -> tuple[pandas.DataFrame, str]:
    """Means of equal numbers of intervals."""
    many = -(-len(frame) // SERIES_MOST)
    if many <= 1:
        return frame, ""
    width = float(frame["time_s"].iloc[many] - frame["time_s"].iloc[0])
    return frame.groupby(numpy.arange(len(frame)) // many).mean(), f" Means of {quantity(width, 's')}; the file has every interval."


def _over_time(entries: list[Entry]) -> list[Chart]:
    frames = {e.name: _thinned(e.result.table("serving/seconds")) for e in entries}
    notes = "".join(dict.fromkeys(note for _, note in frames.values()))

    def chart(title: str, y: dict[str, str], columns: dict[str, str]) -> Chart:
        series = [{"name": f"{e.name}: {name}" if len(columns) > 1 else e.name, "line": True, "dashed": i > 0, "dataset": e.dataset(f"serving/seconds/{column}"),
                   "points": [[short(t), short(v)] for t, v in zip(frames[e.name][0]["time_s"], frames[e.name][0][column])]}
                  for i, (column, name) in enumerate(columns.items()) for e in entries]
        return {"kind": "points", "title": title, "caption": "All replicas." + notes, "x": {"name": "time", "unit": "s"}, "y": y, "zoom": True, "series": series}

    return [chart("Requests present", {"name": "requests", "unit": "1"}, {"running": "running", "waiting": "waiting"}),
            chart("Tokens that come out", {"name": "rate", "unit": "tokens/s"}, {"output_tokens_per_s": "output"}),
            chart("Prompt tokens computed", {"name": "rate", "unit": "tokens/s"}, {"prompt_tokens_per_s": "prompt"}),
            chart("Use of the KV cache", {"name": "share in use", "unit": "1", "key": "kv_use_fraction"}, {"kv_use_fraction": "KV cache"})]


def _breakdown(entries: list[Entry]) -> Chart:
    frames = {e.name: e.result.table("serving/breakdown") for e in entries}
    parts = list(dict.fromkeys(p for f in frames.values() for p in f["part"] if not str(p).startswith("requests wait")))
    series = []
    for part in parts:
        values, datasets = [], []
        for entry in entries:
            found = frames[entry.name].index[frames[entry.name]["part"] == part]
            values.append(short(100 * float(frames[entry.name]["share_fraction"][found[0]])) if len(found) else 0)
            datasets.append(entry.dataset(f"serving/breakdown/share_fraction[{found[0] if len(found) else ''}]"))
        series.append({"name": part, "values": values, "datasets": datasets})
    return {"kind": "stack", "title": "Where engine steps spend their time", "caption": "Share of the replicas' busy time.",
            "x": {"name": "share of busy time", "unit": "%"}, "categories": [e.name for e in entries], "series": series}


def _rates(entries: list[Entry]) -> Chart | None:
    """Of one machine at several loads: what it delivers within the service level."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(str(entry.row["platform"]), []).append(entry)
    if all(len(group) < 3 for group in groups.values()):
        return None
    series = []
    for name, group in groups.items():
        group = sorted(group, key=lambda e: e.value("requests_per_s"))
        points = [[short(e.value("requests_arrived") / e.value("duration_s")), short(e.value("goodput_requests_per_s"))] for e in group]
        series.append({"name": name, "line": True, "symbols": True, "points": points, "labels": [e.name for e in group], "dataset": "summary/goodput_requests_per_s"})
    return {"kind": "points", "title": "Goodput against load", "caption": "Requests within the service level, over requests that came.", "series": series,
            "x": {"name": "load", "unit": "requests/s"}, "y": {"name": "goodput", "unit": "requests/s"}}


def sections(entries: list[Entry]) -> list[Section]:
    latency = Section("Latency", charts=[_distribution(entries, column, title) for column, title in LATENCIES])
    rates = _rates(entries)
    made = [latency] + ([Section("How much it can take", charts=[rates])] if rates else [])
    made.append(Section("Why: what steps are made of", charts=[_breakdown(entries)]))
    made.append(Section("Over time", charts=_over_time(entries)))
    return made
