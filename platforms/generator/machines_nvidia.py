# SPDX-License-Identifier: Apache-2.0
"""Servers and racks whose NVIDIA GPUs stand on NVSwitch."""
from __future__ import annotations

from dataclasses import dataclass

from generator import chips_nvidia as c
from generator import library
from generator import network as n
from generator import power
from generator.chip import Chip
from generator.fact import EFA, Fact, datasheet, published, vendor
from generator.machine import Machine, both_ways, memory, places
from generator.topology import switched

SERVER_NOTES = ["The NVSwitch chips of the server are one router.",
                "In-switch reduction (NVLS) is a matter of the collective algorithm, not of the links."]


def tray_places() -> list[str]:
    return [f"{tray:02d}-{gpu}" for tray in range(18) for gpu in range(4)]


DGX_A100 = published("6.5kW", datasheet("DGX A100"))
DGX_H100 = published("10.2kW", datasheet("DGX H100"))
DGX_B200 = published("14.3kW", vendor("DGX B200"))
NVL72 = published("120kW", datasheet("GB200 NVL72") + "; Microsoft quotes 140 kW per rack",
                  low="120kW", high="140kW")

A100_POWER = power.power(power.A100, n.AWS_PUE)
H100_POWER = power.power(power.H100, n.AWS_PUE)
B200_POWER = power.power(power.B200, n.AWS_PUE)


@dataclass(frozen=True)
class Ec2:
    """An 8-GPU instance: what differs between the generations."""

    name: str
    instance: str
    chip: Chip
    nvlink: int
    efa: int
    gbps: int
    nic: str
    tor_domains: int
    launch: Fact
    net: library.Net
    power: n.Power
    totals: dict[str, Fact]


def ec2_gpu(e: Ec2) -> Machine:
    title = f"Amazon EC2 {e.instance} (8 x {e.chip.title})"
    return Machine(
        e.name, title, "server", SERVER_NOTES, e.chip, lambda: switched(places(8), "nvlink", "nvswitch"),
        [n.nvlink(e.nvlink), n.efa(e.efa, n.nic_rate(e.gbps, 8, e.nic))],
        n.aws_tiers(8, n.rack_switches(25.6 if e.efa > 1 else 12.8, e.gbps, e.tor_domains)),
        library.nccl(e.launch, e.net, e.nvlink), e.power, e.totals)


P4D = ec2_gpu(Ec2("p4d", "p4d.24xlarge", c.A100_40, 3, 1, 400, "6.25GBps", 16, library.AMPERE_LAUNCH,
                  library.EFA1_STEP, A100_POWER,
                  {"hbm_size_total": memory(320, EFA),
                   "peak_bf16_total": published("2.5Pf", "aws.amazon.com/ec2/instance-types/p4 "
                                                "(recalled, not read again)"),
                   "power_total": DGX_A100}))
P5 = ec2_gpu(Ec2("p5", "p5.48xlarge", c.H100, 4, 2, 3200, "50GBps", 4, library.HOPPER_LAUNCH, library.EFA_STEP,
                 H100_POWER, {"hbm_size_total": memory(640, EFA), "power_total": DGX_H100}))
P5EN = ec2_gpu(Ec2("p5en", "p5en.48xlarge", c.H200, 4, 3, 3200, "50GBps", 4, library.HOPPER_LAUNCH, library.EFA_STEP,
                   H100_POWER, {"hbm_size_total": memory(1128, EFA), "power_total": DGX_H100}))
P6 = ec2_gpu(Ec2("p6-b200", "p6-b200.48xlarge", c.B200, 5, 4, 3200, "50GBps", 4, library.HOPPER_LAUNCH,
                 library.EFA4_STEP, B200_POWER,
                 {"hbm_size_total": published("1432GiB", EFA + ": 179 GiB per GPU; HGX B200 1,440 GB",
                                              low="1440GB", high="1440GiB"),
                  "peak_bf16_total": published("18Pf", vendor("HGX B200")),
                  "peak_fp8_total": published("36Pf", vendor("HGX B200")),
                  "peak_fp4_total": published("72Pf", vendor("HGX B200")),
                  "scale_up_bandwidth": both_ways("7.2TBps", "14.4 TB/s", EFA),
                  "power_total": DGX_B200}))

RACK_NOTES = ["The 18 NVSwitch chips of the rack are one router.",
              "Every GPU has one 400 Gb/s NIC; AWS's u-p6e-gb200x72 has the same rate over EFA.",
              "In-switch reduction (NVLS) is a matter of the collective algorithm, not of the links."]

GB200_NVL72 = Machine(
    "gb200-nvl72", "NVIDIA GB200 NVL72 with NDR InfiniBand", "rack", RACK_NOTES, c.GB200,
    lambda: switched(tray_places(), "nvlink", "nvswitch"),
    [n.nvlink(5), n.infiniband("NDR", published("50GBps", "400 Gb/s per GPU (" + vendor("DGX GB200") +
                                                "; " + EFA + ")"))],
    n.infiniband_tiers(64, 72, 4, 1), library.nccl(library.HOPPER_LAUNCH, library.IB_STEP, 5),
    power.power(power.NVL72, n.HALL_PUE),
    {"peak_bf16_total": published("180Pf", vendor("GB200 NVL72")),
     "peak_fp8_total": published("360Pf", vendor("GB200 NVL72")),
     "peak_fp4_total": published("720Pf", vendor("GB200 NVL72")),
     "hbm_size_total": published("13.4TB", vendor("GB200 NVL72") + "; GB as printed are GiB",
                                 low="13.4TB", high="13392GiB"),
     "hbm_bandwidth_total": published("576TBps", vendor("GB200 NVL72")),
     "scale_up_bandwidth": both_ways("65TBps", "130 TB/s", vendor("GB200 NVL72")),
     "power_total": NVL72})


def hgx(name: str, title: str, chip: Chip, nvlink: int, nic: n.Medium, radix: int, launch: Fact,
        totals: dict[str, Fact]) -> Machine:
    watts = power.A100 if chip is c.A100 else power.H100
    return Machine(name, title, "server", SERVER_NOTES, chip,
                   lambda: switched(places(8), "nvlink", "nvswitch"), [n.nvlink(nvlink), nic],
                   n.infiniband_tiers(radix, 8, 8, radix // 2), library.nccl(launch, library.IB_STEP, nvlink),
                   power.power(watts, n.HALL_PUE), totals)


HGX_A100 = hgx(
    "hgx-a100", "HGX A100 80GB with HDR InfiniBand (8 GPUs)", c.A100, 3,
    n.infiniband("HDR", published("25GBps", "200 Gb/s per GPU: " + datasheet("DGX A100 SuperPOD"))),
    40, library.AMPERE_LAUNCH,
    {"hbm_size_total": memory(640, datasheet("DGX A100")),
     "peak_bf16_total": published("2.5Pf", datasheet("DGX A100") + ": 5 sparse"),
     "scale_up_bandwidth": both_ways("2.4TBps", "4.8 TB/s", datasheet("DGX A100")),
     "power_total": DGX_A100})
HGX_H100 = hgx(
    "hgx-h100", "HGX H100 with NDR InfiniBand (8 GPUs)", c.H100, 4,
    n.infiniband("NDR", published("50GBps", "400 Gb/s per GPU: " + datasheet("DGX H100 SuperPOD"))),
    64, library.HOPPER_LAUNCH,
    {"hbm_size_total": memory(640, datasheet("DGX H100")),
     "peak_fp8_total": published("16Pf", datasheet("DGX H100") + ": 32 sparse"),
     "scale_up_bandwidth": both_ways("3.6TBps", "7.2 TB/s", datasheet("DGX H100")),
     "power_total": DGX_H100})

MACHINES = [P4D, P5, P5EN, P6, GB200_NVL72, HGX_A100, HGX_H100]
