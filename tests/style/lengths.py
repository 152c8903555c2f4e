# SPDX-License-Identifier: Apache-2.0
"""Functions of at most 60 lines and complexity 12 (pmccabe), files of at most 400 lines. What
cannot be otherwise stands in exceptions.txt with its reason."""
from __future__ import annotations

import subprocess

import files

FUNCTION_LINES, COMPLEXITY, FILE_LINES = 60, 12, 400


def exceptions() -> set[str]:
    """Names as "path" or "path:function"; the rest of a row is the reason."""
    rows = (files.ROOT / "tests/style/exceptions.txt").read_text().splitlines()
    return {row.split()[0] for row in rows if row.strip() and not row.startswith("#")}


def long_functions(allowed: set[str]) -> list[str]:
    paths = [files.name(path) for path in files.sources(".c")]
    listing = subprocess.run(["pmccabe", *paths], cwd=files.ROOT,
                             capture_output=True, text=True, check=True).stdout
    found = []
    for row in listing.splitlines():
        complexity, _, _, first, lines, place, function = row.split()[:7]
        path = place.split("(")[0]
        if f"{path}:{function}" in allowed:
            continue
        if int(lines) > FUNCTION_LINES:
            found.append(f"{path}:{first}: {function} has {lines} lines")
        if int(complexity) > COMPLEXITY:
            found.append(f"{path}:{first}: {function} has complexity {complexity}")
    return found


def long_files(allowed: set[str]) -> list[str]:
    found = []
    for path in files.sources(".c", ".h", ".py", below=("sim", "tests", "analysis", "platforms")):
        lines = files.text_of(path).count("\n")
        if lines > FILE_LINES and files.name(path) not in allowed:
            found.append(f"{files.name(path)} has {lines} lines")
    return found


def main() -> None:
    allowed = exceptions()
    files.finish(long_functions(allowed) + long_files(allowed),
                 f"functions up to {FUNCTION_LINES} lines and complexity {COMPLEXITY}, "
                 f"files up to {FILE_LINES} lines")


main()
