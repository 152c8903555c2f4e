# SPDX-License-Identifier: Apache-2.0
"""Claims, plans, collectives, shared machines and validations."""
from __future__ import annotations

import math
from typing import Callable

import pandas

from pages import links
from pages.page import Cell, Chart, Section, Table, number, short
from pages.training import Entry
from pages.units import digits, quantity

Made = tuple[Section, list[Section]]
INPUTS_MOST = 10


def _plain(frame: pandas.DataFrame, entry: Entry, table: str, columns: list[str]) -> Table:
    units: dict[str, str] = frame.attrs["units"]
    rows = []
    for i in frame.index:
        cells = []
        for c in columns:
            dataset = entry.dataset(f"{table}/{c}[{i}]")
            cells.append(Cell(str(frame[c][i]), dataset) if frame[c].dtype == object else number(float(frame[c][i]), units[c], dataset, c))
        rows.append(cells)
    return Table(columns, rows)


def _told(figure: float, low: float, high: float, unit: str) -> str:
    said = f"{digits(figure)} {unit}"
    return said if low == high or math.isnan(low) else f"{said} ({digits(low)} to {digits(high)})"


def _parts(entry: Entry, parts: pandas.DataFrame) -> Table:
    rows = []
    for i, p in parts.iterrows():
        wanted = " and ".join(f"at {side} {digits(p[side])}" for side in ("least", "most") if math.isfinite(p[side]))
        rows.append([Cell(str(p["part"])), Cell(_told(p["figure"], p["low"], p["high"], str(p["unit"])), entry.dataset(f"claims/parts/figure[{i}]")),
                     Cell(wanted, entry.dataset(f"claims/parts/least[{i}]")), Cell(str(p["verdict"]), entry.dataset(f"claims/parts/verdict[{i}]"))])
    return Table(["figure", "simulated (range)", "claimed", "verdict"], rows)


def _tornado(entry: Entry, inputs: pandas.DataFrame, part: pandas.Series) -> Chart | None:
    moved = inputs[(inputs["part"] == part["part"]) & (inputs["figure_low"] != inputs["figure_high"])]
    moved = moved[moved["figure_low"].notna() & moved["figure_high"].notna()].head(INPUTS_MOST)
    if not len(moved):
        return None
    rows = [{"name": str(r["input"]), "low": short(min(r["figure_low"], r["figure_high"])), "high": short(max(r["figure_low"], r["figure_high"])),
             "value": short(part["figure"]), "dataset": entry.dataset(f"claims/inputs/figure_low[{i}]"),
             "lines": [f"input from {digits(r['low'])} to {digits(r['high'])} (SI)", "its range changes the verdict" if r["changes_verdict"] else "no end changes the verdict",
                       "an estimate" if r["estimate"] else "published"]} for i, r in moved.iterrows()]
    marks = [{"at": short(part[side]), "name": f"claimed at {side}"} for side in ("least", "most") if math.isfinite(part[side])]
    return {"kind": "ranges", "title": f"What moves it: {part['part']}", "caption": "Each input from its lowest to its highest value, all else unchanged. The dashed line is what was claimed.",
            "x": {"name": str(part["part"]), "unit": str(part["unit"]), "scale": True}, "rows": rows, "marks": marks}


def claims(entry: Entry) -> Made:
    frame, parts = entry.result.table("claims"), entry.result.table("claims/parts")
    inputs, evidence = entry.result.table("claims/inputs"), entry.result.table("claims/evidence")
    counts = frame["verdict"].value_counts()
    answer = Section("The answer", [f"{digits(len(frame))} published claims: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()) + "."])
    answer.tables.append(Table(["claim", "verdict", "figure (range)", "it hangs on"], [
        [Cell(c["id"]), Cell(c["verdict"], entry.dataset(f"claims/verdict[{i}]")),
         Cell(_told(c["figure"], c["low"], c["high"], c["unit"]), entry.dataset(f"claims/figure[{i}]")), Cell(c["depends_on"], entry.dataset(f"claims/depends_on[{i}]"))]
        for i, c in frame.iterrows()]))
    sections = []
    for _, claim in frame.iterrows():
        mine = parts[parts["id"] == claim["id"]]
        card = Section(str(claim["id"]), [str(claim["statement"]), f"{claim['source']}, {claim['date']}."], [_parts(entry, mine)], badge=str(claim["verdict"]))
        card.text.append(f"Weakest assumption: {claim['weakest_assumption']}.")
        charts = [_tornado(entry, inputs[inputs["id"] == claim["id"]], part) for _, part in mine.iterrows()]
        card.charts += [c for c in charts if c is not None][:2]
        card.notes.append(("Evidence", [str(e) for e in evidence["evidence"][evidence["id"] == claim["id"]]]))
        sections.append(card)
    return answer, sections


def plan(entry: Entry) -> Made:
    top, every = entry.result.table("summary"), entry.result.table("plans")
    degrees = [c for c in ("tensor_parallel", "pipeline_parallel", "virtual_stages", "context_parallel", "expert_parallel", "data_parallel", "micro_batch", "recompute") if top[c].nunique() > 1 or top[c].iloc[0] != 1]
    answer = Section("The answer", [f"{digits(len(every))} plans fit the memory; the best by simulation:"],
                     [_plain(top, entry, "summary", ["step_time_s", "cost_usd_per_million_tokens", "energy_J", "peak_memory_bytes", *degrees])])
    names = ["tensor_parallel", "pipeline_parallel", "context_parallel", "expert_parallel", "data_parallel", "micro_batch", "recompute"]
    labels = [" ".join(f"{n.split('_')[0]} {row[n]}" for n in names) for _, row in every.iterrows()]
    chart: Chart = {"kind": "points", "title": "Every plan", "caption": "Estimated by the closed form.", "x": {"name": "memory of the fullest chip", "unit": "B"},
                    "y": {"name": "time of a step", "unit": "s", "log": True},
                    "series": [{"name": "plans", "size": 5, "points": [[short(m), short(t)] for m, t in zip(every["peak_memory_bytes"], every["estimated_step_time_s"])],
                                "labels": labels, "dataset": entry.dataset("plans/estimated_step_time_s")}]}
    return answer, [Section("Time against memory", charts=[chart])]


def collective(entry: Entry) -> Made:
    row = entry.row
    answer = Section("The answer", [f"{row['operation']} of {quantity(entry.value('size_bytes'), 'B')} on {digits(entry.value('chips'))} chips by {row['algorithm']}: "
                                    f"{quantity(entry.value('time_s'), 's')}, bus bandwidth {quantity(entry.value('bus_bandwidth_Bps'), 'B/s')}. "
                                    f"The busiest links are of kind {row['limiting_medium']}: {quantity(entry.value('limiting_busy_fraction'), '1', 'x_fraction')} of the time."])
    frame = entry.result.table("summary")
    answer.tables.append(_plain(frame, entry, "summary", [c for c in frame.columns if frame[c].dtype != object]))
    chart = links.chart(entry.result, entry.name)
    return answer, [Section("The machine", charts=[chart])] if chart is not None else []


def together(entry: Entry) -> Made:
    frame = entry.result.table("summary")
    answer = Section("The answer", [f"{r['workload']}: a step takes {quantity(float(r['step_together_s']), 's')} beside the others and {quantity(float(r['step_alone_s']), 's')} alone, "
                                    f"{quantity(float(r['slowdown_fraction']), '1', 'x_fraction')} more." for _, r in frame.iterrows()],
                     [_plain(frame, entry, "summary", list(frame.columns))])
    chart = links.chart(entry.result, "together")
    return answer, [Section("The machine", charts=[chart])] if chart is not None else []


def validation(entry: Entry) -> Made:
    groups, rows = entry.result.table("validation/groups"), entry.result.table("validation/rows")
    columns = ["kind", "group", "accelerator", "rows", "median_abs_error_fraction", "p90_abs_error_fraction", "bias_fraction", "spearman"]
    answer = Section("The answer", [f"{digits(len(rows))} measured rows were simulated; median error {quantity(float(rows['error_fraction'].abs().median()), '1', 'x_fraction')}."])
    charts: list[Chart] = []
    for (kind, unit), mine in rows.groupby(["kind", "unit"]):
        mine = mine[(mine["measured"] > 0) & (mine["simulated"] > 0)]
        ends = [short(min(mine["measured"].min(), mine["simulated"].min())), short(max(mine["measured"].max(), mine["simulated"].max()))]
        series: list[dict[str, object]] = [{"name": "equal", "line": True, "points": [[e, e] for e in ends], "dataset": ""}]
        for accelerator, some in mine.groupby("accelerator"):
            series.append({"name": accelerator, "size": 6, "dataset": entry.dataset("validation/rows/simulated"), "labels": [f"{r.id} {r.group}" for r in some.itertuples()],
                           "points": [[short(m), short(s)] for m, s in zip(some["measured"], some["simulated"])]})
        charts.append({"kind": "points", "title": f"Simulated against measured: {kind}", "caption": "On the line both are equal.", "series": series,
                       "x": {"name": "measured", "unit": str(unit), "log": True}, "y": {"name": "simulated", "unit": str(unit), "log": True}})
    return answer, [Section("Row by row", charts=charts), Section("By group", tables=[_plain(groups, entry, "validation/groups", columns)])]


KINDS: dict[str, Callable[[Entry], Made]] = {"claims": claims, "plan": plan, "collective": collective, "together": together, "validation": validation}
