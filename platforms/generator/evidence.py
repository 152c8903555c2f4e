# SPDX-License-Identifier: Apache-2.0
"""How far measured times lie from simulated ones on a chip: of its own rows, or of its nearest sibling's,
widened. What was measured: evidence.json, written by analysis/evidence.py. MODEL.md, "Evidence"."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from generator.chip import Chip
from generator.fact import Fact, derived, fit

KINDS = {"training": "training steps", "experts": "training steps of models with experts",
         "tokens": "times per token", "first_token": "times to the first token", "collectives": "collectives"}
MEASURED: dict[str, dict[str, dict[str, float]]] = json.loads(
    Path(__file__).with_name("evidence.json").read_text(encoding="utf-8"))
# The chip whose kernels and software are nearest, for a chip that was not measured often enough.
SIBLING = {
    "a100": "h100",
    "a100_40gb": "a100", "a100_pcie": "a100", "a100_pcie_40gb": "a100_pcie",
    "a800": "a100", "h100": "a100", "h100_96gb": "h100", "h100_pcie": "h100",
    "h800": "h100", "h20": "h100", "h200": "h100", "h200_nvl": "h200", "gh200_96gb": "h200",
    "gh200_144gb": "h200", "b200": "gb200", "gb200": "h100", "b300": "b200", "gb300": "gb200", "l40s": "a100",
    "rtx_4090": "l40s", "rtx_pro_6000": "l40s", "mi300x": "h100", "mi325x": "mi300x", "mi355x": "mi325x",
    "trn1": "a100", "inf2": "trn1", "trn2": "trn1", "trn3": "trn2", "trn4": "trn3", "tpu_v6e": "trn1",
    "tpu_v4": "tpu_v6e", "tpu_v5e": "tpu_v6e", "tpu_v5p": "tpu_v6e", "tpu_7x": "tpu_v6e", "asic": "trn2"}
ENOUGH = 8  # rows whose percentiles stand for themselves
LEAST_STEP = 1.1  # a sibling's range is widened by a tenth each way at least
BOUND_BY = {"training": "matmul_efficiency", "experts": "matmul_efficiency", "first_token": "matmul_efficiency",
            "tokens": "hbm_efficiency"}
BOTTOM_UP = " (bottom-up from the kernels of its documented array and its collectives, end to end from the sibling)"


def number(text: str) -> float:
    match = re.match(r"[\d.e+-]+", text)
    assert match is not None
    return float(match[0])


def told_of(chip: Chip, kind: str) -> dict[str, float] | None:
    return MEASURED.get(chip.type, {}).get(kind)


def counted(chip: Chip, kind: str) -> str:
    told = told_of(chip, kind)
    assert told is not None
    sources = f"{told['groups']:.0f} sources" if told["groups"] > 1 else "one source"
    return f"{told['rows']:.0f} {KINDS[kind]} of {sources} on {chip.title}"


def own(chip: Chip, kind: str) -> Fact | None:
    told = told_of(chip, kind)
    if told is None or told["rows"] < ENOUGH:
        return None
    return fit(f"{told['median']:.3g}", f"10th to 90th percentile of measured over simulated, {counted(chip, kind)}",
               f"{told['low']:.3g}", f"{told['high']:.3g}")


def nearest_measured(chip: Chip, chips: dict[str, Chip], kind: str) -> tuple[Chip, Fact, int]:
    """The first of the siblings' siblings with enough rows, its range, and how far it is."""
    sibling, far = chips[SIBLING[chip.type]], 1
    while (fact := own(sibling, kind)) is None:
        sibling, far = chips[SIBLING[sibling.type]], far + 1
    return sibling, fact, far


def widening(chip: Chip, kind: str, far: int) -> tuple[float, float]:
    """A tenth each way for each step to the sibling, or the chip's own range of what binds such work, as if all
    time went there."""
    fact = chip.facts.get(BOUND_BY.get(kind, ""))
    faster = slower = LEAST_STEP ** far
    if fact is not None and fact.low is not None and fact.high is not None:
        faster = max(faster, number(fact.high) / number(fact.value))
        slower = max(slower, number(fact.value) / number(fact.low))
    return 1 / faster, slower


def borrowed(chip: Chip, chips: dict[str, Chip], kind: str) -> Fact:
    sibling, fact, far = nearest_measured(chip, chips, kind)
    assert fact.low is not None and fact.high is not None
    faster, slower = widening(chip, kind, far)
    low, high = min(1, number(fact.low) * faster), max(1, number(fact.high) * slower)
    told = told_of(chip, kind)
    count = f"none of its {KINDS[kind]} is measured"
    if told is not None:
        low, high = min(low, told["least"]), max(high, told["most"])
        count = f"only {counted(chip, kind)} are measured, all in the range"
    unmeasured = BOTTOM_UP if chip.family == "trainium" and kind in ("training", "experts") else ""
    return derived("1", f"{count}{unmeasured}: percentiles of {counted(sibling, kind)}, widened by {faster:.2f} and "
                   f"{slower:.2f} for what is not known of this chip", f"{low:.3g}", f"{high:.3g}")


def evidence_facts(chip: Chip, chips: dict[str, Chip]) -> Iterator[tuple[str, Fact]]:
    for kind in KINDS:
        yield f"evidence_{kind}", own(chip, kind) or borrowed(chip, chips, kind)
