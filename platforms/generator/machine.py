# SPDX-License-Identifier: Apache-2.0
"""A machine: which chips on which topology with which network. One of them, one XML file."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from generator import library
from generator import network as n
from generator.chip import Chip
from generator.fact import Fact, derived, published
from generator.topology import Topology


@dataclass(frozen=True)
class Machine:
    name: str
    title: str
    domain_noun: str
    notes: list[str]  # what is simplified: XML comment and README
    chip: Chip
    build: Callable[[], Topology]
    media: list[n.Medium]
    tiers: list[n.Tier]
    software: library.Software
    power: n.Power
    totals: dict[str, Fact] = field(default_factory=dict)
    second: Chip | None = None  # a rack of two kinds: the chips from second_from on
    second_from: int = 0
    planes: Fact | None = None  # of the scale-out network; None: one

    def chip_at(self, index: int) -> Chip:
        return self.chip if self.second is None or index < self.second_from else self.second


def both_ways(half: str, whole: str, source: str) -> Fact:
    """Publications sum both directions; the property is one direction."""
    return derived(half, f"{whole} both ways / 2 ({source})")


def memory(gigabytes: int, source: str) -> Fact:
    """GPU memory is printed in GB and counted in GiB."""
    return published(f"{gigabytes}GB", source, low=f"{gigabytes}GB", high=f"{gigabytes}GiB")


def places(count: int) -> list[str]:
    return [str(chip) for chip in range(count)]
