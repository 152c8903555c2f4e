#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claims as a person meets them: a platform file that is gone makes its claim fail, by name, and the other claims are
judged all the same; an input that is known better changes a verdict; one that no claim has is refused."""
from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CLAIMS = ("trn3-144-chips", "trn3-bandwidth", "rsc-failures")
MACHINES = ("trn3-ultraserver", "trn2-ultraserver")


def copy(source: Path, folder: Path) -> None:
    for part, names in (("workloads/claims", [f"{name}.yaml" for name in CLAIMS]),
                        ("platforms", [f"{name}.xml" for name in MACHINES])):
        (folder / part).mkdir(parents=True)
        for name in names:
            shutil.copy(source / part / name, folder / part / name)


def reproduce(program: Path, folder: Path, *options: str) -> tuple[int, dict[str, str], str]:
    done = subprocess.run([program, "reproduce", "--claims", folder / "workloads/claims", "--seeds", "20", "--json", *options],
                          capture_output=True, text=True, check=False)
    claims = json.loads(done.stdout) if done.stdout else []
    return done.returncode, {claim["id"]: claim["verdict"] for claim in claims}, done.stderr


def check(what: str, good: bool, *seen: object) -> None:
    if not good:
        sys.exit(f"{what}: {seen}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy(given.source, folder)
        status, whole, told = reproduce(given.program, folder)
        check("all claims are judged", status == 0 and set(whole) == set(CLAIMS) and told == "", status, whole, told)

        status, pinned, told = reproduce(given.program, folder, "trn3-bandwidth", "--no-ranges",
                                         "--with", "trn2.chip.trn2.hbm_bandwidth=2.83TBps")
        check("an input changes the verdict", status == 0 and pinned["trn3-bandwidth"] == "reproduced", status, pinned, told)
        status, none, told = reproduce(given.program, folder, "trn3-bandwidth", "--with", "own_trn3=1USD/h")
        check("an input that is not there is refused", status == 2 and not none and "own_trn3" in told, status, none, told)

        (folder / "platforms/trn2-ultraserver.xml").unlink()
        status, rest, told = reproduce(given.program, folder)
        check("the claim without its platform fails", status == 5 and "trn3-bandwidth" not in rest, status, rest)
        check("the file is named", "trn2-ultraserver.xml" in told and "1 of 3 claims" in told, told)
        check("the others are as before", rest == {id: whole[id] for id in CLAIMS if id != "trn3-bandwidth"}, rest)


if __name__ == "__main__":
    main()
