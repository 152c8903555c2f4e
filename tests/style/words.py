# SPDX-License-Identifier: Apache-2.0
"""No path of one machine and no mark of unfinished work in any file of the project."""
from __future__ import annotations

import re

import files

ADDRESS = re.compile(r"\w+://\S+")
FOLDERS = ("work/", "home/", "root/", "tmp/build")
LOCAL_PATH = re.compile("(?<![\\w.}])/(?:" + "|".join(FOLDERS) + ")")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")


def offenders_of(path) -> list[str]:
    found = []
    for number, line in enumerate(files.text_of(path).splitlines(), start=1):
        line = ADDRESS.sub("", line)
        for rule in (LOCAL_PATH, UNFINISHED):
            match = rule.search(line)
            if match:
                found.append(f"{files.name(path)}:{number}: '{match[0]}'")
    return found


def main() -> None:
    files.finish([each for path in files.all_files() for each in offenders_of(path)],
                 "no path of one machine, nothing marked as unfinished")


main()
