#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the kernel constants of chips to measured tables and writes them for the platform files.

analysis/fit_kernels.py DATA [CHIP…]   DATA: the folder with compute.csv and kernels/

Writes platforms/generator/fitted.json (then run platforms/generate.py; sustained_clock is that of
fit_sustained.py). Constants are fitted on
seven tenths of the shapes; the error stated in their source is that on the other three tenths.
"""
from __future__ import annotations

import csv
import ctypes
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parents[1]
FITTED = ROOT / "platforms" / "generator" / "fitted.json"
SOURCES = ("hardware/chip.c", "hardware/gemm.c", "hardware/attention_kernel.c", "base/error.c")
CHIP_FIELDS = ("gpu", "peak", "peak_fp8", "hbm_bandwidth", "tile_m", "tile_n", "tile_k", "tile_issue",
               "unit_count", "matmul_efficiency", "matmul_efficiency_fp8", "attention_memory",
               "tile_fill",
               "roofline_exponent", "hbm_efficiency", "op_overhead", "sustained_clock",
               "attention_efficiency", "attention_score", "attention_backward", "attention_block",
               "attention_turn")
LONG_S = 50e-6  # shorter kernels are mostly launch
HOST_S = 500e-6  # the engine's block-scaled FP8 calls are bound by the host below
ROWS = 4000     # of a table in one fit
CONTEXT_KERNELS, DECODE_KERNELS = 5, 6  # an engine's attention call: cache write, plan, kernel, merge

A100 = {"gpu": 1, "peak": 312e12, "peak_fp8": 0, "hbm_bandwidth": 2.039e12, "tile_m": 256, "tile_n": 128,
        "tile_k": 32, "tile_issue": 0, "unit_count": 108}
H100 = {"gpu": 1, "peak": 989.5e12, "peak_fp8": 1979e12, "hbm_bandwidth": 3.35e12, "tile_m": 128,
        "tile_n": 256, "tile_k": 64, "tile_issue": 0, "unit_count": 132}
V6E = {"gpu": 0, "peak": 918e12, "peak_fp8": 918e12, "hbm_bandwidth": 1.638e12, "tile_m": 256,
       "tile_n": 512, "tile_k": 256, "tile_issue": 256, "unit_count": 2}
START = {"matmul_efficiency": 0.9, "matmul_efficiency_fp8": 0.7, "attention_memory": 0.6, "tile_fill": 1e-6,
         "roofline_exponent": 2.5, "hbm_efficiency": 0.85, "op_overhead": 2e-6, "sustained_clock": 1.0,
         "attention_efficiency": 0.8, "attention_score": 3e-11, "attention_backward": 2.5,
         "attention_block": 3e-6, "attention_turn": 0.0}
GEMM_NAMES = ("matmul_efficiency", "tile_fill", "roofline_exponent", "hbm_efficiency",
              "op_overhead")
PREFILL_NAMES = ("attention_efficiency", "attention_score", "attention_memory")

Chip = dict[str, float]


class Library:
    """The simulator's kernel model."""

    def __init__(self, folder: Path) -> None:
        path = folder / "kernel_times.so"
        sources = [ROOT / "sim" / name for name in SOURCES]
        subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-shared", "-fPIC",
                        f"-I{ROOT / 'sim'}", "-o", path, ROOT / "analysis" / "kernel_times.c", *sources,
                        "-lm"], check=True)
        self.library = ctypes.CDLL(str(path))

    def times(self, kind: str, chip: Chip, rows: np.ndarray) -> np.ndarray:
        pointer = ctypes.POINTER(ctypes.c_double)
        values = np.array([chip.get(name, 0.0) for name in CHIP_FIELDS])
        rows, out = np.ascontiguousarray(rows, dtype=float), np.empty(len(rows))
        getattr(self.library, kind + "_times")(values.ctypes.data_as(pointer), rows.ctypes.data_as(pointer),
                                               len(rows), out.ctypes.data_as(pointer))
        return out


class Table:
    """Shapes with their measured times, and which of them are held out of the fit."""

    def __init__(self, kind: str, name: str, rows: list[list[float]], times: list[float],
                 keys: list[str]) -> None:
        self.kind, self.name = kind, name
        self.rows, self.times = np.array(rows), np.array(times)
        digests = [hashlib.sha256(key.encode()).digest()[0] for key in keys]
        self.held = np.array([digest >= 179 for digest in digests])  # 0.3 of 256

    def sample(self, count: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
        weight = np.where(self.times > LONG_S, 1.0, 0.3) * ~self.held
        count = min(count, int((weight > 0).sum()))
        chosen = np.random.default_rng(1).choice(len(weight), count, replace=False, p=weight / weight.sum())
        return self.rows[chosen], self.times[chosen]

    def errors(self, library: Library, chip: Chip) -> str:
        ratio = library.times(self.kind, chip, self.rows) / self.times - 1
        parts = []
        for label, rows in (("fitted", ~self.held), ("held out", self.held)):
            long = np.abs(ratio[rows & (self.times > LONG_S)])
            if len(long):
                parts.append(f"{label}: {len(long)} rows, median {np.median(long):.3f}, "
                             f"p90 {np.quantile(long, 0.9):.3f}")
        bias = np.median(ratio[self.times > LONG_S])
        return f"{self.name}: " + "; ".join(parts) + f"; bias {bias:+.3f}; all {np.median(np.abs(ratio)):.3f}"

    def held_error(self, library: Library, chip: Chip) -> float:
        rows = self.held & (self.times > LONG_S)
        return float(np.median(np.abs(library.times(self.kind, chip, self.rows)[rows] / self.times[rows] - 1)))


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def gemm_table(path: Path, dtype: str, least_s: float = 0) -> Table:
    rows, times, keys = [], [], []
    for row in read(path):
        if row["gemm_dtype"] == dtype and float(row["latency"]) * 1e-3 > least_s:
            m, n, k = (float(row[name]) for name in "mnk")
            narrow = float(dtype != "bfloat16")
            rows.append([m, n, k, narrow, 1, narrow])
            times.append(float(row["latency"]) * 1e-3)
            keys.append(f"{n} {k}")
    return Table("gemm", f"{path.name[:-len('_gemm_perf.csv.gz')]} {dtype}", rows, times, keys)


def attention_table(path: Path, decode: bool, widest: float) -> Table:
    rows, times, keys = [], [], []
    for row in read(path):
        sequences, queries, heads, kv_heads, head_dim, prefix = (
            float(row[name]) for name in ("batch_size", "isl", "num_heads", "num_key_value_heads",
                                          "head_dim", "step"))
        if head_dim <= widest:
            kv_bytes = 1 if row["kv_cache_dtype"] == "fp8" else 2
            kernels = DECODE_KERNELS if decode else CONTEXT_KERNELS
            rows.append([sequences, queries, heads, kv_heads, head_dim, prefix,
                         float(row.get("window_size") or 0), 1, kv_bytes, 0, 1, kernels, 1])
            times.append(float(row["latency"]) * 1e-3)
            keys.append(f"{heads} {kv_heads} {head_dim} {queries + prefix}")
    return Table("attention", path.name[:-len("_attention_perf.csv.gz")], rows, times, keys)


def tpu_tables(folder: Path) -> tuple[Table, Table, Table]:
    """Llama-3.1-8B layer by layer: matrices by output and input columns. The attention table's
    rows of whole sequences, and of decoding."""
    matrices = {"q_proj": (4096, 4096), "o_proj": (4096, 4096), "gate_proj": (14336, 4096),
                "up_proj": (14336, 4096), "down_proj": (4096, 14336), "lm_head": (128256, 4096)}
    start = "v0_TPU-v6e-1_meta-llama_Llama-3.1-8B_tp1_"
    rows, times, keys = [], [], []
    for row in read(folder / (start + "layers.csv.gz")):
        if row["layer_name"] in matrices:
            n, k = matrices[row["layer_name"]]
            rows.append([float(row["input"]), n, k, 0, 1, 0])
            times.append(float(row["latency(ns)"]) * 1e-9)
            keys.append(f"{row['layer_name']} {row['input']}")
    gemm = Table("gemm", "TPU v6e layers", rows, times, keys)
    calls = []
    for prefill in (True, False):
        rows, times, keys = [], [], []
        for row in read(folder / (start + "attention.csv.gz")):
            if (row["is_prefill"] == "True") == prefill:
                queries = float(row["prefill_chunk_size"]) if prefill else 1.0
                rows.append([float(row["batch_size"]), queries, 32, 8, 128, float(row["kv_cache_size"]), 0, 1, 2,
                             0, 1, 1, 1])
                times.append(float(row["p50_ns"]) * 1e-9)
                keys.append(f"{row['prefill_chunk_size']} {row['kv_cache_size']}")
        calls.append(Table("attention", f"TPU v6e {'prefill' if prefill else 'decode'}", rows, times, keys))
    return gemm, calls[0], calls[1]


def fit(library: Library, chip: Chip, names: tuple[str, ...], tables: list[Table],
        limits: dict[str, float]) -> None:
    """Least mean absolute log error over the tables, all alike; replaces chip[names]."""
    samples = [(table.kind, *table.sample()) for table in tables]

    def loss(logs: np.ndarray) -> float:
        tried = chip | dict(zip(names, np.exp(logs)))
        beyond = sum(max(0.0, np.log(tried[name] / most)) for name, most in limits.items() if name in names)
        return beyond + float(np.mean([np.mean(np.abs(np.log(library.times(kind, tried, rows) / times)))
                                       for kind, rows, times in samples]))

    best = np.log([chip[name] for name in names])
    for _ in range(3):  # restarts: the simplex shrinks early
        best = minimize(loss, best, method="Nelder-Mead",
                        options={"maxiter": 250, "xatol": 1e-3, "fatol": 1e-5, "adaptive": True,
                                 "initial_simplex": simplex(best)}).x
    chip.update(zip(names, (float(value) for value in np.exp(best))))


def simplex(start: np.ndarray) -> np.ndarray:
    return np.vstack([start, start + 0.2 * np.eye(len(start))])


LIMITS = {"matmul_efficiency": 1.0, "hbm_efficiency": 0.95, "attention_efficiency": 1.0, "attention_memory": 0.95,
          "matmul_efficiency_fp8": 1.0, "roofline_exponent": 8.0}


def compute_rows(data: Path) -> dict[str, dict[str, str]]:
    with open(data / "compute.csv", encoding="utf-8", newline="") as text:
        return {row["id"]: row for row in csv.DictReader(text)}


def sustained(library: Library, chip: Chip, rows: dict[str, dict[str, str]], ids: tuple[str, ...]) -> float:
    """Best shapes found by search on random data, over the rate of the same shapes in the tables'
    terms: what the power limit leaves."""
    ratios = []
    for id_ in ids:
        row = rows[id_]
        shape = [float(row[name]) for name in "MNK"]
        narrow = float(row["dtype"] == "fp8")
        alone_s = library.times("gemm", chip, np.array([[*shape, narrow, 1, 0]]))[0]
        ratios.append(float(row["value"]) * 1e12 * alone_s / (2 * shape[0] * shape[1] * shape[2]))
    return min(1.0, float(np.mean(ratios)))


def backward(library: Library, chip: Chip, rows: dict[str, dict[str, str]], ids: tuple[str, ...],
             alone: float) -> float:
    """Backward over forward time from rows of both passes: 3.5 times the forward FLOPs, causal ones
    halved, 16,384 tokens in all, hidden size 2,048."""
    ratios = []
    for id_ in ids:
        row = rows[id_]
        length, width = float(row["seq_len"]), float(row["head_dim"])
        causal = float(row["causal"] or 1)
        sequences, heads = 16384 / length, 2048 / width
        flops = 3.5 * 4 * sequences * heads * length * length * width / (1 + causal)
        shape = [sequences, length, heads, heads, width, 0, 0, causal, 2, 0, alone, 1, 0]
        forward_s = library.times("attention", chip, np.array([shape]))[0]
        ratios.append(flops / (float(row["value"]) * 1e12) / forward_s - 1)
    return float(np.median(ratios))


def known_clock(chip: str) -> float:
    """From fit_sustained.py, for rows that were measured inside training."""
    known = json.loads(FITTED.read_text(encoding="utf-8")) if FITTED.exists() else {}
    return float(known.get(chip, {}).get("sustained_clock", {}).get("value", 1))


def fact(value: float, unit: str, source: str) -> dict[str, str]:
    return {"value": f"{value:.4g}{unit}", "source": "fit: " + source}


SCALES = {"op_overhead": (1e6, "us"), "tile_fill": (1e6, "us"), "attention_score": (1e9, "ns"),
          "attention_block": (1e6, "us"), "attention_turn": (1e9, "ns")}


def facts(chip: Chip, names: tuple[str, ...], source: str) -> dict[str, dict[str, str]]:
    result = {}
    for name in names:
        scale, unit = SCALES.get(name, (1, ""))
        result[name] = fact(chip[name] * scale, unit, source)
    return result


def source_of(what: str, tables: list[Table], library: Library, chip: Chip) -> str:
    held = ", ".join(f"{table.name} {table.held_error(library, chip):.3f}" for table in tables)
    return f"analysis/fit_kernels.py on {what}; median error above 50 us on held-out shapes: {held}"


def report(tables: list[Table], library: Library, chip: Chip) -> None:
    for table in tables:
        print(f"  {table.errors(library, chip)}", flush=True)


def fit_gpu(library: Library, data: Path, which: str) -> dict[str, dict[str, str]]:
    folder, rows = data / "kernels", compute_rows(data)
    chip = dict(A100 if which == "a100" else H100) | START
    names, fp8, prefill = GEMM_NAMES, [], PREFILL_NAMES
    if which == "a100":
        gemms = [gemm_table(folder / f"a100_sxm_gemm_{name}_gemm_perf.csv.gz", "bfloat16")
                 for name in ("trtllm_1.0.0", "vllm_0.14.0")]
        start, best, passes = "a100_sxm_attention_vllm_0.14.0_", ("G0001",), tuple(
            f"G{i:04d}" for i in (37, 38, 45, 46))
    else:
        path = folder / "h100_sxm_gemm_vllm_0.24.0_gemm_perf.csv.gz"
        gemms, fp8 = [gemm_table(path, "bfloat16")], [
            gemm_table(path, "fp8_block", HOST_S)]
        start, best, passes = "h100_sxm_attention_vllm_0.24.0_", ("G0003",), ("G0087",)
        # Freely fitted the products run at the array's peak: all that is lost is in the scores.
        prefill = (*PREFILL_NAMES[1:], "attention_turn")
        chip |= {"attention_efficiency": 1.0, "attention_turn": 9e-9}
    context = attention_table(folder / f"{start}context_attention_perf.csv.gz", False, 256)
    decode = attention_table(folder / f"{start}generation_attention_perf.csv.gz", True, 256)
    fit(library, chip, names, gemms, LIMITS)
    fit(library, chip, (*names, "attention_block"), [*gemms, decode], LIMITS)
    chip["matmul_efficiency_fp8"] = chip["matmul_efficiency"]
    if fp8:
        fit(library, chip, ("matmul_efficiency_fp8",), fp8, LIMITS)
    fit(library, chip, prefill, [context, decode] if which == "h100" else [context], LIMITS)
    best_clock = sustained(library, chip, rows, best)
    chip["sustained_clock"] = known_clock(which)
    chip["attention_backward"] = backward(library, chip, rows, passes, 0.0 if which == "h100" else 1.0)
    tables = [*gemms, *fp8, context, decode]
    print(f"{which}: best shapes on random data ({', '.join(best)}) keep {best_clock:.3f} of the rate")
    print(which, {name: round(chip[name], 14) for name in START}, flush=True)
    report(tables, library, chip)
    result = facts(chip, names, source_of("bf16 GEMM tables", gemms, library, chip))
    if fp8:
        result |= facts(chip, ("matmul_efficiency_fp8",), source_of("FP8 GEMM tables", fp8, library, chip))
    result |= facts(chip, prefill, source_of("prefill tables", [context], library, chip))
    result |= facts(chip, ("attention_block",), source_of("decode tables", [decode], library, chip))
    if which == "h100":
        result["attention_efficiency"] = {
            "value": "1", "source": "derived: the most there is; a free fit ends there, all that is lost is in "
            "attention_score"}
    result |= facts(chip, ("attention_backward",), f"compute.csv {', '.join(passes)}, both passes, less the "
                    "forward pass of the tables' constants")
    return result


def fit_tpu(library: Library, data: Path) -> dict[str, dict[str, str]]:
    chip = dict(V6E) | START | {"attention_memory": 0.0, "tile_fill": 0.0, "attention_score": 1e-12}
    gemm, context, decode = tpu_tables(data / "kernels")
    names = ("matmul_efficiency", "roofline_exponent", "hbm_efficiency", "op_overhead")
    fit(library, chip, names, [gemm], LIMITS)
    fit(library, chip, ("attention_efficiency", "attention_block"), [context, decode], LIMITS)
    print("tpu_v6e", {name: round(chip[name], 14) for name in START}, flush=True)
    report([gemm, context, decode], library, chip)
    return facts(chip, names, source_of("layers of Llama-3.1-8B", [gemm], library, chip)) | facts(
        chip, ("attention_efficiency",), source_of("prefill", [context], library, chip)) | facts(
        chip, ("attention_block",), source_of("decode", [decode], library, chip))


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    data, wanted = Path(arguments[0]), arguments[1:] or ["a100", "h100", "tpu_v6e"]
    fitters: dict[str, Callable[[Library], dict[str, dict[str, str]]]] = {
        "a100": lambda library: fit_gpu(library, data, "a100"),
        "h100": lambda library: fit_gpu(library, data, "h100"),
        "tpu_v6e": lambda library: fit_tpu(library, data)}
    result = json.loads(FITTED.read_text(encoding="utf-8")) if FITTED.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        for name in wanted:
            result[name] = result.get(name, {}) | fitters[name](library)
    FITTED.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
