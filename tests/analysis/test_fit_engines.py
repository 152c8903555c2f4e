# SPDX-License-Identifier: Apache-2.0
"""What the fit of engines leaves out together, and which cells it may move."""
from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))

import fit_engines  # noqa: E402


def rows() -> list[dict[str, str]]:
    return [{"id": f"R{i}", "model": "a" if i < 10 else "b" if i < 20 else f"c{i}", "hardware": "H"} for i in range(24)]


def test_folds_are_a_partition() -> None:
    for by in ("model", "hardware", "3"):
        ids = [i for fold in fit_engines.folds(rows(), by).values() for i in fold]
        assert sorted(ids) == sorted(r["id"] for r in rows())


def test_few_rows_are_left_out_together() -> None:
    assert {n: len(f) for n, f in fit_engines.folds(rows(), "model").items()} == {"a": 10, "b": 10, "all others": 4}
    assert [len(f) for f in fit_engines.folds(rows(), "3").values()] == [8, 8, 8]


def test_only_named_engines_move() -> None:
    engines = fit_engines.read(fit_engines.ENGINES)
    measured = fit_engines.read(fit_engines.TABLES / "inference.csv")
    own = {i for i, e in enumerate(engines) if fit_engines.named(e, ["SGLang$"])}
    served = [r for r in measured if fit_engines.engine_of(r, engines) in own]
    cells = fit_engines.Cells(engines, served, own)
    assert served and cells.list
    assert {i for i, _ in cells.list} <= own
    values = cells.values(engines)
    assert fit_engines.Cells(engines, served, set()).list == []
    moved = cells.put(engines, values + 0.1)
    assert [e for i, e in enumerate(moved) if i not in own] == [e for i, e in enumerate(engines) if i not in own]


def test_two_fits_at_a_time() -> None:
    before = [{"a": "1", "b": "2"}]
    assert fit_engines.merged(before, [{"a": "3", "b": "2"}], [{"a": "1", "b": "4"}]) == [{"a": "3", "b": "4"}]


def test_errors_of_other_engines_stay() -> None:
    engines = [{"engine": "x", "error": "old"}]
    fit_engines.tell_errors(engines, [], {})
    assert engines[0]["error"] == "old"
