# SPDX-License-Identifier: Apache-2.0
"""The program as it was built last ($TRNSIM_PROGRAM, or the newest build-*/trnsim)."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKLOADS, PLATFORMS = ROOT / "workloads", ROOT / "platforms"


def program() -> Path:
    built = sorted(ROOT.glob("build-*/trnsim"), key=lambda path: path.stat().st_mtime)
    chosen = os.environ.get("TRNSIM_PROGRAM") or (built[-1] if built else None)
    if chosen is None:
        pytest.skip("trnsim is not built")
    return Path(chosen).resolve()


def trnsim(folder: Path, *arguments: object, status: int = 0) -> subprocess.CompletedProcess:
    command = [str(program()), *(str(argument) for argument in arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == status, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done
