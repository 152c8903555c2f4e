# SPDX-License-Identifier: Apache-2.0
"""Trainium and Inferentia: peaks, memory, efficiencies reached by kernels, power."""
from __future__ import annotations

from generator.chip import Chip, as_sibling, fitted
from generator.fact import DMA_GUIDE, NEURON, NKI, SA2, SA3, derived, estimate, published


TRAINIUM_COMMON = {
    "tile_m": published("128", NKI + "*.rst: 128 stationary columns of the systolic array"),
    "tile_n": published("512", NKI + "*.rst: moving tile of at most 512 columns"),
    "tile_k": published("128", NKI + "*.rst: 128 rows of the systolic array (512 with MX formats)"),
    "tile_issue": published("64", "aws-neuron-sdk nki/deep-dives/nki_perf_guide.rst: a matmul of N columns "
                            "takes about max(N, 64) cycles"),
    "roofline_exponent": estimate("8", "DMA and arrays run beside each other, as fitted on TPU v6e", low="3",
                                  high="8"),
    "communication_compute": estimate(
        "0", "dedicated CC-cores drive the DMA engines, no tensor or vector engine is taken "
        "(aws-neuron-sdk neuron-runtime/about/collectives.rst); DMA and HBM traffic is not charged"),
}

TRN1 = Chip("trn1", "AWS Trainium1", "trainium", "183.5Tf", TRAINIUM_COMMON | fitted("trn1") | {
    "headline_fp32": published("47.5Tf", NEURON + "trainium.rst"),
    "headline_bf16": published("190Tf", NEURON + "trainium.rst"),
    "headline_fp8": published("190Tf", NEURON + "trainium.rst (cFP8)"),
    "array_fp32": derived("45.9Tf", "a quarter of the bf16 rate of the array: 183.5 / 4"),
    "array_bf16": derived("183.5Tf", "2 x 128^2 x 2.8 GHz x 2 cores; the headline is 3.5 % above"),
    "array_fp8": derived("183.5Tf", "cFP8 runs at the bf16 rate"),
    "hbm_size": published("32GiB", NEURON + "trainium.rst"),
    "hbm_bandwidth": published("880GBps", NEURON + "trainium.rst: 820 GiB/s; its table says 0.8 TB/s",
                               low="800GBps", high="880GBps"),
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
    "attention_efficiency": estimate("0.29", "two thirds of the matmul efficiency: the scores are transposed by "
                                     "an extra matmul on the tensor engine", low="0.2", high="0.6"),
    "attention_score": derived("2.8ps", "half of 1 / (128 exponentials a cycle x 1.4 GHz): the other half hides "
                               "behind the tensor engine (estimate)", low="0ps", high="5.6ps"),
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
        "0.62", "between Trainium1 (0.44, fitted end to end) and Trainium3 (0.78) with the core of the "
        "latter; press quotes 60 % tensor-engine utilisation for a large user; no kernel times are public",
        low="0.44", high="0.85"),
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
    "attention_efficiency": estimate("0.41", "two thirds of the matmul efficiency: the scores are transposed by "
                                     "an extra matmul on the tensor engine", low="0.3", high="0.6"),
    "attention_score": derived("3.3ps", "half of 1 / (128 exponentials a cycle x 1.2 GHz): the other half hides "
                               "behind the tensor engine (estimate)", low="0ps", high="6.5ps"),
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
    "attention_efficiency": estimate("0.52", "two thirds of the matmul efficiency: the scores are transposed by "
                                     "an extra matmul on the tensor engine", low="0.4", high="0.67"),
    "attention_score": derived("0.8ps", "half of 1 / (128 exponentials a cycle x 1.2 GHz), of which the vector engine does four: the other half hides "
                               "behind the tensor engine (estimate)", low="0ps", high="1.6ps"),
})

INF2 = Chip("inf2", "AWS Inferentia2", "trainium", "183.5Tf", TRN1.facts | {
    "headline_fp32": published("47.5Tf", NEURON + "inferentia2.rst"),
    "headline_bf16": published("190Tf", NEURON + "inferentia2.rst"),
    "headline_fp8": published("190Tf", NEURON + "inferentia2.rst (cFP8)"),
    "hbm_size": published("32GiB", NEURON + "inferentia2.rst"),
    "hbm_bandwidth": published("880GBps", NEURON + "inferentia2.rst: 820 GiB/s", low="800GBps",
                               high="880GBps"),
    "tdp": estimate("200W", "not published; Trainium1 (250 W) with two of its four links",
                    low="130W", high="300W"),
    "idle_power": estimate("40W", "a fifth of the TDP"),
})

KEYNOTE = "re:Invent 2025 keynote: at least 3 x FP8, 6 x FP4, 4 x bandwidth, 2 x capacity of Trainium3"

TRN4 = Chip("trn4", "AWS Trainium4 (announced; estimated)", "trainium", "1890Tf", TRN3.facts | {
    "headline_fp32": estimate("472Tf", "a quarter of bf16", low="183Tf", high="630Tf"),
    "headline_bf16": estimate("2013Tf", "three times Trainium3, as FP8; not announced", low="671Tf",
                              high="2517Tf"),
    "headline_fp8": estimate("7551Tf", KEYNOTE, low="7551Tf", high="8500Tf"),
    "headline_fp4": estimate("15102Tf", KEYNOTE, low="15102Tf", high="17000Tf"),
    "array_fp32": estimate("472Tf", "a quarter of bf16", low="157Tf", high="630Tf"),
    "array_bf16": estimate("1890Tf", "three times the array of Trainium3", low="629Tf", high="2517Tf"),
    "array_fp8": estimate("7551Tf", KEYNOTE, low="7551Tf", high="8500Tf"),
    "array_fp4": estimate("15102Tf", KEYNOTE, low="15102Tf", high="17000Tf"),
    "hbm_size": estimate("288GB", KEYNOTE, low="288GB", high="288GiB"),
    "hbm_bandwidth": estimate("19.6TBps", f"{KEYNOTE}; 8 stacks of HBM4 ({SA3})", low="16TBps",
                              high="20TBps"),
    "hbm_efficiency": estimate("0.86", "the share that the DMA engines of Trainium3 reach", low="0.7",
                               high="0.92"),
    "unit_count": estimate("8", "as Trainium3", low="8", high="32"),
    "tdp": estimate("1800W", "Trainium3 (1,000 W) x 3 in FP8 / 1.7 of a process step and HBM4",
                    low="1200W", high="2500W"),
    "idle_power": estimate("360W", "a fifth of the TDP", low="240W", high="500W"),
} | as_sibling(TRN3, ("matmul_efficiency", "attention_efficiency", "op_overhead"), "nothing is announced"))
