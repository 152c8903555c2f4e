# SPDX-License-Identifier: Apache-2.0
"""AMD Instinct: peaks, memory, efficiencies reached by kernels, power."""
from __future__ import annotations

from generator.chips_nvidia import gpu
from generator.fact import MAMF, Fact, estimate, fit, published


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
    "attention_efficiency": estimate("0.35", "about half of the matmul efficiency in bf16, as published "
                                     "comparisons with H100 show (recalled)", low="0.25", high="0.45"),
}

CDNA3 = CDNA | {
    "headline_fp32": published("163.4Tf", datasheet("MI300X")),
    "headline_bf16": published("1307Tf", vendor("MI300X")),
    "headline_fp8": published("2615Tf", vendor("MI300X")),
    "unit_count": published("304", datasheet("MI300X") + ": compute units"),
}


def best_shape(fraction: str, row: str, measured: str, low: str, high: str) -> Fact:
    return fit(fraction, f"0.93 of the best shape, for sustained power: {row} {MAMF} {measured}",
               low=low, high=high)


MI300X = gpu("mi300x", "AMD Instinct MI300X", "1307Tf", CDNA3 | {
    "hbm_size": published("192GB", vendor("MI300X"), low="192GB", high="192GiB"),
    "hbm_bandwidth": published("5.3TBps", vendor("MI300X")),
    "matmul_efficiency": best_shape("0.475", "G0008", "0.511", "0.42", "0.52"),
    "idle_power": estimate("112W", "15 % of the TDP"),
    "tdp": published("750W", vendor("MI300X")),
})

MI325X = gpu("mi325x", "AMD Instinct MI325X", "1307Tf", CDNA3 | {
    "hbm_size": published("256GB", datasheet("MI325X"), low="256GB", high="256GiB"),
    "hbm_bandwidth": published("6TBps", datasheet("MI325X")),
    "matmul_efficiency": best_shape("0.56", "G0007", "0.600", "0.5", "0.61"),
    "idle_power": estimate("150W", "15 % of the TDP"),
    "tdp": published("1000W", datasheet("MI325X")),
})

MI355X = gpu("mi355x", "AMD Instinct MI355X", "2500Tf", CDNA | {
    "headline_fp32": published("157.3Tf", datasheet("MI355X")),
    "headline_bf16": published("2500Tf", vendor("MI355X")),
    "headline_fp8": published("5000Tf", vendor("MI355X")),
    "headline_fp4": published("10100Tf", vendor("MI355X")),
    "unit_count": published("256", datasheet("MI355X") + ": compute units"),
    "hbm_size": published("288GB", vendor("MI355X"), low="288GB", high="288GiB"),
    "hbm_bandwidth": published("8TBps", vendor("MI355X")),
    "matmul_efficiency": best_shape("0.58", "G0006", "0.626", "0.5", "0.64"),
    "idle_power": estimate("210W", "15 % of the TDP"),
    "tdp": published("1400W", vendor("MI355X")),
})
