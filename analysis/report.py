#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One page about results of trnsim, that needs no network: the answer first, then why.

    analysis/report.py results/a.h5 results/b.h5 --baseline results/b.h5 -o report.html
"""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

SYSTEM, INTERRUPTED = 5, 130
try:
    from load import LoadError, Result
    from pages import other, plans, serving, sweep, training
    from pages.entry import Entry
    from pages.page import Cell, Page, PageError, Section, html, said
    from pages.units import quantity
except ImportError as missing:
    print(f"trnsim: report: {missing}; scripts/setup.sh installs what is needed", file=sys.stderr)
    sys.exit(SYSTEM)


def named(results: list[Result]) -> list[Entry]:
    """Machine and count where that tells them apart, else the file's name."""
    rows = [r.row("summary") if "summary" in r.tables() and r.kind not in ("plan", "together") and len(r.table("summary")) == 1 else {} for r in results]
    names = [f"{row['platform']}, measured" if r.kind == "baseline" else f"{row['platform']} x {row['domains']}" if "domains" in row else str(row.get("platform", r.path.stem)) for r, row in zip(results, rows)]
    names = [f"{name} at {serving.load(r):.3g}/s" if r.kind == "serving" and names.count(name) > 1 else name for r, name in zip(results, names)]
    return [Entry(result, name if names.count(name) == 1 else result.path.stem, row) for result, name, row in zip(results, names, rows)]


def _fact(name: str, value: str) -> str:
    """Of provenance, with its unit where it has one."""
    unit = "s" if name.endswith("_s") else "B" if name.endswith("_bytes") else ""
    try:
        return quantity(float(value), unit) if unit else value
    except ValueError:
        return value


def about(entries: list[Entry]) -> Section:
    """Hints and captions name datasets of these files."""
    section = Section("The files", ["Every number of this page names the dataset that it was read from: FILE:/TABLE/COLUMN[ROW]. These are the files."])
    for entry in entries:
        lines = [said(f"{name}: {{}}", Cell(_fact(name, value), entry.dataset(f"provenance@{name}"))) for name, value in entry.result.provenance().items()]
        lines += [said(f"input {role}: {{}}", Cell(f"{given.path}, sha256 {given.sha256}", entry.dataset(f"inputs/{role}"))) for role, given in entry.result.inputs().items()]
        section.notes.append((f"{entry.result.path.name}: {entry.result.kind}", lines))
    return section


def page(results: list[Result], baseline: Result | None) -> Page:
    every = results if baseline is None or any(r.path == baseline.path for r in results) else [*results, baseline]
    entries = named(every)
    base = next((e for e in entries if baseline is not None and e.result.path == baseline.path), None)
    kinds = list(dict.fromkeys(r.kind for r in every))
    made: list[tuple[Section | None, list[Section]]] = []
    for kind in kinds:
        mine = [e for e in entries if e.result.kind == kind]
        if kind in ("training", "baseline"):
            if kind == "baseline" and "training" in kinds:
                continue
            mine = [e for e in entries if e.result.kind in ("training", "baseline")]
            made.append((training.answer(mine, base), training.sections(mine)))
        elif kind == "serving":
            made.append((serving.answer(mine, base), serving.sections(mine)))
        elif kind == "sweep":
            made += [(sweep.answer(e), sweep.sections(e)) for e in mine]
        elif kind == "plan":
            made += [plans.page(e) for e in mine]
        else:
            made += [other.KINDS.get(kind, other.plain)(e) for e in mine]
    answers = [a for a, _ in made if a is not None]
    answer = answers[0]
    rest = [s for i, (a, sections) in enumerate(made) for s in ([a] if i > 0 and a is not None else []) + sections]
    workloads = list(dict.fromkeys(str(e.row["workload"]) for e in entries if "workload" in e.row))
    title = ", ".join(workloads) or {"claims": "Published claims", "sweep": "Sweep", "plan": "Plans", "validation": "Validation"}.get(kinds[0], kinds[0])
    return Page(f"trnsim: {title}", answer, rest, [about(entries)], [e.name for e in entries])


def write(path: Path, text: str) -> None:
    """Whole or not at all; what is no file, such as a pipe, is written as it is."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="trnsim report", description="Writes one page about results.")
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    try:
        results = [Result(path) for path in dict.fromkeys(given.results)]
        baseline = Result(given.baseline) if given.baseline is not None else None
        write(given.output, html(page(results, baseline)))
        print(f"{given.output}: a page that opens in any browser")
    except (LoadError, PageError) as problem:
        print(f"trnsim: {problem}", file=sys.stderr)
        return problem.status
    except OSError as problem:
        print(f"trnsim: {given.output}: {problem.strerror}; give another file with -o", file=sys.stderr)
        return SYSTEM
    except KeyboardInterrupt:
        print("trnsim: interrupted; no page was written", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
