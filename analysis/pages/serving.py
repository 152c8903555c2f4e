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
from pages.page import Cell, Chart, Section, Table, Text, joined, number, said, short
from pages.training import Ratios, against, comparable, lead, winner
from pages.units import digits, label, quantity

SHOWN = (("chips", "chips", 0), ("replicas", "replicas", 0), ("requests_completed", "requests completed", 0),
         ("requests_per_s", "requests completed a second", 1), ("goodput_requests_per_s", "of these within the service level", 1),
         ("slo_attainment_fraction", "share within the service level", 1), ("output_tokens_per_s", "output tokens", 1),
         ("output_tokens_per_s_per_chip", "output tokens a chip", 1), ("ttft_mean_s", "time to first token, mean", -1),
         ("ttft_low_s", "shortest by measurements", None), ("ttft_high_s", "longest by measurements", None), ("ttft_p50_s", "time to first token, median", -1),
         ("ttft_p99_s", "time to first token, p99", -1), ("tpot_mean_s", "time per output token, mean", -1),
         ("tpot_low_s", "shortest by measurements", None), ("tpot_high_s", "longest by measurements", None), ("tpot_p50_s", "time per output token, median", -1),
         ("tpot_p99_s", "time per output token, p99", -1), ("e2e_p99_s", "time to last token, p99", -1),
         ("load_fraction", "load", 0), ("cached_token_fraction", "prompt tokens found in caches", 1),
         ("cost_usd_per_million_tokens", "cost of a million output tokens", -1),
         ("energy_J_per_million_tokens", "energy of a million output tokens, whole facility", -1), ("average_power_W", "power, mean", 0))
LATENCIES = (("ttft_s", "Time to first token"), ("tpot_s", "Time per output token"), ("e2e_s", "Time to the last token"))
DRAWN = ("serving/breakdown", "serving/requests", "serving/seconds", "serving/tiers")
STEPS = 200  # points of a distribution
TRUSTED_LOAD = 0.9  # load_fraction up to which latencies can be trusted: MODEL.md, "Serving: statistics"
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


def _offered(entry: Entry) -> Cell:
    return number(load(entry.result), "requests/s", f"{entry.of('requests_arrived')} over the last of {entry.dataset('serving/requests/arrival_s')}")


def _highest(name: str, group: list[Entry]) -> Text:
    met = [e for e in group if e.value("slo_attainment_fraction") >= MET]
    return said(f"{name} takes {{}} within the service level", _offered(met[-1])) if met else f"{name} takes none of the loads within the service level"


def _reach(name: str, group: list[Entry]) -> Text:
    """Of one machine at several loads."""
    met = [e for e in group if e.value("slo_attainment_fraction") >= MET]
    missed = [e for e in group if e.value("slo_attainment_fraction") < MET]
    share = "slo_attainment_fraction"
    told: Text = (said(f"{name}: of the loads tried, {{}} is the highest that it takes within the service level ({{}} of the requests)", _offered(met[-1]), met[-1].cell(share, "1"))
                  if met else f"{name}: of the loads tried none is within the service level")
    further: Text = said("; at {} it is {}.", _offered(missed[0]), missed[0].cell(share, "1")) if missed else "."
    return joined([told, further], "")


def answer(entries: list[Entry], base: Entry | None) -> Section:
    section = Section("The answer")
    groups = _by_machine(entries)
    if any(len(group) > 1 for group in groups.values()):
        section.lead = joined([_highest(name, group) for name, group in groups.items()], "; ")
        section.text += [_reach(name, group) for name, group in groups.items()]
        section.tables.append(_loads(groups))
        return section
    section.lead = _lead(entries, base)
    for entry in entries:
        section.text.append(_told(entry))
    for entry in entries:
        if base is not None and entry is not base:
            section.text.append(against(entry, base))
            section.tables.append(_verdicts(entry, base))
    section.notes.append(surety.sources(entries, (surety.FIRST, surety.TOKEN)))
    section.tables.append(comparable(entries, base, SHOWN))
    return section


def _told(entry: Entry) -> Text:
    told = said(f"{entry.name} serves {{}} on {{}}; {{}} meet the service level. First tokens take {{}} (p99 {{}}), the others {{}} each (p99 {{}}). "
                f"{_waited(entry)}; most of a step is {entry.row['step_limited_by']}.",
                entry.cell("requests_per_s", "1/s"), entry.cell("chips", "1"), entry.cell("slo_attainment_fraction", "1"), entry.cell("ttft_p50_s", "s"),
                entry.cell("ttft_p99_s", "s"), entry.cell("tpot_p50_s", "s"), entry.cell("tpot_p99_s", "s"))
    full = f" {entry.name} is saturated: requests waited without a break for a tenth of the run or more, and its latencies follow the length of the run. Only its rates say something."
    return joined([told, full], "") if entry.value("is_saturated") == 1 else told


def _lead(entries: list[Entry], base: Entry | None) -> Text:
    """Of a pair; latencies of a full machine say nothing, and those of a machine that is nearly full hang on small errors."""
    if base is None or len(entries) != 2 or any(e.value("is_saturated") == 1 for e in entries):
        return ""
    entry = next(e for e in entries if e is not base)
    ratios = {word: _ratios(entry, base)[word] for word in ("quicker to the first token", "quicker to the others", "cheaper at this load", "greener at this load")}
    near = any(e.value("load_fraction") > TRUSTED_LOAD for e in (entry, base))
    return lead(entry, base, ratios, list(ratios)[:2] if near else [])


def _ratio(entry: Entry, base: Entry, column: str) -> float:
    return entry.value(column) / base.value(column) if base.value(column) else math.nan


LOADS = (("requests_per_s", "completed", "1/s"), ("slo_attainment_fraction", "within the service level", "1"), ("goodput_requests_per_s", "goodput", "1/s"), ("ttft_p99_s", "first token, p99", "s"),
         ("tpot_p99_s", "other tokens, p99", "s"), ("load_fraction", "load", "1"), ("cost_usd_per_million_tokens", "a million output tokens", "USD"), ("energy_J_per_million_tokens", "their energy", "J"))


def _loads(groups: dict[str, list[Entry]]) -> Table:
    """A line a load: many of them beside each other cannot be read."""
    shown = [c for c in LOADS if any(math.isfinite(e.value(c[0])) for group in groups.values() for e in group)]
    return Table(["machine", "requests that come", *(name for _, name, _ in shown)],
                 kind="loads", rows=[[Cell(name), _offered(e), *(e.cell(column, unit) for column, _, unit in shown)] for name, group in groups.items() for e in group])


def _prices(entry: Entry, base: Entry, ratio: float) -> surety.Bounds:
    column = "cost_usd_per_million_tokens"
    return surety.Bounds(*(ratio * entry.value(column + one) / entry.value(column) * base.value(column) / base.value(column + other) for one, other in (("_low", "_high"), ("_high", "_low"))))


def _ratios(entry: Entry, base: Entry) -> Ratios:
    """At this load dollars hang on prices alone; filled alike, and where the load ends, on the time of a token too."""
    first, others, cost, used, energy = (_ratio(entry, base, column) for column in ("ttft_p99_s", "tpot_p99_s", "cost_usd_per_million_tokens", "load_fraction", "energy_J_per_million_tokens"))
    load_ratio, times = used * base.value("requests_per_s") / entry.value("requests_per_s"), surety.bounds(1.0, entry, base, surety.TOKEN)
    prices = _prices(entry, base, cost * used)
    return {"quicker to the first token": (first, "ttft_p99_s", surety.bounds(first, entry, base, surety.FIRST)),
            "quicker to the others": (others, "tpot_p99_s", surety.bounds(others, entry, base, surety.TOKEN)),
            "takes more load": (load_ratio, "load_fraction", surety.bounds(load_ratio, entry, base, surety.TOKEN)),
            "cheaper at this load": (cost, "cost_usd_per_million_tokens", _prices(entry, base, cost)),
            "cheaper, as full as each other": (cost * used, "cost_usd_per_million_tokens", surety.Bounds(prices.low * times.low, prices.high * times.high)),
            "greener at this load": (energy, "energy_J_per_million_tokens", surety.bounds(energy, entry, base, surety.TOKEN))}


def _verdicts(entry: Entry, base: Entry) -> Table:
    """Which is quicker, cheaper, greener: at the load that was given, and filled to the same share."""
    ratios, both = _ratios(entry, base), (entry, base)
    first, token = (surety.dataset(entry, base, time) for time in (surety.FIRST, surety.TOKEN))
    prices = ", ".join(e.of(f"cost_usd_per_million_tokens{end}") for e in both for end in ("_low", "_high"))
    trusted = "hangs on small errors above " + ", ".join(f"{quantity(e.value('trusted_to_requests_per_s'), 'requests/s')} ({e.name})" for e in both)
    guessed = " and ".join(e.name for e in both if e.value("price_is_estimate") == 1)
    estimate = f"; the price of {guessed} is an estimate" if guessed else ""
    labels = {"quicker to the first token": ("quicker, first token (p99)", "", f"; {trusted}", ", ".join([first, *(e.of("trusted_to_requests_per_s") for e in both)])),
              "quicker to the others": ("quicker, other tokens (p99)", "", "", token),
              "takes more load": ("takes more load", "", "; by proportion of the load: run --find-capacity finds the rate at which the service level ends", token),
              "cheaper at this load": ("cheaper, output token at this load", "prices", f"; an idle machine costs as much as a busy one{estimate}", prices),
              "cheaper, as full as each other": ("cheaper, both as full as each other", "prices and times together", "; by proportion of the load: an estimate", f"{prices}, {token}"),
              "greener at this load": ("greener, energy of an output token at this load", "", "; powers are partly estimates: trnsim platform inspect says which", token)}
    rows = []
    for word, (ratio, column, within) in ratios.items():
        label, of_what, further, dataset = labels[word]
        rows.append([Cell(label), Cell(winner(ratio, entry, base), f"{entry.of(column)} over {base.of(column)}"), Cell(surety.told(ratio, within, of_what or "times") + further, dataset)])
    return Table(["which is", "the answer", "how sure"], rows, "verdicts")


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


def _thinned(entry: Entry) -> tuple[pandas.DataFrame, Text]:
    """Means of equal numbers of intervals."""
    frame = entry.result.table("serving/seconds")
    many = -(-len(frame) // SERIES_MOST)
    if many <= 1:
        return frame, ""
    width = float(frame["time_s"].iloc[many] - frame["time_s"].iloc[0])
    return frame.groupby(numpy.arange(len(frame)) // many).mean(), said(f" {entry.name}: means of {{}}; the file has every interval.", number(width, "s", entry.dataset("serving/seconds/time_s")))


def _over_time(entries: list[Entry]) -> list[Chart]:
    frames = {e.name: _thinned(e) for e in entries}
    caption = joined(["All replicas.", *(note for _, note in frames.values())], "")

    def chart(title: str, y: dict[str, str], columns: dict[str, str]) -> Chart:
        series = [{"name": f"{e.name}: {name}" if len(columns) > 1 else e.name, "line": True, "dashed": i > 0, "dataset": e.dataset(f"serving/seconds/{column}"),
                   "points": [[short(t), short(v)] for t, v in zip(frames[e.name][0]["time_s"], frames[e.name][0][column])]}
                  for i, (column, name) in enumerate(columns.items()) for e in entries]
        return {"kind": "points", "title": title, "caption": caption, "x": {"name": "time", "unit": "s"}, "y": y, "zoom": True, "series": series}

    return [chart("Requests present", {"name": "requests", "unit": "1"}, {"running": "running", "waiting": "waiting"}),
            chart("Tokens that come out", {"name": "rate", "unit": "tokens/s"}, {"output_tokens_per_s": "output"}),
            chart("Prompt tokens computed", {"name": "rate", "unit": "tokens/s"}, {"prompt_tokens_per_s": "prompt"}),
            chart("Use of the KV cache", {"name": "share in use", "unit": "1", "key": "kv_use_fraction"}, {"kv_use_fraction": "KV cache"})]


def _tiers(entries: list[Entry]) -> Section | None:
    """Where prompts came from, and what each tier held and moved; nothing to say where there is no tier and nothing was found."""
    frames = {e.name: e.result.table("serving/tiers") for e in entries if "serving/tiers" in e.result.tables()}
    some = [e for e in entries if e.name in frames and (len(frames[e.name]) > 1 or frames[e.name]["hit_tokens"].sum() > 0)]
    if not some:
        return None
    shown = Section("Where keys and values lay", charts=[_origin(some, frames)])
    shown.tables.append(_tier_table(some, frames))
    shown.text = ["hbm: the chips' own memory. What comes back from a tier below is not computed again; the request waits for it."]
    return shown


TIER_ROWS = {"capacity_bytes": "room", "stored_peak_bytes": "held at the fullest", "evicted_bytes": "gone for the room of others", "hit_tokens": "prompt tokens found", "hit_token_fraction": "of all prompt tokens",
             "hit_blocks": "in blocks of the cache", "restores": "times brought back", "restored_bytes": "moved back", "saves": "times moved out", "saved_bytes": "moved out", "restore_wait_s": "waited for it, in all"}


def _tier_table(entries: list[Entry], frames: dict[str, pandas.DataFrame]) -> Table:
    """A column a tier."""
    pools = any(frames[e.name]["pool"].nunique() > 1 for e in entries)
    columns = [(e, i) for e in entries for i in frames[e.name].index]
    names = [f"{e.name}: {f['pool'][i] + ' ' if pools else ''}{f['tier'][i]}" for e, i in columns for f in (frames[e.name],)]
    rows = [[Cell(name), *(number(float(frames[e.name][column][i]), frames[e.name].attrs["units"][column], e.dataset(f"serving/tiers/{column}[{i}]"), column) for e, i in columns)]
            for column, name in TIER_ROWS.items()]
    each = [(e, i, frames[e.name]["restore_wait_s"][i], frames[e.name]["restores"][i]) for e, i in columns]
    rows.append([Cell("a restore takes, mean"), *(number(float(wait) / n, "s", f"{e.dataset(f'serving/tiers/restore_wait_s[{i}]')} over {e.dataset(f'serving/tiers/restores[{i}]')}") if n else Cell("") for e, i, wait, n in each)])
    return Table(["", *names], rows)


def _origin(entries: list[Entry], frames: dict[str, pandas.DataFrame]) -> Chart:
    """Of all prompt tokens: computed, or found in which tier."""
    tiers = [t for t in ("hbm", "host", "ssd", "shared") if any((frames[e.name]["tier"] == t).any() for e in entries)]
    parts: dict[str, list[tuple[float, str]]] = {"computed": []}
    for entry in entries:
        total = entry.value("prefilled_tokens") + float(frames[entry.name]["hit_tokens"].sum())
        parts["computed"].append((100 * entry.value("prefilled_tokens") / total, entry.of("prefilled_tokens")))
        for tier in tiers:
            mine = frames[entry.name][frames[entry.name]["tier"] == tier]
            rows = ", ".join(str(i) for i in mine.index)
            parts.setdefault(f"found in {tier}", []).append((100 * float(mine["hit_tokens"].sum()) / total, entry.dataset(f"serving/tiers/hit_tokens[{rows}]")))
    return {"kind": "stack", "title": "Where the tokens of prompts came from", "caption": "Share of the prompt tokens of all requests.", "x": {"name": "share of prompt tokens", "unit": "%"},
            "categories": [e.name for e in entries],
            "series": [{"name": name, "values": [short(v) for v, _ in cells], "datasets": [d for _, d in cells]} for name, cells in parts.items()]}


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


def _telling(entries: list[Entry]) -> list[Entry]:
    """Of a machine at many loads the highest within the service level and the first beyond it; else all."""
    groups = _by_machine(entries)
    if all(len(group) < 2 for group in groups.values()):
        return entries
    chosen: list[Entry] = []
    for group in groups.values():
        met = [e for e in group if e.value("slo_attainment_fraction") >= MET]
        chosen += [*met[-1:], *[e for e in group if e.value("slo_attainment_fraction") < MET][:1]]
    return chosen


def sections(entries: list[Entry]) -> list[Section]:
    rates, entries = _rates(entries), _telling(entries)
    made = [Section("Latency", charts=[_distribution(entries, column, title) for column, title in LATENCIES])]
    if rates:
        made.append(Section("How much it can take", charts=rates))
    made.append(Section("Why: what steps are made of, and what requests wait for", charts=[_breakdown(entries), _waits(entries)]))
    tiers = _tiers(entries)
    if tiers is not None:
        made.append(tiers)
    few = entries[:OVER_TIME_MOST]
    over = Section("Over time", ["The first four results."] if len(few) < len(entries) else [], charts=_over_time(few))
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
