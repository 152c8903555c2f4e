# SPDX-License-Identifier: Apache-2.0
"""Reads the Chrome trace event format strictly: what viewers forgive is an error here."""
from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

Track = tuple[int, int]
NAMES = {"process_name": "name", "thread_name": "name", "process_sort_index": "sort_index",
         "thread_sort_index": "sort_index"}
KEYS = {"M": {"name", "args"}, "B": {"name", "ts"}, "E": {"name", "ts"}, "C": {"name", "ts", "args"},
        "s": {"name", "cat", "id", "ts"}, "f": {"name", "cat", "id", "ts", "bp"},
        "b": {"name", "cat", "id", "ts"}, "e": {"name", "cat", "id", "ts"}}
OPTIONAL = {"B": {"cat", "args"}, "b": {"args"}}


class TraceError(Exception):
    """Where the file is not what the format says."""


@dataclass
class Slice:
    name: str
    category: str
    start: float  # microseconds, as all times here
    end: float = math.nan
    depth: int = 0
    details: dict = field(default_factory=dict)


@dataclass
class Arrow:
    name: str
    start: tuple[Track, float, str]  # track, time, name of the slice that it leaves
    end: tuple[Track, float, str]


@dataclass
class Trace:
    processes: dict[int, str] = field(default_factory=dict)
    threads: dict[Track, dict] = field(default_factory=dict)
    slices: dict[Track, list[Slice]] = field(default_factory=lambda: defaultdict(list))
    arrows: list[Arrow] = field(default_factory=list)
    counters: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    phases: dict[tuple, list[Slice]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[str, str] = field(default_factory=dict)


def need(holds: bool, what: object) -> None:
    if not holds:
        raise TraceError(str(what))


def _once(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    need(len(members) == len(pairs), f"a member is there twice: {pairs}")
    return members


def _refuse(constant: str) -> None:
    raise TraceError(f"{constant} is no JSON number")


def parse(text: str) -> dict:
    try:
        whole = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except json.JSONDecodeError as problem:
        raise TraceError(f"no JSON: {problem}") from problem
    need(isinstance(whole, dict) and isinstance(whole.get("traceEvents"), list), "no traceEvents")
    need(whole.get("displayTimeUnit") in ("ms", "ns"), "displayTimeUnit")
    return whole


def _check_members(event: dict) -> None:
    kind = event.get("ph")
    need(kind in KEYS, f"unknown phase: {event}")
    least = KEYS[kind] | {"ph", "pid", "tid"}
    need(least <= set(event) <= least | OPTIONAL.get(kind, set()), f"members of {event}")
    need(all(type(event[k]) is int and event[k] >= 0 for k in ("pid", "tid")), f"ids of {event}")
    if "ts" in least:
        need(type(event["ts"]) in (int, float) and event["ts"] >= 0, f"time of {event}")
    for key in ("name", "cat"):
        need(key not in event or (isinstance(event[key], str) and event[key]), f"{key} of {event}")


def _take_name(trace: Trace, event: dict, track: Track) -> None:
    need(event["name"] in NAMES and NAMES[event["name"]] in event["args"], f"metadata {event}")
    if event["name"] == "process_name":
        need(event["pid"] not in trace.processes, f"process named twice: {event}")
        trace.processes[event["pid"]] = event["args"]["name"]
    if event["name"] == "thread_name":
        need(track not in trace.threads, f"thread named twice: {event}")
        need(event["pid"] in trace.processes, f"thread of an unnamed process: {event}")
        trace.threads[track] = event["args"]


def _take_slice(trace: Trace, event: dict, stack: list[Slice], last: float, track: Track) -> None:
    need(event["ts"] >= last, f"time goes back on {track}: {event}")
    if event["ph"] == "B":
        need(track in trace.threads, f"a slice on an unnamed thread: {event}")
        stack.append(Slice(event["name"], event.get("cat", ""), event["ts"], depth=len(stack),
                           details=event.get("args", {})))
        trace.slices[track].append(stack[-1])
    else:
        need(bool(stack), f"an end without a begin: {event}")
        need(event["name"] == stack[-1].name, f"an end of {event['name']}, open is {stack[-1].name}")
        stack.pop().end = event["ts"]


def _take_counter(trace: Trace, event: dict) -> None:
    need(event["pid"] in trace.processes, f"a counter of an unnamed process: {event}")
    need(set(event["args"]) == {"value"} and type(event["args"]["value"]) in (int, float), f"a counter without its number: {event}")
    values = trace.counters[event["name"]]
    need(not values or event["ts"] > values[-1][0], f"a counter's time does not go on: {event}")
    values.append((event["ts"], event["args"]["value"]))


def _take_phase(trace: Trace, event: dict, open_phases: dict) -> None:
    key = (event["pid"], event["cat"], event["id"], event["name"])
    need(event["pid"] in trace.processes, f"a phase of an unnamed process: {event}")
    if event["ph"] == "b":
        need(key not in open_phases, f"a phase begins twice: {event}")
        open_phases[key] = Slice(event["name"], event["cat"], event["ts"],
                                 details=event.get("args", {}))
        trace.phases[key[:3]].append(open_phases[key])
    else:
        need(key in open_phases and open_phases[key].start <= event["ts"], f"a phase's end: {event}")
        open_phases.pop(key).end = event["ts"]


def _take_arrows(trace: Trace, events: list[dict]) -> None:
    """Arrows bind to the innermost slice that is open at their time, in sorted order."""
    stacks: dict[Track, list[str]] = defaultdict(list)
    begun: dict[object, tuple] = {}
    for event in sorted((e for e in events if e["ph"] in "BEsf"), key=lambda e: e["ts"]):
        track = (event["pid"], event["tid"])
        if event["ph"] == "B":
            stacks[track].append(event["name"])
        elif event["ph"] == "E":
            stacks[track].pop()
        else:
            need(bool(stacks[track]), f"an arrow outside of slices: {event}")
            place = (track, event["ts"], stacks[track][-1])
            key = (event["cat"], event["name"], event["id"])
            if event["ph"] == "s":
                need(key not in begun, f"an arrow begins twice: {event}")
                begun[key] = place
            else:
                need(event["bp"] == "e" and key in begun, f"an arrow's end without begin: {event}")
                trace.arrows.append(Arrow(event["name"], begun.pop(key), place))
    need(not begun, f"arrows that never end: {list(begun)[:3]}")


def read_text(text: str) -> Trace:
    whole = parse(text)
    trace = Trace(facts=whole.get("otherData", {}))
    stacks: dict[Track, list[Slice]] = defaultdict(list)
    last: dict[Track, float] = defaultdict(float)
    phases: dict = {}
    for event in whole["traceEvents"]:
        _check_members(event)
        track = (event["pid"], event["tid"])
        if event["ph"] == "M":
            _take_name(trace, event, track)
        elif event["ph"] in "BE":
            _take_slice(trace, event, stacks[track], last[track], track)
            last[track] = event["ts"]
        elif event["ph"] == "C":
            _take_counter(trace, event)
        elif event["ph"] in "be":
            _take_phase(trace, event, phases)
    need(not any(stacks.values()), "slices that never end")
    need(not phases, f"phases that never end: {list(phases)[:3]}")
    _take_arrows(trace, [e for e in whole["traceEvents"]])
    return trace


def read(path: Path) -> Trace:
    return read_text(path.read_text())
