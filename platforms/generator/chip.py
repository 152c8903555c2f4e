# SPDX-License-Identifier: Apache-2.0
"""What a chip is, and how one without measurements takes over its sibling's efficiencies."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from generator.fact import Fact, estimate


@dataclass(frozen=True)
class Chip:
    type: str
    title: str
    family: str  # trainium, gpu, tpu
    speed: str  # bf16 peak of the arrays, SimGrid's host speed
    facts: dict[str, Fact]


def as_sibling(sibling: Chip, names: tuple[str, ...], reason: str) -> dict[str, Fact]:
    """The sibling's values of the named properties, with the reason as their source."""
    return {name: estimate(sibling.facts[name].value, f"as {sibling.title}: {reason}",
                           sibling.facts[name].low, sibling.facts[name].high) for name in names}


def fitted(type_: str) -> dict[str, Fact]:
    """What analysis/fit_kernels.py wrote for a chip."""
    text = Path(__file__).with_name("fitted.json").read_text(encoding="utf-8")
    return {name: Fact(**fact) for name, fact in json.loads(text)[type_].items()}


def scaled(fact: Fact, factor: float, reason: str, spread: float = 0.1) -> Fact:
    """A sibling's value times a factor, with a range; the reason is the source. Shares stay below 1."""
    number, unit = re.fullmatch(r"([\d.e+-]+?)([a-zA-Z]*)", fact.value).groups()
    value = float(number) * factor
    ends = [value * (1 - spread), value * (1 + spread)]
    if not unit and float(number) <= 1:
        value, ends[1] = min(value, 1.0), min(ends[1], 1.0)
    low, middle, high = (f"{end:.4g}{unit}" for end in (ends[0], value, ends[1]))
    return estimate(middle, f"{float(number):.3g}{unit} x {factor:.3g}: {reason}", low=low, high=high)


def all_scaled(facts: dict[str, Fact], reason: str, **factors: float) -> dict[str, Fact]:
    """The sibling's fitted constants, those in factors scaled, all others as they are."""
    return {name: scaled(fact, factors.get(name, 1.0), reason) for name, fact in facts.items()}
