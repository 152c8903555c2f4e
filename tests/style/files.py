# SPDX-License-Identifier: Apache-2.0
"""What the style checks share: the project's files, and how offenders are told."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", "results", "__pycache__", ".pytest_cache"}


def all_files() -> list[Path]:
    """Tracked and new files; without git, everything but build folders and results."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        names = {ROOT / name for name in listing.stdout.split("\0") if name}
        return sorted(path for path in names if path.is_file())
    return sorted(path for path in ROOT.rglob("*") if path.is_file() and not skipped(path))


def skipped(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return bool(SKIPPED & set(parts)) or parts[0].startswith("build")


def sources(*suffixes: str, below: tuple[str, ...] = ("sim", "tests")) -> list[Path]:
    return [path for path in all_files()
            if path.suffix in suffixes and path.relative_to(ROOT).parts[0] in below]


def text_of(path: Path) -> str:
    """The text of a file; empty for what is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def finish(offenders: list[str], rule: str) -> None:
    """Prints the offenders and ends with 1 when there are any."""
    for offender in offenders:
        print(offender)
    print(f"{len(offenders)} offenders: {rule}" if offenders else f"all right: {rule}")
    sys.exit(1 if offenders else 0)
