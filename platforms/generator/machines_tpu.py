# SPDX-License-Identifier: Apache-2.0
"""TPU slices: a cube of a 3D torus, or a square of a 2D mesh; slices meet over the data centre."""
from __future__ import annotations

from collections.abc import Callable

from generator import chips_tpu as c
from generator import library
from generator import network as n
from generator.chip import Chip
from generator.fact import estimate
from generator.machine import Machine
from generator.topology import Topology, grid, torus


def cube() -> Topology:
    return torus(3, 4, "ici ici ici")


def square() -> Topology:
    return grid(8, "ici")


CUBE_NOTES = ["One cube of 4x4x4 chips with all wrap-around links; larger slices are tori of several cubes.",
              "Slices meet over the data centre network, through the hosts' NICs."]
SQUARE_NOTES = ["A slice of 8x8 chips: links wrap around only where a side has 16 chips, so it is a mesh.",
                "Slices meet over the data centre network, through the hosts' NICs."]


def slice_of(name: str, chip: Chip, build: Callable[[], Topology], ici: n.Medium, dcn: str) -> Machine:
    gbps = float(dcn.removesuffix("GBps")) * 8
    nic = n.ethernet("data centre network",
                     estimate(dcn, f"{gbps:g} Gb/s per chip, the host's NIC shared out (recalled)"), n.HOST_LATENCY,
                     estimate("0.8", "TCP through the hosts", low="0.6", high="0.9"))
    return Machine(name, f"{chip.title} slice of 64 chips", "slice", CUBE_NOTES if build is cube else SQUARE_NOTES,
                   chip, build, [ici, nic],
                   n.clos(64, 64, 4096, 65536, "1", "Google's fabric is not published in these terms"), library.XLA,
                   n.Power(estimate("150W", f"hosts, and {n.FABRIC_W}", low="80W", high="250W"), n.GOOGLE_PUE))


MACHINES = [
    slice_of("tpu-v4", c.V4, cube, n.ici("50GBps", 6, "600", "arXiv 2304.01433"), "6.25GBps"),
    slice_of("tpu-v5e", c.V5E, square, n.ici("50GBps", 4, "400", c.recalled("v5e")), "3.125GBps"),
    slice_of("tpu-v5p", c.V5P, cube, n.ici("100GBps", 6, "1,200", c.docs("v5p")), "6.25GBps"),
    slice_of("tpu-v6e", c.V6E, square, n.ici("100GBps", 4, "800", c.docs("v6e")), "12.5GBps"),
    slice_of("tpu-7x", c.TPU7X, cube, n.ici("100GBps", 6, "1,200", c.recalled("tpu7x")), "12.5GBps"),
]
