#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays transcripts of the command line and compares what is printed.

A transcript (*.t) is a list of blocks:

    # a remark, outside of blocks
    $ trnsim digest nothing.h5
    trnsim: nothing.h5: cannot be read …
    [exit 3]

A line "> ..." after "$ ..." continues the command. Expected is stdout, then stderr, mixed as a
terminal shows them. "…" within a line stands for any text, alone on a line for any lines.
Each file runs in a fresh folder with links to platforms/ and workloads/ and an empty results/.

With --documents the files are Markdown: their examples "$ trnsim ..." must end with 0.
"""
from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ANY = "…"
TIME_LIMIT_S = 900


@dataclass
class Block:
    command: str
    line: int
    expected: list[str] = field(default_factory=list)
    status: int = 0


def read_transcript(path: Path) -> list[Block]:
    blocks: list[Block] = []
    current: Block | None = None
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if current is None:
            if line.startswith("$ "):
                current = Block(line[2:], number)
            elif line and not line.startswith("#"):
                raise SystemExit(f"{path}:{number}: expected '$ command', '# remark' or nothing")
        elif line.startswith("> ") and not current.expected:
            current.command += "\n" + line[2:]
        elif match := re.fullmatch(r"\[exit (\d+)\]", line):
            current.status = int(match[1])
            blocks.append(current)
            current = None
        else:
            current.expected.append(line)
    if current is not None:
        raise SystemExit(f"{path}:{current.line}: the block has no [exit N]")
    return blocks


def read_document(path: Path) -> list[Block]:
    blocks: list[Block] = []
    lines = iter(enumerate(path.read_text().splitlines(), start=1))
    for number, line in lines:
        text = line.strip()
        if not text.startswith("$ trnsim"):
            continue
        command = text[2:]
        while command.endswith("\\"):
            command = command[:-1] + next(lines)[1].strip()
        blocks.append(Block(command, number, [ANY]))
    return blocks


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines agree; a lone ANY takes as many lines as it needs."""
    if not expected:
        return not printed
    if expected[0] == ANY:
        return any(matches(expected[1:], printed[i:]) for i in range(len(printed) + 1))
    if not printed:
        return False
    pattern = ".*".join(re.escape(part) for part in expected[0].split(ANY))
    return re.fullmatch(pattern, printed[0]) is not None and matches(expected[1:], printed[1:])


def run(block: Block, folder: Path, program: Path) -> tuple[list[str], int]:
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "NO_COLOR": "1",
                                "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["bash", "-c", block.command], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIME_LIMIT_S, check=False)
    return done.stdout.decode("utf-8", "replace").splitlines(), done.returncode


def complain(path: Path, block: Block, printed: list[str], status: int) -> None:
    print(f"{path}:{block.line}: $ {block.command}")
    if status != block.status:
        print(f"  ended with {status}, expected {block.status}")
    for line in difflib.unified_diff(block.expected, printed, "expected", "printed", lineterm=""):
        print("  " + line)


def play(path: Path, blocks: list[Block], arguments: argparse.Namespace) -> int:
    failures = 0
    with tempfile.TemporaryDirectory(prefix="trnsim-transcript-") as name:
        folder = Path(name)
        (folder / "results").mkdir()
        for linked in ("platforms", "workloads"):
            (folder / linked).symlink_to(arguments.source / linked)
        for block in blocks:
            printed, status = run(block, folder, arguments.program)
            if status != block.status or not matches(block.expected, printed):
                complain(path, block, printed, status)
                failures += 1
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--source", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--documents", action="store_true")
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    read = read_document if arguments.documents else read_transcript
    played = failures = 0
    for path in arguments.files:
        blocks = read(path)
        played += len(blocks)
        failures += play(path, blocks, arguments)
    print(f"{played} commands, {failures} not as expected")
    return 1 if failures > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
