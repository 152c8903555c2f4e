# SPDX-License-Identifier: Apache-2.0
"""Numbers for people: three digits and a unit, as the program prints them."""
from __future__ import annotations

import math

PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"),
            (1e-6, "µ"), (1e-9, "n"))
BINARY = ((2.0**50, "PiB"), (2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))


# What pure numbers count, as in page.js: the thing that their name says.
COUNTS = {"tensor_parallel": "chips", "pipeline_parallel": "stages", "context_parallel": "chips", "expert_parallel": "chips", "data_parallel": "copies",
          "micro_batch": "sequences", "prefill_replicas": "replicas", "tokens_per_step": "tokens", "max_num_seqs": "sequences", "prefill_max_num_seqs": "sequences", "prefill_tensor_parallel": "chips", "prefill_pipeline_parallel": "stages"}
THINGS = ("chips", "replicas", "requests", "tokens", "blocks", "domains", "rows", "stores", "restores", "saves", "steps", "samples", "stages", "sequences", "swaps",
          "preemptions", "retries", "activities", "transfers", "times", "failures", "links", "interruptions", "components")


def counted(value: float, name: str) -> str:
    words = name.split("_")
    if "chip_hours" in name:
        return "chip-hours"
    thing = COUNTS.get(name) or ("" if "_per_" in name else next((t for t in THINGS if t in words), ""))
    if thing and value == 1:
        return "copy" if thing == "copies" else thing.removesuffix("ies") + "y" if thing.endswith("ies") else thing.removesuffix("s")
    return thing


def digits(value: float) -> str:
    """Three significant digits; whole numbers below a million as they are."""
    if not math.isfinite(value):
        return "not known" if math.isnan(value) else "no limit"
    if value == round(value) and abs(value) < 1e6:
        return f"{value:,.0f}"
    for size, word in ((1e15, ""), (1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if abs(value) >= size:
            return f"{digits(value / size)}{word}" if word else f"{value:.3g}"
    if abs(value) < 1e-3:
        return f"{value:.3g}"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def quantity(value: float, unit: str, name: str = "") -> str:
    """A value with its unit. name: of the column; "..._fraction" is shown in per cent."""
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "no limit"
    if unit in ("1", ""):
        return f"{digits(100 * value)} %" if name.endswith("_fraction") else f"{digits(value)} {counted(value, name)}".rstrip()
    if unit == "1/s":
        unit = next((f"{what}/s" for what in ("tokens", "requests") if what in name), unit)
    if unit == "s":
        return duration(value)
    if unit == "B":
        return scaled(value, BINARY, "")
    if unit in ("B/s", "W", "J", "FLOP", "FLOP/s"):
        return scaled(value, PREFIXES, unit)
    return f"{digits(value)} {unit}"


def scaled(value: float, steps: tuple[tuple[float, str], ...], unit: str) -> str:
    for size, prefix in steps:
        if abs(value) >= size:
            return f"{digits(value / size)} {prefix}{unit}"
    return f"{digits(value)} {unit or 'B'}" if value == 0 else f"{value:.3g} {unit or 'B'}"


def duration(value_s: float) -> str:
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if abs(value_s) >= 2 * size:
            return f"{digits(value_s / size)} {unit}"
    return "0 s" if value_s == 0 else scaled(value_s, tuple(p for p in PREFIXES if p[0] <= 1), "s")


SUFFIXES = ("_s", "_bytes", "_Bps", "_flops", "_W", "_J", "_fraction")


def label(column: str) -> str:
    """A column's name for people: the unit stands with the values."""
    plain = next((column.removesuffix(s) for s in SUFFIXES if column.endswith(s) and not column.endswith("_per_s")), column)
    return plain.replace("_J_", " ").replace("_usd", "").replace("_", " ")
