# SPDX-License-Identifier: Apache-2.0
"""How often parts of a machine fail, and what goes with them. Only counts of Llama 3 are split by part: 419 unexpected
interruptions of 16,384 H100 in 54 days (arXiv 2407.21783, table 5), 16,384 x 1,296 h of chips and 2,048 x 1,296 h of hosts."""
from __future__ import annotations

from dataclasses import dataclass

from generator.fact import Fact, derived, estimate

LLAMA3 = "16,384 H100 in 54 days (arXiv 2407.21783, table 5)"
NONE = "no failure rate of this chip is published; that of H100: "

CHIP = ("79200h", f"268 of GPU, its memory and processor, silent corruption, heat, on {LLAMA3}")
HOST = ("50100h", f"53 of host maintenance, NIC, drives, supplies, chassis, boards, CPU, DIMM, on 2,048 hosts of {LLAMA3}")
NETWORK = ("607000h", f"35 of switches and cables, on {LLAMA3}")
SOFTWARE = ("337000h", f"63 of software, its watchdog and dependencies, on {LLAMA3}")


@dataclass(frozen=True)
class Reliability:
    host_chips: int
    taken_chips: int  # with a dead chip: what is changed as one
    rack: bool = False  # a domain has power and cooling of its own, beyond a host
    measured: bool = False


EIGHT = Reliability(8, 8)
KNOWN = {
    "trn1.32xlarge": Reliability(16, 16), "trn1n.32xlarge": Reliability(16, 16), "inf2.48xlarge": Reliability(12, 12),
    "trn2.48xlarge": Reliability(16, 16), "trn2.3xlarge": Reliability(16, 16),
    "trn2-ultraserver": Reliability(16, 64, rack=True),
    "trn4-estimate": Reliability(4, 4, rack=True), "trn4-gb300-estimate": Reliability(4, 4, rack=True),
    "gb200-nvl72": Reliability(4, 4, rack=True), "gb300-nvl72": Reliability(4, 4, rack=True),
    "gb200-nvl4": Reliability(4, 4), "gh200-96gb": Reliability(1, 1), "gh200-144gb": Reliability(1, 1),
    "p5": Reliability(8, 8, measured=True), "hgx-h100": Reliability(8, 8, measured=True),
    "grand-teton-h100": Reliability(8, 8, measured=True),
} | {name: Reliability(4, 4, rack=True) for name in
     ("trn3-ultraserver", "trn3-ultraserver-gen1", "trn3-ultraserver-optimistic", "trn3-ultraserver-pessimistic")
} | {name: Reliability(4, 64, rack=True) for name in ("tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-7x")}


def mean(fact: tuple[str, str], measured: bool) -> Fact:
    hours, source = fact
    value = float(hours[:-1])
    if measured:
        return derived(hours, source)
    return estimate(hours, NONE + source, low=f"{value / 2:.0f}h", high=f"{value * 2:.0f}h")


def reliability_facts(name: str) -> dict[str, Fact]:
    own = KNOWN.get(name, EIGHT)
    taken = ("the torus has no way round a dead chip: the whole domain" if own.taken_chips > own.host_chips
             else "the host that holds it is changed as one")
    facts = {
        "host.chips": estimate(str(own.host_chips), "chips of one host, as the machine is built"),
        "failure.taken_chips": estimate(str(own.taken_chips), f"chips that leave with a dead one: {taken}"),
        "failure.chip": mean(CHIP, own.measured),
        "failure.host": mean(HOST, own.measured),
        "failure.network": mean(NETWORK, own.measured),
        "failure.software": mean(SOFTWARE, own.measured),
    }
    if own.rack:
        facts["failure.domain"] = estimate("87600h", "power shelves, coolant, in-rack switches: once in ten years, taking all its chips; "
                                           "nothing is published", low="35000h", high="260000h")
    return facts | {
        "failure.slow": estimate("1000000h", "with the two below, 16,384 chips lose 1.6 %: 1.7 % of jobs straggle by bad workers "
                                 "(arXiv 2505.05713)", low="300000h", high="5000000h"),
        "failure.slow_speed": estimate("0.8", "a chip that runs hot or at a lower clock", low="0.5", high="0.95"),
        "failure.slow_notice": estimate("5h", "until somebody looks at steps of single hosts", low="0.5h", high="48h"),
    }
