#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the figures of docs/ACCURACY.md and its plots docs/accuracy*.svg from `trnsim validate`.

analysis/accuracy.py TRNSIM [DATA]   TRNSIM: the program; DATA: a folder with training.csv and
                                     perhaps vtrain-single-node.csv (default: workloads/measured)

analysis/accuracy.py TRNSIM --serving   the section and plot of serving alone, from workloads/measured/inference.csv

What stands between the two marks in the page is replaced; all else is written by hand.
"""
from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from math import log10
from pathlib import Path
from statistics import fmean, median

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/ACCURACY.md"
PLOTS = {"training": ("accuracy.svg", "step, s"), "collectives": ("accuracy-collectives.svg", "collective, s"),
         "compute": ("accuracy-compute.svg", "kernel, s"),
         "inference": ("accuracy-inference.svg", "rate, 1/s, or time, s")}
BEGIN, END = "<!-- figures: analysis/accuracy.py -->", "<!-- end of figures -->"
PARTS_BEGIN, PARTS_END = "<!-- parts: analysis/accuracy.py -->", "<!-- end of parts -->"
UNSEEN_BEGIN, UNSEEN_END = "<!-- unseen: analysis/accuracy.py -->", "<!-- end of unseen -->"
QUOTED_BYTES = 1024  # sources quote latencies up to here by their time, not by their row
SERVING = "<!-- serving: analysis/accuracy.py -->"
FAMILIES = {"A100": "#1b6ca8", "H100": "#2a7f3b", "H800": "#2a7f3b", "H200": "#8cc98f", "GH200": "#8cc98f",
            "GB200": "#e0a458", "GB300": "#e0a458", "B200": "#b5651d", "B300": "#b5651d", "MI3": "#7a5fb0", "TPU": "#4d4d4d",
            "Trainium": "#a02c5a", "Inferentia": "#d97fa6"}
SIDE, MARGIN = 560, 60
HEAVIEST, LIGHTEST = "full", "selective"

Row = dict[str, object]


def validate(program: str, data: Path) -> dict[str, list[Row]]:
    kinds = ["training"] + (["vtrain"] if (data / "vtrain-single-node.csv").exists() else [])
    done = subprocess.run([program, "validate", *kinds, "--data", str(data), "--json", "-q"],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def percent(value: object, signed: bool = False) -> str:
    return f"{100 * float(str(value)):{'+' if signed else ''}.1f}"


def group_table(groups: list[Row]) -> list[str]:
    lines = ["| Group | Accelerator | Rows | Median | p90 | Bias | Spearman |", "|---|---|---|---|---|---|---|"]
    for group in groups:
        if group["kind"] == "vtrain" and group["group"] == "all":
            continue
        rank = group["spearman"]
        lines.append(f"| {group['group']} | {group['accelerator']} | {group['rows']} | "
                     f"{percent(group['median_abs_error_fraction'])} | {percent(group['p90_abs_error_fraction'])} | "
                     f"{percent(group['bias_fraction'], True)} | {'' if rank is None else f'{rank:.3f}'} |")
    return lines


def parts_table(groups: list[Row]) -> list[str]:
    """Collectives, published kernels and kernel tables; groups of short calls are left out."""
    lines = ["| Kind | Group | Accelerator | Rows | Median | p90 | Bias |", "|---|---|---|---|---|---|---|"]
    for group in groups:
        if group["group"] != "all" and not str(group["group"]).endswith("short"):
            lines.append(f"| {group['kind']} | {group['group']} | {group['accelerator']} | {group['rows']} | "
                         f"{percent(group['median_abs_error_fraction'])} | "
                         f"{percent(group['p90_abs_error_fraction'])} | {percent(group['bias_fraction'], True)} |")
    return lines


def write_parts(program: str, data: Path) -> None:
    kinds = ["collectives", "compute"] + (["kernels"] if (data / "kernels").is_dir() else [])
    done = subprocess.run([program, "validate", *kinds, "--data", str(data), "--json", "-q"],
                          capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    replace(PARTS_BEGIN, PARTS_END, parts_table(told["groups"]))
    for kind in ("collectives", "compute"):
        write_plot(kind, told["rows"])


def named_rows(letter: str) -> set[str]:
    """Rows that the source of a fitted constant of any platform names: C0042, or C0042 to C0048."""
    named: set[str] = set()
    for path in (ROOT / "platforms").glob("*.xml"):
        for source in re.findall(r'source" value="fit([^"]*)"', path.read_text(encoding="utf-8")):
            for first, last in re.findall(rf"{letter}(\d{{4}})(?: to {letter}(\d{{4}}))?", source):
                named |= {f"{letter}{number:04}" for number in range(int(first), int(last or first) + 1)}
    return named


def unseen_table(results: list[Row], sizes: dict[str, float]) -> list[str]:
    """Errors of collectives on which no constant of the library rests, long and short."""
    named = named_rows("C")
    lines = ["| Size | Rows | Median | Mean | Bias |", "|---|---|---|---|---|"]
    for label, low, high in (("1 MiB and more", 2.0 ** 20, float("inf")), ("below", QUOTED_BYTES + 1, 2.0 ** 20 - 1)):
        errors = [float(str(row["error_fraction"])) for row in results if row["error_fraction"] is not None
                  and row["id"] not in named and low <= sizes.get(str(row["id"]), 0) <= high]
        if errors:
            lines.append(f"| {label} | {len(errors)} | {percent(median(map(abs, errors)))} | "
                         f"{percent(fmean(map(abs, errors)))} | {percent(fmean(errors), True)} |")
    return lines


def write_unseen(program: str, data: Path) -> None:
    done = subprocess.run([program, "validate", "collectives", "--data", str(data), "--json", "-q"],
                          capture_output=True, text=True, check=True)
    with open(data / "collectives.csv", encoding="utf-8", newline="") as text:
        sizes = {row["id"]: float(row["size_bytes"] or 0) for row in csv.DictReader(text)}
    replace(UNSEEN_BEGIN, UNSEEN_END, unseen_table(json.loads(done.stdout)["rows"], sizes))


def replace(begin: str, end: str, lines: list[str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(begin)[0], page.split(end)[1]
    PAGE.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + after, encoding="utf-8")


def cell(row: dict[str, str], *names: str) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def recompute_ratios(results: dict[str, Row], rows: list[dict[str, str]]) -> list[str]:
    """Time with selective over time with full recomputation, all else equal."""
    same = ("group", "model", "n_chips", "tp", "pp", "vpp", "mbs", "gbs")
    lines = ["", "Time with selective over time with full recomputation, where both were measured:", "",
             "| Model | Measured | Simulated |", "|---|---|---|"]
    for full in (row for row in rows if row["recompute"].startswith(HEAVIEST) and row["id"] in results):
        for light in (row for row in rows if row["recompute"].startswith(LIGHTEST) and row["id"] in results):
            if cell(full, *same) == cell(light, *same) and cell(full, "sp", "cp") <= cell(light, "sp", "cp"):
                over, under = results[light["id"]], results[full["id"]]
                pair = [float(str(over[key])) / float(str(under[key])) for key in ("measured", "simulated")]
                lines.append(f"| {full['model']} | {pair[0]:.3f} | {pair[1]:.3f} |")
    return lines if len(lines) > 5 else []


def scaling(results: dict[str, Row], rows: list[dict[str, str]]) -> list[str]:
    """Throughput of a chip over that of the smallest machine of the series."""
    series: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        if row["id"] in results and row["scaling_series"] and row["gbs"] and row["group"] == "MLPerf":
            series.setdefault(row["scaling_series"], []).append(row)
    lines = ["", "Throughput of a chip over that in the smallest machine of its series, in per cent:", "",
             "| Series | Chips | Measured | Simulated |", "|---|---|---|---|"]
    for name, members in series.items():
        members.sort(key=lambda row: int(row["n_chips"]))
        rate = {(row["id"], key): float(row["gbs"]) / float(row["n_chips"]) / float(str(results[row["id"]][key]))
                for row in members for key in ("measured", "simulated")}
        first = members[0]["id"]
        lines += [f"| {name} | {row['n_chips']} | " + " | ".join(
            percent(rate[row["id"], key] / rate[first, key]) for key in ("measured", "simulated")) + " |"
            for row in members[1:]]
    return lines if len(lines) > 5 else []


def family(accelerator: str) -> str:
    """The longest name of a family that the accelerator's has in it."""
    return max((name for name in FAMILIES if name in accelerator), key=len, default="other")


def write_plot(kind: str, rows: list[Row]) -> None:
    name, what = PLOTS[kind]
    points = {(round(log10(float(str(row["measured"]))), 2), round(log10(float(str(row["simulated"]))), 2),
               family(str(row["accelerator"])))
              for row in rows if row["kind"] == kind and row["simulated"] and row["measured"]}
    (ROOT / "docs" / name).write_text(plot(sorted(points), what), encoding="utf-8")


def plot(points: list[tuple[float, float, str]], what: str) -> str:
    """Measured against simulated, both by their logarithms, a colour a family of chips."""
    low = min(min(x, y) for x, y, _ in points) - 0.1
    high = max(max(x, y) for x, y, _ in points) + 0.1

    def at(value: float) -> float:
        return MARGIN + (value - low) / (high - low) * SIDE

    whole = SIDE + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{whole}" font-family="sans-serif" '
           f'font-size="13">', f'<rect width="{whole}" height="{whole}" fill="white"/>',
           f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#444"/>']
    for shift, dash in ((0.0, ""), (log10(1.1), "4 4"), (-log10(1.1), "4 4")):
        ends = (max(low, low - shift), min(high, high - shift))
        out.append(f'<line x1="{at(ends[0]):.1f}" y1="{whole - at(ends[0] + shift):.1f}" x2="{at(ends[1]):.1f}" '
                   f'y2="{whole - at(ends[1] + shift):.1f}" stroke="#888" stroke-dasharray="{dash}"/>')
    for power in range(int(low) - 1, int(high) + 1):
        if low <= power <= high:
            out.append(f'<text x="{at(power):.1f}" y="{whole - MARGIN + 18}" text-anchor="middle">{10.0 ** power:g}'
                       f'</text><text x="{MARGIN - 6}" y="{whole - at(power) + 4:.1f}" text-anchor="end">'
                       f'{10.0 ** power:g}</text>')
    out += [f'<circle cx="{at(x):.1f}" cy="{whole - at(y):.1f}" r="3.5" fill="{FAMILIES.get(chip, "#666")}" '
            f'fill-opacity="0.7"/>' for x, y, chip in points]
    for place, chip in enumerate(sorted({chip for _, _, chip in points})):
        out.append(f'<circle cx="{MARGIN + 16}" cy="{MARGIN + 18 + 18 * place}" r="4" '
                   f'fill="{FAMILIES.get(chip, "#666")}"/><text x="{MARGIN + 26}" y="{MARGIN + 22 + 18 * place}">'
                   f'{chip}</text>')
    out += [f'<text x="{whole / 2}" y="{whole - 14}" text-anchor="middle">measured {what} (dashes: 10 %)</text>',
            f'<text x="18" y="{whole / 2}" text-anchor="middle" transform="rotate(-90 18 {whole / 2})">'
            f'simulated {what}</text>', "</svg>"]
    return "\n".join(out) + "\n"


def serving(program: str) -> int:
    done = subprocess.run([program, "validate", "inference", "--json", "-q"],
                          capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    write_plot("inference", told["rows"])
    lines = group_table([group for group in told["groups"] if group["group"] != "all"])
    lines += ["", f"Not simulated: {len(told['not_simulated'])} figures (columns empty, or the model does not fit)."]
    page = PAGE.read_text(encoding="utf-8")
    before, _, after = page.split(SERVING)
    PAGE.write_text(before + SERVING + "\n\n" + "\n".join(lines) + "\n\n" + SERVING + after, encoding="utf-8")
    return 0


def main(arguments: list[str]) -> int:
    if len(arguments) == 2 and arguments[1] == "--serving":
        return serving(arguments[0])
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    data = Path(arguments[1]) if len(arguments) == 2 else ROOT / "workloads/measured"
    validation = validate(arguments[0], data)
    with open(data / "training.csv", encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    compared = [row for row in validation["rows"] if row["simulated"] and row["measured"]]
    results = {str(row["id"]): row for row in compared}
    lines = group_table(validation["groups"]) + recompute_ratios(results, rows) + scaling(results, rows)
    replace(BEGIN, END, lines)
    write_parts(arguments[0], data)
    write_unseen(arguments[0], data)
    write_plot("training", compared)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
