# SPDX-License-Identifier: Apache-2.0
"""Google TPUs: peaks, memory, efficiencies reached by kernels, power."""
from __future__ import annotations

from generator.chip import Chip, all_scaled, fitted
from generator.fact import Fact, derived, estimate, published


def docs(page: str) -> str:
    return f"docs.cloud.google.com/tpu/docs/{page}"


def recalled(page: str) -> str:
    return f"docs.cloud.google.com/tpu/docs/{page} (recalled, not read again)"


def tpu(type_: str, title: str, speed: str, facts: dict[str, Fact]) -> Chip:
    return Chip(type_, title, "tpu", speed, COMMON | facts)


V6E_FIT = fitted("tpu_v6e")
COMMON = all_scaled(V6E_FIT, "v6e's fitted constant") | {
    "communication_compute": estimate("0", "ICI transfers are run by DMA engines beside the arrays"),
    "reserved_memory": estimate("0.5GiB", "runtime and program; not published", low="0.2GiB", high="1GiB"),
}

MXU_128 = {name: published("128", docs("system-architecture-tpu-vm") + ": MXU of 128 x 128")
           for name in ("tile_m", "tile_k", "tile_issue")}
MXU_256 = {name: published("256", docs("system-architecture-tpu-vm") + ": MXU of 256 x 256")
           for name in ("tile_m", "tile_k", "tile_issue")}
MOVING = {"tile_n": estimate("512", "rows streamed past a held operand before the next one is needed")}


def power(tdp: str, idle: str, why: str, low: str, high: str) -> dict[str, Fact]:
    return {"tdp": estimate(tdp, why, low=low, high=high),
            "idle_power": estimate(idle, "a fifth to a third of the TDP")}


V4 = tpu("tpu_v4", "Google TPU v4", "275Tf", MXU_128 | MOVING | {
    "headline_fp32": derived("45.8Tf", "six bf16 passes for one in FP32"),
    "headline_bf16": published("275Tf", recalled("v4")),
    "hbm_size": published("32GiB", recalled("v4")),
    "hbm_bandwidth": published("1228GBps", recalled("v4")),
    "unit_count": published("8", recalled("v4") + ": 2 cores of 4 MXUs"),
} | power("192W", "90W", "maximum in production, mean 170 W (arXiv 2304.01433)", "170W", "192W"))

V5E = tpu("tpu_v5e", "Google TPU v5e", "197Tf", MXU_128 | MOVING | {
    "headline_fp32": derived("32.8Tf", "six bf16 passes for one in FP32"),
    "headline_bf16": published("197Tf", recalled("v5e")),
    "hbm_size": published("16GB", recalled("v5e"), low="16GB", high="16GiB"),
    "hbm_bandwidth": published("819GBps", recalled("v5e")),
    "unit_count": published("4", recalled("v5e") + ": 1 core of 4 MXUs"),
} | power("200W", "60W", "not published; the class of v4", "150W", "250W"))

V5P = tpu("tpu_v5p", "Google TPU v5p", "459Tf", MXU_128 | MOVING | {
    "headline_fp32": derived("76.5Tf", "six bf16 passes for one in FP32"),
    "headline_bf16": published("459Tf", docs("v5p")),
    "headline_fp8": published("459Tf", docs("tpu7x") + ": no faster than bf16"),
    "hbm_size": published("95GiB", docs("v5p")),
    "hbm_bandwidth": published("2765GBps", docs("v5p")),
    "unit_count": published("8", docs("v5p") + ": 2 cores of 4 MXUs"),
} | power("400W", "100W", "not published; v4 x 459 / 275, one process step on", "350W", "500W"))

V6E = tpu("tpu_v6e", "Google TPU v6e", "918Tf", V6E_FIT | MXU_256 | MOVING | {
    "headline_fp32": derived("153Tf", "six bf16 passes for one in FP32"),
    "headline_bf16": published("918Tf", docs("v6e")),
    "headline_fp8": published("918Tf", docs("v6e")),
    "hbm_size": published("32GB", docs("v6e"), low="32GB", high="32GiB"),
    "hbm_bandwidth": published("1638GBps", docs("v6e")),
    "unit_count": published("2", docs("v6e") + ": 1 core of 2 MXUs"),
} | power("350W", "80W", "not published; Google claims 67 % better efficiency than v5e: 200 W x 918 / 197 "
          "/ 1.67 would be 558 W", "250W", "560W"))

TPU7X = tpu("tpu_7x", "Google TPU7x (Ironwood)", "2307Tf", MXU_256 | MOVING | {
    "headline_fp32": derived("384Tf", "six bf16 passes for one in FP32"),
    "headline_bf16": published("2307Tf", docs("tpu7x")),
    "headline_fp8": published("4614Tf", docs("tpu7x")),
    "hbm_size": published("192GiB", docs("tpu7x")),
    "hbm_bandwidth": published("7380GBps", "Google's announcement of Ironwood (recalled)"),
    "unit_count": estimate("4", "2 cores of 2 MXUs as in v6e"),
} | power("960W", "200W", "10 MW for 9,216 chips (Google's announcement, recalled) / 9,216 x 0.885",
          "700W", "1085W"))
