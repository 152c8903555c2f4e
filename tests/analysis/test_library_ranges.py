# SPDX-License-Identifier: Apache-2.0
"""Which algorithm a library's constants choose by size, where makers publish it; nothing names an algorithm."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import PLATFORMS, WORKLOADS, trnsim

# Neuron's manual: mesh below 1 MB, KangaRing above 56 MB on 16 Trainium2 (recursive halving-doubling, which it has
# between them, never is the fastest here). 8 H200: rings up to 1 MiB, in-switch reduction for large sizes.
CHOICES = [("trn2.48xlarge", "64KiB", "direct"), ("trn2.48xlarge", "512KiB", "direct"), ("trn2.48xlarge", "64MiB", "kangaring"),
           ("trn2.48xlarge", "1GiB", "kangaring"), ("hgx-h200", "64KiB", "ring"), ("hgx-h200", "1MiB", "ring"),
           ("hgx-h200", "8MiB", "in-switch"), ("hgx-h200", "1GiB", "in-switch")]


@pytest.mark.parametrize(("machine", "size", "algorithm"), CHOICES)
def test_choice(tmp_path: Path, machine: str, size: str, algorithm: str) -> None:
    told = trnsim(tmp_path, "run", WORKLOADS / "all-reduce-1GiB.yaml", "--platform", PLATFORMS / f"{machine}.xml", "--set",
                  f"size={size}", "--prices", "none", "--json", "-q", "-o", tmp_path / "x.h5").stdout
    assert json.loads(told)["algorithm"] == algorithm
