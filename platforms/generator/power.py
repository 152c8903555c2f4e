# SPDX-License-Identifier: Apache-2.0
"""Power of a machine beside its chips, from its parts. One machine is calibration: what fans and power supplies
add to all else in an air-cooled box is what a DGX H100 has left over. Full load of the others is then predicted.

    power of a box = (chips + hosts + network) x (1 + cooling)
"""
from __future__ import annotations

from dataclasses import dataclass

from generator.fact import SA2, SA3, Fact, derived, estimate
from generator.network import FABRIC_W, Power

CPU = 350.0  # W, Xeon of DGX H100 and of trn2 servers: TDP of its class (Platinum 8480)
NIC = 25.0  # W, 400 Gb/s: the largest that a slot's cooling of such an adapter is asked for
SWITCH_TRAY = 3600 / 9  # W, two NVLink switches: nine of an NVL72 draw 3.6 kW
TRAYS = "nine switch trays draw 3.6 kW (Supermicro, through introl.com/blog/why-nvidia-gb300-nvl72-blackwell-ultra-matters)"
SUPERCHIP = "superchip 2,700 W, less two GPUs (fibermall.com/blog/in-depth-analysis-for-nvidia-gb200.htm)"
H100_HOST = (2 * CPU + 300 + 100) / 8
H100_NETWORK = (4 * 100 + 10 * NIC) / 8
H100_PARTS = ("2 processors of 350 W, memory 300 W, drives 100 W; 4 NVSwitch chips of 100 W and 10 NICs of 25 W")
COOLING_AIR = 10200 / 8 / (700 + H100_HOST + H100_NETWORK) - 1
COOLING_LIQUID = 0.10
SCALE_OUT = estimate("60W", f"a chip's share of {FABRIC_W}", low="30W", high="90W")


@dataclass(frozen=True)
class Parts:
    host: float  # W a chip
    network: float
    why: str
    liquid: bool = False


H100 = Parts(H100_HOST, H100_NETWORK, f"DGX H100 is calibration: {H100_PARTS}")
A100 = Parts((2 * 225 + 250 + 100) / 8, (6 * 60 + 9 * 15) / 8,
             "2 processors of 225 W, memory 250 W, drives 100 W; 6 NVSwitch chips of 60 W, 9 NICs of 15 W")
B200 = Parts(H100_HOST, (2 * 250 + 10 * NIC) / 8, "as DGX H100, with 2 NVSwitch chips of 250 W")
NVL72 = Parts((36 * (2700 - 2 * 1200) + 18 * 50) / 72, (9 * SWITCH_TRAY + 72 * NIC + 18 * 75) / 72,
              f"36 Grace of 300 W: {SUPERCHIP}, drives; {TRAYS}, a NIC of 25 W a GPU, 18 BlueField of 75 W, what a slot gives",
              liquid=True)
TRN2 = Parts((2 * CPU + 300 + 200) / 16, (16 * NIC + 160) / 16,
             f"a server of 16 chips: 2 processors of 350 W, memory 300 W, 16 drives; 16 NICs of 25 W, retimers of 10 W a chip ({SA2})")
TRN3 = Parts((250 + 100 + 30) / 4, (8 * 25 + 2 * NIC) / 4 + 35,
             f"a sled of 4 chips: Graviton 250 W, 12 DIMM, 2 drives; 8 switches of 25 W and 2 NICs of 25 W, and 35 W a chip of rack "
             f"switches ({SA3}, watts ours)", liquid=True)


def power(parts: Parts, pue: Fact) -> Power:
    cooling = (derived(f"{COOLING_AIR:.3f}", "fans and supplies of DGX H100: 10.2 kW / 8 over 700 W and its parts, less 1", low="0.3",
                       high="0.45") if not parts.liquid else
               estimate(f"{COOLING_LIQUID}", "cold plates: power shelves at 97 %, fans for what is not on plates", low="0.06", high="0.16"))
    total = parts.host + parts.network
    return Power(estimate(f"{total:.4g}W", parts.why, low=f"{0.7 * total:.3g}W", high=f"{1.4 * total:.3g}W"), pue,
                 host=estimate(f"{parts.host:.4g}W", parts.why), cooling=cooling, scale_out=SCALE_OUT)
