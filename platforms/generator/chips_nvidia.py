# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GPUs: peaks, memory, efficiencies reached by kernels, power.

Efficiencies are those of large kernels that run for minutes on random data, as in training: best
shapes found by search, short runs and zero data give more because chips throttle.
"""
from __future__ import annotations

from generator.chip import Chip, all_scaled, as_sibling, fitted, scaled
from generator.fact import (AICONFIG, MAMF, SA3, Fact, datasheet, derived, estimate, fit, published,
                            vendor)

GPU_COMMON = {
    "communication_compute": estimate(
        "0.1", "NCCL kernels hold SMs: DeepSeek-V3 keeps 20 of 132, NCCL 2.27 with in-switch reduction "
        "6 to 16", low="0.05", high="0.15"),
    "reserved_memory": estimate("2GiB", "CUDA context, cuBLAS workspaces and NCCL buffers; not "
                                "published, 1.5 to 3 GiB is common", low="1.5GiB", high="3GiB"),
}


def gpu(type_: str, title: str, speed: str, facts: dict[str, Fact]) -> Chip:
    return Chip(type_, title, "gpu", speed, GPU_COMMON | facts)


def gib_note(printed: str) -> str:
    return f"; {printed} GB as printed are GiB: nvidia-smi shows that many less ECC and firmware"


AMPERE_FIT, HOPPER_FIT = fitted("a100"), fitted("h100")

AMPERE = AMPERE_FIT | {
    "headline_fp32": published("19.5Tf", datasheet("A100")),
    "headline_bf16": published("312Tf", vendor("A100")),
    "tile_m": estimate("256", "largest cuBLAS tile of an SM, 256 x 128"),
    "tile_n": estimate("128", "largest cuBLAS tile of an SM, 256 x 128"),
    "tile_k": estimate("32", "K step of such a tile with 16-bit operands"),
    "unit_count": published("108", datasheet("A100") + ": SMs"),
    "idle_power": estimate("60W", "15 % of the TDP"),
    "tdp": published("400W", vendor("A100")),
}

A100 = gpu("a100", "NVIDIA A100 SXM 80GB", "312Tf", AMPERE | {
    "hbm_size": published("80GiB", vendor("A100") + gib_note("80"), low="80GB", high="80GiB"),
    "hbm_bandwidth": published("2.039TBps", vendor("A100")),
})

A100_40 = gpu("a100_40gb", "NVIDIA A100 SXM 40GB", "312Tf", AMPERE | {
    "hbm_size": published("40GiB", datasheet("A100 40GB") + gib_note("40"), low="40GB", high="40GiB"),
    "hbm_bandwidth": published("1.555TBps", datasheet("A100 40GB")),
})

HOPPER = HOPPER_FIT | {
    "headline_fp32": published("67Tf", datasheet("H100")),
    "headline_bf16": published("989.5Tf", vendor("H100")),
    "headline_fp8": published("1979Tf", vendor("H100")),
    "tile_m": estimate("128", "cuBLAS and CUTLASS tile of an SM, 128 x 256"),
    "tile_n": estimate("256", "cuBLAS and CUTLASS tile of an SM, 128 x 256"),
    "tile_k": estimate("64", "K step of such a tile with 16-bit operands"),
    "unit_count": published("132", datasheet("H100") + ": SMs"),
    "idle_power": estimate("105W", "15 % of the TDP"),
    "tdp": published("700W", vendor("H100")),
}

H100 = gpu("h100", "NVIDIA H100 SXM", "989.5Tf", HOPPER | {
    "hbm_size": published("80GiB", vendor("H100") + gib_note("80"), low="80GB", high="80GiB"),
    "hbm_bandwidth": published("3.35TBps", vendor("H100")),
})

H200 = gpu("h200", "NVIDIA H200 SXM", "989.5Tf", HOPPER | {
    "hbm_size": published("141GiB", vendor("H200") + gib_note("141"), low="141GB", high="141GiB"),
    "hbm_bandwidth": published("4.8TBps", vendor("H200")),
    "hbm_efficiency": fit("0.83", "STREAM triad and add of GH200, which has the same kind of HBM3, "
                          "0.829 and 0.825 (compute.csv G0094, G0095)", low="0.75", high="0.9"),
})

BLACKWELL_REASON = ("Hopper's fitted constant; GEMM by the ratio of best shapes found by search on random data "
                    "(compute.csv G0004, G0005, G0009, G0011 over G0003, G0012), softmax by the "
                    "exponentials that newer kernels compute on the arithmetic units")


BLACKWELL_FIT = fitted("blackwell")


def blackwell(bf16: float, fp8: float) -> dict[str, Fact]:
    """bf16 and fp8: parts of the peak that the best shape reaches (H100: 0.803 and 0.709)."""
    return all_scaled(HOPPER_FIT, BLACKWELL_REASON, matmul_efficiency=bf16 / 0.803,
                      matmul_efficiency_fp8=fp8 / 0.709, attention_score=0.7, attention_block=0.8) | BLACKWELL_FIT


TE_SPEEDUPS = ("Transformer Engine documentation, GEMM speedups of a 5B model (4,096 by 16,384) on B300: over BF16 "
               "NVFP4 gains 3.48 without its conversions")


def fp4_share(bf16: float, bf16_peak: float, fp4_peak: float) -> Fact:
    """Of the FP4 peak, from the part of the BF16 peak that the best shape reaches; peaks in Tf."""
    value = 3.48 * bf16 * bf16_peak / fp4_peak
    return derived(f"{value:.3g}", f"3.48 x {bf16} x {bf16_peak:g} Tf / {fp4_peak:g} Tf: {TE_SPEEDUPS}; the kernels of "
                   "B300 give the most that B200 and GB200 can do", low=f"{0.85 * value:.3g}", high=f"{value:.3g}")


BLACKWELL = {
    "conversion_efficiency": derived(
        "0.45", f"{TE_SPEEDUPS}: NVFP4 1.98 with its conversions, MXFP8 1.42, FP8 with scales of steps before 1.64; with "
        "BF16 at 0.776 of its peak NVFP4's 7.1 B an element pass at 0.47 to 0.56 of streaming, MXFP8's 4.1 B at 0.35 "
        "to 0.42", low="0.35", high="0.56"),
    "tile_m": estimate("128", "CUTLASS tile of 256 x 256 over a pair of SMs, so 128 x 256 each"),
    "tile_n": estimate("256", "CUTLASS tile of 256 x 256 over a pair of SMs, so 128 x 256 each"),
    "tile_k": estimate("64", "K step of such a tile with 16-bit operands"),
    "unit_count": published("148", datasheet("Blackwell") + ": SMs"),
    "hbm_bandwidth": published("8TBps", vendor("B200 and GB200")),
    "hbm_efficiency": fit(
        "0.82", "local copy on GB200 0.727 (compute.csv G0091) times the ratio of STREAM triad to local "
        "copy on A100 and H100, 1.12 to 1.21", low="0.73", high="0.9"),
}

B200 = gpu("b200", "NVIDIA B200 SXM", "2250Tf", blackwell(0.776, 0.763) | BLACKWELL | {
    "headline_fp32": published("75Tf", datasheet("Blackwell")),
    "headline_bf16": published("2250Tf", vendor("HGX B200")),
    "headline_fp8": published("4500Tf", vendor("HGX B200")),
    "headline_fp4": published("9000Tf", vendor("HGX B200")),
    "matmul_efficiency_fp4": fp4_share(0.776, 2250, 9000),
    "hbm_size": published("179GiB", f"{vendor('HGX B200')}: 180 GB; AWS lists 179 GiB for p6-b200",
                          low="180GB", high="180GiB"),
    "idle_power": estimate("150W", "15 % of the TDP"),
    "tdp": published("1000W", vendor("HGX B200")),
})

GB200 = gpu("gb200", "NVIDIA GB200 (one GPU)", "2500Tf", blackwell(0.729, 0.723) | BLACKWELL | {
    "headline_fp32": published("80Tf", datasheet("GB200")),
    "headline_bf16": published("2500Tf", vendor("GB200 NVL72")),
    "headline_fp8": published("5000Tf", vendor("GB200 NVL72")),
    "headline_fp4": published("10000Tf", vendor("GB200 NVL72")),
    "matmul_efficiency_fp4": fp4_share(0.729, 2500, 10000),
    "hbm_size": published("185GiB", f"{vendor('GB200 NVL72')}: 186 GB; AWS lists 185 GiB",
                          low="186GB", high="186GiB"),
    "idle_power": estimate("180W", "15 % of the TDP"),
    "tdp": published("1200W", f"analyst figure ({SA3})"),
})

# --- siblings without kernel measurements of their own -----------------------------------------

A100_PCIE = gpu("a100_pcie", "NVIDIA A100 PCIe 80GB", "312Tf", AMPERE | {
    "hbm_size": published("80GiB", datasheet("A100 PCIe") + gib_note("80"), low="80GB", high="80GiB"),
    "hbm_bandwidth": published("1.935TBps", datasheet("A100 PCIe")),
    "idle_power": estimate("45W", "15 % of the TDP"),
    "tdp": published("300W", datasheet("A100 PCIe")),
    "sustained_clock": scaled(AMPERE_FIT["sustained_clock"], 0.933, "best shapes on random data at 300 and "
                              f"400 W: 0.811 / 0.869 (G0002 and G0001 {MAMF})"),
})

A100_PCIE_40 = gpu("a100_pcie_40gb", "NVIDIA A100 PCIe 40GB", "312Tf", A100_PCIE.facts | {
    "hbm_size": published("40GiB", datasheet("A100 PCIe 40GB") + gib_note("40"), low="40GB", high="40GiB"),
    "hbm_bandwidth": published("1.555TBps", datasheet("A100 PCIe 40GB")),
    "idle_power": estimate("37W", "15 % of the TDP"),
    "tdp": published("250W", datasheet("A100 PCIe 40GB")),
    "sustained_clock": scaled(AMPERE_FIT["sustained_clock"], 0.878, "the 80 GB board's 0.933 times "
                              "(250 W / 300 W)^(1/3)"),
})

A800 = gpu("a800", "NVIDIA A800 SXM 80GB", "312Tf", A100.facts)  # an A100 with less NVLink

H100_96 = gpu("h100_96gb", "NVIDIA H100 96GB HBM2e, 500 W", "989.5Tf", HOPPER | {
    "hbm_size": published("96GiB", "pytorch/torchtitan docs/performance.md" + gib_note("96"),
                          low="96GB", high="96GiB"),
    "hbm_bandwidth": published("2.4TBps", "pytorch/torchtitan docs/performance.md: HBM2e"),
    "idle_power": estimate("75W", "15 % of the TDP"),
    "tdp": published("500W", "pytorch/torchtitan docs/performance.md"),
    "sustained_clock": scaled(HOPPER_FIT["sustained_clock"], 0.894, "(500 W / 700 W)^(1/3): dynamic "
                              "power goes with the cube of the clock"),
})

H800 = gpu("h800", "NVIDIA H800 SXM", "989.5Tf", H100.facts)  # an H100 with less NVLink

H100_PCIE = gpu("h100_pcie", "NVIDIA H100 PCIe 80GB", "756Tf", HOPPER | {
    "headline_fp32": published("51Tf", datasheet("H100 PCIe")),
    "headline_bf16": published("756Tf", datasheet("H100 PCIe")),
    "headline_fp8": published("1513Tf", datasheet("H100 PCIe")),
    "hbm_size": published("80GiB", datasheet("H100 PCIe") + gib_note("80"), low="80GB", high="80GiB"),
    "hbm_bandwidth": published("2TBps", datasheet("H100 PCIe")),
    "unit_count": published("114", datasheet("H100 PCIe") + ": SMs"),
    "idle_power": estimate("50W", "15 % of the TDP"),
    "tdp": published("350W", datasheet("H100 PCIe")),
    "sustained_clock": scaled(HOPPER_FIT["sustained_clock"], 0.94, "(350 W / 114 SMs over 700 W / 132)^(1/3) "
                              "= 0.83 of the clock, over 1.62 / 1.83 GHz of the headlines"),
})

H20 = gpu("h20", "NVIDIA H20", "148Tf", HOPPER | {
    "headline_fp32": published("44Tf", datasheet("H20")),
    "headline_bf16": published("148Tf", datasheet("H20")),
    "headline_fp8": published("296Tf", datasheet("H20")),
    "hbm_size": published("96GiB", datasheet("H20") + gib_note("96"), low="96GB", high="96GiB"),
    "hbm_bandwidth": published("4TBps", datasheet("H20")),
    "unit_count": published("78", datasheet("H20") + ": SMs"),
    "idle_power": estimate("60W", "15 % of the TDP"),
    "tdp": published("400W", datasheet("H20")),
    "sustained_clock": estimate("1", "a Hopper cut to 15 % of its rate has power to spare", low="0.95", high="1"),
})

H200_NVL = gpu("h200_nvl", "NVIDIA H200 NVL", "836Tf", H200.facts | {
    "headline_fp32": published("60Tf", datasheet("H200 NVL")),
    "headline_bf16": published("836Tf", datasheet("H200 NVL")),
    "headline_fp8": published("1671Tf", datasheet("H200 NVL")),
    "idle_power": estimate("90W", "15 % of the TDP"),
    "tdp": published("600W", datasheet("H200 NVL")),
})


def gh200(type_: str, title: str, size: int, bandwidth: str, memory: str) -> Chip:
    return gpu(type_, title, "989.5Tf", H200.facts | {
        "hbm_size": published(f"{size}GiB", datasheet("GH200") + gib_note(str(size)),
                              low=f"{size}GB", high=f"{size}GiB"),
        "hbm_bandwidth": published(bandwidth, datasheet("GH200") + f": {memory}"),
        "tdp": estimate("700W", "that of H200; the module with its processor is set between 450 and "
                        "1,000 W", low="450W", high="900W"),
    })


GH200_96 = gh200("gh200_96gb", "NVIDIA GH200 96GB", 96, "4TBps", "HBM3")
GH200_144 = gh200("gh200_144gb", "NVIDIA GH200 144GB", 144, "4.9TBps", "HBM3e")

B300 = gpu("b300", "NVIDIA B300 SXM", "2250Tf", B200.facts | {
    "headline_fp4": published("13500Tf", datasheet("HGX B300") + ": 108 PF dense of 8"),
    "matmul_efficiency_fp4": fp4_share(0.776, 2250, 13500),
    "hbm_size": published("268GiB", datasheet("HGX B300") + ": 288 GB, of which AWS lists 2,144 GiB for 8",
                          low="268GiB", high="288GB"),
    "hbm_bandwidth": published("8TBps", datasheet("HGX B300")),
    "idle_power": estimate("165W", "15 % of the TDP"),
    "tdp": published("1100W", datasheet("HGX B300")),
    "unit_count": published("148", datasheet("Blackwell") + ": SMs; Blackwell Ultra has 160 in full",
                            low="148", high="160"),
} | as_sibling(B200, tuple(HOPPER_FIT), "the same arrays in BF16 and FP8") | {
    "sustained_clock": scaled(BLACKWELL_FIT["sustained_clock"], 1.03, "(1,100 W / 1,000 W)^(1/3) over B200")})

GB300 = gpu("gb300", "NVIDIA GB300 (one GPU)", "2500Tf", GB200.facts | {
    "headline_fp4": published("15000Tf", vendor("DGX GB300")),
    "matmul_efficiency_fp4": fp4_share(0.729, 2500, 15000),
    "hbm_size": published("279GiB", f"{vendor('DGX GB300')}: 288 GB, about 279 usable",
                          low="279GB", high="288GiB"),
    "hbm_bandwidth": published("8TBps", vendor("DGX GB300")),
    "idle_power": estimate("210W", "15 % of the TDP"),
    "tdp": published("1400W", f"analyst figure ({SA3}); Lenovo lp2357 has 1,100 W",
                     low="1100W", high="1400W"),
} | as_sibling(GB200, tuple(HOPPER_FIT), "the same arrays in BF16 and FP8") | {
    "sustained_clock": scaled(BLACKWELL_FIT["sustained_clock"], 1.05, "(1,400 W / 1,200 W)^(1/3) over GB200")})

GDDR = estimate("0.85", "GDDR6 and GDDR7 lose less to refresh than HBM; decode reaches 0.8 to 0.9 on such "
                "boards", low="0.75", high="0.92")
SMALL_TILES = all_scaled(AMPERE_FIT, "Ampere's fitted constant: the same kind of SM and kernels") | {
    "tile_m": estimate("128", "SM tile of Ada and consumer Blackwell, 128 x 128"),
    "tile_n": estimate("128", "SM tile of Ada and consumer Blackwell, 128 x 128"),
    "tile_k": estimate("32", "K step of such a tile"),
    "hbm_efficiency": GDDR,
}

L40S = gpu("l40s", "NVIDIA L40S", "362Tf", SMALL_TILES | {
    "headline_fp32": published("91.6Tf", datasheet("L40S")),
    "headline_bf16": published("362Tf", datasheet("L40S")),
    "headline_fp8": published("733Tf", datasheet("L40S")),
    "hbm_size": published("48GB", datasheet("L40S") + ": GDDR6 with ECC", low="46GB", high="48GB"),
    "hbm_bandwidth": published("864GBps", datasheet("L40S")),
    "unit_count": published("142", datasheet("L40S") + ": SMs"),
    "idle_power": estimate("50W", "15 % of the TDP"),
    "tdp": published("350W", datasheet("L40S")),
    "sustained_clock": estimate("0.75", "350 W do not hold the boost clock of AD102 in large GEMMs", low="0.6",
                                high="0.9"),
})

RTX_PRO_6000 = gpu("rtx_pro_6000", "NVIDIA RTX PRO 6000 Blackwell", "503.8Tf", SMALL_TILES | {
    "headline_fp32": published("117Tf", datasheet("RTX PRO 6000 Blackwell Server Edition"),
                               low="117Tf", high="125Tf"),
    "headline_bf16": derived("503.8Tf", "a quarter of the FP4 rate of 2,015 dense (" +
                             datasheet("RTX PRO 6000 Blackwell") + ": 4,030 sparse)", low="468Tf", high="504Tf"),
    "headline_fp8": derived("1007Tf", "half of the FP4 rate"),
    "headline_fp4": published("2015Tf", datasheet("RTX PRO 6000 Blackwell") + ": 4,030 sparse",
                              low="1870Tf", high="2015Tf"),
    "hbm_size": published("96GB", datasheet("RTX PRO 6000 Blackwell") + ": GDDR7 with ECC",
                          low="95GB", high="96GiB"),
    "hbm_bandwidth": published("1.597TBps", datasheet("RTX PRO 6000 Blackwell Server Edition") +
                               "; the workstation card has 1.792", low="1.597TBps", high="1.792TBps"),
    "unit_count": published("188", datasheet("RTX PRO 6000 Blackwell") + ": SMs"),
    "idle_power": estimate("90W", "15 % of the TDP"),
    "tdp": published("600W", datasheet("RTX PRO 6000 Blackwell")),
    "sustained_clock": estimate("0.88", "between L40S (350 W) and RTX 4090", low="0.75", high="1"),
})

RTX_4090 = gpu("rtx_4090", "NVIDIA GeForce RTX 4090", "165.2Tf", SMALL_TILES | {
    "headline_fp32": published("82.6Tf", datasheet("Ada")),
    "headline_bf16": published("165.2Tf", datasheet("Ada") + ": with FP32 accumulation"),
    "headline_fp8": published("330.3Tf", datasheet("Ada") + ": with FP32 accumulation"),
    "hbm_size": published("25.25GB", "25,250,627,584 bytes reported by the driver "
                          "(casys-kaist/LLMServingSim@5daddb2: bench/examples/RTX4090 meta.json); " +
                          datasheet("Ada") + ": 24 GB", low="24GB", high="24GiB"),
    "hbm_bandwidth": published("1.008TBps", datasheet("Ada")),
    "unit_count": published("128", datasheet("Ada") + ": SMs"),
    "idle_power": estimate("60W", "15 % of the TDP"),
    "tdp": published("450W", datasheet("Ada")),
    "sustained_clock": estimate("1", "the board's tensor rate is halved for FP32 accumulation, so power does "
                                "not bind", low="0.9", high="1"),
})
