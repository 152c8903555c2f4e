# SPDX-License-Identifier: Apache-2.0
"""Plans that were searched, of training and of serving: the best ones, and where all others lie."""
from __future__ import annotations

from typing import NamedTuple

import pandas

from pages.entry import Entry
from pages.other import Made, plain_table
from pages.page import Cell, Chart, Section, Text, joined, number, said, short
from pages.units import digits, label

PLANS_MOST = 5000
WIDE = 10  # times, from which on an axis is logarithmic


class Search(NamedTuple):
    """Columns of one kind of search: of estimates (table plans), and of what was simulated (table summary)."""
    degrees: tuple[str, ...]
    shown: tuple[str, ...]
    words: str  # of the best: {} is its value
    value: tuple[str, str, str, str]  # name, unit, column of the estimate, of the simulation
    other: tuple[str, str, str, str]  # the same of the axis across
    more: bool  # whether more is better


TRAINED = Search(("tensor_parallel", "pipeline_parallel", "virtual_stages", "context_parallel", "expert_parallel", "data_parallel", "micro_batch", "recompute"),
                 ("step_time_s", "cost_usd_per_million_tokens", "energy_J", "peak_memory_bytes"), "a step takes {}",
                 ("time of a step", "s", "estimated_step_time_s", "step_time_s"), ("memory of the fullest chip", "B", "peak_memory_bytes", "peak_memory_bytes"), False)
SERVED = Search(("tensor_parallel", "pipeline_parallel", "expert_parallel", "attention_data_parallel", "replicas", "max_num_seqs", "max_num_batched_tokens", "prefill_replicas",
                 "prefill_tensor_parallel", "prefill_pipeline_parallel", "prefill_max_num_seqs", "prefill_max_num_batched_tokens"),
                ("goodput_requests_per_s", "goodput_requests_per_s_per_chip", "ttft_p99_s", "tpot_p99_s", "cost_usd_per_million_tokens", "energy_J_per_million_tokens"),
                "{} within the service level", ("requests within the service level", "requests/s", "estimated_requests_per_s", "goodput_requests_per_s"),
                ("time per output token, p99", "s", "estimated_tpot_p99_s", "tpot_p99_s"), True)


def _told(search: Search, top: pandas.DataFrame) -> list[str]:
    """Degrees that say something: of another value than none, or not the same in all."""
    return [c for c in search.degrees if top[c].nunique() > 1 or top[c].iloc[0] not in (0, 1)]


def page(entry: Entry) -> Made:
    top, every = entry.result.table("summary"), entry.result.table("plans")
    search = SERVED if "goodput_requests_per_s" in top else TRAINED
    if not len(top):
        return Section("The answer", lead="No plan was simulated."), []
    degrees, column = _told(search, top), search.value[3]
    found = number(float(top[column].iloc[0]), search.value[1], entry.dataset(f"summary/{column}[0]"))
    best = joined(["The best plan found: ", _name(entry, top, degrees), said("; " + search.words + ".", found)], "")
    answer = Section("The answer", [said("{} fit; those that were simulated, the best first:", Cell(f"{digits(len(every))} plans", entry.dataset("plans")))],
                     [plain_table(top, entry, "summary", [*search.shown, *degrees])], lead=best)
    return answer, [Section(f"{search.value[0][:1].upper()}{search.value[0][1:]} against {search.other[0]}", charts=[_chart(entry, search, top, every)])]


def _chart(entry: Entry, search: Search, top: pandas.DataFrame, every: pandas.DataFrame) -> Chart:
    """Estimates by tensor parallelism; beside them what was simulated."""
    _, _, estimate, simulated = search.value
    shown = every.nlargest(PLANS_MOST, estimate) if search.more else every.nsmallest(PLANS_MOST, estimate)
    series: list[dict[str, object]] = []
    for degree, some in shown.groupby("tensor_parallel"):
        series.append({"name": f"estimated, TP {degree}", "size": 5, "labels": _names(some, search), "dataset": entry.dataset(f"plans/{estimate}"),
                       "points": [[short(x), short(y)] for x, y in zip(some[search.other[2]], some[estimate])]})
    done = top[top[simulated] > 0]
    series.append({"name": "simulated", "size": 10, "labels": _names(done, search), "dataset": entry.dataset(f"summary/{simulated}"),
                   "points": [[short(x), short(y)] for x, y in zip(done[search.other[3]], done[simulated])]})
    left: Text = said(" The {} of {}; all are in the file.", Cell(f"{PLANS_MOST:,} best plans", entry.dataset("plans")), Cell(f"{len(every):,} plans", entry.dataset("plans"))) if len(every) > PLANS_MOST else ""
    return {"kind": "points", "title": "Every plan", "caption": joined(["Estimates by the closed form; the best were simulated.", left], ""), "series": series,
            "x": {"name": search.other[0], "unit": search.other[1]}, "y": {"name": search.value[0], "unit": search.value[1], "log": bool(shown[estimate].max() > WIDE * shown[estimate].min()), "scale": True}}


def _name(entry: Entry, top: pandas.DataFrame, degrees: list[str]) -> Text:
    """Of the first row."""
    cells = [(d, top[d].iloc[0], entry.dataset(f"summary/{d}[0]")) for d in degrees]
    return joined([said(f"{label(d)} {{}}", Cell(str(v), source) if isinstance(v, str) else number(float(v), "1", source, d)) for d, v, source in cells], ", ") or "one chip"


def _names(frame: pandas.DataFrame, search: Search) -> list[str]:
    degrees = [c for c in search.degrees if c in frame]
    return [", ".join(f"{label(d)} {v}" for d, v in zip(degrees, row) if v not in (0, 1)) or "one chip" for row in frame[degrees].itertuples(index=False)]
