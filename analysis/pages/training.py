# SPDX-License-Identifier: Apache-2.0
"""Training results beside each other: what a token takes in time, money and energy, and why."""
from __future__ import annotations

import math
from typing import NamedTuple, Sequence

from pages import links, surety
from pages.entry import Entry
from pages.page import Cell, Chart, Section, Table, Text, joined, number, said, short
from pages.units import digits, quantity

SHOWN = (("chips", "chips", 0), ("tokens_per_step", "tokens of a step", 0), ("step_time_s", "time of a step", -1), ("step_time_low_s", "shortest by measurements", None), ("step_time_high_s", "longest by measurements", None),
         ("tokens_per_s", "tokens trained, whole machine", 1), ("tokens_per_s_per_chip", "tokens trained, a chip", 1),
         ("mfu_fraction", "model FLOPs over the headline peak (MFU)", 1), ("peak_memory_bytes", "memory of the fullest chip", 0),
         ("cost_usd_per_h", "price of the machine", -1), ("cost_usd_per_million_tokens", "cost of a million tokens", -1),
         ("energy_J_per_million_tokens", "energy of a million tokens, whole facility", -1), ("average_power_W", "power, mean over the step", -1))
MEMORY = ("weights_bytes", "gradients_bytes", "optimizer_bytes", "activations_bytes", "workspace_bytes", "reserved_bytes")
WAITS = ("receive", "wait")
TIMELINE_MOST = 20000  # slices that a page draws without becoming slow


def against(entry: Entry, base: Entry) -> Text:
    return said(f"{entry.name} ({{}}) against {base.name} ({{}}):", entry.cell("chips", "1"), base.cell("chips", "1"))


class Cost(NamedTuple):
    """Of a token: ratio to the baseline, its bounds by prices and times together, and how sure in words."""
    ratio: float
    within: surety.Bounds
    sure: str


def _cost(entry: Entry, base: Entry) -> Cost:
    column = "cost_usd_per_million_tokens"
    cost, other = entry.value(column), base.value(column)
    if not cost > 0 or not other > 0:
        return Cost(math.nan, surety.Bounds(math.nan, math.nan), "without a price on both sides nothing can be said")
    ratio = cost / other
    prices = surety.Bounds(entry.value(column + "_low") / base.value(column + "_high"), entry.value(column + "_high") / base.value(column + "_low"))
    times = surety.bounds(1.0, entry, base, surety.STEP)
    within = surety.Bounds(prices.low * times.low, prices.high * times.high)
    words = [surety.told(ratio, within, "prices and times together")]
    if within.holds_one and not prices.holds_one:
        words.append(surety.told(ratio, prices, "prices alone"))
    guessed = [e.name for e in (entry, base) if e.value("price_is_estimate") == 1]
    if guessed:
        words.append(f"the price of {' and '.join(guessed)} is an estimate")
    price = entry.value("cost_usd_per_h") / entry.value("chips")
    words.append(f"equal if a chip-hour of {entry.name} cost {digits(price / ratio)} USD instead of {digits(price)} USD")
    return Cost(ratio, within, "; ".join(words))


Ratios = dict[str, tuple[float, str, surety.Bounds]]  # what the entry takes over what the baseline takes, of which column, within which bounds


def lead(entry: Entry, base: Entry, ratios: Ratios, unsure: Sequence[str] = ()) -> Text:
    """In one line which of the two is what, and how many times; what the ranges, or unsure, leave open is said to be so."""
    known = {word: found for word, found in ratios.items() if math.isfinite(found[0]) and found[0] > 0}
    left_open = [word for word, (_, _, within) in known.items() if within.holds_one or word in unsure]
    won: dict[str, list[Text]] = {base.name: [], entry.name: []}
    same = []
    for word, (ratio, column, _) in known.items():
        if word not in left_open and _differs(ratio):
            won[base.name if ratio > 1 else entry.name].append(said(f"{word} ({{}})", _times(ratio, column, entry, base)))
        elif word not in left_open:
            same.append(word)
    told = [joined([f"{name} is", joined(words[:-1], ", ") + [" and "] + words[-1] if len(words) > 1 else words[0]]) for name, words in won.items() if words]  # type: ignore[operator]
    told += [f"neither is {' or '.join(same)}"] if same else []
    sure: Text = [*joined(told, "; "), ". "] if told else ""
    leaning = [_leaning(word, *known[word][:2], entry, base) for word in left_open]
    return joined([sure, "Open, by the ranges below: ", joined(leaning, ", "), "."], "") if leaning else sure


def _times(ratio: float, column: str, entry: Entry, base: Entry) -> Cell:
    return Cell(f"{digits(max(ratio, 1 / ratio))} times", f"{entry.of(column)} over {base.of(column)}")


def _leaning(word: str, ratio: float, column: str, entry: Entry, base: Entry) -> Text:
    """What the simulation says where it is not sure."""
    if not _differs(ratio):
        return f"which is {word} (rather neither)"
    return said(f"which is {word} (rather {base.name if ratio > 1 else entry.name}, {{}})", _times(ratio, column, entry, base))


def _ratios(entry: Entry, base: Entry) -> Ratios:
    speed = base.value("tokens_per_s") / entry.value("tokens_per_s")
    energy = entry.value("energy_J_per_million_tokens") / base.value("energy_J_per_million_tokens")
    cost = _cost(entry, base)
    return {"faster": (speed, "tokens_per_s", surety.bounds(speed, entry, base, surety.STEP)), "cheaper": (cost.ratio, "cost_usd_per_million_tokens", cost.within),
            "greener": (energy, "energy_J_per_million_tokens", surety.bounds(energy, entry, base, surety.STEP))}


def energy_sure(ratio: float, within: surety.Bounds) -> str:
    return surety.told(ratio, within) + "; powers are partly estimates: trnsim platform inspect says which" if math.isfinite(ratio) else "without a power on both sides nothing can be said"


def _dtype(entry: Entry) -> str:
    table = "baseline" if entry.result.kind == "baseline" else "training/plan"
    return str(entry.result.row(table)["dtype"])


def _unlike(entry: Entry, base: Entry) -> list[Text]:
    """What keeps the two from being the same work."""
    told: list[Text] = []
    if entry.row["workload"] != base.row["workload"]:
        told.append(said("Different work: {} against {}.", Cell(str(entry.row["workload"]), entry.of("workload")), Cell(str(base.row["workload"]), base.of("workload"))))
    ours, theirs = _dtype(entry), _dtype(base)
    if ours and theirs and ours != theirs:
        told.append(f"Different arithmetic: {entry.name} multiplies in {ours}, {base.name} in {theirs}; plan.dtype sets it.")
    if abs(entry.value("tokens_per_step") / base.value("tokens_per_step") - 1) > 0.05:
        told.append(said("Different batches: {} a step against {}; larger ones are easier to do fast.", entry.cell("tokens_per_step", "1"), base.cell("tokens_per_step", "1")))
    return told


def _verdicts(entry: Entry, base: Entry) -> Table:
    """Which is faster, cheaper, greener; by how much; how sure."""
    ratios, columns = _ratios(entry, base), [f"cost_usd_per_million_tokens{end}" for end in ("_low", "_high")] + ["cost_usd_per_h"]
    (speed, _, fast), (cost, _, _), (energy, _, green) = ratios["faster"], ratios["cheaper"], ratios["greener"]
    chip, times = base.value("tokens_per_s_per_chip") / entry.value("tokens_per_s_per_chip"), surety.dataset(entry, base, surety.STEP)
    rows = [("faster, the machines as they are", speed, "tokens_per_s", Cell(surety.told(speed, fast), times)),
            ("faster, a chip against a chip", chip, "tokens_per_s_per_chip", Cell(surety.told(chip, surety.bounds(chip, entry, base, surety.STEP)), times)),
            ("cheaper, per token", cost, "cost_usd_per_million_tokens", Cell(_cost(entry, base).sure, ", ".join([*(e.of(c) for e in (entry, base) for c in columns), times]))),
            ("greener, energy per token", energy, "energy_J_per_million_tokens", Cell(energy_sure(energy, green), times))]
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


def answer(entries: list[Entry], base: Entry | None) -> Section:
    section = Section("The answer")
    for entry in entries:
        if base is None or entry is base:
            continue
        if len(entries) == 2:
            section.lead = lead(entry, base, _ratios(entry, base))
        section.text += [against(entry, base), *_unlike(entry, base)]
        section.tables.append(_verdicts(entry, base))
    if base is None and len(entries) == 1:
        one = entries[0]
        section.lead = said(f"{one.name}: a step takes {{}} on {{}}, {{}} of the headline peak (MFU), {{}} a million tokens.", one.cell("step_time_s", "s"),
                            one.cell("chips", "1"), one.cell("mfu_fraction", "1"), one.cell("cost_usd_per_million_tokens", "USD"))
    section.notes.append(surety.sources(entries, (surety.STEP,)))
    section.tables.append(comparable(entries, base, SHOWN))
    return section


def comparable(entries: list[Entry], base: Entry | None, shown: Sequence[tuple[str, str, int | None]]) -> Table:
    """Rows of the summary for each result, with ratios to the baseline. A direction says whether more is better (1), worse (-1) or neither (0); None: no ratio."""
    described = {c.name: c for entry in entries for c in entry.result.columns("summary")}
    rows = []
    for column, label, direction in shown:
        if column not in described:
            continue
        row = [Cell(label)]
        for entry in entries:
            row.append(number(entry.value(column), described[column].unit, entry.dataset(f"summary/{column}"), column))
            if base is not None and entry is not base:
                row.append(ratio_cell(entry, base, column, direction) if direction is not None else Cell(""))
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
    every = sorted(set(int(s) for s in frame["stage"]))
    most = max(1, TIMELINE_MOST * len(every) // max(len(frame), 1))
    stages = every if len(every) <= most else [every[i * (len(every) - 1) // max(most - 1, 1)] for i in range(most)]
    shown = frame[frame["stage"].isin(stages)]
    kinds = list(dict.fromkeys(shown["what"]))
    caption: Text = "The first copy of the model; where nothing is drawn a stage waits."
    if len(stages) < len(every):
        caption = said(f"{caption} {{}}; the file has all.", Cell(f"{len(stages)} of {len(every)} stages", entry.dataset("training/timeline/stage")))
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


COST = "cost_usd_per_million_tokens"


def _price_source(entry: Entry) -> str:
    return str(entry.result.row("baseline" if entry.result.kind == "baseline" else "cost")["price_source"])


def _money(entries: list[Entry], whole: list[Entry]) -> Section:
    """A measured baseline has a cost, but no parts of it."""
    section = Section("Cost and energy of a million tokens")
    priced = [e for e in entries if e.value(COST) > 0]
    if priced:
        section.charts.append({"kind": "ranges", "title": "Cost of a million tokens", "caption": "From the lowest to the highest price of a chip-hour; the mark is the price that was used.",
                               "x": {"name": "cost of a million tokens", "unit": "USD"},
                               "rows": [{"name": e.name, "low": short(e.value(COST + "_low")), "value": short(e.value(COST)), "high": short(e.value(COST + "_high")),
                                         "dataset": e.of(COST), "lines": [_price_source(e)]} for e in priced]})
        section.charts.append(_prices(priced))
    parted = [e for e in whole if e in priced]
    if parted:
        price = {e.name: e.value(COST) / (e.value("step_time_s") or math.nan) for e in parted}
        section.charts.append(_stack("Cost of a million tokens, by part of the step", "Chip-hours of each part at the price of a chip-hour that was used.",
                                     {"name": "cost of a million tokens", "unit": "USD"}, parted, _parts(parted, "training/breakdown", "part", "time_s", price)))
    scale = {e.name: 1e6 / e.value("tokens_per_step") for e in whole}
    section.charts.append(_stack("Energy of a million tokens, by cause", "Of the whole facility.", {"name": "energy of a million tokens", "unit": "J"},
                                 whole, _parts(whole, "energy", "cause", "energy_J", scale)))
    return section


def _price(entry: Entry, end: str = "") -> float:
    """Of a chip-hour, in dollars: what was used, or the end of its range."""
    return entry.value("cost_usd_per_h") / entry.value("chips") * entry.value(COST + end) / entry.value(COST)


def _range_of_prices(entry: Entry) -> Text:
    source = f"{entry.of('cost_usd_per_h')} over {entry.of('chips')}"
    return said(f"{entry.name} {{}} to {{}}", *(Cell(quantity(_price(entry, end), "USD/h"), f"{source}, {entry.of(COST + end)}") for end in ("_low", "_high")))


def _prices(entries: list[Entry]) -> Chart:
    """What a token costs is in proportion to what a chip-hour does."""
    most = max(_price(e, "_high") for e in entries) * 1.25
    series: list[dict[str, object]] = []
    for e in entries:
        price, like = _price(e), len(series) // 2
        slope = e.value(COST) / price
        series.append({"name": e.name, "line": True, "like": like, "dataset": e.of(COST), "points": [[short(most * i / 40), short(slope * most * i / 40)] for i in range(41)]})
        series.append({"name": f"{e.name}: price used", "like": like, "silent": True, "size": 11, "points": [[short(price), short(e.value(COST))]],
                       "dataset": f"{e.of('cost_usd_per_h')} over {e.of('chips')}"})
    across = "What a token costs at any price of a chip-hour" + (": read across to find the price at which both are equal" if len(entries) > 1 else "")
    return {"kind": "points", "title": "Sensitivity to the price of a chip-hour", "series": series,
            "caption": joined([f"{across}. The mark is the price that was used. From the lowest to the highest:", joined([_range_of_prices(e) for e in entries], ", ")]) + ["."],  # type: ignore[operator]
            "x": {"name": "price of a chip-hour", "unit": "USD/h"}, "y": {"name": "cost of a million tokens", "unit": "USD"}}


def sections(entries: list[Entry]) -> list[Section]:
    """Of results with all tables; an imported baseline has only a summary."""
    whole = [e for e in entries if "training/breakdown" in e.result.tables()]
    if not whole:
        return []
    made = [_why(whole), _roofline(whole), Section("The pipeline over time", charts=[_timeline(e) for e in whole]),
            Section("The machine", charts=[c for e in whole if (c := links.chart(e.result, e.name)) is not None]),
            _memory(whole), _money(entries, whole)]
    return [s for s in made if s is not None and (s.charts or s.tables)]
