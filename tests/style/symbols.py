# SPDX-License-Identifier: Apache-2.0
"""Of the libraries named on the command line (libsim_FOLDER.a): only arena.c allocates, and global
symbols begin with the name of their module, of the header that declares them, or of a type there."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import files

ALLOCATORS = {"malloc", "calloc", "realloc", "reallocarray", "strdup", "strndup", "free"}
MEMBER = re.compile(r"[^:]*:(?P<module>[^:]+?)\.c(?:\.o)?:\s*(?P<rest>.*)")


def rows(library: str, *options: str) -> list[tuple[str, str]]:
    """(module, symbol) for every row that nm prints."""
    listing = subprocess.run(["nm", "-A", *options, library],
                             capture_output=True, text=True, check=True).stdout
    found = (MEMBER.match(line) for line in listing.splitlines())
    pairs = ((match["module"], match["rest"].split()[-1]) for match in found if match)
    return [pair for pair in pairs if not pair[1].startswith("_")]  # of sanitizers, gcov


def allocations(library: str) -> list[str]:
    return [f"{module}.c calls {symbol}: only arena.c may"
            for module, symbol in rows(library, "-u")
            if symbol in ALLOCATORS and module != "arena"]


def owners(folder: str, module: str, symbol: str) -> set[str]:
    """The module, those that its name extends, and the headers that declare the symbol with their
    structs and enums."""
    parts = module.split("_")
    found = {"_".join(parts[:length]) for length in range(1, len(parts) + 1)}
    for header in (files.ROOT / "sim" / folder).glob("*.h"):
        text = header.read_text()
        if re.search(rf"\b{symbol}\b[^\"]*;", text):
            found |= {header.stem} | set(re.findall(r"\b(?:struct|enum) (\w+) \{", text))
    return found


def foreign_names(library: str) -> list[str]:
    folder = Path(library).stem.removeprefix("libsim_")
    found = []
    for module, symbol in rows(library, "-g", "--defined-only"):
        names = owners(folder, module, symbol)
        if not any(symbol == name or symbol.startswith(name + "_") for name in names):
            found.append(f"{folder}/{module}.c defines {symbol}: expected one of "
                         f"{sorted(name + '_...' for name in names)}")
    return found


def main() -> None:
    libraries = sys.argv[1:]
    offenders = [each for library in libraries
                 for each in allocations(library) + foreign_names(library)]
    files.finish(offenders, "only arena.c allocates; symbols begin with their module's name")


main()
