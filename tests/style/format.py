# SPDX-License-Identifier: Apache-2.0
"""All C files are as clang-format (version 14, .clang-format) leaves them."""
from __future__ import annotations

import re
import subprocess

import files


def main() -> None:
    paths = [files.name(path) for path in files.sources(".c", ".h")]
    report = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=files.ROOT,
                            capture_output=True, text=True, check=False)
    places = re.findall(r"^(\S+?:\d+):\d+: error: .*$", report.stderr, re.MULTILINE)
    if report.returncode != 0 and not places:
        places = [report.stderr.strip()]
    files.finish(sorted(set(places)), "formatted: clang-format -i FILE mends it")


main()
