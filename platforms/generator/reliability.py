# SPDX-License-Identifier: Apache-2.0
"""How often parts of a machine fail, and what goes with them. How often altogether: two clusters whose hardware failures are
counted, 6.5 and 2.34 in 1,000 days of servers of 8 GPUs (arXiv 2410.21680), and between them. Which part it was is told
only by Llama 3 (arXiv 2407.21783, table 5): its shares are taken, its number of failures is not."""
from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from generator.fact import Fact, estimate

RATES = (2.34, 6.5)  # hardware failures in 1,000 days of a server of 8
MIDDLE = sqrt(RATES[0] * RATES[1])
CLUSTERS = ("two clusters of A100 with 2.34 and 6.5 hardware failures in 1,000 server-days of 8 (arXiv 2410.21680), "
            f"their geometric mean {MIDDLE:.2f}")
HARDWARE, CHIPS, HOSTS, NETWORKS, PROGRAMS = 356, 268, 53, 35, 63  # of 419 interruptions, table 5

SHARES = "shares of parts in table 5 of arXiv 2407.21783: "
CHIP = (8 * HARDWARE / CHIPS, f"{CHIPS} of {HARDWARE} of GPU, its memory and processor, silent corruption, heat")
HOST = (HARDWARE / HOSTS, f"{HOSTS} of {HARDWARE} of host maintenance, NIC, drives, supplies, chassis, boards, CPU, DIMM")
NETWORK = (8 * HARDWARE / NETWORKS, f"{NETWORKS} of {HARDWARE} of switches and cables")
SOFTWARE = (8 * HARDWARE / PROGRAMS, f"{PROGRAMS} of software, its watchdog and dependencies for {HARDWARE} of hardware")


@dataclass(frozen=True)
class Reliability:
    host_chips: int
    taken_chips: int  # with a dead chip: what is changed as one
    rack: bool = False  # a domain has power and cooling of its own, beyond a host
    rack_chips: int = 32  # four servers of eight


EIGHT = Reliability(8, 8)
KNOWN = {
    "trn1.32xlarge": Reliability(16, 16), "trn1n.32xlarge": Reliability(16, 16), "inf2.48xlarge": Reliability(12, 12),
    "trn2.48xlarge": Reliability(16, 16), "trn2.3xlarge": Reliability(16, 16),
    "trn2-ultraserver": Reliability(16, 64, rack=True, rack_chips=32),
    "trn4-estimate": Reliability(4, 4, rack=True, rack_chips=72),
    "trn4-gb300-estimate": Reliability(4, 4, rack=True, rack_chips=72),
    "gb200-nvl72": Reliability(4, 4, rack=True, rack_chips=72), "gb300-nvl72": Reliability(4, 4, rack=True, rack_chips=72),
    "gb200-nvl4": Reliability(4, 4), "gh200-96gb": Reliability(1, 1), "gh200-144gb": Reliability(1, 1),
} | {name: Reliability(4, 4, rack=True, rack_chips=72) for name in
     ("trn3-ultraserver", "trn3-ultraserver-gen1", "trn3-ultraserver-optimistic", "trn3-ultraserver-pessimistic")
} | {name: Reliability(4, 64, rack=True, rack_chips=64) for name in ("tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-7x")}


def mean(part: tuple[float, str]) -> Fact:
    units, share = part  # of one failure of a server's hardware, for one component

    def hours(rate: float) -> str:
        return f"{float(f'{units * 24000 / rate:.3g}'):.0f}h"

    return estimate(hours(MIDDLE), f"{CLUSTERS}; {SHARES}{share}", low=hours(RATES[1]), high=hours(RATES[0]))


def reliability_facts(name: str) -> dict[str, Fact]:
    own = KNOWN.get(name, EIGHT)
    taken = ("the torus has no way round a dead chip: the whole domain" if own.taken_chips > own.host_chips
             else "the host that holds it is changed as one")
    facts = {
        "host.chips": estimate(str(own.host_chips), "chips of one host, as the machine is built"),
        "failure.taken_chips": estimate(str(own.taken_chips), f"chips that leave with a dead one: {taken}"),
        "failure.chip": mean(CHIP),
        "failure.host": mean(HOST),
        "failure.network": mean(NETWORK),
        "failure.software": mean(SOFTWARE),
    }
    if own.rack:
        facts["failure.domain"] = estimate("87600h", "power shelves, coolant, in-rack switches: once in ten years, taking all its chips; "
                                           "nothing is published", low="35000h", high="260000h")
    return facts | {
        "failure.common_share": estimate("0.02", "assumed: share of failures of chips and hosts that a rack shares (power shelf, coolant, switch), the beta factor; handbooks "
                                         "of functional safety take 1 to 10 % for units of one kind (after IEC 61508-6, annex D), none is published for accelerators", low="0.01", high="0.1"),
        "failure.rack_chips": estimate(str(own.rack_chips), "chips of a rack as it is built; four servers of eight where nothing is known"),
        "failure.shape": estimate("1", "assumed exponential; failures of 20 systems in 9 years have a decreasing hazard, a shape below 1 (abstract of Schroeder and "
                                  "Gibson, DSN 2006), for which 0.7 stands", low="0.7", high="1"),
        "failure.slow": estimate("1000000h", "with the two below, 16,384 chips lose 1.6 %: 1.7 % of jobs straggle by bad workers "
                                 "(arXiv 2505.05713)", low="300000h", high="5000000h"),
        "failure.slow_speed": estimate("0.8", "a chip that runs hot or at a lower clock", low="0.5", high="0.95"),
        "failure.slow_notice": estimate("5h", "until somebody looks at steps of single hosts", low="0.5h", high="48h"),
    }
