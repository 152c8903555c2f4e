#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/RESULTS.md: makes one small result of each kind and lists what stands in it. The
files carry the program's own column descriptors, so the page says what is written, not what
was meant. `cmake --build build-dev --target docs` runs it; a test runs it with --check.

    analysis/results_page.py --program build-dev/trnsim [--check]
"""
from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from load import SCHEMA_VERSION, Column, Result

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/RESULTS.md"


class Case(NamedTuple):
    kind: str
    about: str
    command: str  # after "trnsim"
    file: str


CASES = (
    Case("training", "Written by `trnsim run` for workloads of kind training.",
         "run {root}/workloads/llama-3-8b-pretrain.yaml --platform {root}/platforms/p5.xml "
         "--prices {root}/platforms/prices/owner-2026.yaml --set batch_tokens=65536 "
         "-o training.h5", "training.h5"),
    Case("together", "Written by `trnsim run --beside`: training workloads that share a machine.",
         "run {root}/workloads/llama-3-8b-pretrain.yaml --beside "
         "{root}/workloads/llama-3-8b-pretrain.yaml --platform {root}/platforms/p5.xml "
         "--ultraservers 2 --prices none --set batch_tokens=65536 -o together.h5", "together.h5"),
    Case("serving", "Written by `trnsim run` for workloads of kind serving. The table of requests "
         "holds a sample when there are more than `serving.results.request_rows`.",
         "run {root}/workloads/serve-llama-3-70b-conv.yaml --platform {root}/platforms/p5.xml "
         "--prices {root}/platforms/prices/owner-2026.yaml --set load.requests=50 "
         "-o serving.h5", "serving.h5"),
    Case("collective", "Written by `trnsim run` for workloads of kind collective.",
         "run {root}/workloads/all-reduce-1GiB.yaml --platform {root}/platforms/p5.xml "
         "-o collective.h5", "collective.h5"),
    Case("plan", "Written by `trnsim plan -o FILE`.",
         "plan {root}/workloads/llama-3-8b-pretrain.yaml --platform {root}/platforms/p5.xml "
         "--prices {root}/platforms/prices/owner-2026.yaml --set batch_tokens=65536 --top 1 -j 1 "
         "-o plan.h5", "plan.h5"),
    Case("goodput", "Written by `trnsim goodput`.",
         "goodput {root}/workloads/llama-3-8b-pretrain.yaml --platform {root}/platforms/p5.xml "
         "--prices {root}/platforms/prices/owner-2026.yaml --set batch_tokens=65536 --seeds 10 -o goodput.h5",
         "goodput.h5"),
    Case("uncertainty", "`trnsim uncertainty` writes its answer as `FOLDER/uncertainty.h5`, and its runs as a sweep.",
         "uncertainty {root}/workloads/all-reduce-1GiB.yaml --platform {root}/platforms/p5.xml --only medium.nvlink "
         "--samples 3 -q -j 1 -o uncertain", "uncertain/uncertainty.h5"),
    Case("baseline", "Written by `trnsim import-baseline`: a measurement, to compare training results "
         "with. `baseline` has the columns of the CSV file ([BASELINES.md](BASELINES.md)); the "
         "summary is that of a training run, nan where nothing was measured.",
         "import-baseline {root}/workloads/measured/baselines.csv --row llama-3.1-405b-gb200-512 "
         "-o baseline.h5", "baseline.h5"),
    Case("claims", "Written by `trnsim reproduce -o FILE`.",
         "reproduce trn3-144-chips --claims {root}/workloads/claims -j 1 -o claims.h5",
         "claims.h5"),
    Case("sweep", "`trnsim sweep` gathers its points in `FOLDER/sweep.h5`. Columns: the point's, "
         "one for each key that is varied (here `size`), and those of the points' summary. What a "
         "point does not have is nan or empty.",
         "sweep sizes.yaml -o sweep -j 1", "sweep/sweep.h5"),
    Case("validation", "Written by `trnsim validate -o FILE`.",
         "validate NeoX-paper --data {root}/workloads/measured -j 1 -o validation.h5",
         "validation.h5"),
)

SWEEP = """title: two sizes
workload: {root}/workloads/all-reduce-1GiB.yaml
axes:
  - {{key: platform, values: [{root}/platforms/p5.xml]}}
  - {{key: size, values: [1MiB, 4MiB]}}
"""

FACTS = {
    "command": "the command line",
    "version": "of the program",
    "git": "the commit it was built from; -dirty: with changes",
    "compiler": "that built it",
    "hdf5": "version of the library",
    "simgrid": "version of the library",
    "network_model": "settings of the engine's network",
    "seed": "of all random numbers",
    "start": "when the run began, UTC",
    "simulator_wall_s": "seconds that the run took",
    "simulator_peak_bytes": "most memory that the program held",
}

HEAD = f"""# Results

This page is generated from results by `analysis/results_page.py` (`cmake --build build-dev --target docs`).
A test compares it with what the program writes.

A result is one HDF5 file, schema version {SCHEMA_VERSION}. It is written under a temporary name and renamed when it is
complete: there are no half files. The version rises when the meaning of a column changes; new columns do not raise it.

```
/                attributes kind and schema_version
/provenance      attributes: where the result comes from; all that differs between two equal runs
/inputs/ROLE     the exact text of every input file, with attributes path and sha256
/TABLE           one group for each table below, with attribute meaning; in it one dataset for each
                 column, with attributes unit and meaning, all of the table's length
```

Numbers are doubles in SI base units, counts are 64-bit integers, texts are UTF-8. Unit `1` is a pure number. nan: not
known, such as a cost without a price. The first table a person wants is `summary`; JSON (`--json`) uses the same names.

```
h5dump -g /summary results/a.h5                   with units and meanings
analysis/load.py results/a.h5 training/memory     a table; `Result(path).table(name)` is it in pandas
trnsim digest results/a.h5                        of everything outside /provenance
```

## Provenance

All are texts; what a kind of result has of them stands with it.

"""


def make(case: Case, program: Path, folder: Path) -> Result:
    command = [str(program), *case.command.format(root=ROOT).split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
    return Result(folder / case.file)


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def column_line(column: Column) -> str:
    return f"| `{column.name}` | {column.type} | {cell(column.unit)} | {cell(column.meaning)} |"


def table_lines(result: Result, name: str, meaning: str) -> list[str]:
    rows = [column_line(column) for column in result.columns(name)]
    return ["", f"### {result.kind}: `/{name}`", "", f"{meaning[:1].upper()}{meaning[1:]}.", "",
            "| Column | Type | Unit | Meaning |", "|---|---|---|---|", *rows]


def fact_lines() -> list[str]:
    return ["| Fact | Meaning |", "|---|---|", *(f"| `{n}` | {m} |" for n, m in FACTS.items())]


def provenance_line(result: Result) -> str:
    present = result.provenance()
    unknown = set(present) - set(FACTS)
    if unknown:
        raise SystemExit(f"facts without a meaning in results_page.py: {', '.join(unknown)}")
    names = "all facts" if len(present) == len(FACTS) else ", ".join(present)
    return f"Inputs: {', '.join(result.inputs())}. Provenance: {names}."


def case_lines(case: Case, result: Result) -> list[str]:
    lines = ["", f"## Kind {case.kind}", "", case.about, provenance_line(result)]
    tables = sorted(result.tables().items(), key=lambda item: item[0] != "summary")
    for name, meaning in tables:
        lines += table_lines(result, name, meaning)
    return lines


def page(program: Path) -> str:
    lines = fact_lines()
    with tempfile.TemporaryDirectory(prefix="trnsim-results-page-") as name:
        (Path(name) / "sizes.yaml").write_text(SWEEP.format(root=ROOT))
        for case in CASES:
            lines += case_lines(case, make(case, program, Path(name)))
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    new = page(arguments.program)
    if not arguments.check:
        PAGE.write_text(new)
        return 0
    old = PAGE.read_text() if PAGE.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True),
                                               "docs/RESULTS.md", "what results hold"))
    if old != new:
        print("docs/RESULTS.md is not up to date: cmake --build build-dev --target docs")
    return 0 if old == new else 1


if __name__ == "__main__":
    sys.exit(main())
