# SPDX-License-Identifier: Apache-2.0
"""AMD Instinct: peaks, memory, efficiencies reached by kernels, power."""
from __future__ import annotations

from generator.chip import all_scaled
from generator.chips_nvidia import HOPPER_FIT, gpu
from generator.fact import MAMF, Fact, estimate, published


def vendor(chip: str) -> str:
    return f"amd.com {chip} product page (through a public note of 19 Sep 2026)"


def datasheet(chip: str) -> str:
    return f"AMD {chip} datasheet or whitepaper (recalled, not read again)"


CDNA = {
    "tile_m": estimate("256", "workgroup tile of hipBLASLt on a CU, 256 x 256"),
    "tile_n": estimate("256", "workgroup tile of hipBLASLt on a CU, 256 x 256"),
    "tile_k": estimate("64", "K step of such a tile"),
    "hbm_efficiency": estimate("0.78", "STREAM reaches about 4.0 to 4.3 of 5.3 TB/s on MI300X (recalled)",
                               low="0.7", high="0.85"),
}

CDNA3 = CDNA | {
    "headline_fp32": published("163.4Tf", datasheet("MI300X")),
    "headline_bf16": published("1307Tf", vendor("MI300X")),
    "headline_fp8": published("2615Tf", vendor("MI300X")),
    "unit_count": published("304", datasheet("MI300X") + ": compute units"),
}


def cdna(best: float, row: str) -> dict[str, Fact]:
    """best: part of the peak that the best shape found by search reaches (H100: 0.803)."""
    reason = (f"Hopper's fitted constant; GEMM by the ratio of best shapes on random data ({row} over G0003, "
              f"{MAMF}), attention as published comparisons with H100 show (recalled), launches by HIP")
    return all_scaled(HOPPER_FIT, reason, matmul_efficiency=best / 0.803, matmul_efficiency_fp8=best / 0.803,
                      attention_efficiency=0.4, op_overhead=1.5)


MI300X = gpu("mi300x", "AMD Instinct MI300X", "1307Tf", cdna(0.511, "G0008") | CDNA3 | {
    "hbm_size": published("192GB", vendor("MI300X"), low="192GB", high="192GiB"),
    "hbm_bandwidth": published("5.3TBps", vendor("MI300X")),
    "idle_power": estimate("112W", "15 % of the TDP"),
    "tdp": published("750W", vendor("MI300X")),
})

MI325X = gpu("mi325x", "AMD Instinct MI325X", "1307Tf", cdna(0.6, "G0007") | CDNA3 | {
    "hbm_size": published("256GB", datasheet("MI325X"), low="256GB", high="256GiB"),
    "hbm_bandwidth": published("6TBps", datasheet("MI325X")),
    "idle_power": estimate("150W", "15 % of the TDP"),
    "tdp": published("1000W", datasheet("MI325X")),
})

MI355X = gpu("mi355x", "AMD Instinct MI355X", "2500Tf", cdna(0.626, "G0006") | CDNA | {
    "headline_fp32": published("157.3Tf", datasheet("MI355X")),
    "headline_bf16": published("2500Tf", vendor("MI355X")),
    "headline_fp8": published("5000Tf", vendor("MI355X")),
    "headline_fp4": published("10100Tf", vendor("MI355X")),
    "unit_count": published("256", datasheet("MI355X") + ": compute units"),
    "hbm_size": published("288GB", vendor("MI355X"), low="288GB", high="288GiB"),
    "hbm_bandwidth": published("8TBps", vendor("MI355X")),
    "idle_power": estimate("210W", "15 % of the TDP"),
    "tdp": published("1400W", vendor("MI355X")),
})
