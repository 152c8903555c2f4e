# SPDX-License-Identifier: Apache-2.0
"""What a chip can keep outside its own memory, and how fast it comes back: memory of its host, the host's
drives, a store on the network. Values are a chip's share."""
from __future__ import annotations

from dataclasses import dataclass

from generator.fact import NEURON, SA2, SA3, Fact, derived, estimate

PCIE = {3: ("11GBps", "9GBps", "13GBps"), 4: ("24GBps", "20GBps", "27GBps"), 5: ("50GBps", "40GBps", "56GBps"),
        6: ("100GBps", "80GBps", "112GBps")}
COPY = "copies between host and GPU reach 55 of 64 GB/s on PCIe 5 (ML Engineering book, C0103, C0104), less for scattered blocks"


@dataclass(frozen=True)
class Storage:
    host_size: Fact
    host_bandwidth: Fact
    ssd_size: Fact
    ssd_bandwidth: Fact
    shared_bandwidth: Fact


HOST_LATENCY = estimate("20us", "a copy of few blocks set up by the host", low="10us", high="50us")
SSD_LATENCY = estimate("100us", "read latency of NVMe drives, 60 to 200 us", low="60us", high="200us")
SHARED_TOTAL = estimate("2TBps", "one store of 7,500 servers for 16,384 GPUs: 2 TB/s sustained, 7 TB/s at its peak (arXiv 2407.21783); what a cluster of another "
                        "size has is not known", low="0.5TBps", high="7TBps")
SHARED_LATENCY = estimate("1ms", "a request to a parallel file system over the network", low="300us", high="5ms")


def over_pcie(generation: int) -> Fact:
    value, low, high = PCIE[generation]
    return estimate(value, f"a PCIe {generation} x16 port of its own; {COPY}", low=low, high=high)


def storage(host: Fact, generation: int, drives: str, ssd: str, shared: str) -> Storage:
    """drives: NVMe of a chip; ssd and shared: rates of a chip."""
    return Storage(
        host, over_pcie(generation),
        estimate(drives, "one or two NVMe drives of a server a chip", low=drives, high=drives),
        estimate(ssd, "sequential reads of NVMe drives of that generation, 3 to 7 GB/s a drive"),
        estimate(shared, "a share of the server's storage network, 100 to 200 Gb/s a server"))


def server(gigabytes: int, why: str) -> Fact:
    return estimate(f"{gigabytes}GiB", why, low=f"{gigabytes // 2}GiB", high=f"{gigabytes * 2}GiB")


GRACE = Storage(
    derived("240GiB", "480 GB of LPDDR5X a Grace, of which a GB200 or GH200 board gives a GPU half or all"),
    estimate("350GBps", "NVLink-C2C, 450 GB/s each way, less what the copy loses", low="250GBps", high="420GBps"),
    estimate("2TB", "one NVMe drive a GPU"), estimate("6GBps", "one PCIe 5 NVMe drive a GPU"),
    estimate("6.25GBps", "400 Gb/s of front-end network for 8 GPUs"))
H100 = storage(server(256, "2 TiB in servers with eight GPUs"), 5, "3.84TB", "6GBps", "3GBps")
A100 = storage(server(128, "1 TiB in servers with eight GPUs"), 4, "1.92TB", "5GBps", "2GBps")
TRAINIUM1 = storage(derived("32GiB", f"512 GiB of trn1.32xlarge / 16 ({NEURON}trn1-arch.rst)"), 4, "475GB", "1GBps", "600MBps")
TRAINIUM2 = Storage(
    derived("128GiB", f"2 TiB of trn2.48xlarge / 16 ({SA2})"), over_pcie(5),
    derived("475GB", f"16 local NVMe drives a server of 16 chips ({SA2})"),
    estimate("1GBps", "one local NVMe drive of the instance store a chip", low="0.8GBps", high="2GBps"),
    derived("780MBps", f"ENA 100 Gb/s a server / 16 chips / 8 ({SA2})"))
TRAINIUM3 = Storage(
    derived("192GiB", f"27,648 GiB of an UltraServer / 144 ({NEURON}trn3-arch.rst)"), over_pcie(5),
    derived("4TB", f"2 x 8 TB NVMe a sled of 4 chips ({SA3})"),
    estimate("3GBps", "two PCIe 5 NVMe drives for 4 chips", low="2GBps", high="4GBps"),
    derived("12.5GBps", f"ENA 400 Gb/s a sled of 4 chips ({SA3}) / 4 / 8"))
TPU = storage(server(128, "512 GiB in hosts with four chips"), 4, "1TB", "1GBps", "1.5GBps")
WORKSTATION = storage(server(64, "a workstation's or server's memory over its GPUs"), 4, "2TB", "5GBps", "1.2GBps")

# The first name with which a machine's begins.
BY_NAME = {
    "gb": GRACE, "gh": GRACE, "trn1": TRAINIUM1, "inf2": TRAINIUM1, "trn2": TRAINIUM2, "trn": TRAINIUM3,
    "tpu": TPU, "rtx": WORKSTATION, "l40": WORKSTATION, "a100": A100, "hgx-a100": A100, "jean": A100,
    "p4": A100, "": H100}


def storage_of(name: str) -> Storage:
    return next(value for start, value in BY_NAME.items() if name.startswith(start))
