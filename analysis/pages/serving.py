# SPDX-License-Identifier: Apache-2.0
"""Serving results: what a machine serves at which latency and cost, and what limits it."""
from __future__ import annotations

import math

import numpy
import pandas

from load import Result
from pages import surety
from pages.entry import Entry
from pages.other import ROWS_MOST, plain_table
from pages.page import Cell, Chart, Section, Table, number, short
from pages.training import head_of, ratio_cell, winner
from pages.units import digits, label, quantity

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
DRAWN = ("serving/breakdown", "serving/requests", "serving/seconds")
STEPS = 200  # points of a distribution
MET = 0.99  # share of requests within the service level that counts as meeting it
SERIES_MOST = 1500  # points of a line over time
OVER_TIME_MOST = 4  # results whose lines can be told apart


def _waited(entry: Entry) -> str:
    limit = str(entry.row["limited_by"])
    return "Nothing but the load itself limits it" if limit == "load" else f"Requests wait most for {limit}"


def load(result: Result) -> float:
    """Requests a second while they came; over the whole run a full machine would hide how many there were."""
    arrivals = result.table("serving/requests", ["arrival_s"])["arrival_s"]
    last_s = float(arrivals.max()) if len(arrivals) else math.nan
    return float(result.row("summary")["requests_arrived"]) / last_s if last_s > 0 else math.nan  # type: ignore[arg-type]


def _by_machine(entries: list[Entry]) -> dict[str, list[Entry]]:
    """Results of one machine at several loads, in their order."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(str(entry.row["platform"]), []).append(entry)
    return {name: sorted(group, key=lambda e: load(e.result)) for name, group in groups.items()}


def _reach(name: str, group: list[Entry]) -> str:
    """Of one machine at several loads."""
    met = [e for e in group if e.value("slo_attainment_fraction") >= MET]
    missed = [e for e in group if e.value("slo_attainment_fraction") < MET]
    said = f"{name}: of the loads tried, "
    said += (f"{quantity(load(met[-1].result), 'requests/s')} is the highest that it takes within the service level ({quantity(met[-1].value('slo_attainment_fraction'), '1', 'x_fraction')} of the requests)"
             if met else "none is within the service level")
    if missed:
        said += f"; at {quantity(load(missed[0].result), 'requests/s')} it is {quantity(missed[0].value('slo_attainment_fraction'), '1', 'x_fraction')}"
    return said + "."


def answer(entries: list[Entry], base: Entry | None) -> Section:
    section = Section("The answer")
    groups = _by_machine(entries)
    if any(len(group) > 1 for group in groups.values()):
        section.text += [_reach(name, group) for name, group in groups.items()]
        section.tables.append(_table([e for group in groups.values() for e in group], base))
        return section
    for entry in entries:
        section.text.append(
            f"{entry.name} serves {quantity(entry.value('requests_per_s'), 'requests/s')} on {digits(entry.value('chips'))} chips; "
            f"{quantity(entry.value('slo_attainment_fraction'), '1', 'x_fraction')} meet the service level. First tokens take "
            f"{quantity(entry.value('ttft_p50_s'), 's')} (p99 {quantity(entry.value('ttft_p99_s'), 's')}), the others "
            f"{quantity(entry.value('tpot_p50_s'), 's')} each (p99 {quantity(entry.value('tpot_p99_s'), 's')}). {_waited(entry)}; "
            f"most of a step is {entry.row['step_limited_by']}.")
        if entry.value("is_saturated") == 1:
            section.text.append(f"{entry.name} is saturated: requests waited without a break for a tenth of the run or more, and its latencies follow the length of the run. "
                                "Only its rates say something.")
    for entry in entries:
        if base is not None and entry is not base:
            section.text.append(f"{entry.name} ({digits(entry.value('chips'))} chips) against {base.name} ({digits(base.value('chips'))} chips):")
            section.tables.append(_verdicts(entry, base))
    section.tables.append(_table(entries, base))
    return section


def _verdicts(entry: Entry, base: Entry) -> Table:
    """Which is quicker, cheaper, greener: at the load that was given, and filled to the same share."""
    def ratio(column: str) -> float:
        return entry.value(column) / base.value(column) if base.value(column) else math.nan

    trusted = "; ".join(f"{e.name}: at {quantity(e.value('load_fraction'), '1', 'load_fraction')} of its load, to be trusted up to {quantity(e.value('trusted_to_requests_per_s'), 'requests/s')}"
                        for e in (entry, base))
    full = ratio("cost_usd_per_million_tokens") * ratio("load_fraction")
    rows = [("quicker, first token (p99)", ratio("ttft_p99_s"), "ttft_p99_s", trusted), ("quicker, other tokens (p99)", ratio("tpot_p99_s"), "tpot_p99_s", ""),
            ("takes more load", ratio("load_fraction") * base.value("requests_per_s") / entry.value("requests_per_s"), "load_fraction", "by proportion of the load; run --find-capacity finds the rate at which the service level ends"),
            ("cheaper, output token at this load", ratio("cost_usd_per_million_tokens"), "cost_usd_per_million_tokens", "as given: an idle machine costs as much as a busy one"),
            ("cheaper, both as full as each other", full, "load_fraction", "the same by proportion of the load: an estimate"),
            ("greener, energy of an output token at this load", ratio("energy_J_per_million_tokens"), "energy_J_per_million_tokens", surety.of_energy())]
    return Table(["which is", "the answer", "how sure"], kind="verdicts", rows=[
        [Cell(label), Cell(winner(r, entry, base), entry.dataset(f"summary/{column}") + " over " + base.dataset(f"summary/{column}")), Cell(why)] for label, r, column, why in rows])


def _table(entries: list[Entry], base: Entry | None) -> Table:
    described = {c.name: c for c in entries[0].result.columns("summary")}
    rows = []
    for column, label, direction in SHOWN:
        if column not in described:
            continue
        row = [Cell(label)]
        for entry in entries:
            row.append(number(entry.value(column), described[column].unit, entry.dataset(f"summary/{column}"), column))
            if base is not None and entry is not base:
                row.append(ratio_cell(entry, base, column, direction))
        rows.append(row)
    return Table(head_of(entries, base), rows)


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


WAIT = "requests wait"


def _breakdown(entries: list[Entry]) -> Chart:
    return {"kind": "stack", "title": "Where engine steps spend their time", "caption": "Share of the replicas' busy time.",
            "x": {"name": "share of busy time", "unit": "%"}, "categories": [e.name for e in entries], "series": _shares(entries, "share_fraction", 100, False)}


def _waits(entries: list[Entry]) -> Chart:
    return {"kind": "stack", "title": "Why requests wait", "caption": "Time in which the queue of a replica was not empty, by what kept requests in it; mean over replicas.",
            "x": {"name": "time", "unit": "s"}, "categories": [e.name for e in entries], "series": _shares(entries, "time_s", 1, True)}


def _shares(entries: list[Entry], column: str, scale: float, waits: bool) -> list[dict[str, object]]:
    frames = {e.name: e.result.table("serving/breakdown") for e in entries}
    parts = list(dict.fromkeys(p for f in frames.values() for p in f["part"] if str(p).startswith(WAIT) == waits))
    series: list[dict[str, object]] = []
    for part in parts:
        values, datasets = [], []
        for entry in entries:
            found = frames[entry.name].index[frames[entry.name]["part"] == part]
            values.append(short(scale * float(frames[entry.name][column][found[0]])) if len(found) else 0)
            datasets.append(entry.dataset(f"serving/breakdown/{column}[{found[0] if len(found) else ''}]"))
        series.append({"name": part, "values": values, "datasets": datasets})
    return series


def _rates(entries: list[Entry]) -> list[Chart]:
    """Of one machine at several loads: what it delivers within the service level."""
    groups = _by_machine(entries)
    if all(len(group) < 2 for group in groups.values()):
        return []

    def chart(title: str, caption: str, column: str, y: dict[str, object]) -> Chart:
        series = [{"name": name, "line": True, "symbols": True, "labels": [e.name for e in some], "dataset": f"summary/{column} of each file",
                   "points": [[short(load(e.result)), short(e.value(column))] for e in some]}
                  for name, group in groups.items() if (some := sorted(group, key=lambda e: load(e.result)))]
        return {"kind": "points", "title": title, "caption": caption, "series": series, "x": {"name": "load, requests that come", "unit": "requests/s"}, "y": y}

    return [chart("Goodput against load", "Requests within the service level a second, over requests that come: where the curve leaves the diagonal the machine is full.",
                  "goodput_requests_per_s", {"name": "goodput", "unit": "requests/s"}),
            chart("Time to first token against load", "99th percentile.", "ttft_p99_s", {"name": "time to first token, p99", "unit": "s", "log": True}),
            chart("Cost against load", "A machine costs the same an hour, full or idle.", "cost_usd_per_million_tokens", {"name": "cost of a million output tokens", "unit": "USD", "log": True})]


def sections(entries: list[Entry]) -> list[Section]:
    made = [Section("Latency", charts=[_distribution(entries, column, title) for column, title in LATENCIES])]
    rates = _rates(entries)
    if rates:
        made.append(Section("How much it can take", charts=rates))
    made.append(Section("Why: what steps are made of, and what requests wait for", charts=[_breakdown(entries), _waits(entries)]))
    few = entries[:OVER_TIME_MOST]
    over = Section("Over time", [f"The first {OVER_TIME_MOST} results."] if len(few) < len(entries) else [], charts=_over_time(few))
    return [*made, over, *_further(entries)]


def _further(entries: list[Entry]) -> list[Section]:
    """Small tables that only some loads have, such as tiers of the KV cache and pools."""
    found = []
    for entry in entries:
        for name, meaning in entry.result.tables().items():
            if name.startswith("serving/") and name not in DRAWN:
                frame = entry.result.table(name)
                if 0 < len(frame) <= ROWS_MOST:
                    found.append(Section(f"{entry.name}: {label(name.split('/')[1])}", [f"{meaning[:1].upper()}{meaning[1:]}."], [plain_table(frame, entry, name, list(frame.columns))]))
    return found
