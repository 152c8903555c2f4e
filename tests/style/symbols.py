# SPDX-License-Identifier: Apache-2.0
"""Of the libraries named on the command line: only arena.c allocates, and global symbols begin with
the name of their module."""
from __future__ import annotations

import re
import subprocess
import sys

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


def foreign_names(library: str) -> list[str]:
    return [f"{module}.c defines {symbol}: expected {module} or {module}_..."
            for module, symbol in rows(library, "-g", "--defined-only")
            if symbol != module and not symbol.startswith(module + "_")]


def main() -> None:
    libraries = sys.argv[1:]
    offenders = [each for library in libraries
                 for each in allocations(library) + foreign_names(library)]
    files.finish(offenders, "only arena.c allocates; a module's name begins its symbols")


main()
