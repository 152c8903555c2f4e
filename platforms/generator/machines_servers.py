# SPDX-License-Identifier: Apache-2.0
"""More servers and racks with GPUs: other fabrics, PCIe boards, AMD."""
from __future__ import annotations

from dataclasses import replace

from generator import chips_amd as amd
from generator import chips_nvidia as c
from generator import machines_nvidia as m
from generator import library
from generator import network as n
from generator import power
from generator.chip import Chip
from generator.fact import EFA, Fact, datasheet, derived, estimate, published, vendor
from generator.machine import Machine, memory, places
from generator.topology import Topology, alone, bridged, switched

NDR = published("50GBps", "400 Gb/s per GPU: " + datasheet("DGX SuperPOD"))
XDR = published("100GBps", "800 Gb/s per GPU: " + datasheet("HGX B300 and GB300 NVL72"))


def like(machine: Machine, name: str, title: str, **changes: object) -> Machine:
    return replace(machine, name=name, title=title, totals={}, **changes)


B200_SOFTWARE = library.nccl(library.HOPPER_LAUNCH, library.IB_STEP, 5)
B200_POWER = power.power(power.B200, n.HALL_PUE)
NVLINK_SERVERS = [
    like(m.P4D, "p4de", "Amazon EC2 p4de.24xlarge (8 x NVIDIA A100 SXM 80GB)", chip=c.A100),
    like(m.HGX_A100, "hgx-a100-40gb", "HGX A100 40GB with HDR InfiniBand (8 GPUs)", chip=c.A100_40),
    like(m.HGX_A100, "jean-zay-a100", "Jean Zay A100 partition: 8 A100 80GB, 4 x Omni-Path 100",
         media=[n.nvlink(3), n.OMNI_PATH],
         tiers=n.clos(8, 32, 416, 4096, "1", "a fat tree of 416 GPUs; not published further")),
    like(m.HGX_A100, "hgx-a800", "HGX A800 with HDR InfiniBand (8 GPUs)", chip=c.A800,
         media=[n.nvlink_cut(3), *m.HGX_A100.media[1:]]),
    like(m.HGX_H100, "hgx-h200", "HGX H200 with NDR InfiniBand (8 GPUs)", chip=c.H200),
    like(m.HGX_H100, "hgx-h800", "HGX H800 with NDR InfiniBand (8 GPUs)", chip=c.H800,
         media=[n.nvlink_cut(4), n.infiniband("NDR", NDR)]),
    like(m.HGX_H100, "hgx-h20", "HGX H20 with NDR InfiniBand (8 GPUs)", chip=c.H20),
    like(m.HGX_H100, "hgx-b200", "HGX B200 with NDR InfiniBand (8 GPUs)", chip=c.B200,
         media=[n.nvlink(5), n.infiniband("NDR", NDR)], software=B200_SOFTWARE, power=B200_POWER),
    like(m.HGX_H100, "hgx-b300", "HGX B300 with XDR InfiniBand (8 GPUs)", chip=c.B300,
         media=[n.nvlink(5), n.infiniband("XDR", XDR)], software=B200_SOFTWARE, power=B200_POWER),
    like(m.P6, "p6-b300", "Amazon EC2 p6-b300.48xlarge (8 x NVIDIA B300 SXM)", chip=c.B300,
         media=[n.nvlink(5), n.efa(4, n.nic_rate(6400, 8, "100GBps"))],
         tiers=n.aws_tiers(8, n.rack_switches(25.6, 6400, 2))),
]

META_POD = ("3,072 GPUs at full rate, 1:7 above, racks of 16 (arXiv 2407.21783)")
GRAND_TETON = [
    like(m.HGX_H100, name, title, chip=chip,
         media=[n.nvlink(4), n.ethernet("RoCE 400G", published("50GBps", "400 Gb/s per GPU (arXiv 2407.21783)"),
                                        n.ROCE_LATENCY)],
         tiers=n.clos(8, 16, 3072, 24576, "7", META_POD))
    for name, title, chip in (
        ("grand-teton-h100", "Meta Grand Teton: 8 H100 on 400G RoCE", c.H100),
        ("grand-teton-h100-96gb", "Meta Grand Teton: 8 H100 96GB of 500 W on 400G RoCE", c.H100_96))]

A3_HIGH = like(
    m.HGX_H100, "a3-high", "Google A3 High: 8 H100, 4 x 200 Gb/s GPUDirect-TCPX",
    media=[n.nvlink(4), n.ethernet(
        "GPUDirect-TCPX", derived("12.5GBps", "4 x 200 Gb/s per server / 8 GPUs / 8"), n.HOST_LATENCY,
        estimate("0.8", "TCP with copies by the host's processors", low="0.65", high="0.9"))],
    tiers=n.clos(8, 64, 4096, 32768, "1", "Google's fabric is not published in these terms"))

GB300_NVL72 = like(
    m.GB200_NVL72, "gb300-nvl72", "NVIDIA GB300 NVL72 with XDR InfiniBand", chip=c.GB300,
    media=[n.nvlink(5), n.infiniband("XDR", XDR)],
    power=power.power(power.NVL72, n.HALL_PUE))
GB300_NVL72 = replace(GB300_NVL72, totals={"power_total": published("135kW", "Lenovo lp2357, 155 at peak", low="135kW", high="155kW")})

GB200_NVL4 = like(m.GB200_NVL72, "gb200-nvl4", "GB200 compute tray: 4 GPUs on NVLink 5", domain_noun="server",
                  build=lambda: switched(places(4), "nvlink", "nvswitch"),
                  tiers=n.infiniband_tiers(64, 4, 4, 32))

# --- without NVLink switches -------------------------------------------------------------------

BRIDGE_NOTES = ["PCIe switches and root complexes are one router: every board has one link to it.",
                "Boards of a group have direct links, if there are groups."]


def pcie_server(name: str, title: str, chip: Chip, generation: int, nic: str,
                efficiency: Fact | None = None) -> Machine:
    source = derived(nic, "two boards share a 400 Gb/s NIC, or 200 Gb/s on PCIe Gen4")
    return Machine(name, title, "server", BRIDGE_NOTES[:1], chip,
                   lambda: switched(places(8), "pcie", "host-bridge"),
                   [n.pcie(generation, efficiency), n.infiniband("NDR" if generation == 5 else "HDR", source)],
                   n.infiniband_tiers(64, 8, 8, 32), library.nccl(library.HOPPER_LAUNCH, library.IB_STEP),
                   n.Power(SERVER_OVERHEAD, n.HALL_PUE))


SERVER_OVERHEAD = estimate("250W", "processors, memory, fans and NICs of a PCIe server, 2 kW / 8",
                           low="150W", high="350W")

PCIE_SERVERS = [
    pcie_server("a100-pcie", "Server with 8 A100 PCIe 80GB", c.A100_PCIE, 4, "12.5GBps"),
    pcie_server("a100-pcie-40gb", "Server with 8 A100 PCIe 40GB", c.A100_PCIE_40, 4, "12.5GBps"),
    pcie_server("h100-pcie", "Server with 8 H100 PCIe", c.H100_PCIE, 5, "25GBps"),
    pcie_server("l40s", "Server with 8 L40S", c.L40S, 4, "12.5GBps"),
    pcie_server("rtx-pro-6000", "Server with 8 RTX PRO 6000 Blackwell", c.RTX_PRO_6000, 5, "25GBps"),
    pcie_server("rtx-4090", "Server with 8 RTX 4090", c.RTX_4090, 4, "12.5GBps", n.PCIE_STAGED),
]
H200_NVL = replace(
    PCIE_SERVERS[2], name="h200-nvl", title="Server with 8 H200 NVL in two bridged groups",
    notes=BRIDGE_NOTES, chip=c.H200_NVL, build=lambda: bridged(places(8), 4, "bridge", "pcie"),
    media=[n.nvlink_bridge(), n.pcie(5), PCIE_SERVERS[2].media[1]])


def gh200(name: str, chip: Chip) -> Machine:
    return Machine(name, chip.title + " with NDR InfiniBand", "server",
                   ["One superchip; its link to host memory is not shown."], chip, lambda: alone("0"),
                   [n.infiniband("NDR", NDR)], n.infiniband_tiers(64, 1, 1, 32),
                   library.nccl(library.HOPPER_LAUNCH, library.IB_STEP),
                   n.Power(estimate("300W", "Grace with its memory, NIC, fans", low="200W", high="450W"),
                           n.HALL_PUE))


MESH_NOTES = ["Every pair of GPUs has its own Infinity Fabric link."]


def mesh() -> Topology:
    return bridged(places(8), 8, "xgmi", "pcie")


def instinct(name: str, title: str, chip: Chip, fabric: n.Medium, size: int) -> Machine:
    return Machine(name, title, "server", MESH_NOTES, chip, mesh,
                   [fabric, n.ethernet("RoCE 400G", published("50GBps", "400 Gb/s per GPU (reference design)"),
                                       n.ROCE_LATENCY)],
                   n.clos(8, 128, 4096, 65536, "1", "a full-rate Clos"), library.RCCL,
                   power.power(power.H100, n.HALL_PUE),
                   {"hbm_size_total": memory(size, amd.datasheet(chip.title))})


INSTINCT = [
    instinct("mi300x", "8 AMD MI300X with 400G RoCE", amd.MI300X, n.xgmi("64GBps", "MI300X", "128"), 1536),
    instinct("mi325x", "8 AMD MI325X with 400G RoCE", amd.MI325X, n.xgmi("64GBps", "MI325X", "128"), 2048),
    instinct("mi355x", "8 AMD MI355X with 400G RoCE", amd.MI355X, n.xgmi("76.8GBps", "MI355X", "153.6"), 2304),
]

MACHINES = [*NVLINK_SERVERS, *GRAND_TETON, A3_HIGH, GB300_NVL72, GB200_NVL4, *PCIE_SERVERS, H200_NVL,
            gh200("gh200-96gb", c.GH200_96), gh200("gh200-144gb", c.GH200_144), *INSTINCT]
