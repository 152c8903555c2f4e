# SPDX-License-Identifier: Apache-2.0
"""The machines: which chips on which topology with which network. One entry, one XML file."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from generator import chips as c
from generator import network as n
from generator.fact import (EFA, NEURON, SA2, SA3, Fact, datasheet, derived, estimate,
                            published, vendor)
from generator.topology import Topology, TwoRacks, switched, torus, two_racks


@dataclass(frozen=True)
class Machine:
    name: str
    title: str
    domain_noun: str
    notes: list[str]  # what is simplified: XML comment and README
    chip: c.Chip
    build: Callable[[], Topology]
    media: list[n.Medium]
    tiers: list[n.Tier]
    software: n.Software
    power: n.Power
    totals: dict[str, Fact] = field(default_factory=dict)


def both_ways(half: str, whole: str, source: str) -> Fact:
    """Publications sum both directions; the property is one direction."""
    return derived(half, f"{whole} both ways / 2 ({source})")


# --- Trainium ------------------------------------------------------------------------------

TORUS_NOTES = [
    "Each neighbour pair is one full-duplex link with all its lanes.",
    "Routes go dimension by dimension; pairs half way round a ring are split evenly over both ways.",
    "Chips pass on what is for others; that takes link bandwidth and latency, no HBM traffic.",
]

TRN1_NOTES = ["The 4D hypercube of the documents is the 4x4 torus: the same graph.", *TORUS_NOTES]


def trn1(name: str, gbps: int, nic: str, tor_domains: int) -> Machine:
    return Machine(
        name, f"Amazon EC2 {name}", "server", TRN1_NOTES, c.TRN1,
        lambda: torus(2, 4, "xy xy"),
        [n.trn1_torus(), n.efa(2, n.nic_rate(gbps, 16, nic, NEURON + "trn1-arch.rst"))],
        n.aws_tiers(16, n.rack_switches(12.8, gbps, tor_domains)), n.NEURON_2023_SOFTWARE,
        n.Power(estimate("185W", f"half of the TDP as in Trainium2 servers, and {n.FABRIC_W}",
                         low="130W", high="260W"), n.AWS_PUE),
        {"peak_bf16_total": published("3040Tf", NEURON + "trn1-arch.rst"),
         "peak_fp8_total": published("3040Tf", NEURON + "trn1-arch.rst"),
         "hbm_size_total": published("512GiB", NEURON + "trn1-arch.rst"),
         "hbm_bandwidth_total": published("14.1TBps", NEURON + "trn1-arch.rst: 13,120 GiB/s")})


TRN2_POWER = n.Power(
    derived("310W", f"48 kW per 64-chip UltraServer / 64 - 500 W of the chip ({SA2}), and {n.FABRIC_W}; "
            "844 W per chip with 800 Gb/s NICs", low="250W", high="404W"), n.AWS_PUE)

TRN2_SERVER = Machine(
    "trn2.48xlarge", "Amazon EC2 trn2.48xlarge", "server", TORUS_NOTES, c.TRN2,
    lambda: torus(2, 4, "xy xy"),
    [n.trn2_xy(), n.efa(3, n.nic_rate(3200, 16, "25GBps", NEURON + "trn2-arch.rst"))],
    n.aws_tiers(16, n.rack_switches(12.8, 3200, 2)), n.NEURON_SOFTWARE, TRN2_POWER,
    {"peak_fp8_total": published("20.8Pf", NEURON + "trn2-arch.rst"),
     "hbm_size_total": published("1.5TB", "aws.amazon.com/ec2/instance-types/trn2 (16 x 96 GiB)",
                                 low="1.5TB", high="1536GiB"),
     "hbm_bandwidth_total": published("46TBps", "aws.amazon.com/ec2/instance-types/trn2"),
     "scale_up_bandwidth": both_ways("8.192TBps", "16 x 1,024 GB/s", NEURON + "trn2-arch.rst"),
     "scale_out_bandwidth": derived("400GBps", f"3,200 Gb/s / 8 ({NEURON}trn2-arch.rst)")})

TRN2_ULTRASERVER = Machine(
    "trn2-ultraserver", "Trn2 UltraServer (4 instances, 64 chips)", "UltraServer", TORUS_NOTES, c.TRN2,
    lambda: torus(3, 4, "xy xy z"),
    [n.trn2_xy(), n.trn2_z(),
     n.efa(3, n.nic_rate(12800, 64, "25GBps", f"{EFA}; the Neuron table says 3,200 for the UltraServer"))],
    n.aws_tiers(64, n.rack_switches(25.6, 12800, 1)), n.NEURON_SOFTWARE, TRN2_POWER,
    {"peak_fp8_total": published("83.2Pf", NEURON + "trn2-arch.rst"),
     "hbm_size_total": published("6144GiB", NEURON + "trn2-arch.rst; the product page says 6 TB",
                                 low="6TB", high="6144GiB"),
     "hbm_bandwidth_total": published("185.6TBps", NEURON + "trn2-arch.rst"),
     "scale_up_bandwidth": both_ways("40.96TBps", "64 x 1.28 TB/s", NEURON + "trainium2.rst"),
     "scale_out_bandwidth": derived("1600GBps", f"12,800 Gb/s / 8 ({EFA}); the Neuron table gives "
                                    "3,200 Gb/s", low="400GBps", high="1600GBps"),
     "power_total": published("48kW", f"analyst estimate, 24 kW per rack ({SA2})")})

TRN3_POWER = n.Power(
    estimate("510W", f"0.45 of the TDP of 1,000 W (the ratio is 0.5 on Trainium2, with more host "
             f"processors), and {n.FABRIC_W}; 375 W with a TDP of 700 W", low="375W", high="560W"),
    n.AWS_PUE)

TRN3_NOTES = [
    "Sleds 00 to 17 stand in rack 0, 18 to 35 in rack 1; chip i of sled n has a direct link to chip i "
    "of sled n + 18.",
    "The 8 switches of a sled are one router, and so are the 4 planes of 10 switches of a rack: in the "
    "first switch generation a pair on different planes takes 3 switch hops instead of 1, which is in "
    "the mean latency of the rack links; that such traffic may also load sled links is not shown.",
    "Half of the cross-rack pairs cross at the source, half at the destination; the chip in between "
    "passes on without HBM traffic.",
    "16 spare lanes of the backplane per chip are left out.",
]


def trn3(name: str, variant: str, title: str) -> Machine:
    return Machine(
        name, title, "UltraServer", TRN3_NOTES, c.TRN3,
        lambda: two_racks(TwoRacks(18, 4, "sled", True)),
        [*n.trn3_media(variant, True), trn3_nic(28800, 144)],
        n.aws_tiers(144, TRN3_TOR), n.NEURON_SOFTWARE, TRN3_POWER,
        {"peak_bf16_total": published("96.624Pf", NEURON + "trn3-arch.rst"),
         "peak_fp8_total": published("362Pf", "re:Invent 2025 keynote; 362,448 TFLOP/s in " + NEURON +
                                     "trn3-arch.rst"),
         "peak_fp4_total": published("362.448Pf", NEURON + "trn3-arch.rst (MXFP8/MXFP4)"),
         "hbm_size_total": published(
             "20.7TB", "aws.amazon.com/about-aws/whats-new/2025/12/amazon-ec2-trn3-ultraservers (144 x "
             f"144 GB); 20,736 GiB in {NEURON}trn3-arch.rst, whose text says 20 TB",
             low="20TB", high="20736GiB"),
         "hbm_bandwidth_total": published("706TBps", f"launch page; 705.6 in {NEURON}trn3-arch.rst"),
         "scale_up_bandwidth": both_ways(
             "184.32TBps", "144 x 2.56 TB/s with 16 spare lanes of 160", NEURON + "trainium3.rst"),
         "scale_up_bandwidth_active": derived(
             "165.9TBps", f"144 chips x 144 active lanes x 8 GB/s ({SA3}: 1.2 TB/s per chip)"),
         "scale_up_bandwidth_in_rack": both_ways(
             "147.5TBps", "144 x 2,048 GB/s, printed as GiB/s", NEURON + "trn3-arch.rst"),
         "scale_out_bandwidth": derived("3600GBps", f"28,800 Gb/s / 8 ({NEURON}trn3-arch.rst)"),
         "power_total": estimate("208.8kW", "none published; 144 x 1.45 x 1,000 W, or x 700 W",
                                 low="146.2kW", high="208.8kW")})


def trn3_nic(gbps: int, chips: int) -> n.Medium:
    source = f"{NEURON}trn3-arch.rst; a 400 Gb/s option exists ({SA3})"
    return n.efa(4, n.nic_rate(gbps, chips, "25GBps", source))


TRN3_TOR = estimate("1", f"dual top-of-rack switches in each rack ({SA3}): an UltraServer has its own")

TRN3_GEN1_NOTES = [
    "2 racks of 16 trays with 2 chips; trays 00 to 15 stand in rack 0, 16 to 31 in rack 1; chip i of "
    "tray n has a direct link to chip i of tray n + 16.",
    "The 2 planes of 8 switches of a rack are one router: a pair on different planes takes 2 switch hops "
    "instead of 1, which is in the mean latency.",
    "The two chips of a tray are taken to have one direct link over the board's lanes; bandwidths are "
    "those documented for Gen2, none are printed for Gen1 by medium.",
    "Half of the cross-rack pairs cross at the source, half at the destination.",
]

TRN3_GEN1 = Machine(
    "trn3-ultraserver-gen1", "Trn3 Gen1 UltraServer (64 chips, air-cooled)", "UltraServer",
    TRN3_GEN1_NOTES, c.TRN3, lambda: two_racks(TwoRacks(16, 2, "tray", False)),
    [*n.trn3_media("documented", False), trn3_nic(12800, 64)],
    n.aws_tiers(64, TRN3_TOR), n.NEURON_SOFTWARE, TRN3_POWER,
    {"peak_bf16_total": published("42.944Pf", NEURON + "trn3-arch.rst"),
     "peak_fp8_total": published("161.088Pf", NEURON + "trn3-arch.rst"),
     "peak_fp4_total": published("161.088Pf", NEURON + "trn3-arch.rst (MXFP8/MXFP4)"),
     "hbm_size_total": published("9216GiB", NEURON + "trn3-arch.rst"),
     "hbm_bandwidth_total": published("313.6TBps", NEURON + "trn3-arch.rst"),
     "scale_up_bandwidth": both_ways(
         "81.92TBps", "64 x 2.56 TB/s with 16 spare lanes of 160", NEURON + "trainium3.rst"),
     "scale_out_bandwidth": derived("1600GBps", f"12,800 Gb/s / 8 ({NEURON}trn3-arch.rst)")})

# --- NVIDIA --------------------------------------------------------------------------------

SERVER_NOTES = ["The NVSwitch chips of the server are one router.",
                "In-switch reduction (NVLS) is a matter of the collective algorithm, not of the links."]


def gpu_places() -> list[str]:
    return [str(gpu) for gpu in range(8)]


def tray_places() -> list[str]:
    return [f"{tray:02d}-{gpu}" for tray in range(18) for gpu in range(4)]


def memory(gigabytes: int, source: str) -> Fact:
    """GPU memory is printed in GB and counted in GiB."""
    return published(f"{gigabytes}GB", source, low=f"{gigabytes}GB", high=f"{gigabytes}GiB")


def overhead(per_chip: str, arithmetic: str, high: str | None = None) -> Fact:
    return derived(per_chip, f"{arithmetic}, and {n.FABRIC_W}", low=per_chip if high else None, high=high)


DGX_A100 = published("6.5kW", datasheet("DGX A100"))
DGX_H100 = published("10.2kW", datasheet("DGX H100"))
DGX_B200 = published("14.3kW", vendor("DGX B200"))
NVL72 = published("120kW", datasheet("GB200 NVL72") + "; Microsoft quotes 140 kW per rack",
                  low="120kW", high="140kW")

A100_OVERHEAD = overhead("472W", "6.5 kW of a DGX A100 / 8 - 400 W")
H100_OVERHEAD = overhead("635W", "10.2 kW of a DGX H100 / 8 - 700 W")
B200_OVERHEAD = overhead("848W", "14.3 kW of a DGX B200 / 8 - 1,000 W")
NVL72_OVERHEAD = overhead("527W", "120 kW of a rack (others say 140) / 72 - 1,200 W", high="804W")


@dataclass(frozen=True)
class Ec2:
    """An 8-GPU instance: what differs between the generations."""

    name: str
    instance: str
    chip: c.Chip
    nvlink: int
    efa: int
    gbps: int
    nic: str
    tor_domains: int
    launch: Fact
    step_scale_out: Fact
    overhead: Fact
    totals: dict[str, Fact]


def ec2_gpu(e: Ec2) -> Machine:
    title = f"Amazon EC2 {e.instance} (8 x {e.chip.title})"
    return Machine(
        e.name, title, "server", SERVER_NOTES, e.chip, lambda: switched(gpu_places(), "nvlink", "nvswitch"),
        [n.nvlink(e.nvlink), n.efa(e.efa, n.nic_rate(e.gbps, 8, e.nic))],
        n.aws_tiers(8, n.rack_switches(25.6 if e.efa > 1 else 12.8, e.gbps, e.tor_domains)),
        n.nccl(e.launch, e.step_scale_out), n.Power(e.overhead, n.AWS_PUE), e.totals)


P4D = ec2_gpu(Ec2("p4d", "p4d.24xlarge", c.A100_40, 3, 1, 400, "6.25GBps", 16, n.AMPERE_LAUNCH,
                  n.EFA1_STEP, A100_OVERHEAD,
                  {"hbm_size_total": memory(320, EFA),
                   "peak_bf16_total": published("2.5Pf", "aws.amazon.com/ec2/instance-types/p4 "
                                                "(recalled, not read again)"),
                   "power_total": DGX_A100}))
P5 = ec2_gpu(Ec2("p5", "p5.48xlarge", c.H100, 4, 2, 3200, "50GBps", 4, n.HOPPER_LAUNCH, n.EFA_STEP,
                 H100_OVERHEAD, {"hbm_size_total": memory(640, EFA), "power_total": DGX_H100}))
P5EN = ec2_gpu(Ec2("p5en", "p5en.48xlarge", c.H200, 4, 3, 3200, "50GBps", 4, n.HOPPER_LAUNCH, n.EFA_STEP,
                   H100_OVERHEAD, {"hbm_size_total": memory(1128, EFA), "power_total": DGX_H100}))
P6 = ec2_gpu(Ec2("p6-b200", "p6-b200.48xlarge", c.B200, 5, 4, 3200, "50GBps", 4, n.HOPPER_LAUNCH,
                 n.EFA_STEP, B200_OVERHEAD,
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
    n.infiniband_tiers(64, 72, 4, 1), n.nccl(n.HOPPER_LAUNCH, n.IB_STEP),
    n.Power(NVL72_OVERHEAD, n.HALL_PUE),
    {"peak_bf16_total": published("180Pf", vendor("GB200 NVL72")),
     "peak_fp8_total": published("360Pf", vendor("GB200 NVL72")),
     "peak_fp4_total": published("720Pf", vendor("GB200 NVL72")),
     "hbm_size_total": published("13.4TB", vendor("GB200 NVL72") + "; GB as printed are GiB",
                                 low="13.4TB", high="13392GiB"),
     "hbm_bandwidth_total": published("576TBps", vendor("GB200 NVL72")),
     "scale_up_bandwidth": both_ways("65TBps", "130 TB/s", vendor("GB200 NVL72")),
     "power_total": NVL72})


def hgx(name: str, title: str, chip: c.Chip, nvlink: int, nic: n.Medium, radix: int, launch: Fact,
        totals: dict[str, Fact]) -> Machine:
    watts = A100_OVERHEAD if chip is c.A100 else H100_OVERHEAD
    return Machine(name, title, "server", SERVER_NOTES, chip,
                   lambda: switched(gpu_places(), "nvlink", "nvswitch"), [n.nvlink(nvlink), nic],
                   n.infiniband_tiers(radix, 8, 8, radix // 2), n.nccl(launch, n.IB_STEP),
                   n.Power(watts, n.HALL_PUE), totals)


HGX_A100 = hgx(
    "hgx-a100", "HGX A100 80GB with HDR InfiniBand (8 GPUs)", c.A100, 3,
    n.infiniband("HDR", published("25GBps", "200 Gb/s per GPU: " + datasheet("DGX A100 SuperPOD"))),
    40, n.AMPERE_LAUNCH,
    {"hbm_size_total": memory(640, datasheet("DGX A100")),
     "peak_bf16_total": published("2.5Pf", datasheet("DGX A100") + ": 5 sparse"),
     "scale_up_bandwidth": both_ways("2.4TBps", "4.8 TB/s", datasheet("DGX A100")),
     "power_total": DGX_A100})
HGX_H100 = hgx(
    "hgx-h100", "HGX H100 with NDR InfiniBand (8 GPUs)", c.H100, 4,
    n.infiniband("NDR", published("50GBps", "400 Gb/s per GPU: " + datasheet("DGX H100 SuperPOD"))),
    64, n.HOPPER_LAUNCH,
    {"hbm_size_total": memory(640, datasheet("DGX H100")),
     "peak_fp8_total": published("16Pf", datasheet("DGX H100") + ": 32 sparse"),
     "scale_up_bandwidth": both_ways("3.6TBps", "7.2 TB/s", datasheet("DGX H100")),
     "power_total": DGX_H100})

MACHINES = [
    trn1("trn1.32xlarge", 800, "6.25GBps", 8),
    trn1("trn1n.32xlarge", 1600, "12.5GBps", 4),
    TRN2_SERVER,
    TRN2_ULTRASERVER,
    trn3("trn3-ultraserver", "documented", "Trn3 Gen2 UltraServer (144 chips), documented bandwidths"),
    trn3("trn3-ultraserver-optimistic", "optimistic",
         "Trn3 Gen2 UltraServer (144 chips), bandwidths by lane count"),
    trn3("trn3-ultraserver-pessimistic", "pessimistic",
         "Trn3 Gen2 UltraServer (144 chips), half of the documented bandwidths"),
    TRN3_GEN1,
    P4D, P5, P5EN, P6, GB200_NVL72, HGX_A100, HGX_H100,
]
