# SPDX-License-Identifier: Apache-2.0
"""Media inside a domain, NICs, scale-out tiers and power, by family."""
from __future__ import annotations

from dataclasses import dataclass

from generator.fact import (COLLECTIVES, EFA, INTRANODE, NCCL_BOOK, NEURON, SA2, SA3, Fact, datasheet, derived, estimate, fit, published)


@dataclass(frozen=True)
class Medium:
    name: str
    title: str
    bandwidth: Fact  # per direction, raw
    efficiency: Fact
    latency: Fact  # of one link


@dataclass(frozen=True)
class Tier:
    name: str
    domains: Fact
    rails: Fact
    oversubscription: Fact
    latency: Fact


@dataclass(frozen=True)
class Power:
    overhead: Fact  # hosts and network of the box; without cooling: fans, supplies and scale-out too
    pue: Fact
    host: Fact | None = None
    cooling: Fact | None = None
    scale_out: Fact | None = None


# --- inside a domain -------------------------------------------------------------------------

PCIE_EFFICIENCY = estimate("0.88", "PCIe framing and headers; flit mode alone is 236/256 = 0.92",
                           low="0.85", high="0.92")


TRN1_EFFICIENCY = fit("1", "bus bandwidth of a flat ring over two trn1.32xlarge, 47.1 GiB/s (C0249), is 1.05 of 48 GB/s: "
                      "the link's rate is the lower of two that are named", low="0.85", high="1")


def trn1_torus() -> Medium:
    bandwidth = derived(
        "48GBps", f"384 GB/s both ways per chip ({NEURON}trainium2.rst, a table with shifted columns "
        "that gives trn1n 768) / 4 links / 2; agrees with 192 GB/s for the 2 ports of Inferentia2; the "
        "product page says up to 768 GB/s per chip", low="48GBps", high="96GBps")
    latency = derived("1us", f"a ring step of 1 to 2 us ({INTRANODE}, Trainium2) less collective.step")
    return Medium("xy", "NeuronLink-v2 of the 4x4 torus", bandwidth, TRN1_EFFICIENCY, latency)


def trn2_xy() -> Medium:
    bandwidth = published("128GBps", f"32 lanes of PCIe Gen5 to each of 4 neighbours ({SA2}); agrees "
                          f"with 1,024 GB/s both ways per chip in {NEURON}trn2-arch.rst")
    return Medium("xy", "NeuronLink-v3 inside an instance", bandwidth, PCIE_EFFICIENCY, TRN2_HOP)


def trn2_z() -> Medium:
    bandwidth = published("64GBps", f"cables to the same chip of the two neighbouring instances ({SA2}); "
                          f"agrees with 256 GB/s both ways per chip in {NEURON}trn2-arch.rst")
    return Medium("z", "NeuronLink-v3 between instances", bandwidth, PCIE_EFFICIENCY, TRN2_HOP)


TRN2_HOP = derived("0.5us", f"a ring step of 1 to 2 us, more when HBM is busy ({INTRANODE}), middle 1.5 us, less "
                   "collective.step: routed hops are faster than those that a core passes on", low="0.3us",
                   high="1.5us")

TRN3_BANDWIDTHS = {
    "documented": ("256GBps", "320GBps", "128GBps"),
    "optimistic": ("512GBps", "512GBps", "128GBps"),
    "pessimistic": ("128GBps", "160GBps", "64GBps"),
}

TRN3_BANDWIDTH_SOURCES = {
    "documented": ("published", "{doc} GB/s over {lanes} lanes of PCIe Gen6 at 8 GB/s per direction "
                   f"({NEURON}trn3-arch.rst, hop table); the page calls this the sum of both directions, "
                   "an analyst counts {sa3} active lanes; see the -optimistic and -pessimistic files"),
    "optimistic": ("derived", "{sa3} active lanes of PCIe Gen6 (" + SA3 + ") x 8 GB/s per direction"),
    "pessimistic": ("derived", "half of {doc} GB/s, which " + NEURON + "trn3-arch.rst calls the sum of "
                    "both directions"),
}


def trn3_bandwidth(variant: str, index: int) -> Fact:
    kind, text = TRN3_BANDWIDTH_SOURCES[variant]
    lanes, sa3, doc = ((32, 64, 256), (40, 64, 320), (16, 16, 128))[index]
    values = [TRN3_BANDWIDTHS[name][index] for name in ("pessimistic", "documented", "optimistic")]
    source = f"{kind}: " + text.format(lanes=lanes, sa3=sa3, doc=doc)
    return Fact(TRN3_BANDWIDTHS[variant][index], source, low=values[0], high=values[2])


def trn3_media(variant: str, near_is_switch: bool) -> list[Medium]:
    """Sled switch (or the board's direct link in Gen1), rack switches, direct links of the racks."""
    base = "a write from chip to chip takes 1.0 us (0.7 to 1.5) and a switch hop 0.13 us (PCIe Gen6 " \
           "cut-through, 0.10 to 0.15): "
    sled = estimate("565ns", base + "half of 1.13 us", low="400ns", high="825ns")
    rack = estimate("663ns", base + "half of 1.0 + 2.5 x 0.13 us, with 1 switch hop in a plane and 3 to "
                    f"the others ({SA3}), 17 and 51 of the 68 chips", low="475ns", high="975ns")
    if not near_is_switch:
        rack = estimate("598ns", base + "half of 1.0 + 1.5 x 0.13 us, with 1 switch hop in a plane and "
                        f"2 to the other ({SA3})", low="425ns", high="900ns")
    direct = estimate("1us", base + "no switch; a pair that crosses and goes on pays both links, as a "
                      "copy by the chip between would", low="700ns", high="1500ns")
    near = ("sled", "NeuronSwitch-v1 of a sled", sled) if near_is_switch else \
        ("tray", "board link between the two chips of a tray", direct)
    rows = [near, ("rack", "NeuronSwitch-v1 planes of a rack", rack),
            ("direct", "NeuronLink-v4 between the racks", direct)]
    return [Medium(name, title, trn3_bandwidth(variant, index), PCIE_EFFICIENCY, latency)
            for index, (name, title, latency) in enumerate(rows)]


NVLINK_RATES = {3: (600, "300GBps"), 4: (900, "450GBps"), 5: (1800, "900GBps")}


def nvlink(generation: int) -> Medium:
    both_ways, per_direction = NVLINK_RATES[generation]
    plateau = {
        3: fit("0.78", f"ring plateau 234.9 of 300 GB/s on 8 GPUs ({NCCL_BOOK}, C0014); single pairs "
               "reach 0.915 (C0098)", low="0.78", high="0.915"),
        4: fit("0.81", f"ring plateau 365.6 of 450 GB/s on 8 GPUs ({NCCL_BOOK}, C0091 and the H200 rank "
               "sweep); single pairs reach 0.88 (C0101)", low="0.8", high="0.88"),
        5: fit("0.76", f"ring plateau 682 of 900 GB/s on 8 GPUs ({NCCL_BOOK}, B200 rank sweep), 680 on "
               "32 GPUs of an NVL72 (NVIDIA GTC25 slide); single pairs reach 0.83 (C0100)",
               low="0.75", high="0.83"),
    }[generation]
    bandwidth = derived(per_direction, f"{both_ways} GB/s both ways per GPU / 2 "
                        f"({datasheet('NVLink ' + str(generation))})")
    latency = estimate("450ns", "half of 0.9 us from GPU to GPU over NVSwitch (0.7 to 1.0)",
                       low="350ns", high="500ns")
    return Medium("nvlink", f"NVLink {generation} to NVSwitch", bandwidth, plateau, latency)


# --- NICs ------------------------------------------------------------------------------------

EFA_EFFICIENCY = fit("0.93", f"bus bandwidth of large all-reduces per NIC rate: 370 of 400 GB/s on 16 "
                     f"p5en (C0205), 380 of 400 on 4 p6-b200 (C0054) ({NCCL_BOOK})", low="0.9", high="0.97")
IB_EFFICIENCY = fit("0.93", f"bus bandwidth of all-reduces of 16 GiB per NIC rate, 370 to 378 of 400 "
                    f"GB/s on 64 to 1,024 H100 (C0115 to C0170, {NCCL_BOOK})", low="0.9", high="0.97")

# End to end = 2 x NIC + 3 switch passes (top of rack, leaf, top of rack).
SWITCH_PASS = derived("667ns", "(15 us from HBM to HBM on Trainium2 less 2 x 6.5 us of EFA v3 packet "
                      f"latency) / 3 passes ({COLLECTIVES}, {SA2})", low="500ns", high="800ns")
EFA1_EFFICIENCY = fit("0.84", f"all-reduce of 2 GiB on 2 p4de: 41.8 GB/s over 4 x 100 Gb/s (C0186, {NCCL_BOOK})",
                      low="0.8", high="0.9")
EFA_LATENCIES = {
    1: fit("15us", "not published; all-reduce of 8 B on 2 p4de takes 164 us against 69 us on 2 p5 with "
           "EFA v2", low="9us", high="20us"),
    2: published("9us", f"EFA v2 packet latency ({SA2})"),
    3: published("6.5us", f"EFA v3 packet latency ({SA2}); with three switch passes 15 us end to end, "
                 f"as {COLLECTIVES} says from HBM to HBM"),
    4: estimate("5us", "(12 us end to end - 3 x 0.667 us of switches) / 2; 12 lies between the 15 us of "
                "EFA v3 and AWS's claim of less than 10 us", low="4us", high="5.5us"),
}


def efa(generation: int, bandwidth: Fact) -> Medium:
    return Medium("nic", f"EFA v{generation}", bandwidth, EFA1_EFFICIENCY if generation == 1 else EFA_EFFICIENCY,
                  EFA_LATENCIES[generation])


def infiniband(name: str, bandwidth: Fact) -> Medium:
    latency = derived("1.8us", "(4 us from GPU to GPU by RDMA in a pod, 3 to 5, less 3 switch passes of "
                      "0.13 us) / 2", low="1.3us", high="2.3us")
    return Medium("nic", f"InfiniBand {name}", bandwidth, IB_EFFICIENCY, latency)


def nic_rate(instance_gbps: int, chips: int, value: str, page: str = EFA) -> Fact:
    return derived(value, f"{instance_gbps:,} Gb/s per direction and domain / {chips} chips / 8 ({page})")


# --- scale-out tiers -------------------------------------------------------------------------

NO_RAILS = estimate("1", "the top-of-rack switches come first, rails are not published below them")
AWS_FULL_RATE = estimate("1", "AWS publishes no oversubscription; Meta's RoCE cluster has 7 above 3,072 "
                         "GPUs (arXiv 2407.21783)", low="1", high="7")
FULL_RATE = published("1", "DGX SuperPOD reference architecture: full fat tree")


def aws_tiers(chips: int, rack_domains: Fact) -> list[Tier]:
    """Top of rack, leaf, spine: reach by k^2/2 and k^3/4 of 25.6 Tb/s switches with 100 Gb/s ports."""
    leaf = derived(str(32768 // chips), f"256^2 / 2 = 32,768 ports of 100 Gb/s in two tiers of 25.6 Tb/s "
                   f"switches / {chips} chips, each plane alike")
    spine = derived(str(4194304 // chips), f"256^3 / 4 = 4.2 M ports of 100 Gb/s in three tiers of 25.6 "
                    f"Tb/s switches / {chips} chips; EFA does not leave an availability zone")
    return [Tier(name, domains, NO_RAILS, AWS_FULL_RATE, SWITCH_PASS)
            for name, domains in (("tor", rack_domains), ("leaf", leaf), ("spine", spine))]


def infiniband_tiers(radix: int, chips: int, rails: int, leaf_domains: int) -> list[Tier]:
    """Leaf (one per rail), spine, core: a full fat tree of switches with 'radix' ports."""
    passing = {64: published("130ns", datasheet("Quantum-2")),
               40: published("130ns", datasheet("Quantum QM8700"))}[radix]
    two, three = radix**2 // 2, radix**3 // 4
    leaf = derived(str(leaf_domains), f"{radix // 2} of {radix} ports of a leaf switch point down, one "
                   f"leaf per rail and group; {chips} chips on {rails} rails per domain")
    spine = derived(str(two // chips), f"{radix}^2 / 2 = {two:,} ports / {chips} chips per domain")
    core = derived(str(three // chips), f"{radix}^3 / 4 = {three:,} ports / {chips} chips per domain")
    on_rails = published(str(rails), "DGX SuperPOD reference architecture: rail-optimised")
    joined = published("1", "DGX SuperPOD reference architecture: spines join all rails")
    return [Tier("leaf", leaf, on_rails, FULL_RATE, passing),
            Tier("spine", spine, joined, FULL_RATE, passing),
            Tier("core", core, joined, FULL_RATE, passing)]


def rack_switches(terabits: float, gbps: int, domains: int) -> Fact:
    return estimate(str(domains), f"half of a {terabits} Tb/s top-of-rack switch points down / {gbps:,} "
                    f"Gb/s per domain ({SA2} for Trainium2; not published for others)")


# --- power -----------------------------------------------------------------------------------

AWS_PUE = published("1.15", "AWS fleet 2023 (DCD); 1.10 to 1.15 estimated for Rainier (" + SA2 + ")",
                    low="1.1", high="1.2")
HALL_PUE = estimate("1.15", "the AWS fleet's value, for equal comparison; Google 1.10, Microsoft 1.18",
                    low="1.08", high="1.3")
FABRIC_W = "60 W of scale-out switches and optics (estimate)"

# --- other links ----------------------------------------------------------------------------


def inf2_ring() -> Medium:
    bandwidth = derived("48GBps", "192 GB/s both ways per chip over 2 ports / 2 / 2 (AWS Inferentia2 page, "
                        "through a public note)")
    latency = derived("1us", f"a ring step of 1 to 2 us ({INTRANODE}, Trainium2) less collective.step")
    return Medium("ring", "NeuronLink-v2 ring", bandwidth, PCIE_EFFICIENCY, latency)


def nvlink_fusion() -> Medium:
    return Medium("nvlink", "NVLink 6 to NVSwitch (NVLink Fusion)",
                  estimate("1.8TBps", "NVLink 6 as announced, 3.6 TB/s both ways per GPU; what Trainium4 "
                           "connects is not known", low="0.64TBps", high="1.8TBps"),
                  estimate("0.76", "as NVLink 5", low="0.7", high="0.83"),
                  estimate("450ns", "as NVLink 5", low="350ns", high="600ns"))


def nvlink_cut(generation: int) -> Medium:
    """NVLink of 400 GB/s both ways: 8 of 18 links of NVLink 4 (H800), 8 of 12 of NVLink 3 (A800)."""
    whole = nvlink(generation)
    name = "H800" if generation == 4 else "A800"
    return Medium("nvlink", f"NVLink {generation} to NVSwitch, 400 GB/s",
                  derived("200GBps", f"400 GB/s both ways per GPU / 2 ({datasheet(name)})"),
                  whole.efficiency if generation != 4 else
                  fit("0.79", "DeepEP reaches about 158 GB/s inside a node (C0215, C0216), of 160 that its "
                      "README gives as the most", low="0.76", high="0.88"), whole.latency)


def nvlink_bridge() -> Medium:
    whole = nvlink(4)
    return Medium("bridge", "NVLink 4 bridge of four H200 NVL, one pair",
                  derived("150GBps", f"900 GB/s both ways per GPU / 2 / 3 neighbours ({datasheet('H200 NVL')})"),
                  whole.efficiency, estimate("400ns", "a direct link, no switch", low="300ns", high="500ns"))


PCIE_RATES = {4: ("32GBps", "16 lanes of 16 GT/s"), 5: ("64GBps", "16 lanes of 32 GT/s")}


def pcie(generation: int, efficiency: Fact | None = None) -> Medium:
    rate, lanes = PCIE_RATES[generation]
    latency = estimate("700ns", "half of 1.4 us from GPU to GPU through PCIe switches and the root complex",
                       low="400ns", high="1500ns")
    return Medium("pcie", f"PCIe Gen{generation} x16 to the host", derived(rate, f"{lanes} / 8"),
                  efficiency or PCIE_P2P, latency)


PCIE_P2P = fit("0.8", "copies between host and GPU 55 of 64 GB/s (C0103, C0104), less for traffic that crosses "
               "the root complex", low="0.6", high="0.87")
PCIE_STAGED = estimate("0.4", "no peer-to-peer on GeForce boards: every transfer goes through host memory, "
                       "twice over the link's root", low="0.25", high="0.5")


def xgmi(rate: str, chip: str, both_ways: str) -> Medium:
    bandwidth = derived(rate, f"{both_ways} GB/s both ways per pair of GPUs / 2 (AMD {chip} datasheet, recalled)")
    efficiency = fit("0.72", "RCCL all-reduce on MI300X: 47.7 of 64 GB/s between 2 GPUs, 312.9 of 448 among 8 "
                     "(C0096, C0097)", low="0.69", high="0.75")
    latency = estimate("1us", "a direct link; RCCL steps are slower than NCCL's", low="0.6us", high="2us")
    return Medium("xgmi", "Infinity Fabric, one pair", bandwidth, efficiency, latency)


def ici(rate: str, ports: int, whole: str, source: str) -> Medium:
    bandwidth = derived(rate, f"{whole} GB/s both ways per chip over {ports} ports / 2 ({source})")
    return Medium("ici", "inter-chip interconnect", bandwidth,
                  estimate("0.9", "packets with small headers; XLA collectives reach 85 to 95 % (recalled)",
                           low="0.8", high="0.95"),
                  estimate("1us", "one hop, router and wire (recalled: about 1 us)", low="0.5us", high="1.5us"))


def ethernet(title: str, bandwidth: Fact, latency: Fact, efficiency: Fact | None = None) -> Medium:
    return Medium("nic", title, bandwidth, efficiency or IB_EFFICIENCY, latency)


ROCE_LATENCY = derived("2.1us", "(5 us from GPU to GPU over RoCE, 4 to 6, less 3 switch passes of 0.27 us) / 2",
                       low="1.6us", high="2.7us")
HOST_LATENCY = estimate("10us", "TCP through the host's processors, 20 to 30 us end to end", low="5us", high="20us")
OMNI_PATH = Medium("nic", "Omni-Path 100", derived("6.25GBps", "4 x 100 Gb/s per server / 8 GPUs / 8 (Jean Zay)"),
                   estimate("0.88", "PSM2 staged through GPUDirect: below InfiniBand", low="0.75", high="0.93"),
                   estimate("3us", "about 6 us from GPU to GPU", low="2us", high="6us"))


def clos(chips: int, rack: int, pod: int, most: int, factor: str, why: str) -> list[Tier]:
    """Ethernet Clos: top of rack, pod, aggregation."""
    passing = estimate("270ns", "a pass through a shallow-buffer Ethernet switch (0.25 to 0.8 us)",
                       low="250ns", high="800ns")
    above = estimate(factor, why, low="1", high="7")
    one = estimate("1", why)
    return [Tier(name, estimate(str(count // chips), why), one, rate, passing)
            for name, count, rate in (("tor", rack, one), ("pod", pod, above), ("aggregation", most, one))]

GOOGLE_PUE = published("1.1", "Google fleet (sustainability report)", low="1.08", high="1.12")
