# SPDX-License-Identifier: Apache-2.0
"""Machines with Trainium and Inferentia."""
from __future__ import annotations

from dataclasses import replace

from generator import chips_trainium as c
from generator import library
from generator import network as n
from generator import power
from generator.chips_nvidia import GB300
from generator.fact import EFA, NEURON, SA2, SA3, derived, estimate, published
from generator.machine import Machine, both_ways
from generator.topology import TwoRacks, alone, ring, switched, switched_mixed, torus, two_racks

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
        n.aws_tiers(16, n.rack_switches(12.8, gbps, tor_domains)), library.NEURON_2023_SOFTWARE,
        n.Power(estimate("185W", f"half of the TDP as in Trainium2 servers, and {n.FABRIC_W}",
                         low="130W", high="260W"), n.AWS_PUE),
        {"peak_bf16_total": published("3040Tf", NEURON + "trn1-arch.rst"),
         "peak_fp8_total": published("3040Tf", NEURON + "trn1-arch.rst"),
         "hbm_size_total": published("512GiB", NEURON + "trn1-arch.rst"),
         "hbm_bandwidth_total": published("14.1TBps", NEURON + "trn1-arch.rst: 13,120 GiB/s")})


TRN2_POWER = power.power(power.TRN2, n.AWS_PUE)

TRN2_SERVER = Machine(
    "trn2.48xlarge", "Amazon EC2 trn2.48xlarge", "server", TORUS_NOTES, c.TRN2,
    lambda: torus(2, 4, "xy xy"),
    [n.trn2_xy(), n.efa(3, n.nic_rate(3200, 16, "25GBps", NEURON + "trn2-arch.rst"))],
    n.aws_tiers(16, n.rack_switches(12.8, 3200, 2)), library.NEURON_SOFTWARE, TRN2_POWER,
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
    n.aws_tiers(64, n.rack_switches(25.6, 12800, 1)), library.NEURON_SOFTWARE, TRN2_POWER,
    {"peak_fp8_total": published("83.2Pf", NEURON + "trn2-arch.rst"),
     "hbm_size_total": published("6144GiB", NEURON + "trn2-arch.rst; the product page says 6 TB",
                                 low="6TB", high="6144GiB"),
     "hbm_bandwidth_total": published("185.6TBps", NEURON + "trn2-arch.rst"),
     "scale_up_bandwidth": both_ways("40.96TBps", "64 x 1.28 TB/s", NEURON + "trainium2.rst"),
     "scale_out_bandwidth": derived("1600GBps", f"12,800 Gb/s / 8 ({EFA}); the Neuron table gives "
                                    "3,200 Gb/s", low="400GBps", high="1600GBps"),
     "power_total": published("48kW", f"analyst estimate, 24 kW per rack ({SA2})")})

TRN3_POWER = power.power(power.TRN3, n.AWS_PUE)

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
        n.aws_tiers(144, TRN3_TOR), library.NEURON_SOFTWARE, TRN3_POWER,
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
                                 low="146.2kW", high="208.8kW")},
        planes=TRN3_PLANES)


def trn3_nic(gbps: int, chips: int) -> n.Medium:
    source = f"{NEURON}trn3-arch.rst; a 400 Gb/s option exists ({SA3})"
    return n.efa(4, n.nic_rate(gbps, chips, "25GBps", source))


TRN3_PLANES = derived("2", f"200 Gb/s a chip in logical ports of 100 Gb/s, each of which leads to a plane of "
                      f"leaf and spine switches of its own ({SA3})")
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
    n.aws_tiers(64, TRN3_TOR), library.NEURON_SOFTWARE, TRN3_POWER,
    {"peak_bf16_total": published("42.944Pf", NEURON + "trn3-arch.rst"),
     "peak_fp8_total": published("161.088Pf", NEURON + "trn3-arch.rst"),
     "peak_fp4_total": published("161.088Pf", NEURON + "trn3-arch.rst (MXFP8/MXFP4)"),
     "hbm_size_total": published("9216GiB", NEURON + "trn3-arch.rst"),
     "hbm_bandwidth_total": published("313.6TBps", NEURON + "trn3-arch.rst"),
     "scale_up_bandwidth": both_ways(
         "81.92TBps", "64 x 2.56 TB/s with 16 spare lanes of 160", NEURON + "trainium3.rst"),
     "scale_out_bandwidth": derived("1600GBps", f"12,800 Gb/s / 8 ({NEURON}trn3-arch.rst)")},
    planes=TRN3_PLANES)

# --- Inferentia2, a single chip, what is announced --------------------------------------------

INF2_48 = Machine(
    "inf2.48xlarge", "Amazon EC2 inf2.48xlarge (12 chips)", "server",
    ["The 12 chips form a ring; chips pass on what is for others."], c.INF2, lambda: ring(12, "ring"),
    [n.inf2_ring(), n.efa(2, estimate("1.04GBps", "100 Gb/s of ENA per instance / 12 chips / 8; no EFA"))],
    n.aws_tiers(12, n.rack_switches(12.8, 100, 15)), library.NEURON_2023_SOFTWARE,
    n.Power(estimate("160W", f"as trn1: half of the TDP and {n.FABRIC_W}", low="110W", high="220W"),
            n.AWS_PUE))

TRN2_3XLARGE = Machine(
    "trn2.3xlarge", "Amazon EC2 trn2.3xlarge (1 chip)", "server",
    ["One chip of a Trainium2 server; its links to neighbours are not offered."], c.TRN2,
    lambda: alone("0"), [n.efa(3, n.nic_rate(200, 1, "25GBps"))],
    n.aws_tiers(1, n.rack_switches(12.8, 200, 32)), library.NEURON_SOFTWARE, TRN2_POWER)

TRN4_RACK = Machine(
    "trn4-estimate", "Trainium4 rack with NVLink Fusion (announced; estimated)", "rack",
    ["Nothing but multiples of Trainium3 is announced: every value is an estimate with its range.",
     "72 chips on one switch layer, as racks of NVLink Fusion; UALink is the other track."], c.TRN4,
    lambda: switched([f"{sled:02d}-{chip}" for sled in range(18) for chip in range(4)], "nvlink",
                     "nvswitch"),
    [n.nvlink_fusion(), n.efa(4, estimate("50GBps", "400 Gb/s per chip, an option of Trainium3 already "
                                          f"({SA3})", low="25GBps", high="100GBps"))],
    n.aws_tiers(72, estimate("1", "as Trainium3")), library.NEURON_SOFTWARE,
    power.power(power.TRN3, n.AWS_PUE))

GPU_LINK = replace(n.nvlink(5), name="nvlink5")
MIXED_RACK = replace(
    TRN4_RACK, name="trn4-gb300-estimate",
    title="36 GB300 and 36 Trainium4 in one rack with NVLink Fusion (announced; estimated)",
    notes=["That both kinds can stand on one NVLink switch layer is announced, no machine is: every value of Trainium4 is "
           "an estimate with its range, and so is the mixture.",
           "Chips 0 to 35 are GPUs on NVLink 5, 36 to 71 Trainium4 on NVLink Fusion; all go over the same switches."],
    chip=GB300, second=c.TRN4, second_from=36,
    build=lambda: switched_mixed({"nvlink5": [f"gpu-{i:02d}" for i in range(36)],
                                  "nvlink": [f"trn-{i:02d}" for i in range(36)]}, "nvswitch"),
    media=[GPU_LINK, *TRN4_RACK.media],
    power=power.power(power.NVL72, n.AWS_PUE))

MACHINES = [
    trn1("trn1.32xlarge", 800, "6.25GBps", 8),
    trn1("trn1n.32xlarge", 1600, "12.5GBps", 4),
    INF2_48, TRN2_3XLARGE, TRN2_SERVER, TRN2_ULTRASERVER,
    trn3("trn3-ultraserver", "documented", "Trn3 Gen2 UltraServer (144 chips), documented bandwidths"),
    trn3("trn3-ultraserver-optimistic", "optimistic",
         "Trn3 Gen2 UltraServer (144 chips), bandwidths by lane count"),
    trn3("trn3-ultraserver-pessimistic", "pessimistic",
         "Trn3 Gen2 UltraServer (144 chips), half of the documented bandwidths"),
    TRN3_GEN1, TRN4_RACK, MIXED_RACK,
]
