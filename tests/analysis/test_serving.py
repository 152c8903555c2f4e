# SPDX-License-Identifier: Apache-2.0
"""Serving against counts and recordings made without the simulator: prefixes of real traces, contexts that agents
send again, recorded runs of an engine; and seeds run by one process and by eight. Traces are looked for under
$TRNSIM_DATA (default ../shared); without them their tests are skipped."""
from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from program import PLATFORMS, ROOT, WORKLOADS, program, trnsim

sys.path.insert(0, str(ROOT / "analysis"))
import draw_sessions  # noqa: E402
import fit_engines  # noqa: E402
import fit_turns  # noqa: E402
import load  # noqa: E402
import recorded_runs  # noqa: E402

TRACES = Path(os.environ.get("TRNSIM_DATA", ROOT.parent / "shared")).resolve() / "data/traces"
AGENTS = TRACES / "agentic-claude-code/requests_rle.csv"
RECORDED = TRACES / "llmservingsim-vllm-measured"
SESSION_BLOCK_TOKENS = 64
H100 = PLATFORMS / "hgx-h100.xml"


def serve(folder: Path, workload: str, *changes: str) -> dict[str, float]:
    settings = [word for change in changes for word in ("--set", change)]
    done = trnsim(folder, "run", WORKLOADS / workload, "--platform", H100, "--json", "-q", "-o", "result.h5", *settings)
    (folder / "result.h5").unlink()
    return json.loads(done.stdout)


def reusable(trace: Path) -> tuple[int, int]:
    """Blocks whose whole beginning was seen before, and all blocks: a cache without end, a block counted as
    stored when its request is admitted, the last, partly filled block as in the trace."""
    stored: set[int] = set()
    found = asked = 0
    for line in trace.read_text().splitlines():
        ids = json.loads(line)["hash_ids"]
        asked += len(ids)
        for block in ids:
            if block not in stored:
                break
            found += 1
        stored.update(ids)
    return found, asked


@pytest.mark.parametrize("name", ["conversation_trace.jsonl", "synthetic_trace.jsonl"])
def test_prefix_reuse_is_an_independent_count(name: str, tmp_path: Path) -> None:
    trace = TRACES / "mooncake-fast25" / name
    if not trace.exists():
        pytest.skip(f"{trace} is not here")
    result = serve(tmp_path, "serve-llama-3-70b-conv.yaml", f"trace={trace}", "requests=0", "kv_tokens=unlimited")
    assert (result["prefix_hit_blocks"], result["prompt_blocks"]) == reusable(trace)


def sent_again(trace: Path) -> tuple[int, int, int]:
    """Of agents' calls: tokens of all; of calls with one before them; of these what it had sent already."""
    total = later = again = 0
    with trace.open(newline="") as text:
        for row in csv.DictReader(text):
            tokens = int(row["in_tokens"])
            total += tokens
            if row["seq"] != "0":
                later += tokens
                again += min(int(row["common_prefix_blocks_prev"]) * SESSION_BLOCK_TOKENS, tokens)
    return total, later, again


def test_agents_that_keep_their_state_save_what_they_send_again(tmp_path: Path) -> None:
    if not AGENTS.exists():
        pytest.skip(f"{AGENTS} is not here")
    total, later, again = sent_again(AGENTS)
    assert round(100 * again / later, 1) == 97.3
    changes = (f"trace={AGENTS}", "rate=0.002")
    without, kept = (serve(tmp_path, "serve-llama-3-70b-agents.yaml", f"agents={mode}", *changes)
                     for mode in ("stateless", "stateful"))
    assert without["prefilled_tokens"] == total
    # what was not sent before must be computed; contexts that came back too late are the rest
    least = total - again
    assert least <= kept["prefilled_tokens"] < 1.2 * least
    assert 1 - kept["prefilled_tokens"] / without["prefilled_tokens"] > 0.95


def curve_error(measured: dict[str, numpy.ndarray], series: object, name: str) -> float:
    """Mean distance of two curves over the highest recorded value."""
    simulated = numpy.interp(measured["t"], series["time_s"], series[name])
    return float(numpy.abs(simulated - measured[name]).mean() / measured[name].max())


@pytest.mark.parametrize("model", ["llama-3.1-8b", "qwen3-32b"])
def test_recorded_runs_of_an_engine(model: str, tmp_path: Path) -> None:
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not here")
    row = next(r for r in fit_engines.read(fit_engines.TABLES / "inference.csv")
               if r["load_type"].startswith("open_trace") and r["model"] == model)
    trace = next(RECORDED.glob(f"workload_{model}_*.jsonl"))
    measured = recorded_runs.recorded(next(f for f in RECORDED.iterdir() if f.is_dir() and model in f.name.lower()))
    result = load.Result(recorded_runs.replay(program(), row, trace, tmp_path))
    requests, series = result.table("serving/requests"), result.table("serving/seconds")
    assert abs(requests["tpot_s"].mean() / measured["tpot"].mean() - 1) < 0.03
    assert abs(requests["ttft_s"].mean() / measured["ttft"].mean() - 1) < 0.10
    for name in ("running", "waiting"):
        assert curve_error(measured, series, name) < 0.05, name


def test_turns_are_found_by_their_blocks(tmp_path: Path) -> None:
    """Two conversations behind one shared block; the first goes on after 100 s, by 24 tokens beyond what was said."""
    rows = ((0, 1100, 100, [0, 1, 2]), (10, 1030, 50, [0, 3, 4]), (100, 1224, 60, [0, 1, 5]), (130, 600, 10, [0, 6]))
    trace = tmp_path / "trace.jsonl"
    trace.write_text("".join(json.dumps({"timestamp": 1000 * time_s, "input_length": tokens, "output_length": said,
                                         "hash_ids": ids}) + "\n" for time_s, tokens, said, ids in rows))
    talk = fit_turns.conversations(fit_turns.read(trace), fit_turns.block_ids(trace), pace_s=0.02)
    assert talk.shared_tokens == 512
    assert talk.turns == [2, 1, 1] and talk.added == [24] and talk.think_s == [98]


def test_drawn_sub_agents_are_served(tmp_path: Path) -> None:
    trace = tmp_path / "sessions.csv"
    done = subprocess.run([sys.executable, ROOT / "analysis/draw_sessions.py", "--sessions", "20", "--sub-agents", "1"],
                          capture_output=True, text=True, check=True)
    trace.write_text(done.stdout)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert {row["agent"] for row in rows} >= {"main", "main/agent_001"}
    result = serve(tmp_path, "serve-llama-3-70b-agents.yaml", f"trace={trace}", "rate=0.01")
    assert result["requests_completed"] == len(rows)
    assert draw_sessions.SUB.calls[-1] == 24


SEEDS = """title: seeds
workload: {workloads}/serve-llama-3-70b-conv.yaml
platform: {platform}
set: [requests=2000]
axes:
  - {{key: seed, from: 1, to: 16, step: 1}}
"""


def test_seeds_do_not_mind_how_many_processes_run_them(tmp_path: Path) -> None:
    (tmp_path / "seeds.yaml").write_text(SEEDS.format(workloads=WORKLOADS, platform=H100))
    digests = []
    for jobs in (1, 8):
        trnsim(tmp_path, "sweep", "seeds.yaml", "-j", jobs, "-q", "-o", f"jobs-{jobs}")
        points = sorted((tmp_path / f"jobs-{jobs}/points").glob("*.h5"))
        digests.append([trnsim(tmp_path, "digest", point).stdout.split()[0] for point in points]
                       + [hashlib.sha256((tmp_path / f"jobs-{jobs}/sweep.h5").read_bytes()).hexdigest()])
    assert len(set(digests[0])) == 17 and digests[0] == digests[1]
