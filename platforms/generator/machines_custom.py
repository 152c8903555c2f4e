# SPDX-License-Identifier: Apache-2.0
"""A machine with a chip of one's own: copy platforms/custom-asic.xml, put its values in, and give it a price with an own book.
The values are those of no product: round numbers of a training chip of 2026, each with a wide range."""
from __future__ import annotations

from generator import library
from generator import network as n
from generator import power
from generator.chip import Chip
from generator.chips_trainium import TRN3
from generator.fact import Fact, estimate
from generator.machine import Machine, places
from generator.topology import switched

FILL_IN = "a place to be filled in: "


def open_value(value: str, low: str, high: str, what: str) -> Fact:
    return estimate(value, FILL_IN + what, low=low, high=high)


ASIC = Chip("asic", "Custom ASIC (fill in)", "tpu", "1000Tf", TRN3.facts | {
    "headline_fp32": open_value("250Tf", "100Tf", "500Tf", "dense peak"),
    "headline_bf16": open_value("1000Tf", "500Tf", "2000Tf", "dense peak"),
    "headline_fp8": open_value("2000Tf", "1000Tf", "4000Tf", "dense peak"),
    "headline_fp4": open_value("2000Tf", "1000Tf", "8000Tf", "dense peak"),
    "array_fp32": open_value("250Tf", "100Tf", "500Tf", "what the arrays do"),
    "array_bf16": open_value("1000Tf", "500Tf", "2000Tf", "what the arrays do"),
    "array_fp8": open_value("2000Tf", "1000Tf", "4000Tf", "what the arrays do"),
    "array_fp4": open_value("2000Tf", "1000Tf", "8000Tf", "what the arrays do"),
    "hbm_size": open_value("192GB", "96GB", "288GB", "memory"),
    "hbm_bandwidth": open_value("6TBps", "3TBps", "10TBps", "memory bandwidth"),
    "matmul_efficiency": open_value("0.75", "0.5", "0.9", "share of the arrays that large products reach, by measurement"),
    "tdp": open_value("900W", "500W", "1400W", "power at full load"),
    "idle_power": open_value("150W", "75W", "300W", "power at rest"),
})

MACHINES = [Machine(
    "custom-asic", "Custom ASIC: 64 chips on one switch layer (copy and fill in)", "rack",
    ["No product: round numbers with wide ranges. Copy the file, rename its zone, and replace every value whose source says "
     "that it is to be filled in; trnsim uncertainty shows which of them matter."],
    ASIC, lambda: switched(places(64), "link", "switch"),
    [n.Medium("link", "Links to the switch layer (fill in)",
              open_value("500GBps", "100GBps", "1.8TBps", "rate of a chip, one direction"),
              open_value("0.8", "0.7", "0.9", "payload over that"), open_value("600ns", "300ns", "1us", "of one link")),
     n.efa(4, open_value("50GBps", "25GBps", "100GBps", "network rate of a chip"))],
    n.aws_tiers(64, estimate("1", "a place to be filled in: racks of a top-of-rack switch")), library.NEURON_SOFTWARE,
    power.power(power.TRN3, n.HALL_PUE))]
