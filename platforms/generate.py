#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the platform files from the tables in generator/.

platforms/generate.py           writes every file anew
platforms/generate.py --check   exit status 1 when a file differs from what would be written
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

from generator.chip import Chip
from generator.evidence import evidence_facts
from generator.fact import Fact
from generator.library import Software
from generator.machine import Machine
from generator.machines import MACHINES
from generator.reliability import reliability_facts
from generator.storage import HOST_LATENCY, SHARED_LATENCY, SHARED_TOTAL, SSD_LATENCY, storage_of
from generator.topology import Route, Topology

FOLDER = Path(__file__).resolve().parent
CHIPS = {kind.type: kind for machine in MACHINES for kind in (machine.chip, machine.second) if kind is not None}
DTD = "https://simgrid.org/simgrid.dtd"


def prop(name: str, value: str) -> str:
    return f"    <prop id={quoteattr(name)} value={quoteattr(value)}/>"


def fact_props(name: str, fact: Fact) -> Iterator[str]:
    yield prop(name, fact.value)
    if fact.low is not None:
        yield prop(name + ".low", fact.low)
    if fact.high is not None:
        yield prop(name + ".high", fact.high)
    yield prop(name + ".source", fact.source)


def library_facts(software: Software) -> Iterator[tuple[str, str | Fact]]:
    if software.host is not None:
        yield "collective.host", software.host
    for name, copied in (("own_copy", software.own_copy), ("pair_copy", software.pair_copy)):
        if copied is not None:
            yield "collective." + name, copied
    if software.pair_protocols is not None:
        yield "collective.pair_protocols", software.pair_protocols
    yield "collective.algorithms", software.algorithms
    for protocol in software.protocols:
        for name in ("efficiency", "step", "step_scale_out", "slice", "slice_scale_out"):
            yield f"protocol.{protocol.name}.{name}", getattr(protocol, name)
    if software.in_switch is not None:
        for name in ("efficiency", "tuned", "step", "step_scale_out", "slice", "slice_scale_out"):
            yield f"in_switch.{name}", getattr(software.in_switch, name)


def storage_facts(name: str) -> Iterator[tuple[str, Fact]]:
    storage = storage_of(name)
    yield "storage.host.size", storage.host_size
    yield "storage.host.bandwidth", storage.host_bandwidth
    yield "storage.host.latency", HOST_LATENCY
    yield "storage.ssd.size", storage.ssd_size
    yield "storage.ssd.bandwidth", storage.ssd_bandwidth
    yield "storage.ssd.latency", SSD_LATENCY
    yield "storage.shared.bandwidth", storage.shared_bandwidth
    yield "storage.shared.total", SHARED_TOTAL
    yield "storage.shared.latency", SHARED_LATENCY


def chip_facts(kind: Chip) -> Iterator[tuple[str, str | Fact]]:
    start = f"chip.{kind.type}."
    yield start + "title", kind.title
    yield start + "family", kind.family
    for name in CHIP_ORDER:
        if name in kind.facts:
            yield start + name, kind.facts[name]
    for name, fact in evidence_facts(kind, CHIPS):
        yield start + name, fact


def facts_of(machine: Machine) -> Iterator[tuple[str, str | Fact]]:
    """Every property in the order of the schema."""
    yield "title", machine.title
    yield "domain_noun", machine.domain_noun
    yield "domain_count", "1"
    for kind in [machine.chip] if machine.second is None else [machine.chip, machine.second]:
        yield from chip_facts(kind)
    for medium in machine.media:
        start = f"medium.{medium.name}."
        yield start + "title", medium.title
        yield start + "bandwidth", medium.bandwidth
        yield start + "efficiency", medium.efficiency
        yield start + "latency", medium.latency
    if machine.planes is not None:
        yield "scale_out.planes", machine.planes
    for number, tier in enumerate(machine.tiers, 1):
        start = f"scale_out.{number}."
        yield start + "name", tier.name
        yield start + "domains", tier.domains
        yield start + "rails", tier.rails
        yield start + "oversubscription", tier.oversubscription
        yield start + "latency", tier.latency
    yield "collective.launch", machine.software.launch
    yield "collective.step", machine.software.step
    yield "collective.step_scale_out", machine.software.step_scale_out
    yield from library_facts(machine.software)
    yield from storage_facts(machine.name)
    yield from reliability_facts(machine.name).items()
    yield "power.overhead_per_chip", machine.power.overhead
    for name, fact in (("host_per_chip", machine.power.host), ("scale_out_per_chip", machine.power.scale_out),
                       ("cooling", machine.power.cooling)):
        if fact is not None:
            yield f"power.{name}", fact
    yield "power.pue", machine.power.pue
    for name, total in machine.totals.items():
        yield "published." + name, total


CHIP_ORDER = (
    "headline_fp32", "headline_bf16", "headline_fp8", "headline_fp4", "array_fp32", "array_bf16",
    "array_fp8", "array_fp4", "hbm_size", "hbm_bandwidth", "matmul_efficiency",
    "matmul_efficiency_fp8", "matmul_efficiency_fp4", "tile_fill", "roofline_exponent", "hbm_efficiency", "conversion_efficiency", "op_overhead",
    "sustained_clock", "attention_efficiency", "attention_score", "attention_memory",
    "attention_backward", "attention_block", "attention_turn", "tile_m", "tile_n", "tile_k", "tile_issue",
    "unit_count", "communication_compute", "reserved_memory", "idle_power", "tdp")


def property_lines(machine: Machine) -> Iterator[str]:
    for name, value in facts_of(machine):
        if isinstance(value, Fact):
            yield from fact_props(name, value)
        else:
            yield prop(name, value)


def topology_lines(machine: Machine, topology: Topology) -> Iterator[str]:
    for index, chip in enumerate(topology.chips):
        kind = machine.chip_at(index)
        yield f'    <host id="{chip}" speed="{kind.speed}"><prop id="chip" value="{kind.type}"/></host>'
    for router in topology.routers:
        yield f'    <router id="{router}"/>'
    media = {medium.name: medium for medium in machine.media}
    for link, name in topology.links:
        medium = media[name]
        yield (f'    <link id="{link}" bandwidth="{medium.bandwidth.value}" '
               f'latency="{medium.latency.value}" sharing_policy="SPLITDUPLEX"/>')
    for route in topology.routes:
        yield "    " + route_line(route)


def route_line(route: Route) -> str:
    hops = "".join(f'<link_ctn id="{link}" direction="{way}"/>' for link, way in route.hops)
    one_way = "" if route.symmetrical else ' symmetrical="NO"'
    return f'<route src="{route.src}" dst="{route.dst}"{one_way}>{hops}</route>'


def comment_lines(machine: Machine) -> Iterator[str]:
    yield "<!-- SPDX-License-Identifier: Apache-2.0"
    yield f"     {machine.title}. Written by platforms/generate.py; schema: platforms/README.md."
    yield "     What is simplified:"
    for note in machine.notes:
        yield f"     * {note}"
    yield "-->"


def platform_text(machine: Machine) -> str:
    lines = ["<?xml version='1.0'?>", f'<!DOCTYPE platform SYSTEM "{DTD}">', *comment_lines(machine),
             '<platform version="4.1">', f'  <zone id="{machine.name}" routing="Full">',
             *property_lines(machine), *topology_lines(machine, machine.build()),
             "  </zone>", "</platform>", ""]
    return "\n".join(lines)


def check() -> int:
    """Counts files that differ; a file that no machine stands for differs too."""
    wanted = {f"{machine.name}.xml": machine for machine in MACHINES}
    stale = [path.name for path in FOLDER.glob("*.xml") if path.name not in wanted]
    for name, machine in wanted.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != platform_text(machine):
            stale.append(name)
    for name in stale:
        print(f"platforms/{name} is not what platforms/generate.py writes", file=sys.stderr)
    return len(stale)


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return 1 if check() else 0
    if arguments:
        print("usage: platforms/generate.py [--check]", file=sys.stderr)
        return 2
    for machine in MACHINES:
        path = FOLDER / f"{machine.name}.xml"
        path.write_text(platform_text(machine), encoding="utf-8")
        print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
