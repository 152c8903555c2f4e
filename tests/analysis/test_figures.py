# SPDX-License-Identifier: Apache-2.0
"""analysis/figures.py: every figure of real results, as three files."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from program import ROOT, trnsim

sys.path.insert(0, str(ROOT / "analysis"))
import figures  # noqa: E402
from load import Result  # noqa: E402
from report import named  # noqa: E402

MAGIC = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
COMMANDS = {"training": ("run", "workloads/llama-3-8b-pretrain.yaml", "--platform", "platforms/p5.xml", "--set", "batch_tokens=524288"),
            "serving": ("run", "workloads/serve-llama-3-70b-conv.yaml", "--platform", "platforms/p5.xml", "--set", "requests=300"),
            "validation": ("validate", "collectives"),
            "goodput": ("goodput", "workloads/llama-3-8b-pretrain.yaml", "--platform", "platforms/p5.xml", "--set", "batch_tokens=524288"),
            "uncertainty": ("uncertainty", "workloads/llama-3-8b-pretrain.yaml", "--platform", "platforms/trn3-ultraserver.xml",
                            "--set", "batch_tokens=4194304", "--samples", "3", "--only", "price")}


@pytest.fixture(name="results", scope="module")
def made_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("results")
    paths = {kind: folder / f"{kind}.h5" for kind in COMMANDS}
    for kind, words in COMMANDS.items():
        trnsim(ROOT, *words, "-q", "-o", paths[kind])
    paths["uncertainty"] = paths["uncertainty"] / "uncertainty.h5"
    return paths


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_a_figure_is_three_files(results: dict[str, Path], tmp_path: Path, name: str) -> None:
    kind, make = figures.FIGURES[name]
    made = figures.write(make(named([Result(results[kind])])), tmp_path / name) if not (name == "chip-hours") else \
        figures.write(make(named([Result(results[kind])] * 2)), tmp_path / name)
    assert [path.suffix[1:] for path in made] == list(figures.ENDINGS)
    for path in made:
        assert path.read_bytes().startswith(MAGIC[path.suffix[1:]]) and path.stat().st_size > 2000


def test_the_bars_add_up_to_the_step(results: dict[str, Path]) -> None:
    entries = named([Result(results["training"])])
    chart = figures.breakdown(entries)
    total = sum(series["values"][0] for series in chart["series"])  # type: ignore[union-attr]
    assert total == pytest.approx(entries[0].value("step_time_s"), rel=1e-6)


def test_a_figure_of_another_kind_is_refused(results: dict[str, Path]) -> None:
    done = subprocess.run([sys.executable, ROOT / "analysis" / "figures.py", "latency", results["training"]], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "kind 'training'" in done.stderr and done.stderr.count("\n") == 1
