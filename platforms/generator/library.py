# SPDX-License-Identifier: Apache-2.0
"""How NCCL, RCCL, Neuron and XLA move bytes: launch, protocols, in-switch reduction."""
from __future__ import annotations

from dataclasses import dataclass

from generator.fact import (AICONFIG, COLLECTIVES, INTRANODE, NCCL_BOOK, NCCOM, Fact, derived, estimate,
                            fit)

TUNING = "NVIDIA/nccl src/graph/tuning.cc"


@dataclass(frozen=True)
class Protocol:
    name: str
    efficiency: Fact
    step: Fact
    step_scale_out: Fact
    slice: Fact
    slice_scale_out: Fact


@dataclass(frozen=True)
class InSwitch:
    efficiency: Fact
    tuned: Fact
    step: Fact
    step_scale_out: Fact
    slice: Fact
    slice_scale_out: Fact


@dataclass(frozen=True)
class Software:
    launch: Fact
    step: Fact
    step_scale_out: Fact
    algorithms: str
    protocols: tuple[Protocol, ...] = ()
    in_switch: InSwitch | None = None
    host: Fact | None = None
    own_copy: Fact | None = None
    pair_copy: Fact | None = None
    pair_protocols: Fact | None = None


@dataclass(frozen=True)
class Net:
    """Steps over a network by protocol."""

    low: Fact
    middle: Fact
    bulk: Fact
    in_switch: Fact
    slice: Fact


NO_SLICE = estimate("0B", "steps this small are not cut: their cost is in the step")

IB_STEP = Net(
    estimate("3us", f"{TUNING} has 2.7 (LL) to 14 us (Simple) per network step, of which the way takes 4",
             low="0us", high="10us"),
    estimate("20us", "as in-switch reduction", low="4us", high="30us"),
    estimate("40us", f"{TUNING} has 50 us for a tree step by Simple", low="10us", high="60us"),
    fit("20us", f"trees over 4 to 1,024 DGX H100 (C0115 to C0170, {NCCL_BOOK}): 60 us for a level up and "
        "down at 4 MiB", low="15us", high="30us"),
    fit("1MB", "the same: 92 us a level from 16 MiB up", low="0.5MB", high="2MB"))
EFA_STEP = Net(
    fit("7us", "all-reduce of 8 B on 2 p5 takes 69 us, on one 13 us; on 2 p6-b200 51 us: 28 and 19 us per "
        "crossing, of which the way takes 20 and 12", low="3us", high="10us"),
    fit("30us", "all-reduce of 128 KiB to 4 MiB on 2 p5: 109 to 169 us (C0193 to C0197)", low="20us",
        high="50us"),
    fit("130us", "all-reduce of 16 MiB and more on 2 p5, less its bytes: 300 us (C0198 to C0203)", low="60us",
        high="150us"),
    fit("40us", "the same", low="20us", high="60us"),
    fit("3.5MB", "the same", low="1MB", high="6MB"))
EFA4_STEP = Net(
    EFA_STEP.low,
    fit("60us", "all-reduce of 256 KiB to 4 MiB on 4 p6-b200: 358 to 430 us (C0034 to C0040)", low="20us",
        high="80us"),
    fit("130us", "as EFA v2", low="60us", high="150us"),
    fit("63us", "all-reduce of 16 to 256 MiB on 4 p6-b200 (C0042 to C0048)", low="40us", high="80us"),
    fit("1.75MB", "the same", low="1MB", high="6MB"))
EFA1_STEP = Net(
    fit("40us", "all-reduce of 8 B on 2 p4de takes 164 us: 75 us per crossing, of which the way takes 32",
        low="10us", high="60us"),
    fit("55us", "all-reduce of 64 KiB to 512 KiB on 2 p4de: 227 to 260 us (C0176 to C0178)", low="40us",
        high="80us"),
    fit("250us", "all-reduce of 16 MiB and more on 2 p4de, less its bytes: 750 us (C0181 to C0186)",
        low="200us", high="350us"),
    fit("250us", "no switch that reduces has this network", low="0us", high="350us"),
    NO_SLICE)

HOPPER_LAUNCH = fit("4us", f"NCCL 2.29 on H100, all-gather and all-reduce of 2 KB on 2, 4 and 8 GPUs "
                    f"extrapolated to no step: 4.2 and 4.8 us ({AICONFIG})", low="4us", high="8.4us")
AMPERE_LAUNCH = fit("8us", f"NCCL 2.27 on A100, all-gather and all-reduce of 2 KB on 2, 4 and 8 GPUs "
                    f"extrapolated to no step: 8.2 and 8.1 us ({AICONFIG})", low="6.6us", high="9us")
OWN_COPY = fit("0.55", "all-gather and reduce-scatter of 64 MB and more on 2, 4 and 8 A100 and H100, less their bytes on the "
               f"links: 0.45 to 0.65 ({AICONFIG})", low="0.45", high="0.65")
PAIR_PROTOCOLS = estimate("LL, Simple", "no LL128: send-receive tables of A100 and H100 have no step of its cost")
PAIR_COPY = fit("1.6", "all-to-all of 64 MB and more on 2, 4 and 8 A100 and H100, less its bytes on the links: 1.3 to 1.9 "
                f"({AICONFIG})", low="1.3", high="1.9")
HOST = fit("26us", "torch programs that wait for each all-reduce: 38 us on 8 H200 where NCCL alone takes 16 to 20 "
           f"({NCCL_BOOK}, C0015 to C0018; {AICONFIG})", low="20us", high="32us")


def low_latency(ampere: bool, net: Net) -> Protocol:
    efficiency = fit("0.1", f"all-reduce of 32 to 512 KiB on 8 A100 (C0001 to C0004, {NCCL_BOOK})", low="0.1",
                     high="0.25") if ampere else \
        fit("0.01", "all-reduce of 8 to 32 KiB on 2 p5 (C0190 to C0192); on one H100 server it gives way to LL128 "
            f"at 16 KB ({AICONFIG})", low="0.01", high="0.1")
    step = fit("1.3us", "the same, C0001; NCCL 2.27 has 0.05 us (" + AICONFIG + ")", low="0us", high="1.5us") \
        if ampere else fit("0us", f"all-reduce of 2 KB on 8 H100 takes 15.6 us, 14 steps of 0.83 ({AICONFIG})",
                           low="0us", high="0.5us")
    return Protocol("LL", efficiency, step, net.low, NO_SLICE, NO_SLICE)


def middle(ampere: bool, net: Net) -> Protocol:
    efficiency = fit("0.58", f"all-reduce of 2 to 16 MiB on 8 A100 (C0005 to C0007, {NCCL_BOOK}); {TUNING} has "
                     "0.92, and channels of less", low="0.55", high="0.92") if ampere else \
        fit("0.7", f"all-reduce and all-gather of 1 to 32 MB on 8 H100 ({AICONFIG})", low="0.6", high="0.92")
    step = fit("2.2us", "the same rows", low="0.45us", high="2.5us") if ampere else \
        fit("0.15us", f"all-reduce of 16 to 256 KB on 8 H100: 18.4 to 19.2 us ({AICONFIG})", low="0us", high="1us")
    return Protocol("LL128", efficiency, step, net.middle, NO_SLICE, NO_SLICE)


def bulk(ampere: bool, net: Net) -> Protocol:
    full = estimate("1", "the plateau is the link's own efficiency")
    step = fit("10us", f"all-reduce of 32 MiB to 2 GiB on 8 A100 (C0008 to C0012, {NCCL_BOOK})", low="3.4us",
               high="13us") if ampere else \
        derived("3.4us", f"{TUNING}: ring step by Simple over NVLink", low="3us", high="6us")
    cut = fit("0.5MB", "the same rows", low="0.25MB", high="2MB")
    return Protocol("Simple", full, step, net.bulk, cut, net.slice)


# Rate of an all-reduce in the switch over that of a ring's links, as NCCL takes it when it chooses.
TUNED = {4: derived("0.6296", f"0.85 x 5/6 x 320 / 360 GB/s: NVLS efficiency on Hopper, bus ratio ({TUNING}), "
                    "16 channels of 20 and 12 rings of 30 GB/s", low="0.62", high="0.64"),
         5: derived("0.6167", f"0.74 x 5/6: NVLS efficiency on Blackwell, bus ratio ({TUNING})", low="0.61",
                    high="0.64")}


def in_switch(nvlink: int, net: Net) -> InSwitch | None:
    if nvlink not in TUNED:
        return None
    efficiency, step, cut = {
        4: (fit("0.842", f"258.9, 268.3 and 270.3 GB/s on 5, 7 and 8 H200 (C0078 to C0082, {NCCL_BOOK}), 0.68 of 450 "
                "x 8/9", low="0.83", high="0.85"),
            fit("10us", "all-reduce of 2 MiB on 8 H200 (C0019)", low="5us", high="15us"),
            fit("7.8MB", "all-reduce of 16 to 256 MiB on 8 H200 (C0021 to C0024)", low="4MB", high="12MB")),
        5: (fit("0.79", f"466.9 and 478.9 GB/s on 6 and 8 B200 (C0086, C0088, {NCCL_BOOK}), 0.60 of 900 x 8/9",
                low="0.78", high="0.8"),
            fit("22us", "all-reduce of 16 MiB on 8 B200 (C0041)", low="15us", high="30us"),
            fit("20MB", "all-reduce of 32 to 256 MiB on 8 B200 (C0043 to C0047)", low="10MB", high="30MB")),
    }[nvlink]
    return InSwitch(efficiency, TUNED[nvlink], step, net.in_switch, cut, net.slice)


def nccl(launch: Fact, net: Net, nvlink: int = 0) -> Software:
    """nvlink: the generation of an NVSwitch that joins the GPUs; 0: none does."""
    ampere = launch is AMPERE_LAUNCH
    protocols = (low_latency(ampere, net), middle(ampere, net), bulk(ampere, net))
    return Software(launch, protocols[0].step, net.low, "ring, double-tree, in-switch", protocols,
                    in_switch(nvlink, net), HOST, OWN_COPY, PAIR_COPY, PAIR_PROTOCOLS)


RCCL = Software(estimate("10us", "RCCL all-reduces of a few bytes take 15 to 25 us on 8 MI300X (recalled)",
                         low="6us", high="20us"),
                estimate("1us", "beside the link's latency", low="0.3us", high="3us"),
                estimate("4us", "as NCCL over InfiniBand (3 us), a little more", low="1us", high="10us"),
                "direct, ring, tree, double-tree, hierarchical")

XLA = Software(estimate("2us", "compiled into the program: no launch from the host", low="1us", high="5us"),
               estimate("0.3us", "semaphores between DMA engines", low="0us", high="1us"),
               estimate("20us", "transfers between slices go through the host's NIC", low="10us", high="50us"),
               "torus, ring, tree, hierarchical")

NEURON_ALGORITHMS = "direct, halving-doubling, kangaring, ring, hierarchical"
NEURON_SOFTWARE = Software(
    estimate("5us", f"an all-gather of 1 KiB takes 6.2 us over 32 ranks and 10 us over 8 ({NCCOM}), a ring "
             "step 1 to 2 us", low="4us", high="9us"),
    derived("1us", f"a ring step of 1 to 2 us ({INTRANODE}), middle 1.5, of which the link has 0.5",
            low="0us", high="1.5us"),
    estimate("0.5us", f"as inside a domain; {COLLECTIVES} gives 15 us per hop between nodes, which is the "
             "latency of the way itself", low="0us", high="2us"), NEURON_ALGORITHMS)

TRN1_STEP = fit("6us", f"an all-reduce of 8 B over two trn1.32xlarge takes 520 us in the 2023 sample of {NCCOM}, in "
                "the 32 steps of rings inside and between", low="0.5us", high="8us")
TRN1_CROSSING = fit("100us", "the same", low="10us", high="200us")
NEURON_2023_SOFTWARE = Software(
    fit("50us", "an all-reduce of 1 KiB over the 2 cores of a chip takes 58 us in the 2023 sample of "
        f"{NCCOM}; newer stacks take 6 to 10 us on later chips", low="5us", high="58us"),
    TRN1_STEP, TRN1_CROSSING, "ring, kangaring, hierarchical",
    (Protocol("small", fit("0.1", "the same sample from 1 KiB on", low="0.05", high="1"), TRN1_STEP,
              TRN1_CROSSING, NO_SLICE, NO_SLICE),
     Protocol("large", estimate("1", "the plateau is the link's own efficiency"),
              fit("15us", f"an all-reduce of 256 KiB to 16 MiB over two trn1.32xlarge takes 1.3 to 2.1 ms in the 2023 "
                  f"sample of {NCCOM}", low="5us", high="20us"), TRN1_CROSSING, NO_SLICE, NO_SLICE)))
