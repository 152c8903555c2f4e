#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replays recorded runs of an engine and draws requests running and waiting, simulated over recorded.

    analysis/recorded_runs.py DATA OUT.svg [--program build-release/trnsim]

DATA is the folder of the recordings (one folder a run with requests.jsonl and timeseries.csv, one workload_*.jsonl
each), which stay where they are: the figure is for the eye and is not part of the project. The engine is that of
workloads/measured/engines.csv for the version that recorded. Prints mean times of both.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import tempfile

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy

import fit_engines
import load

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Key of a workload's engine, column of engines.csv, unit.
KEYS = (("policy", "policy", ""), ("max_num_batched_tokens", "max_num_batched_tokens", ""),
        ("memory_rule", "memory_rule", ""), ("gpu_memory_utilization", "memory_utilization", ""),
        ("graph_memory", "graph_memory_gib", "GiB"), ("step_overhead", "step_overhead_us", "us"),
        ("sequence_overhead", "sequence_overhead_us", "us"), ("request_overhead", "request_overhead_ms", "ms"),
        ("prompt_kernel", "prompt_kernel_us", "us"), ("engine_all_reduce", "all_reduce_us", "us"),
        ("launch_factor", "launch_factor", ""), ("matmul_factor", "matmul_factor", ""),
        ("matmul_rate_factor", "matmul_rate_factor", ""),
        ("attention_factor", "attention_factor", ""), ("communication_factor", "communication_factor", ""))
SHAPE = (("hidden_size", "hidden"), ("intermediate_size", "ffn"), ("num_hidden_layers", "layers"),
         ("num_attention_heads", "heads"), ("num_key_value_heads", "kv_heads"), ("head_dim", "head_dim"),
         ("vocab_size", "vocab"))


def engine_keys(row: dict[str, str]) -> str:
    engines = fit_engines.read(fit_engines.ENGINES)
    cells = [(key, engines[fit_engines.engine_of(row, engines, column)][column], unit) for key, column, unit in KEYS
             if fit_engines.engine_of(row, engines, column) >= 0]
    return ", ".join(f"{key}: {value}{unit}" for key, value, unit in cells)


def shape(name: str) -> dict[str, object]:
    row = next(m for m in fit_engines.read(fit_engines.TABLES / "models.csv") if m["model"] == name)
    qk_norm = row["qk_norm"] == "1"
    return {"architectures": ["Qwen3ForCausalLM" if qk_norm else "LlamaForCausalLM"],
            "model_type": "qwen3" if qk_norm else "llama", "hidden_act": "silu",
            "tie_word_embeddings": row["tied"] == "1", "max_position_embeddings": 131072,
            **{key: int(row[column]) for key, column in SHAPE}}


def replay(program: pathlib.Path, row: dict[str, str], trace: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Runs the workload; the result's file."""
    hardware = fit_engines.read(fit_engines.TABLES / "hardware.csv")
    platform = next(h["platform"] for h in hardware if row["hardware"].startswith(h["hardware"]))
    (folder / "model.json").write_text(json.dumps(shape(row["model"])))
    (folder / "workload.yaml").write_text(
        "kind: serving\ntitle: recorded run\nserving:\n  model: model.json\n"
        f"  load: {{arrivals: trace, trace: {trace}}}\n"
        f"  engine: {{max_num_seqs: {row['batch_or_concurrency'].split()[-1]}, {engine_keys(row)}}}\n"
        f"  plan: {{tensor_parallel: {row['tp']}}}\n")
    result = folder / "result.h5"
    subprocess.run([program, "run", folder / "workload.yaml", "--platform", ROOT / "platforms" / f"{platform}.xml",
                    "--quiet", "--output", result, "--set", f"max_num_batched_tokens={row['max_num_batched_tokens']}"],
                   check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return result


def recorded(folder: pathlib.Path) -> dict[str, numpy.ndarray]:
    series = numpy.genfromtxt(folder / "timeseries.csv", delimiter=",", names=True)
    requests = [json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()]
    first = numpy.array([r["first_token_ts"] - r["queued_ts"] for r in requests])
    token = numpy.array([(r["last_token_ts"] - r["first_token_ts"]) / max(r["output_toks"] - 1, 1) for r in requests])
    return {"t": series["t"], "running": series["running"], "waiting": series["waiting"],
            "ttft": first, "tpot": token}


def draw(axes: object, title: str, measured: dict[str, numpy.ndarray], series: object) -> None:
    for name, color in (("running", "#1f77b4"), ("waiting", "#d62728")):
        axes.plot(measured["t"], measured[name], color=color, alpha=0.45, linewidth=2.5, label=f"{name}, recorded")
        axes.plot(series["time_s"], series[name], color=color, linewidth=1, label=f"{name}, simulated")
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("s since the first request")
    axes.set_ylabel("requests")
    axes.legend(fontsize=8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build-release" / "trnsim")
    options = parser.parse_args()
    rows = [r for r in fit_engines.read(fit_engines.TABLES / "inference.csv")
            if r["load_type"].startswith("open_trace")]
    figure, panels = plt.subplots(1, len(rows), figsize=(6 * len(rows), 4), squeeze=False)
    for axes, row in zip(panels[0], rows):
        trace = next(options.data.glob(f"workload_{row['model']}_*.jsonl"))
        run = next(f for f in options.data.iterdir() if f.is_dir() and row["model"] in f.name.lower())
        measured = recorded(run)
        with tempfile.TemporaryDirectory() as folder:
            result = replay(options.program.resolve(), row, trace.resolve(), pathlib.Path(folder))
            series = load.Result(result).table("serving/seconds")
            requests = load.Result(result).table("serving/requests")
        for name in ("tpot", "ttft"):
            simulated, true = float(requests[f"{name}_s"].mean()), float(measured[name].mean())
            print(f"{row['model']} on {row['hardware']}: mean {name} {simulated:.4g} s simulated, "
                  f"{true:.4g} s recorded ({100 * (simulated / true - 1):+.1f} %)")
        draw(axes, f"{row['model']}, {row['hardware']}", measured, series)
    figure.tight_layout()
    figure.savefig(options.out)


if __name__ == "__main__":
    main()
