#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uncertain inputs as a person meets them: killed and run again, with one process and with two, the answer is the same; another
seed gives other samples; the tornado has the widest input first."""
from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Runner:
    def __init__(self, program: Path, source: Path, folder: Path) -> None:
        self.folder = folder
        self.start = [program, "uncertainty", source / "workloads/send-receive-64MiB.yaml", "--platform",
                      source / "platforms/hgx-h100.xml", "--only", "medium.nvlink", "--vary", "size=lognormal(16MiB, 2)",
                      "--samples", "300", "--json"]

    def command(self, name: str, *options: str) -> list[str]:
        return [str(word) for word in [*self.start, "-o", self.folder / name, *options]]

    def answer(self, name: str, *options: str) -> dict:
        done = subprocess.run(self.command(name, *options), capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"{name} ends well {done.stderr.strip()}")
        answer = json.loads(done.stdout)
        del answer["result"]
        return answer

    def done(self, name: str) -> int:
        return len(list((self.folder / name).rglob("*.h5")))

    def killed(self, name: str, runs: int) -> int:
        """Ends it without warning once so many runs are done; how many there were."""
        with subprocess.Popen(self.command(name, "-j", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and self.done(name) < runs:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        return self.done(name)


def expect(right: bool, what: str) -> None:
    print(f"{'ok    ' if right else 'FAILED'} {what}")
    if not right:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(given.program, given.source.resolve(), Path(folder))
        whole = runner.answer("whole", "-j", "1")
        runs = whole["runs"]
        expect(runs == 1 + 2 * whole["inputs"] + 300, "the usual run, both ends of each input, the samples")
        widths = [abs(row["figure_high"] - row["figure_low"]) for row in whole["tornado"]]
        expect(len(widths) == whole["inputs"] and widths == sorted(widths, reverse=True), "the tornado has the widest input first")
        left = [runner.killed("killed", wanted) for wanted in (20, 80)]
        expect(20 <= left[0] < left[1] < runs, f"what was done stays after kill -9: {left} of {runs}")
        expect(runner.answer("killed", "-j", "2") == whole, "and the answer is that of an uninterrupted run")
        other = runner.answer("other", "--seed", "2")
        expect(other["figures"] != whole["figures"], "another seed draws other samples")


if __name__ == "__main__":
    main()
