# SPDX-License-Identifier: Apache-2.0
"""What a chip is, and how one without measurements takes over its sibling's efficiencies."""
from __future__ import annotations

from dataclasses import dataclass

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
