# SPDX-License-Identifier: Apache-2.0
"""Every section of docs/MODEL.md that code cites as MODEL.md, "Section" is there."""
from __future__ import annotations

import re

import files

CITATION = re.compile(r'MODEL\.md,((?:\s*(?:,|and)?\s*"[^"\n]+")+)')
CONTINUED = re.compile(r"\n\s*(?:\*|//|#)?\s*")  # a comment that goes on in the next line
HEADING = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)


def headings() -> set[str]:
    model = files.ROOT / "docs/MODEL.md"
    return set(HEADING.findall(model.read_text())) if model.exists() else set()


def citations(path) -> list[str]:
    text = CONTINUED.sub(" ", files.text_of(path))
    return [section for found in CITATION.findall(text)
            for section in re.findall(r'"([^"]+)"', found)]


def main() -> None:
    known = headings()
    code = files.sources(".c", ".h", ".py", ".sh", below=("sim", "analysis", "platforms", "tests"))
    code = [path for path in code if path.name != "sections.py"]
    files.finish([f'{files.name(path)}: docs/MODEL.md has no section "{section}"'
                  for path in code for section in citations(path) if section not in known],
                 "cited sections of docs/MODEL.md exist")


main()
