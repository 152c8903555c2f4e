# SPDX-License-Identifier: Apache-2.0
"""Training results beside each other: what a token takes in time, money and energy, and why."""
from __future__ import annotations

import math
from typing import NamedTuple

from load import Result
from pages import links
from pages.page import Cell, Chart, Section, Table, number, short
from pages.units import digits, quantity

SHOWN = (("chips", "chips", 0), ("tokens_per_step", "tokens of a step", 0), ("step_time_s", "time of a step", -1),
         ("tokens_per_s", "tokens trained, whole machine", 1), ("tokens_per_s_per_chip", "tokens trained, a chip", 1),
         ("mfu_fraction", "model FLOPs over the headline peak (MFU)", 1), ("peak_memory_bytes", "memory of the fullest chip", 0),
         ("cost_usd_per_h", "price of the machine", -1), ("cost_usd_per_million_tokens", "cost of a million tokens", -1),
         ("energy_J_per_million_tokens", "energy of a million tokens, whole facility", -1), ("average_power_W", "power, mean over the step", -1))
MEMORY = ("weights_bytes", "gradients_bytes", "optimizer_bytes", "activations_bytes", "workspace_bytes", "reserved_bytes")
WAITS = ("receive", "wait")
TIMELINE_MOST = 12000  # slices that a page draws without becoming slow


class Entry(NamedTuple):
    """A result, what to call it, and its summary."""
    result: Result
    name: str
    row: dict[str, object]

    def dataset(self, path: str) -> str:
        return f"{self.result.path.name}:/{path}"

    def value(self, column: str) -> float:
        """nan for what this kind of result does not have."""
        found = self.row.get(column, math.nan)
        return float(found) if isinstance(found, (int, float)) or hasattr(found, "dtype") else math.nan


def times(ratio: float, more: str, less: str) -> str:
    """1.68 times dearer; 1.20 times cheaper; the same."""
    if abs(ratio - 1) < 0.005:
        return "the same"
    return f"{digits(ratio)} times {more}" if ratio > 1 else f"{digits(1 / ratio)} times {less}"


def _cost(entry: Entry, base: Entry) -> str | None:
    column = "cost_usd_per_million_tokens"
    cost, other = entry.value(column), base.value(column)
    if not cost > 0 or not other > 0:
        return None
    low = entry.value(column + "_low") / base.value(column + "_high")
    high = entry.value(column + "_high") / base.value(column + "_low")
    said = f"A token is {times(cost / other, 'dearer', 'cheaper')}: {digits(cost)} USD a million against {digits(other)} USD."
    if low < 1 < high:
        return said + f" The ranges of the prices overlap ({digits(low)} to {digits(high)} times): the answer hangs on the price."
    if math.isfinite(low) and math.isfinite(high) and high - low > 0.005:
        said += f" It holds over the range of the prices ({digits(low)} to {digits(high)} times)."
    price, chips = entry.value("cost_usd_per_h"), entry.value("chips")
    return said + f" Break-even is at {digits(price / chips * other / cost)} USD a chip-hour instead of {digits(price / chips)} USD."


def answer(entries: list[Entry], base: Entry | None) -> Section:
    section = Section("The answer")
    for entry in entries:
        if base is None or entry is base:
            continue
        speed = base.value("tokens_per_s") / entry.value("tokens_per_s")
        section.text.append(f"{entry.name} against {base.name}: {times(speed, 'slower', 'faster')}, "
                            f"{quantity(entry.value('tokens_per_s'), 'tokens/s')} on {digits(entry.value('chips'))} chips against "
                            f"{quantity(base.value('tokens_per_s'), 'tokens/s')} on {digits(base.value('chips'))}.")
        cost = _cost(entry, base)
        section.text.append(cost or "Without a price on both sides nothing is said about cost.")
        energy = entry.value("energy_J_per_million_tokens") / base.value("energy_J_per_million_tokens")
        if energy > 0:
            section.text.append(f"A token needs {digits(energy)} times the energy. Powers are partly estimates: trnsim platform inspect shows which.")
    if base is None and len(entries) == 1:
        one = entries[0]
        section.text.append(f"{one.name}: a step takes {quantity(one.value('step_time_s'), 's')} on {digits(one.value('chips'))} chips, "
                            f"{quantity(one.value('mfu_fraction'), '1', 'mfu_fraction')} of the headline peak (MFU), "
                            f"{quantity(one.value('cost_usd_per_million_tokens'), 'USD')} a million tokens.")
    for entry in entries:
        if entry.value("price_is_estimate") == 1:
            section.text.append(f"The price of {entry.name} is an estimate.")
    section.tables.append(_table(entries, base))
    return section


def _table(entries: list[Entry], base: Entry | None) -> Table:
    described = {c.name: c for entry in entries for c in entry.result.columns("summary")}
    rows = []
    for column, label, direction in SHOWN:
        if column not in described:
            continue
        row = [Cell(label)]
        for entry in entries:
            cell = number(entry.value(column), described[column].unit, entry.dataset(f"summary/{column}"), column)
            if base is not None and entry is not base and direction:
                ratio = entry.value(column) / base.value(column)
                if abs(ratio - 1) > 0.005:
                    cell.tone = "better" if (ratio > 1) == (direction > 0) else "worse"
            row.append(cell)
        rows.append(row)
    head = [""] + [entry.name + (" (baseline)" if entry is base else "") for entry in entries]
    return Table(head, rows)


def _stack(title: str, caption: str, x: dict[str, str], entries: list[Entry],
           parts: dict[str, list[tuple[float, str]]]) -> Chart:
    return {"kind": "stack", "title": title, "caption": caption, "x": x, "categories": [e.name for e in entries],
            "series": [{"name": part, "values": [short(v) for v, _ in cells], "datasets": [d for _, d in cells]}
                       for part, cells in parts.items()]}


def _parts(entries: list[Entry], table: str, label: str, column: str, scale: dict[str, float]) -> dict[str, list[tuple[float, str]]]:
    """By part, for every entry: value and dataset."""
    frames = {e.name: e.result.table(table) for e in entries}
    order = list(dict.fromkeys(part for frame in frames.values() for part in frame[label]))
    parts: dict[str, list[tuple[float, str]]] = {}
    for part in order:
        parts[part] = []
        for e in entries:
            frame = frames[e.name]
            found = frame.index[frame[label] == part]
            parts[part].append((float(frame[column][found[0]]) * scale[e.name], e.dataset(f"{table}/{column}[{found[0]}]"))
                               if len(found) else (0.0, e.dataset(f"{table}/{column}")))
    return parts


def _why(entries: list[Entry]) -> Section:
    section = Section("Why: where the time goes")
    one = {e.name: 1.0 for e in entries}
    section.charts.append(_stack("One step by part", "Mean over the chips.", {"name": "time of a step", "unit": "s"}, entries,
                                 _parts(entries, "training/breakdown", "part", "time_s", one)))
    if len(entries) > 1:
        tokens = {e.name: e.value("chips") / e.value("tokens_per_step") * 1e6 / 3600 for e in entries}
        section.charts.append(_stack(
            "Chip-hours for a million tokens, by part", "Time of each part times chips over tokens: what the difference in cost is made of, before the price of a chip-hour.",
            {"name": "chip-hours for a million tokens", "unit": "h"}, entries,
            _parts(entries, "training/breakdown", "part", "time_s", tokens)))
    return section


def _roofline(entries: list[Entry]) -> Section | None:
    series: list[dict[str, object]] = []
    for entry in entries:
        if "chip" not in entry.result.tables():
            continue
        chip, frame = entry.result.row("chip"), entry.result.table("training/operations")
        frame = frame[(frame["flops"] > 0) & (frame["hbm_bytes"] > 0) & (frame["time_s"] > 0)]
        points = [[short(f / b), short(f / t)] for f, b, t in zip(frame["flops"], frame["hbm_bytes"], frame["time_s"])]
        labels = [f"{o} ({p})" for o, p in zip(frame["operation"], frame["pass"])]
        series.append({"name": f"{entry.name}: operations", "points": points, "labels": labels, "dataset": entry.dataset("training/operations")})
        peak, rate = float(chip["array_flops_per_s"]), float(chip["hbm_Bps"])
        series.append({"name": f"{entry.name}: {chip['chip']} {chip['dtype']} roof", "line": True, "dataset": entry.dataset("chip"),
                       "points": [[10, short(10 * rate)], [short(peak / rate), short(peak)], [1e5, short(peak)]]})
    if not series:
        return None
    chart: Chart = {"kind": "points", "title": "Roofline of one chip", "series": series,
                    "caption": "Each operation of the step: its arithmetic over its traffic to HBM, and the rate that it reaches. A roof is memory bandwidth on the left, the arrays' peak on the right.",
                    "x": {"name": "arithmetic intensity", "unit": "FLOP/B", "log": True}, "y": {"name": "rate of one chip", "unit": "FLOP/s", "log": True}}
    return Section("How near to the roof", charts=[chart])


def _timeline(entry: Entry) -> Chart:
    frame = entry.result.table("training/timeline").sort_values(["start_s", "stage"], kind="stable")
    end_s = float(frame["end_s"].max())
    frame = frame[~frame["what"].str.startswith(WAITS)]
    whole = len(frame)
    shown = frame.head(TIMELINE_MOST)
    kinds = list(dict.fromkeys(shown["what"]))
    stages = sorted(set(int(s) for s in frame["stage"]))
    caption = "The first copy of the model; where nothing is drawn a stage waits. Zoom with the wheel or the bar below."
    if whole > TIMELINE_MOST:
        caption += f" The first {TIMELINE_MOST:,} of {whole:,} slices; all are in the file."
    return {"kind": "gantt", "title": f"Pipeline: {entry.name}", "caption": caption, "x": {"name": "time in the step", "unit": "s"},
            "rows": [f"stage {s}" for s in stages], "kinds": kinds, "end": short(end_s), "dataset": entry.dataset("training/timeline"),
            "items": [[stages.index(int(s)), short(a), short(b), kinds.index(w), int(m)] for s, w, m, a, b in
                      zip(shown["stage"], shown["what"], shown["microbatch"], shown["start_s"], shown["end_s"]) if b > a]}


def _memory(entries: list[Entry]) -> Section:
    section = Section("Memory of a chip")
    for entry in entries:
        frame = entry.result.table("training/memory")
        chart: Chart = {"kind": "stack", "title": f"Memory by pipeline stage: {entry.name}", "caption": "At the peak of the step.",
                        "x": {"name": "memory of a chip", "unit": "B"}, "categories": [f"stage {s}" for s in frame["stage"]],
                        "limitName": "capacity",
                        "series": [{"name": c.removesuffix("_bytes"), "values": [short(v) for v in frame[c]],
                                    "datasets": [entry.dataset(f"training/memory/{c}[{i}]") for i in range(len(frame))]} for c in MEMORY]}
        chart["series"][0]["limit"] = short(float(frame["capacity_bytes"].max()))  # type: ignore[index]
        section.charts.append(chart)
    return section


def _money(entries: list[Entry]) -> Section:
    section = Section("Cost and energy of a million tokens")
    column = "cost_usd_per_million_tokens"
    priced = [e for e in entries if e.value(column) > 0]
    if priced:
        section.charts.append({"kind": "ranges", "title": "Cost of a million tokens", "caption": "From the lowest to the highest price of a chip-hour; the mark is the price that was used.",
                               "x": {"name": "cost of a million tokens", "unit": "USD"},
                               "rows": [{"name": e.name, "low": short(e.value(column + "_low")), "value": short(e.value(column)), "high": short(e.value(column + "_high")),
                                         "dataset": e.dataset(f"summary/{column}"), "lines": [str(e.result.row("cost")["price_source"])]} for e in priced]})
    scale = {e.name: 1e6 / e.value("tokens_per_step") for e in entries}
    section.charts.append(_stack("Energy of a million tokens, by cause", "Of the whole facility.", {"name": "energy of a million tokens", "unit": "J"},
                                 entries, _parts(entries, "energy", "cause", "energy_J", scale)))
    return section


def sections(entries: list[Entry]) -> list[Section]:
    """Of results with all tables; an imported baseline has only a summary."""
    whole = [e for e in entries if "training/breakdown" in e.result.tables()]
    if not whole:
        return []
    made = [_why(whole), _roofline(whole), Section("The pipeline over time", charts=[_timeline(e) for e in whole]),
            Section("The machine", charts=[c for e in whole if (c := links.chart(e.result, e.name)) is not None]),
            _memory(whole), _money(whole)]
    return [s for s in made if s is not None and (s.charts or s.tables)]
