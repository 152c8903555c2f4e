# SPDX-License-Identifier: Apache-2.0
"""The chips: peaks, memory, efficiencies reached by kernels, power.

Efficiencies are those of large kernels that run for minutes on random data, as in training: best
shapes found by search, short runs and zero data give more because chips throttle.
"""
from __future__ import annotations

from dataclasses import dataclass

from generator.fact import (AICONFIG, DMA_GUIDE, MAMF, NEURON, NKI, SA2, SA3, Fact, datasheet,
                            derived, estimate, fit, published, vendor)


@dataclass(frozen=True)
class Chip:
    type: str
    title: str
    family: str  # trainium, gpu
    speed: str  # bf16 peak of the arrays, SimGrid's host speed
    facts: dict[str, Fact]


# --- Trainium ------------------------------------------------------------------------------

TRAINIUM_COMMON = {
    "tile_m": published("128", NKI + "*.rst: 128 stationary columns of the systolic array"),
    "tile_n": published("512", NKI + "*.rst: moving tile of at most 512 columns"),
    "tile_k": published("128", NKI + "*.rst: 128 rows of the systolic array (512 with MX formats)"),
    "communication_compute": estimate(
        "0", "dedicated CC-cores drive the DMA engines, no tensor or vector engine is taken "
        "(aws-neuron-sdk neuron-runtime/about/collectives.rst); DMA and HBM traffic is not charged"),
}

TRN1 = Chip("trn1", "AWS Trainium1", "trainium", "183.5Tf", TRAINIUM_COMMON | {
    "headline_fp32": published("47.5Tf", NEURON + "trainium.rst"),
    "headline_bf16": published("190Tf", NEURON + "trainium.rst"),
    "headline_fp8": published("190Tf", NEURON + "trainium.rst (cFP8)"),
    "array_fp32": derived("45.9Tf", "a quarter of the bf16 rate of the array: 183.5 / 4"),
    "array_bf16": derived("183.5Tf", "2 x 128^2 x 2.8 GHz x 2 cores; the headline is 3.5 % above"),
    "array_fp8": derived("183.5Tf", "cFP8 runs at the bf16 rate"),
    "hbm_size": published("32GiB", NEURON + "trainium.rst"),
    "hbm_bandwidth": published("880GBps", NEURON + "trainium.rst: 820 GiB/s; its table says 0.8 TB/s",
                               low="800GBps", high="880GBps"),
    "matmul_efficiency": estimate(
        "0.65", "end-to-end MFU of 30 to 33 % on 512 chips (aws-neuron-sdk about-neuron/benchmarks/"
        "trn1/trn1_trn1n_nlp_data.csv) with exposed collectives and bubbles; no kernel times are "
        "public", low="0.5", high="0.8"),
    "attention_efficiency": estimate(
        "0.35", "about half of the matmul efficiency: softmax on the scalar engine and the extra "
        "transpose of the scores on the tensor engine", low="0.2", high="0.5"),
    "hbm_efficiency": derived("0.62", "DMA limit: 2 cores x 16 engines x 17 GB/s = 544 of 880 GB/s "
                              f"({DMA_GUIDE})", low="0.6", high="0.9"),
    "op_overhead": estimate("1.3us", f"DMA start of about 1.3 us ({DMA_GUIDE}), charged once; "
                            "instructions are scheduled ahead, no host launch", low="0us", high="2us"),
    "unit_count": published("2", NKI + "trainium_inferentia2_arch.rst: NeuronCores"),
    "reserved_memory": estimate("1GiB", "runtime, DMA rings and collective buffers; not published",
                                low="0.5GiB", high="2GiB"),
    "idle_power": estimate("50W", "a fifth of the TDP"),
    "tdp": estimate("250W", "not published; half of the 500 W estimated for Trainium2, which has "
                    "3.4 times the peak", low="170W", high="350W"),
})

TRN2 = Chip("trn2", "AWS Trainium2", "trainium", "629Tf", TRAINIUM_COMMON | {
    "headline_fp32": published("181Tf", NEURON + "trainium2.rst"),
    "headline_bf16": published("667Tf", NEURON + "trainium2.rst"),
    "headline_fp8": published("1299Tf", NEURON + "trainium2.rst"),
    "array_fp32": derived("157Tf", "a quarter of the bf16 rate of the array: 629 / 4"),
    "array_bf16": derived("629Tf", "2 x 128^2 x 2.4 GHz x 8 cores; the headline is 6 % above"),
    "array_fp8": derived("1258Tf", "twice the bf16 rate (double row); the headline is 3 % above"),
    "hbm_size": published("96GiB", NEURON + "trainium2.rst"),
    "hbm_bandwidth": published("2.9TBps", f"{NEURON}trainium2.rst; {NKI}trainium2_arch.rst says 3.0; "
                               "5.7 Gb/s pins give 2.918", low="2.9TBps", high="3.0TBps"),
    "matmul_efficiency": estimate(
        "0.72", "between Trainium1 (0.65) and Trainium3 (0.78) with the core of the latter; press "
        "quotes 60 % tensor-engine utilisation for a large user; no kernel times are public",
        low="0.6", high="0.9"),
    "attention_efficiency": estimate(
        "0.45", "the scalar engine's 128 exp/cycle at 1.2 GHz just keep pace with the tensor engine at "
        "head dimension 128 and the scores are transposed by an extra matmul (bound about 0.67)",
        low="0.3", high="0.65"),
    "hbm_efficiency": estimate("0.88", "the DMA limit is 8 x 368 GB/s = 2.94 TB/s, no limit "
                               f"({DMA_GUIDE}); refresh and bank conflicts take 8 to 15 % on any HBM",
                               low="0.8", high="0.95"),
    "op_overhead": estimate("1.3us", f"DMA start of about 1.3 us ({DMA_GUIDE}), charged once; "
                            "instructions are scheduled ahead, no host launch", low="0us", high="2us"),
    "unit_count": published("8", NKI + "trainium2_arch.rst: NeuronCores"),
    "reserved_memory": estimate("2GiB", "runtime, DMA rings and collective buffers of 8 cores; not "
                                "published", low="1GiB", high="4GiB"),
    "idle_power": estimate("100W", "a fifth of the TDP"),
    "tdp": published("500W", f"analyst estimate, AWS publishes none ({SA2})"),
})

TRN3 = Chip("trn3", "AWS Trainium3", "trainium", "629Tf", TRAINIUM_COMMON | {
    "headline_fp32": published("183Tf", NEURON + "trainium3.rst"),
    "headline_bf16": published("671Tf", NEURON + "trainium3.rst"),
    "headline_fp8": published("2517Tf", NEURON + "trainium3.rst (MXFP8)"),
    "headline_fp4": published("2517Tf", NEURON + "trainium3.rst (MXFP4: expanded to MXFP8 before the "
                              "array, so the same rate)"),
    "array_fp32": derived("157Tf", "a quarter of the bf16 rate of the array: 629 / 4"),
    "array_bf16": derived("629Tf", "2 x 128^2 x 2.4 GHz x 8 cores; the headline is 7 % above"),
    "array_fp8": derived("2517Tf", "four times the bf16 rate with MX formats; equals the headline"),
    "array_fp4": derived("2517Tf", "the MXFP8 rate"),
    "hbm_size": published("144GiB", f"{NEURON}trainium3.rst; the launch page "
                          "(aws.amazon.com/about-aws/whats-new/2025/12/amazon-ec2-trn3-ultraservers) "
                          "says 144 GB", low="144GB", high="144GiB"),
    "hbm_bandwidth": published("4.9TBps", f"{NEURON}trainium3.rst; 4 stacks x 1024 bit x 9.6 Gb/s = "
                               f"4.915; {NKI}trainium3_arch.rst says 4.7", low="4.7TBps", high="4.9TBps"),
    "matmul_efficiency": estimate(
        "0.78", "about 60 % dense end-to-end MFU with NKI kernels, 43 % with torch.compile "
        f"({SA3}); 60 % of 671 is 64 % of the array, and attention, collectives and bubbles take "
        "15 to 20 % of such a step; over 90 % is claimed for single kernels", low="0.6", high="0.9"),
    "attention_efficiency": estimate(
        "0.5", "as Trainium2 (0.45), with exp on the vector engine at four times the scalar rate",
        low="0.35", high="0.67"),
    "hbm_efficiency": derived("0.86", "DMA limit: 8 cores x 528 GB/s = 4.224 of 4.9 TB/s "
                              f"({DMA_GUIDE})", low="0.8", high="0.92"),
    "op_overhead": estimate("1.3us", f"DMA start of about 1.3 us on Trainium2 ({DMA_GUIDE}), charged "
                            "once; instructions are scheduled ahead, no host launch",
                            low="0us", high="2us"),
    "unit_count": published("8", NKI + "trainium3_arch.rst: NeuronCores"),
    "reserved_memory": estimate("2GiB", "runtime, DMA rings and collective buffers of 8 cores; not "
                                "published", low="1GiB", high="4GiB"),
    "idle_power": estimate("200W", "a fifth of the TDP", low="100W", high="300W"),
    "tdp": published("1000W", f"analyst estimate, AWS publishes none ({SA3}); the Epoch AI data set "
                     "says 700 W", low="700W", high="1000W"),
})

# --- NVIDIA --------------------------------------------------------------------------------

GPU_COMMON = {
    "op_overhead": fit("2us", "gap of back-to-back small kernels in a stream (compute.csv G0100; CUDA "
                       "graph nodes 1.0, G0101; smallest GEMM of the " + AICONFIG + " 2.5 us)",
                       low="1us", high="10us"),
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


AMPERE = {
    "headline_fp32": published("19.5Tf", datasheet("A100")),
    "headline_bf16": published("312Tf", vendor("A100")),
    "matmul_efficiency": fit(
        "0.82", f"G0001 {MAMF} 0.869; median of 232 bf16 GEMMs of at least 4096 x 4096 x 2048 in the "
        f"{AICONFIG} 0.839 (TensorRT-LLM) and 0.874 (vLLM); less 2 to 5 % for sustained clocks",
        low="0.78", high="0.87"),
    "attention_efficiency": fit(
        "0.58", "FlashAttention-2 forward and backward, head dimension 128, causal, 4k to 16k: 0.554 to "
        f"0.606 (compute.csv G0045, G0046); forward median of the {AICONFIG} 0.55",
        low="0.5", high="0.65"),
    "hbm_efficiency": fit(
        "0.82", "local copy 0.777, STREAM triad 0.873 (compute.csv G0089, G0097); weight reads of "
        f"decode GEMMs in the {AICONFIG} 0.73 to 0.78", low="0.73", high="0.87"),
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

HOPPER = {
    "headline_fp32": published("67Tf", datasheet("H100")),
    "headline_bf16": published("989.5Tf", vendor("H100")),
    "headline_fp8": published("1979Tf", vendor("H100")),
    "matmul_efficiency": fit(
        "0.72", f"0.9 of the best shape: G0003 {MAMF} 0.803, because 700 W throttle long runs on random "
        f"data; median of 973 short bf16 GEMMs in the {AICONFIG} 0.783; FP8 is lower: best shape "
        "0.709 (G0012), 0.66 with fine scaling (G0023), table median 0.53", low="0.66", high="0.8"),
    "attention_efficiency": fit(
        "0.5", "FlashAttention-3 forward, head dimension 128, causal, 4k to 16k: 0.585 to 0.623 "
        f"(compute.csv G0077, G0078), forward median of the {AICONFIG} 0.585; forward and backward "
        "inside a training step 0.452 (G0087)", low="0.45", high="0.62"),
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
    "hbm_efficiency": fit(
        "0.87", "local copy 0.754, STREAM triad 0.916 (compute.csv G0090, G0098); weight reads of "
        f"decode GEMMs in the {AICONFIG}, median 0.87", low="0.75", high="0.92"),
})

H200 = gpu("h200", "NVIDIA H200 SXM", "989.5Tf", HOPPER | {
    "hbm_size": published("141GiB", vendor("H200") + gib_note("141"), low="141GB", high="141GiB"),
    "hbm_bandwidth": published("4.8TBps", vendor("H200")),
    "hbm_efficiency": fit("0.83", "STREAM triad and add of GH200, which has the same kind of HBM3, "
                          "0.829 and 0.825 (compute.csv G0094, G0095)", low="0.75", high="0.9"),
})

BLACKWELL = {
    "tile_m": estimate("128", "CUTLASS tile of 256 x 256 over a pair of SMs, so 128 x 256 each"),
    "tile_n": estimate("256", "CUTLASS tile of 256 x 256 over a pair of SMs, so 128 x 256 each"),
    "tile_k": estimate("64", "K step of such a tile with 16-bit operands"),
    "unit_count": published("148", datasheet("Blackwell") + ": SMs"),
    "hbm_bandwidth": published("8TBps", vendor("B200 and GB200")),
    "hbm_efficiency": fit(
        "0.82", "local copy on GB200 0.727 (compute.csv G0091) times the ratio of STREAM triad to local "
        "copy on A100 and H100, 1.12 to 1.21", low="0.73", high="0.9"),
}

B200 = gpu("b200", "NVIDIA B200 SXM", "2250Tf", BLACKWELL | {
    "headline_fp32": published("75Tf", datasheet("Blackwell")),
    "headline_bf16": published("2250Tf", vendor("HGX B200")),
    "headline_fp8": published("4500Tf", vendor("HGX B200")),
    "headline_fp4": published("9000Tf", vendor("HGX B200")),
    "hbm_size": published("179GiB", f"{vendor('HGX B200')}: 180 GB; AWS lists 179 GiB for p6-b200",
                          low="180GB", high="180GiB"),
    "matmul_efficiency": fit("0.7", f"0.9 of the best shape, for sustained power: G0004 {MAMF} 0.776; "
                             "FP8 0.763 (G0009)", low="0.65", high="0.78"),
    "attention_efficiency": estimate("0.5", "the fraction of H100; no row for Blackwell",
                                     low="0.4", high="0.65"),
    "idle_power": estimate("150W", "15 % of the TDP"),
    "tdp": published("1000W", vendor("HGX B200")),
})

GB200 = gpu("gb200", "NVIDIA GB200 (one GPU)", "2500Tf", BLACKWELL | {
    "headline_fp32": published("80Tf", datasheet("GB200")),
    "headline_bf16": published("2500Tf", vendor("GB200 NVL72")),
    "headline_fp8": published("5000Tf", vendor("GB200 NVL72")),
    "headline_fp4": published("10000Tf", vendor("GB200 NVL72")),
    "hbm_size": published("185GiB", f"{vendor('GB200 NVL72')}: 186 GB; AWS lists 185 GiB",
                          low="186GB", high="186GiB"),
    "matmul_efficiency": fit("0.66", f"0.9 of the best shape, for sustained power: G0005 {MAMF} 0.729; "
                             "FP8 0.723 (G0011)", low="0.6", high="0.73"),
    "attention_efficiency": estimate("0.45", "the rate of B200, 0.5 x 2250 / 2500; no row for Blackwell",
                                     low="0.36", high="0.6"),
    "idle_power": estimate("180W", "15 % of the TDP"),
    "tdp": published("1200W", f"analyst figure ({SA3})"),
})
