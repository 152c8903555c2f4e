# SPDX-License-Identifier: Apache-2.0
"""One number of a machine with its unit, where it comes from, and its range if that is known."""
from __future__ import annotations

from dataclasses import dataclass

KINDS = ("published: ", "derived: ", "estimate: ", "fit: ")


@dataclass(frozen=True)
class Fact:
    value: str  # with its unit: "96GiB"; fractions and counts bare
    source: str
    low: str | None = None
    high: str | None = None

    def __post_init__(self) -> None:
        if not self.source.startswith(KINDS):
            raise ValueError(f"{self.value}: the source must start with one of {KINDS}")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.value}: a range needs both ends")


def published(value: str, source: str, low: str | None = None, high: str | None = None) -> Fact:
    """Printed by the maker or in a named publication."""
    return Fact(value, "published: " + source, low, high)


def derived(value: str, source: str, low: str | None = None, high: str | None = None) -> Fact:
    """Arithmetic on published values; the source shows it."""
    return Fact(value, "derived: " + source, low, high)


def estimate(value: str, source: str, low: str | None = None, high: str | None = None) -> Fact:
    """A judgement; the source says why."""
    return Fact(value, "estimate: " + source, low, high)


def fit(value: str, source: str, low: str | None = None, high: str | None = None) -> Fact:
    """Taken from measurements; the source names them."""
    return Fact(value, "fit: " + source, low, high)


# Documents that many sources name.
NEURON = "aws-neuron-sdk about-neuron/arch/neuron-hardware/"
NKI = "aws-neuron-sdk nki/guides/architecture/"
DMA_GUIDE = "aws-neuron-sdk nki/deep-dives/nki-dma-bandwidth-guide.rst"
COLLECTIVES = "aws-neuron-sdk neuron-runtime/about/collectives.rst"
INTRANODE = "aws-neuron-sdk neuron-runtime/explore/intranode-collective-comm.rst"
NCCOM = "aws-neuron-sdk tools/neuron-sys-tools/nccom-test.rst"
SA2 = "newsletter.semianalysis.com/p/amazons-ai-self-sufficiency-trainium2-architecture-networking"
SA3 = "newsletter.semianalysis.com/p/aws-trainium3-deep-dive-a-potential"
EFA = "docs.aws.amazon.com EC2 accelerated computing and EFA pages (through a public note of 1 Aug 2026)"
MAMF = "ML Engineering book (stas00/ml-engineering, compute/accelerator), best GEMM shape found"
AICONFIG = "ai-dynamo/aiconfigurator@095f58a kernel tables"
NCCL_BOOK = "ML Engineering book (stas00/ml-engineering, network) collective benchmarks"


def vendor(chip: str) -> str:
    return f"nvidia.com {chip} product page (through a public note of 19 Sep 2026)"


def datasheet(chip: str) -> str:
    return f"NVIDIA {chip} datasheet or whitepaper (recalled, not read again)"
