#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sweeps as a person meets them: killed and run again, in one process and in two, on a Slurm
cluster whose node fails, in a folder with files of others. The table must be the same bytes.

With --slurm a one-node cluster is started by scripts/slurm-local.sh; without Slurm it says so and skips.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWEEP = """title: send and receive by size
workload: {source}/workloads/send-receive-64MiB.yaml
platform: {source}/platforms/hgx-h100.xml
axes:
  - {{key: size, from: 1MiB, to: 64MiB, count: {count}}}
  - {{key: group_chips, values: [2, 900]}}
"""


class Runner:
    def __init__(self, program: Path, source: Path, folder: Path, count: int) -> None:
        self.program, self.folder = program, folder
        self.file = folder / "sizes.yaml"
        self.file.write_text(SWEEP.format(source=source, count=count))

    def command(self, name: str, *options: str) -> list[str]:
        return [str(self.program), "sweep", str(self.file), "-o", str(self.folder / name),
                "--json", *options]

    def run(self, name: str, *options: str, env: dict[str, str] | None = None) -> dict:
        done = subprocess.run(self.command(name, *options), cwd=self.folder, env=env,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{name}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout) | {"stderr": done.stderr}

    def table(self, name: str) -> str:
        return hashlib.sha256((self.folder / name / "sweep.h5").read_bytes()).hexdigest()


def expect(right: bool, what: str) -> None:
    print(f"{'ok    ' if right else 'FAILED'} {what}")
    if not right:
        raise SystemExit(1)


def killed_and_run_again(runner: Runner, count: int, reference: str) -> None:
    stream = random.Random(7)
    for _ in range(3):
        with subprocess.Popen(runner.command("killed", "-j", "2"), cwd=runner.folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(stream.uniform(0.2, 1.5))
            process.send_signal(signal.SIGKILL)
    answer = runner.run("killed", "-j", "2")
    expect(answer["points"] == count, "all points are there after kill -9")
    expect(runner.table("killed") == reference, "and the table is that of an uninterrupted run")
    left = [p for p in (runner.folder / "killed" / "points").iterdir() if p.name.startswith(".")]
    expect(not left, "no temporary file is left")


def interrupted(runner: Runner, reference: str) -> None:
    with subprocess.Popen(runner.command("ctrl-c", "-j", "2"), cwd=runner.folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        points = runner.folder / "ctrl-c" / "points"
        while process.poll() is None and not (points.is_dir() and any(points.iterdir())):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    expect(process.returncode in (130, 0), f"Ctrl-C ends with 130 ({errors.decode().strip()})")
    runner.run("ctrl-c", "-j", "1")
    expect(runner.table("ctrl-c") == reference, "Ctrl-C loses nothing and changes nothing")


def foreign_files(runner: Runner) -> None:
    points = runner.folder / "one" / "points"
    result = sorted(points.glob("*.h5"))[0]
    whole = result.read_bytes()
    result.write_bytes(whole[: len(whole) // 2])
    (points / "notes.txt").write_text("mine")
    answer = runner.run("one")
    expect("notes.txt" in answer["stderr"] and "damaged" in answer["stderr"],
           "damaged and foreign files are reported")
    expect(result.read_bytes() == whole[: len(whole) // 2] and
           (points / "notes.txt").read_text() == "mine", "and left alone")


def unknown_property(runner: Runner, source: Path) -> None:
    file = runner.folder / "property.yaml"
    file.write_text(SWEEP.format(source=source, count=2) +
                    "  - {key: platform.nosuch, values: [1us, 2us]}\n")
    done = subprocess.run([str(runner.program), "sweep", str(file), "-o", "property"],
                          cwd=runner.folder, capture_output=True, text=True, check=False)
    expect(done.returncode != 0 and "no property 'nosuch'" in done.stderr,
           "an unknown property is refused")
    points = runner.folder / "property" / "points"
    expect(not points.is_dir() or not any(points.iterdir()), "before the first point runs")


def on_slurm(runner: Runner, source: Path, reference: str) -> None:
    if not all(shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin")
               for p in ("sbatch", "slurmctld", "slurmd", "munged")):
        print("skipped: slurm-wlm and munge are not installed")
        return
    script, cluster = source / "scripts" / "slurm-local.sh", runner.folder / "slurm"
    subprocess.run([script, "start", cluster], check=True, stdout=subprocess.DEVNULL)
    env = os.environ | {"SLURM_CONF": str(cluster / "slurm.conf")}
    try:
        with subprocess.Popen(runner.command("array", "--slurm", "--at-once", "2"), env=env,
                              cwd=runner.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            time.sleep(6)
            subprocess.run([script, "node-down", cluster], check=True)
            time.sleep(13)  # longer than SlurmdTimeout: the jobs are requeued
            subprocess.run([script, "node-up", cluster], check=True)
            output, errors = process.communicate(timeout=500)
        expect(process.returncode == 0, f"the array ends well {errors.strip()}")
        expect(json.loads(output)["done"] > 0, "points are done")
        expect(runner.table("array") == reference, "the table from Slurm is the same bytes")
    finally:
        subprocess.run([script, "stop", cluster], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--count", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trnsim-sweep-") as name:
        runner = Runner(arguments.program.resolve(), arguments.source.resolve(), Path(name),
                        arguments.count)
        answer = runner.run("one", "-j", "1")
        reference = runner.table("one")
        if arguments.slurm:
            on_slurm(runner, arguments.source.resolve(), reference)
            return
        expect(answer["done"] == arguments.count and answer["failed"] == arguments.count,
               "failed points are counted and stop nothing")
        runner.run("two", "-j", "2")
        expect(runner.table("two") == reference, "-j 1 and -j 2 give the same bytes")
        again = runner.run("two", "-j", "2")
        expect(again["done_before"] == arguments.count, "what is done is not run again")
        killed_and_run_again(runner, 2 * arguments.count, reference)
        interrupted(runner, reference)
        foreign_files(runner)
        unknown_property(runner, arguments.source.resolve())


if __name__ == "__main__":
    sys.exit(main())
