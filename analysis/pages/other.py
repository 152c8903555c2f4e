# SPDX-License-Identifier: Apache-2.0
"""Claims, collectives, shared machines and validations."""
from __future__ import annotations

import math
from typing import Callable

import pandas

from pages import links
from pages.entry import Entry
from pages.page import Cell, Chart, Section, Table, Text, joined, number, said, short
from pages.units import digits, label, quantity

Made = tuple[Section, list[Section]]
INPUTS_MOST = 10
TOLD = {"depends": "depend on inputs that are not known well", "contradicted": "contradicted by the simulation", "not decidable": "not decidable, since an input is not public"}
UNCERTAIN_MOST = 6
ROWS_MOST = 60


def plain_table(frame: pandas.DataFrame, entry: Entry, table: str, columns: list[str]) -> Table:
    units: dict[str, str] = frame.attrs["units"]
    rows = []
    for i in frame.index:
        cells = []
        for c in columns:
            dataset = entry.dataset(f"{table}/{c}[{i}]")
            cells.append(Cell(str(frame[c][i]), dataset) if frame[c].dtype == object else number(float(frame[c][i]), units[c], dataset, c))
        rows.append(cells)
    return Table([label(c) for c in columns], rows)


def _upright(frame: pandas.DataFrame, entry: Entry, table: str, columns: list[str]) -> Table:
    """Of one row: a line a column."""
    wide = plain_table(frame, entry, table, columns)
    return Table(["", ""], [[Cell(name), cell] for name, cell in zip(wide.head, wide.rows[0])])


def _told(figure: float, low: float, high: float, unit: str) -> str:
    said = f"{digits(figure)} {unit}"
    return said if low == high or math.isnan(low) else f"{said} ({digits(low)} to {digits(high)})"


def _parts(entry: Entry, parts: pandas.DataFrame) -> Table:
    rows = []
    for i, p in parts.iterrows():
        sides = [side for side in ("least", "most") if math.isfinite(p[side])]
        wanted = " and ".join(f"at {side} {digits(p[side])}" for side in sides) + (f" {p['unit']}" if sides else "")
        rows.append([Cell(str(p["part"]), entry.dataset(f"claims/parts/part[{i}]")), Cell(_told(p["figure"], p["low"], p["high"], str(p["unit"])), entry.dataset(f"claims/parts/figure[{i}]")),
                     Cell(wanted, ", ".join(entry.dataset(f"claims/parts/{side}[{i}]") for side in sides)), Cell(str(p["verdict"]), entry.dataset(f"claims/parts/verdict[{i}]"))])
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
    return {"kind": "ranges", "title": f"What moves it: {part['part']}", "titleFrom": entry.dataset(f"claims/parts/part[{part.name}]"), "caption": "Each input from its lowest to its highest value, all else unchanged. The dashed line is what was claimed.",
            "x": {"name": str(part["part"]), "unit": str(part["unit"]), "scale": True}, "rows": rows, "marks": marks}


def claims(entry: Entry) -> Made:
    frame, parts = entry.result.table("claims"), entry.result.table("claims/parts")
    inputs, evidence = entry.result.table("claims/inputs"), entry.result.table("claims/evidence")
    counts = frame["verdict"].value_counts()
    verdicts = entry.dataset("claims/verdict")
    told = [said(f"{{}} {TOLD.get(str(verdict), str(verdict))}", Cell(f"{n} {'claim' if n == 1 else 'claims'}", verdicts)) for verdict, n in counts.items()]
    answer = Section("The answer", lead=joined([said("Of {}: ", Cell(f"{digits(len(frame))} published claims", verdicts)), joined(told, ", "), "."], ""))
    answer.tables.append(Table(["claim", "what was said", "verdict", "figure (range)", "it hangs on"], kind="cards", rows=[
        [Cell(c["id"], target=f"claim-{c['id']}"), Cell(str(c["statement"]), entry.dataset(f"claims/statement[{i}]"), "text"), Cell(c["verdict"], entry.dataset(f"claims/verdict[{i}]")),
         Cell(_told(c["figure"], c["low"], c["high"], c["unit"]), entry.dataset(f"claims/figure[{i}]")), Cell(c["depends_on"], entry.dataset(f"claims/depends_on[{i}]"))]
        for i, c in frame.iterrows()]))
    sections = []
    for at, claim in frame.iterrows():
        mine = parts[parts["id"] == claim["id"]]
        card = Section(str(claim["id"]), [said("{}", Cell(str(claim["statement"]), entry.dataset(f"claims/statement[{at}]"))), said("{}, {}.", Cell(str(claim["source"]), entry.dataset(f"claims/source[{at}]")), Cell(str(claim["date"]), entry.dataset(f"claims/date[{at}]")))], [_parts(entry, mine)], badge=str(claim["verdict"]), anchor=f"claim-{claim['id']}")
        card.text.append(said("Weakest assumption: {}.", Cell(str(claim["weakest_assumption"]), entry.dataset(f"claims/weakest_assumption[{at}]"))))
        charts = [_tornado(entry, inputs[inputs["id"] == claim["id"]], part) for _, part in mine.iterrows()]
        card.charts += [c for c in charts if c is not None][:2]
        card.notes.append(("Evidence", [said("{}", Cell(str(e), entry.dataset(f"claims/evidence/evidence[{i}]"))) for i, e in evidence["evidence"][evidence["id"] == claim["id"]].items()]))
        sections.append(card)
    return answer, sections


def collective(entry: Entry) -> Made:
    row = entry.row
    answer = Section("The answer", lead=said(f"{row['operation']} of {{}} on {{}} by {row['algorithm']}: {{}}, bus bandwidth {{}}. The busiest links are of kind {row['limiting_medium']}: {{}} of the time.",
                                         entry.cell("size_bytes", "B"), entry.cell("chips", "1"), entry.cell("time_s", "s"), entry.cell("bus_bandwidth_Bps", "B/s"), entry.cell("limiting_busy_fraction", "1")))
    frame = entry.result.table("summary")
    answer.tables.append(_upright(frame, entry, "summary", [c for c in frame.columns if frame[c].dtype != object]))
    chart = links.chart(entry.result, entry.name)
    return answer, [Section("The machine", charts=[chart])] if chart is not None else []


def together(entry: Entry) -> Made:
    frame = entry.result.table("summary")
    answer = Section("The answer", [said(f"{r['workload']}: a step takes {{}} beside the others and {{}} alone, {{}} more.",
                                         *(number(float(r[c]), unit, entry.dataset(f"summary/{c}[{i}]"), c) for c, unit in (("step_together_s", "s"), ("step_alone_s", "s"), ("slowdown_fraction", "1"))))
                                    for i, r in frame.iterrows()],
                     [plain_table(frame, entry, "summary", list(frame.columns))])
    chart = links.chart(entry.result, "together")
    return answer, [Section("The machine", charts=[chart])] if chart is not None else []


def validation(entry: Entry) -> Made:
    groups, rows = entry.result.table("validation/groups"), entry.result.table("validation/rows")
    columns = ["kind", "group", "accelerator", "rows", "median_abs_error_fraction", "p90_abs_error_fraction", "bias_fraction", "spearman"]
    missing = entry.result.table("validation/not_simulated")
    source = entry.dataset("validation/rows/error_fraction")
    answer = Section("The answer", lead=said("{} were simulated: the median error is {}.", Cell(f"{digits(len(rows))} measured rows", source),
                                             Cell(quantity(float(rows["error_fraction"].abs().median()), "1", "x_fraction"), source)))
    lines = []
    for kind, mine in rows.groupby("kind", sort=False):
        error, counted = mine["error_fraction"], missing[(missing["kind"] == kind)]
        lines.append([Cell(str(kind)), Cell(f"{digits(len(mine))} rows", source)]
                     + [Cell(quantity(float(v), "1", "x_fraction"), source) for v in (error.abs().median(), error.abs().quantile(0.9), error.mean())]
                     + [Cell(f"{digits(len(counted))} rows", entry.dataset("validation/not_simulated"))])
    answer.tables.append(Table(["kind", "simulated", "median error", "nine in ten are below", "bias", "not simulated"], lines))
    reasons = missing.groupby(["kind", "reason"]).size().sort_values(ascending=False)
    answer.notes.append(("Why rows were not simulated", [said(f"{kind}, {{}}: {{}}", Cell(f"{n} rows", entry.dataset("validation/not_simulated")), Cell(str(reason), entry.dataset("validation/not_simulated/reason"))) for (kind, reason), n in reasons.items()]))
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
    return answer, [Section("Row by row", charts=charts), Section("By group", tables=[plain_table(groups, entry, "validation/groups", columns)])]


def uncertainty(entry: Entry) -> Made:
    """Ranges of the figures over samples of uncertain inputs, and what moves each most."""
    ranges, moves = entry.result.table("uncertainty"), entry.result.table("uncertainty/tornado")
    ranges = ranges[~ranges["figure"].str.contains(r"_(?:low|high)(?:_s|$)")]  # of the price and of measured times: told apart
    rows = []
    for i, r in ranges.iterrows():
        rows.append([Cell(label(str(r["figure"])))] + [number(float(r[c]), str(r["unit"]), entry.dataset(f"uncertainty/{c}[{i}]"), str(r["figure"])) for c in ("value", "p05", "p50", "p95")]
                    + [Cell(f"{digits(r['samples'])} samples", entry.dataset(f"uncertainty/samples[{i}]"))])
    answer = Section("How sure: the range of the answer", ["All uncertain inputs drawn together: nine samples in ten lie between the two ends."],
                     [Table(["figure", "with all inputs at their values", "5 % are below", "median", "95 % are below", "of"], rows)])
    answer.lead = _spread(entry, ranges, moves)
    charts = [c for _, r in ranges.iterrows() if (c := _moved(entry, moves, r)) is not None]
    return answer, [Section("Sensitivity: what moves it", charts=charts[:UNCERTAIN_MOST])] if charts else []


MAIN = ("cost_usd_per_million_tokens", "tokens_per_s", "requests_per_s", "time_s")


def _spread(entry: Entry, ranges: pandas.DataFrame, moves: pandas.DataFrame) -> Text:
    """The figure that decides, how far it spreads, and the input that moves it most."""
    found = [ranges[ranges["figure"] == name] for name in MAIN if (ranges["figure"] == name).any()]
    if not found:
        return ""
    i, row = found[0].index[0], found[0].iloc[0]
    cells = [number(float(row[c]), str(row["unit"]), entry.dataset(f"uncertainty/{c}[{i}]"), str(row["figure"])) for c in ("value", "p05", "p95")]
    most = moves[moves["figure"] == row["figure"]].head(1)
    mover: Text = [", moved most by ", Cell(str(most["input"].iloc[0]).removeprefix("platform."), entry.dataset(f"uncertainty/tornado/input[{most.index[0]}]"))] if len(most) else ""
    return joined([said(f"{label(str(row['figure'])).capitalize()}: {{}}, nine in ten samples from {{}} to {{}}", *cells), mover, "."], "")


def _moved(entry: Entry, moves: pandas.DataFrame, figure: pandas.Series) -> Chart | None:
    mine = moves[(moves["figure"] == figure["figure"]) & moves["figure_low"].notna() & moves["figure_high"].notna()]
    mine = mine[mine["figure_low"] != mine["figure_high"]].head(INPUTS_MOST)
    if not len(mine):
        return None
    rows = [{"name": str(r["input"]).removeprefix("platform."), "low": short(min(r["figure_low"], r["figure_high"])), "high": short(max(r["figure_low"], r["figure_high"])), "value": short(figure["value"]),
             "dataset": entry.dataset(f"uncertainty/tornado/figure_low[{i}]"), "lines": [f"input from {r['low']} to {r['high']}", str(r["source"])]} for i, r in mine.iterrows()]
    return {"kind": "ranges", "title": f"What moves it: {label(str(figure['figure']))}", "caption": "Each input from its lowest to its highest value, all else unchanged.",
            "x": {"name": label(str(figure["figure"])), "unit": str(figure["unit"]), "key": str(figure["figure"]), "scale": True}, "rows": rows, "marks": []}


def goodput(entry: Entry) -> Made:
    """Weeks of a job with failures: what share is progress, and what is lost to what."""
    losses, causes = entry.result.table("goodput/losses"), entry.result.table("goodput/causes")
    answer = Section("The answer", lead=said(f"{entry.name}: {{}} of {{}} is progress (most runs lie from {{}} to {{}}); something fails every {{}}.", entry.cell("goodput_fraction", "1"),
                                             entry.cell("duration_s", "s"), entry.cell("goodput_low_fraction", "1"), entry.cell("goodput_high_fraction", "1"), entry.cell("between_failures_s", "s")))
    frame = entry.result.table("summary")
    answer.tables.append(_upright(frame, entry, "summary", [c for c in frame.columns if frame[c].dtype != object]))
    lost = [{"name": str(r["loss"]), "values": [short(float(r["chip_hours"]))], "datasets": [entry.dataset(f"goodput/losses/chip_hours[{i}]")]} for i, r in losses.iterrows()]
    blamed = [{"name": str(r["cause"]), "values": [short(float(r["lost_chip_hours"]))], "datasets": [entry.dataset(f"goodput/causes/lost_chip_hours[{i}]")]} for i, r in causes.iterrows()]
    charts: list[Chart] = [{"kind": "stack", "title": title, "caption": f"{meaning[:1].upper()}{meaning[1:]}; mean over the seeds.", "x": {"name": "lost chip-hours", "unit": "h"}, "categories": [entry.name], "series": series}
                           for title, series, meaning in (("What is lost", lost, losses.attrs["meanings"]["chip_hours"]), ("What it is lost to", blamed, causes.attrs["meanings"]["lost_chip_hours"]))]
    moved = _goodput_moves(entry)
    return answer, [Section("Why: what is lost", charts=charts), *([Section("Sensitivity: what moves it", charts=[moved])] if moved is not None else []), Section("What fails", tables=[plain_table(causes, entry, "goodput/causes", list(causes.columns))])]


def _goodput_moves(entry: Entry) -> Chart | None:
    moves = entry.result.table("goodput/tornado").head(INPUTS_MOST)
    if not len(moves):
        return None
    rows = [{"name": str(r["input"]), "low": short(min(r["goodput_low_fraction"], r["goodput_high_fraction"])), "high": short(max(r["goodput_low_fraction"], r["goodput_high_fraction"])),
             "value": short(entry.value("goodput_fraction")), "dataset": entry.dataset(f"goodput/tornado/goodput_low_fraction[{i}]"), "lines": [f"input from {r['low']} to {r['high']}", str(r["source"])]}
            for i, r in moves.iterrows()]
    return {"kind": "ranges", "title": "What moves the goodput", "caption": "Each rate of failure and of storage from its lowest to its highest value, all else unchanged.",
            "x": {"name": "goodput", "unit": "1", "key": "goodput_fraction", "scale": True}, "rows": rows, "marks": []}


def plain(entry: Entry) -> Made:
    """Of a kind without a page of its own: its tables as they are."""
    tables = [(name, meaning, entry.result.table(name)) for name, meaning in entry.result.tables().items()]
    made = [Section(name, [f"{meaning}." if len(frame) <= ROWS_MOST else said(f"{meaning}; the first {{}} of {{}}.", *(Cell(f"{n:,} rows", entry.dataset(name)) for n in (ROWS_MOST, len(frame))))],
                    [_upright(frame, entry, name, list(frame.columns)) if len(frame) == 1 else plain_table(frame.head(ROWS_MOST).assign(), entry, name, list(frame.columns))])
            for name, meaning, frame in tables if len(frame)]
    return Section("The answer", [f"Results of kind '{entry.result.kind}' have no page of their own: these are their tables."]), made


KINDS: dict[str, Callable[[Entry], Made]] = {"claims": claims, "collective": collective, "together": together, "validation": validation, "uncertainty": uncertainty, "goodput": goodput}
