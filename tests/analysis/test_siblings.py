# SPDX-License-Identifier: Apache-2.0
"""Every shipped machine trains and serves a small model: plausible, in the order of its siblings, with its evidence."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import PLATFORMS, trnsim

MODEL = {"architectures": ["LlamaForCausalLM"], "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
         "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 32000, "max_position_embeddings": 2048}
TRAINING = """kind: training
title: A model of 1.1 billion parameters
training:
  model: model.json
  sequence_tokens: 2048
  batch_tokens: 4194304
  plan: {micro_batch: 2, recompute: full}
"""
SERVING = """kind: serving
title: A model of 1.1 billion parameters, one chip
serving:
  model: model.json
  load: {arrivals: poisson, rate: 2, requests: 200, input_tokens: 512, output_tokens: 128}
  plan: {tensor_parallel: 1}
  fleet: {replicas: 1}
"""
# Slower first: no chip may train fewer tokens a second than the one before it.
ORDERS = [("hgx-a100-40gb", "hgx-a100", "hgx-h100", "hgx-h200", "hgx-b200", "hgx-b300"), ("a100-pcie", "hgx-a100"),
          ("h100-pcie", "hgx-h100"), ("hgx-h20", "hgx-h100"), ("hgx-h800", "hgx-h100"), ("gb200-nvl72", "gb300-nvl72"),
          ("rtx-4090", "l40s", "rtx-pro-6000", "hgx-b200"), ("mi300x", "mi325x", "mi355x"),
          ("tpu-v5e", "tpu-v4", "tpu-v5p", "tpu-v6e", "tpu-7x"),
          ("inf2.48xlarge", "trn1.32xlarge", "trn2.48xlarge", "trn3-ultraserver-gen1", "trn4-estimate")]
# By memory bandwidth: the time of a token must not rise.
BANDWIDTHS = [("hgx-a100-40gb", "hgx-a100", "hgx-h100", "hgx-h200", "hgx-b200"), ("mi300x", "mi325x", "mi355x"),
              ("l40s", "rtx-4090", "rtx-pro-6000"), ("tpu-v5e", "tpu-v4", "tpu-v5p", "tpu-7x"),
              ("trn1.32xlarge", "trn2.48xlarge", "trn3-ultraserver-gen1", "trn4-estimate")]
EQUAL = 0.97  # siblings with the same chip differ by their links alone
NAMES = sorted(path.stem for path in PLATFORMS.glob("*.xml"))


def answers(folder: Path, text: str, *more: str) -> dict[str, dict[str, object]]:
    (folder / "model.json").write_text(json.dumps(MODEL), encoding="utf-8")
    (folder / "w.yaml").write_text(text, encoding="utf-8")
    return {name: json.loads(trnsim(folder, "run", "w.yaml", "--platform", PLATFORMS / f"{name}.xml", "--prices", "none",
                                    "--json", "-q", "-o", folder / "x.h5", *more).stdout) for name in NAMES}


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    return answers(tmp_path_factory.mktemp("steps"), TRAINING, "--detail", "folded")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    return answers(tmp_path_factory.mktemp("served"), SERVING)


def test_steps_are_plausible(steps: dict[str, dict[str, object]]) -> None:
    for name, step in steps.items():
        assert 0.03 < step["mfu_fraction"] < 0.85, (name, step["mfu_fraction"])
        assert step["evidence"].startswith(("fit: ", "derived: ")), name
        assert 0.3 < step["step_time_low_s"] / step["step_time_s"] <= 1 <= step["step_time_high_s"] / step["step_time_s"] < 3, name


def test_served_tokens_are_plausible(served: dict[str, dict[str, object]]) -> None:
    for name, load in served.items():
        assert load["requests_completed"] == 200, name
        # 2.2 GB of weights from memory of 0.8 to 20 TB/s, and the engine's own time
        assert 1e-4 < load["tpot_mean_s"] < 0.05, (name, load["tpot_mean_s"])
        assert load["tpot_low_s"] <= load["tpot_mean_s"] <= load["tpot_high_s"], name
        assert load["ttft_low_s"] <= load["ttft_mean_s"] <= load["ttft_high_s"], name
        assert load["evidence"] and load["evidence_ttft"], name


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[-1])
def test_siblings_train_in_order(steps: dict[str, dict[str, object]], order: tuple[str, ...]) -> None:
    rates = [steps[name]["tokens_per_s_per_chip"] for name in order]
    assert all(EQUAL * slower <= faster for slower, faster in zip(rates, rates[1:])), list(zip(order, rates))


@pytest.mark.parametrize("order", BANDWIDTHS, ids=lambda order: order[-1])
def test_siblings_serve_in_order(served: dict[str, dict[str, object]], order: tuple[str, ...]) -> None:
    times = [served[name]["tpot_mean_s"] for name in order]
    assert all(EQUAL * faster <= slower for slower, faster in zip(times, times[1:])), list(zip(order, times))
