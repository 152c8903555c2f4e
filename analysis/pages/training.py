# SPDX-License-Identifier: Apache-2.0
"""Training results beside each other: what a token takes in time, money and energy, and why."""
from __future__ import annotations

import math

from pages import links, surety
from pages.entry import Entry
from pages.page import Cell, Chart, Section, Table, Text, joined, number, said, short
from pages.units import digits, quantity

SHOWN = (("chips", "chips", 0), ("tokens_per_step", "tokens of a step", 0), ("step_time_s", "time of a step", -1), ("step_time_low_s", "measured steps lie from", 0), ("step_time_high_s", "to", 0),
         ("tokens_per_s", "tokens trained, whole machine", 1), ("tokens_per_s_per_chip", "tokens trained, a chip", 1),
         ("mfu_fraction", "model FLOPs over the headline peak (MFU)", 1), ("peak_memory_bytes", "memory of the fullest chip", 0),
         ("cost_usd_per_h", "price of the machine", -1), ("cost_usd_per_million_tokens", "cost of a million tokens", -1),
         ("energy_J_per_million_tokens", "energy of a million tokens, whole facility", -1), ("average_power_W", "power, mean over the step", -1))
MEMORY = ("weights_bytes", "gradients_bytes", "optimizer_bytes", "activations_bytes", "workspace_bytes", "reserved_bytes")
WAITS = ("receive", "wait")
TIMELINE_MOST = 12000  # slices that a page draws without becoming slow


def times(ratio: float, more: str, less: str) -> str:
    """1.68 times dearer; 1.20 times cheaper; the same."""
    if abs(ratio - 1) < 0.005:
        return "the same"
    return f"{digits(ratio)} times {more}" if ratio > 1 else f"{digits(1 / ratio)} times {less}"


def against(entry: Entry, base: Entry) -> Text:
    return said(f"{entry.name} ({{}}) against {base.name} ({{}}):", entry.cell("chips", "1"), base.cell("chips", "1"))


def lead(entry: Entry, base: Entry, ratios: dict[str, tuple[float, str]], left_open: list[str]) -> Text:
    """In one line which of the two is what, and how many times. ratios: what the entry takes over what the baseline takes, and of which column;
    left_open: those that the errors leave open."""
    won: dict[str, list[Text]] = {base.name: [], entry.name: []}
    for word, (ratio, column) in ratios.items():
        if word not in left_open and math.isfinite(ratio) and ratio > 0 and _differs(ratio):
            times = Cell(f"{digits(max(ratio, 1 / ratio))} times", f"{entry.of(column)} over {base.of(column)}")
            won[base.name if ratio > 1 else entry.name].append(said(f"{word} ({{}})", times))
    told = [joined([f"{name} is", joined(words[:-1], ", ") + [" and "] + words[-1] if len(words) > 1 else words[0]]) for name, words in won.items() if words]  # type: ignore[operator]
    same = [word for word, (ratio, _) in ratios.items() if word not in left_open and math.isfinite(ratio) and not _differs(ratio)]
    told += [f"neither is {' or '.join(same)}"] if same else []
    told += [f"which is {' and which '.join(left_open)} is open"] if left_open else []
    return [*joined(told, "; "), "."] if told else ""


def _cost(entry: Entry, base: Entry) -> tuple[float, str]:
    """Cost of a token over that of the baseline, and how sure."""
    column = "cost_usd_per_million_tokens"
    cost, other = entry.value(column), base.value(column)
    if not cost > 0 or not other > 0:
        return math.nan, "without a price on both sides nothing can be said"
    said = []
    low = entry.value(column + "_low") / base.value(column + "_high")
    high = entry.value(column + "_high") / base.value(column + "_low")
    if low < 1 < high:
        said.append(f"open: the ranges of the prices overlap, {times(1 / low, 'cheaper', 'dearer')} to {times(high, 'dearer', 'cheaper')}")
    elif math.isfinite(low) and math.isfinite(high) and high - low > 0.005:
        said.append("holds over the range of the prices, " + " to ".join(f"{digits(r)}" for r in sorted(r if cost > other else 1 / r for r in (low, high))) + " times")
    guessed = [e.name for e in (entry, base) if e.value("price_is_estimate") == 1]
    if guessed:
        said.append(f"the price of {' and '.join(guessed)} is an estimate")
    price = entry.value("cost_usd_per_h") / entry.value("chips")
    said.append(f"equal if a chip-hour of {entry.name} cost {digits(price * other / cost)} USD instead of {digits(price)} USD")
    return cost / other, "; ".join(said)


def _verdicts(entry: Entry, base: Entry) -> Table:
    """Which is faster, cheaper, greener; by how much; how sure."""
    speed = base.value("tokens_per_s") / entry.value("tokens_per_s")
    energy = entry.value("energy_J_per_million_tokens") / base.value("energy_J_per_million_tokens")
    cost, sure = _cost(entry, base)
    prices = ", ".join(e.of(f"cost_usd_per_million_tokens{end}") for e in (entry, base) for end in ("_low", "_high")) + f", {entry.of('cost_usd_per_h')}"
    rows = [("faster, the machines as they are", speed, "tokens_per_s", Cell(surety.of_time(speed, entry, base), surety.SOURCE)),
            ("faster, a chip against a chip", base.value("tokens_per_s_per_chip") / entry.value("tokens_per_s_per_chip"), "tokens_per_s_per_chip", Cell("as above")),
            ("cheaper, per token", cost, "cost_usd_per_million_tokens", Cell(sure, prices)),
            ("greener, energy per token", energy, "energy_J_per_million_tokens", Cell(surety.of_energy()))]
    return Table(["which is", "the answer", "how sure"], kind="verdicts", rows=[
        [Cell(label), Cell(winner(ratio, entry, base), f"{entry.of(column)} over {base.of(column)}"), why] for label, ratio, column, why in rows])


def _differs(ratio: float) -> bool:
    return math.isfinite(ratio) and abs(ratio - 1) >= 0.005


def winner(ratio: float, entry: Entry, base: Entry) -> str:
    """ratio: what the entry takes over what the baseline takes."""
    if not math.isfinite(ratio) or ratio <= 0:
        return "not known"
    if not _differs(ratio):
        return "both the same"
    return f"{base.name}, {digits(ratio)} times" if ratio > 1 else f"{entry.name}, {digits(1 / ratio)} times"


def _lead(entry: Entry, base: Entry) -> Text:
    cost, sure = _cost(entry, base)
    ratios = {"faster": (base.value("tokens_per_s") / entry.value("tokens_per_s"), "tokens_per_s"), "cheaper": (cost, "cost_usd_per_million_tokens"),
              "greener": (entry.value("energy_J_per_million_tokens") / base.value("energy_J_per_million_tokens"), "energy_J_per_million_tokens")}
    left_open = [word for word, is_open in (("faster", surety.is_open(ratios["faster"][0], entry, base)), ("cheaper", sure.startswith("open"))) if is_open]
    return lead(entry, base, ratios, left_open)


def answer(entries: list[Entry], base: Entry | None) -> Section:
    section = Section("The answer")
    for entry in entries:
        if base is None or entry is base:
            continue
        if len(entries) == 2:
            section.lead = _lead(entry, base)
        section.text.append(against(entry, base))
        section.tables.append(_verdicts(entry, base))
    if base is None and len(entries) == 1:
        one = entries[0]
        section.lead = said(f"{one.name}: a step takes {{}} on {{}}, {{}} of the headline peak (MFU), {{}} a million tokens.", one.cell("step_time_s", "s"),
                            one.cell("chips", "1"), one.cell("mfu_fraction", "1"), one.cell("cost_usd_per_million_tokens", "USD"))
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
            row.append(cell)
            if base is not None and entry is not base:
                row.append(ratio_cell(entry, base, column, direction))
        rows.append(row)
    return Table(head_of(entries, base), rows)


def head_of(entries: list[Entry], base: Entry | None) -> list[str]:
    """The first column is the label; each result that is compared has its ratio beside it."""
    head = [""]
    for entry in entries:
        head += [entry.name + (" (baseline)" if entry is base else "")] + (["ratio"] if base is not None and entry is not base else [])
    return head


def ratio_cell(entry: Entry, base: Entry, column: str, direction: int) -> Cell:
    ratio = entry.value(column) / base.value(column) if base.value(column) else math.nan
    tone = "" if not direction or not _differs(ratio) else "better" if (ratio > 1) == (direction > 0) else "worse"
    return Cell("" if not math.isfinite(ratio) else f"{digits(ratio)} times" if _differs(ratio) else "the same", entry.dataset(f"summary/{column}") + " over " + base.dataset(f"summary/{column}"), tone)


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
        like = len(series) // 2
        series.append({"name": entry.name, "like": like, "points": points, "labels": labels, "dataset": entry.dataset("training/operations")})
        peak, rate = float(chip["array_flops_per_s"]), float(chip["hbm_Bps"])
        series.append({"name": f"{entry.name}: {chip['dtype']} roof", "like": like, "line": True, "dataset": entry.dataset("chip"),
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
    caption: Text = "The first copy of the model; where nothing is drawn a stage waits. Zoom with the wheel or the bar below."
    if whole > TIMELINE_MOST:
        caption = said(f"{caption} The first {{}} of {{}}; all are in the file.", *(Cell(f"{n:,} slices", entry.dataset("training/timeline")) for n in (TIMELINE_MOST, whole)))
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
                        "categoriesFrom": [entry.dataset(f"training/memory/stage[{i}]") for i in range(len(frame))],
                        "series": [{"name": c.removesuffix("_bytes"), "values": [short(v) for v in frame[c]],
                                    "datasets": [entry.dataset(f"training/memory/{c}[{i}]") for i in range(len(frame))]} for c in MEMORY]}
        limit = float(frame["capacity_bytes"].max())
        chart["series"][0]["limit"] = short(limit)  # type: ignore[index]
        chart["limitName"] = f"capacity {quantity(limit, 'B')}"
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
        price = {e.name: e.value(column) / (e.value("step_time_s") or math.nan) for e in priced}
        section.charts.append(_stack("Cost of a million tokens, by part of the step", "Chip-hours of each part at the price of a chip-hour that was used.",
                                     {"name": "cost of a million tokens", "unit": "USD"}, priced, _parts(priced, "training/breakdown", "part", "time_s", price)))
        section.charts.append(_prices(priced))
    scale = {e.name: 1e6 / e.value("tokens_per_step") for e in entries}
    section.charts.append(_stack("Energy of a million tokens, by cause", "Of the whole facility.", {"name": "energy of a million tokens", "unit": "J"},
                                 entries, _parts(entries, "energy", "cause", "energy_J", scale)))
    return section


def _price(entry: Entry, end: str) -> Cell:
    column = f"price_{end}_usd_per_chip_h"
    return number(float(entry.result.row("cost")[column]), "USD/h", entry.dataset(f"cost/{column}"))  # type: ignore[arg-type]


def _prices(entries: list[Entry]) -> Chart:
    """What a token costs is in proportion to what a chip-hour does."""
    most = max(float(e.result.row("cost")["price_high_usd_per_chip_h"]) for e in entries) * 1.25  # type: ignore[arg-type]
    series: list[dict[str, object]] = []
    for e in entries:
        price = float(e.result.row("cost")["price_usd_per_chip_h"])  # type: ignore[arg-type]
        slope = e.value("cost_usd_per_million_tokens") / price
        like = len(series) // 2
        series.append({"name": e.name, "line": True, "like": like, "dataset": e.dataset("summary/cost_usd_per_million_tokens"),
                       "points": [[short(most * i / 40), short(slope * most * i / 40)] for i in range(41)]})
        series.append({"name": f"{e.name}: price used", "like": like, "silent": True, "size": 11, "points": [[short(price), short(slope * price)]], "dataset": e.dataset("cost/price_usd_per_chip_h")})
    return {"kind": "points", "title": "Sensitivity to the price of a chip-hour", "series": series,
            "caption": joined(["What a token costs at any price of a chip-hour: read across to find the price at which both are equal. The mark is the price that was used. From the lowest to the highest:",
                               joined([said(f"{e.name} {{}} to {{}}", *(_price(e, end) for end in ("low", "high"))) for e in entries], ", ")]) + ["."],  # type: ignore[operator]
            "x": {"name": "price of a chip-hour", "unit": "USD/h"}, "y": {"name": "cost of a million tokens", "unit": "USD"}}


def sections(entries: list[Entry]) -> list[Section]:
    """Of results with all tables; an imported baseline has only a summary."""
    whole = [e for e in entries if "training/breakdown" in e.result.tables()]
    if not whole:
        return []
    made = [_why(whole), _roofline(whole), Section("The pipeline over time", charts=[_timeline(e) for e in whole]),
            Section("The machine", charts=[c for e in whole if (c := links.chart(e.result, e.name)) is not None]),
            _memory(whole), _money(whole)]
    return [s for s in made if s is not None and (s.charts or s.tables)]
