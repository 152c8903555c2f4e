# SPDX-License-Identifier: Apache-2.0
"""All numbers that a page of a report shows: where each says that it comes from, and with which unit."""
from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import NamedTuple

import pandas
from load import LoadError, Result
from pages.units import digits, quantity
from selenium import webdriver

# A number by itself: not in a name such as p99, trn2 or llama-3.
NUMBER = re.compile(r"(?<![\w.,@/-])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w/]|\.\w|-\w)")
UNIT = re.compile(r"[\s\u00a0]*(%|[A-Za-zµ])")
RANGE = re.compile(r"[\s\u00a0]*(to|and|\)|,)[\s\u00a0]*(\(|[-+]?\d|at|$)")  # the unit stands at the other end
PATH = re.compile(r"([^\s:,]+\.h5):/([\w/]+)(?:\[([\d, ]+)\])?")
READ = """
const shown = [], walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
    const node = walk.currentNode, at = node.parentElement, source = at.closest('[data-dataset]');
    if (at.closest('.plot, script, thead, option, select, output') || !node.textContent.trim()) continue;
    shown.push({ text: node.textContent, dataset: source ? source.dataset.dataset : '', whole: source ? source.textContent : '',
                 chart: Boolean(at.closest('figure')), place: at.closest('section').querySelector('h2').textContent });
}
return shown;
"""


class Shown(NamedTuple):
    text: str
    dataset: str
    whole: str
    chart: bool
    place: str


def shown(driver: webdriver.Chrome) -> list[Shown]:
    """Pieces of text with numbers in them; names of what is compared are left out."""
    names = sorted(json.loads(driver.execute_script("return document.querySelector('main').dataset.names")), key=len, reverse=True)

    def without(text: str) -> str:
        for name in names:
            text = text.replace(name, "NAME")
        return text

    pieces = [Shown(without(p["text"]), p["dataset"], without(p["whole"]), p["chart"], p["place"]) for p in driver.execute_script(READ)]
    return [p for p in pieces if NUMBER.search(p.text)]


@functools.cache
def _table(file: Path, name: str) -> pandas.DataFrame:
    return Result(file).table(name)


@functools.cache
def _tables(file: Path) -> set[str]:
    return set(Result(file).tables())


def _is_table(files: dict[str, Result], file: str, path: str) -> bool:
    return path in _tables(files[file].path)


def _column(files: dict[str, Result], file: str, path: str) -> tuple[str, str, list[object]]:
    """Name, unit and values of a dataset; an error when there is none."""
    table, _, name = path.rpartition("/")
    frame = _table(files[file].path, table)
    assert name in frame, f"{file}:/{path}: no such dataset"
    return name, frame.attrs["units"][name], list(frame[name])


def _exists(files: dict[str, Result], file: str, path: str, rows: str) -> None:
    assert file in files, f"{file} is none of the page's files"
    try:
        values = list(_table(files[file].path, path).index) if _is_table(files, file, path) else _column(files, file, path)[2]
    except LoadError:
        assert path.split("/")[0] in ("provenance", "inputs"), f"{file}:/{path}: no such table"
        return
    assert all(int(row) < len(values) for row in rows.split(",") if row.strip()), f"{file}:/{path}[{rows}]: no such row"


def check_source(piece: Shown, files: dict[str, Result]) -> None:
    assert piece.dataset, f"no dataset: '{piece.text}' in {piece.place}"
    found = PATH.findall(piece.dataset)
    assert found or piece.dataset.startswith("docs/"), f"'{piece.dataset}' of '{piece.text}' names no dataset"
    for file, path, rows in found:
        _exists(files, file, path, rows)


def check_unit(piece: Shown, files: dict[str, Result]) -> None:
    """A unit follows, or the file says that it is a pure number or a text."""
    found = PATH.findall(piece.dataset)
    if len(found) == 1:
        file, path, _ = found[0]
        if path.split("/")[0] in ("provenance", "inputs"):
            return
        if not _is_table(files, file, path) and _column(files, file, path)[1] in ("1", ""):
            return
    for number in NUMBER.finditer(piece.text):
        rest = piece.text[number.end():]
        assert UNIT.match(rest) or RANGE.match(rest), f"no unit: '{number[0]}' in '{piece.text}' in {piece.place}"


def check_value(piece: Shown, files: dict[str, Result]) -> bool:
    """Whether one value of a file stands behind it; then it must be that."""
    found = PATH.findall(piece.dataset)
    if len(found) != 1 or piece.chart or found[0][1].split("/")[0] in ("provenance", "inputs") or _is_table(files, *found[0][:2]):
        return False
    file, path, row = found[0]
    name, unit, values = _column(files, file, path)
    if (not row.strip() and len(values) != 1) or "," in row:
        return False
    at, table = int(row or 0), _table(files[file].path, path.rpartition("/")[0])
    value = values[at]
    if "unit" in table and name != "samples":  # of a table whose rows are of different units
        unit, name = str(table["unit"][at]), str(table["figure"][at]) if table["figure"].dtype == object else name
    expected = value if isinstance(value, str) else quantity(float(value), unit, name)  # type: ignore[arg-type]
    either = [str(expected)] if isinstance(value, str) else [str(expected), digits(float(value))]  # type: ignore[arg-type]
    assert any(e.split(" ", maxsplit=1)[0] in piece.whole for e in either), f"'{piece.whole}' in {piece.place}, the file has {expected} ({piece.dataset})"
    return True


def check_charts(driver: webdriver.Chrome, files: dict[str, Result]) -> int:
    """Axes have units, and whatever a hint can show names its dataset."""
    charts = driver.execute_script("return charts")
    for chart in charts:
        for axis in ("x", "y", "value"):
            assert axis not in chart or chart[axis]["unit"], f"no unit: {axis} of {chart['title']}"
        sources = [chart["dataset"]] if "dataset" in chart else []
        for drawn in [*chart.get("series", []), *(chart["rows"] if chart["kind"] == "ranges" else [])]:
            assert drawn["name"] == "equal" or drawn.get("dataset") or drawn.get("datasets"), f"no dataset: {drawn['name']} of {chart['title']}"
            sources += [drawn.get("dataset", ""), *drawn.get("datasets", [])]
        assert sources, f"no dataset: {chart['title']}"
        for source in sources:
            for file, path, rows in PATH.findall(source):
                _exists(files, file, path, rows)
    return len(charts)


def files_of(paths: list[Path]) -> dict[str, Result]:
    return {path.name: Result(path) for path in paths}
