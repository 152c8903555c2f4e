#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of results for papers, each as SVG, PDF and PNG: one function a figure. They show what
the charts of trnsim report show, from the same data.

    analysis/figures.py breakdown results/a.h5 results/b.h5 -o figures/breakdown
    analysis/figures.py --list
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Callable

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.collections import PatchCollection  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from load import LoadError, Result  # noqa: E402
from pages import links, other, serving, training  # noqa: E402
from pages.entry import Entry
from pages.page import Chart  # noqa: E402
from pages.training import Entry  # noqa: E402
from pages.units import digits, quantity  # noqa: E402
from report import named  # noqa: E402

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7a5195", "#8c8c8c"]
ENDINGS = ("svg", "pdf", "png")
SCALED = ("s", "B", "B/s", "W", "J", "FLOP", "FLOP/s", "%", "1")


class FigureError(Exception):
    """A figure that these results do not have."""
    status = 3


# How a chart of each kind is drawn


def _axis(axis: object, spec: dict[str, object]) -> None:
    unit, key = str(spec["unit"]), str(spec.get("key", ""))
    axis.set_major_formatter(FuncFormatter(lambda v, _: quantity(v, unit, key) if unit in SCALED else digits(v)))  # type: ignore[attr-defined]
    axis.set_label_text(str(spec["name"]) if unit in ("1", "%") else f"{spec['name']} [{unit}]")  # type: ignore[attr-defined]


def _stack(axes: Axes, chart: Chart) -> None:
    left = [0.0] * len(chart["categories"])  # type: ignore[arg-type]
    for i, series in enumerate(chart["series"]):  # type: ignore[arg-type]
        values = [v or 0.0 for v in series["values"]]
        axes.barh(chart["categories"], values, left=left, label=series["name"], color=COLOURS[i % len(COLOURS)])
        left = [a + b for a, b in zip(left, values)]
    axes.invert_yaxis()
    _axis(axes.xaxis, chart["x"])  # type: ignore[arg-type]
    axes.legend(fontsize="x-small", ncols=4, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)


def _points(axes: Axes, chart: Chart) -> None:
    for i, series in enumerate(chart["series"]):  # type: ignore[arg-type]
        x, y = zip(*[(p[0], p[1]) for p in series["points"]])
        style = {"color": COLOURS[series.get("like", i) % len(COLOURS)], "label": series["name"]}
        if series.get("line"):
            axes.plot(x, y, linewidth=1, linestyle="--" if series.get("dashed") else "-", **style)
        else:
            axes.scatter(x, y, s=8, **style)
    for name in ("x", "y"):
        spec = chart[name]
        if spec.get("log"):  # type: ignore[attr-defined]
            getattr(axes, f"set_{name}scale")("log")
        _axis(getattr(axes, f"{name}axis"), spec)  # type: ignore[arg-type]
    axes.legend(fontsize="x-small")


def _gantt(axes: Axes, chart: Chart) -> None:
    for k, kind in enumerate(chart["kinds"]):  # type: ignore[arg-type]
        for row in range(len(chart["rows"])):  # type: ignore[arg-type]
            spans = [(i[1], i[2] - i[1]) for i in chart["items"] if i[3] == k and i[0] == row]  # type: ignore[union-attr]
            axes.broken_barh(spans, (row - 0.4, 0.8), color=COLOURS[k % len(COLOURS)], linewidth=0, label=kind if row == 0 else None)
    axes.set_yticks(range(len(chart["rows"])), chart["rows"], fontsize="x-small")  # type: ignore[arg-type]
    axes.invert_yaxis()
    _axis(axes.xaxis, chart["x"])  # type: ignore[arg-type]
    axes.legend(fontsize="x-small", ncols=4, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)


def _heat(axes: Axes, chart: Chart) -> None:
    grid = [[float("nan")] * len(chart["xs"]) for _ in chart["ys"]]  # type: ignore[arg-type, union-attr]
    for cell in chart["cells"]:  # type: ignore[union-attr]
        grid[cell[1]][cell[0]] = cell[2]
    picture = axes.imshow(grid, aspect="auto", cmap="viridis", vmin=chart.get("from"))
    axes.set_xticks([])
    axes.set_ylabel(str(chart["yName"]))
    value = chart["value"]
    bar = axes.figure.colorbar(picture, ax=axes)
    _axis(bar.ax.yaxis, value)  # type: ignore[arg-type]


def _machine(axes: Axes, chart: Chart) -> None:
    """A box a chip, a field in it for each kind of link."""
    count, step = len(chart["media"]), chart["wide"] + 1  # type: ignore[arg-type, operator]
    patches, values = [], []
    for rack, column, row, _, fields in chart["boxes"]:  # type: ignore[union-attr]
        for m, links in enumerate(fields):
            patches.append(Rectangle((rack * step + column + 0.06 + 0.88 * m / count, row - 0.4), 0.86 / count, 0.8))
            values.append(100 * max((link[2] for link in links), default=0.0))
    fields_drawn = PatchCollection(patches, cmap="YlOrRd", edgecolor="grey", linewidth=0.2)
    fields_drawn.set_array(values)
    fields_drawn.set_clim(0, 100)
    axes.add_collection(fields_drawn)
    axes.set_xlim(-0.1, len(chart["groups"]) * step - 0.9)  # type: ignore[arg-type, operator]
    axes.set_ylim(chart["high"] - 0.4, -0.6)  # type: ignore[operator]
    axes.set_xticks([rack * step + chart["wide"] / 2 for rack in range(len(chart["groups"]))], chart["groups"])  # type: ignore[arg-type, operator]
    axes.set_yticks(range(chart["high"]), [str(row) for row in range(chart["high"])], fontsize="x-small")  # type: ignore[call-overload]
    axes.set_ylabel(str(chart["rowName"]))
    axes.figure.colorbar(fields_drawn, ax=axes).set_label(f"use of each chip's links ({', '.join(chart['media'])}) [%]")  # type: ignore[arg-type]


def _ranges(axes: Axes, chart: Chart) -> None:
    for i, row in enumerate(chart["rows"]):  # type: ignore[arg-type]
        axes.barh(i, row["high"] - row["low"], left=row["low"], height=0.4, color=COLOURS[0], alpha=0.5)
        axes.plot([row["value"]] * 2, [i - 0.35, i + 0.35], color="black")
    for mark in chart.get("marks") or []:  # type: ignore[union-attr]
        axes.axvline(mark["at"], color=COLOURS[1], linestyle="--", label=mark["name"])
    if not chart["x"].get("scale"):  # type: ignore[attr-defined]
        axes.set_xlim(left=0)
    axes.set_yticks(range(len(chart["rows"])), [row["name"] for row in chart["rows"]])  # type: ignore[arg-type, union-attr]
    axes.invert_yaxis()
    _axis(axes.xaxis, chart["x"])  # type: ignore[arg-type]


DRAWN: dict[str, Callable[[Axes, Chart], None]] = {"stack": _stack, "points": _points, "gantt": _gantt, "heat": _heat, "machine": _machine, "ranges": _ranges}


# The figures


def _titled(entries: list[Entry], start: str) -> Chart:
    """The first chart of a training page whose title starts so."""
    for section in training.sections(entries):
        for chart in section.charts:
            if str(chart["title"]).startswith(start):
                return chart
    raise FigureError(f"the results have no chart '{start}'")


def breakdown(entries: list[Entry]) -> Chart:
    """A training step by part."""
    return _titled(entries, "One step by part")


def chip_hours(entries: list[Entry]) -> Chart:
    """Chip-hours for a million tokens by part: what a difference in cost is made of."""
    return _titled(entries, "Chip-hours")


def roofline(entries: list[Entry]) -> Chart:
    """Operations of a step under the roof of the chip."""
    return _titled(entries, "Roofline")


def pipeline(entries: list[Entry]) -> Chart:
    """Stages of the first result over time."""
    return _titled(entries[:1], "Pipeline")


def memory(entries: list[Entry]) -> Chart:
    """Memory of a chip by stage, of the first result."""
    return _titled(entries[:1], "Memory by pipeline stage")


def cost(entries: list[Entry]) -> Chart:
    """Cost of a million tokens over the range of prices."""
    return _titled(entries, "Cost of a million tokens")


def energy(entries: list[Entry]) -> Chart:
    """Energy of a million tokens by cause."""
    return _titled(entries, "Energy of a million tokens")


def machine(entries: list[Entry]) -> Chart:
    """Use of the links on a drawing of one scale-up domain, of the first result."""
    chart = links.chart(entries[0].result, entries[0].name)
    if chart is None:
        raise FigureError(f"{entries[0].result.path}: no links are in use")
    return chart


def latency(entries: list[Entry]) -> Chart:
    """Distribution of the time to first token."""
    return serving.sections(entries)[0].charts[0]


def load(entries: list[Entry]) -> Chart:
    """Requests present over time."""
    return next(s for s in serving.sections(entries) if s.title == "Over time").charts[0]


def validation(entries: list[Entry]) -> Chart:
    """Simulated against measured."""
    return other.validation(entries[0])[1][0].charts[0]


def uncertainty(entries: list[Entry]) -> Chart:
    """What moves the answer most: the tornado of a run with uncertain inputs."""
    sections = other.uncertainty(entries[0])[1]
    if not sections:
        raise FigureError(f"{entries[0].result.path}: no input moves the figure")
    return sections[0].charts[0]


def goodput(entries: list[Entry]) -> Chart:
    """Chip-hours lost in weeks of a job, by what is lost."""
    return other.goodput(entries[0])[1][0].charts[0]


FIGURES: dict[str, tuple[str, Callable[[list[Entry]], Chart]]] = {
    **{f.__name__.replace("_", "-"): ("training", f) for f in (breakdown, chip_hours, roofline, pipeline, memory, cost, energy, machine)},
    **{f.__name__: ("serving", f) for f in (latency, load)}, "validation": ("validation", validation),
    "uncertainty": ("uncertainty", uncertainty), "goodput": ("goodput", goodput)}


def write(chart: Chart, stem: Path) -> list[Path]:
    """Every number of rows gets a height at which it can be read."""
    rows = len(chart.get("rows") or chart.get("categories") or []) if chart["kind"] in ("stack", "gantt", "ranges") else 12  # type: ignore[arg-type]
    figure, axes = pyplot.subplots(figsize=(7, max(2.2, 0.3 * rows + 1.4)), layout="constrained")
    DRAWN[str(chart["kind"])](axes, chart)
    figure.suptitle(str(chart["title"]), fontsize="medium")
    stem.parent.mkdir(parents=True, exist_ok=True)
    made = [stem.with_name(f"{stem.name}.{ending}") for ending in ENDINGS]
    for path in made:
        figure.savefig(path, dpi=200, metadata={"Date": None} if path.suffix == ".svg" else {"CreationDate": None} if path.suffix == ".pdf" else None)
    pyplot.close(figure)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description="Figures of results, as SVG, PDF and PNG.")
    parser.add_argument("--list", action="store_true", help="which figures there are")
    parser.add_argument("figure", nargs="?", choices=list(FIGURES))
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="name of the files, without an ending")
    given = parser.parse_args()
    if given.list or given.figure is None or not given.results:
        for name, (kind, make) in FIGURES.items():
            print(f"{name:12} {kind:11} {make.__doc__}")
        return 0 if given.list else 2
    kind, make = FIGURES[given.figure]
    try:
        results = [Result(path) for path in given.results]
        for result in results:
            if result.kind != kind:
                raise FigureError(f"{result.path}: is of kind '{result.kind}', the figure {given.figure} is of kind '{kind}'")
        for path in write(make(named(results)), given.output or Path(given.figure)):
            print(path)
    except (LoadError, FigureError) as problem:
        print(f"figures: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
