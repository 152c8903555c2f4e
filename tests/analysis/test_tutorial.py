# SPDX-License-Identifier: Apache-2.0
"""docs/TUTORIAL.md: its code runs, in order, and prints what the page says."""
from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

import pytest

from program import ROOT, program

PAGE = ROOT / "docs" / "TUTORIAL.md"
BLOCK = re.compile(r"^```(python)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str | None]]:
    """Code, and what must be printed where the page says it."""
    found: list[tuple[str, str | None]] = []
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language:
            found.append((text, None))
        else:
            assert found and found[-1][1] is None, "an output without code before it"
            found[-1] = (found[-1][0], text)
    return found


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("analysis", "workloads", "platforms"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "results").mkdir()
    (tmp_path / "build-release").mkdir()
    (tmp_path / "build-release" / "trnsim").symlink_to(program())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "analysis"))
    session: dict[str, object] = {}
    assert len(blocks()) >= 10
    for code, expected in blocks():
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(PAGE), "exec"), session)  # pylint: disable=exec-used
        assert expected is None or out.getvalue() == expected, code
    assert (tmp_path / "results" / "tutorial.html").stat().st_size > 100_000
    assert os.listdir(tmp_path / "results")
