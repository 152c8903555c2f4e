# SPDX-License-Identifier: Apache-2.0
"""A folder of sim/ includes itself and folders on lower floors only (sim/FLOORS)."""
from __future__ import annotations

import re

import files

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
LIBRARIES = {  # the only folders that may include these libraries
    "simgrid/": {"engine"}, "hdf5.h": {"record"}, "expat.h": {"hardware"},
    "sha2.h": {"base"},
}
LIBRARY = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.MULTILINE)


def floors() -> dict[str, int]:
    rows = (line.split() for line in (files.ROOT / "sim/FLOORS").read_text().splitlines())
    return {row[1]: int(row[0]) for row in rows if row and not row[0].startswith("#")}


def offenders_of(path, floor: dict[str, int]) -> list[str]:
    folder, found = path.relative_to(files.ROOT).parts[1], []
    if folder not in floor:
        return [f"{files.name(path)}: folder '{folder}' has no floor in sim/FLOORS"]
    text = files.text_of(path)
    for included in INCLUDE.findall(text):
        other = included.split("/")[0]
        if "/" not in included or other not in floor:
            found.append(f'{files.name(path)}: "{included}" is not written as folder/file.h')
        elif other != folder and floor[other] >= floor[folder]:
            found.append(f"{files.name(path)}: includes {included}, which is no lower floor")
    for included in LIBRARY.findall(text):
        for library, owners in LIBRARIES.items():
            if included.startswith(library) and folder not in owners:
                found.append(f"{files.name(path)}: <{included}> belongs to {sorted(owners)}")
    return found


def main() -> None:
    floor = floors()
    paths = files.sources(".c", ".h", below=("sim",))
    files.finish([each for path in paths for each in offenders_of(path, floor)],
                 "a floor includes only lower floors")


main()
