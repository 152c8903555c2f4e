# SPDX-License-Identifier: Apache-2.0
"""A page as data: sections with text, tables and charts, and how they become one HTML file that
needs nothing else. Every number stands beside the dataset that it was read from."""
from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from pages.units import quantity

UNBROKEN_MOST = 24  # letters of a number with its unit, which stay on one line
HERE = Path(__file__).resolve().parent
LIBRARY = HERE / "node_modules" / "echarts" / "dist" / "echarts.min.js"

Chart = dict[str, object]  # "kind" and what page.js draws of that kind


class PageError(Exception):
    """What keeps a page from being written."""
    status = 3


@dataclass
class Cell:
    """What a table shows, and where it was read."""
    text: str
    dataset: str = ""
    tone: str = ""  # "better", "worse" or ""
    target: str = ""  # a section of the page


Text = str | list["str | Cell"]  # words, with the numbers in them as cells


def said(words: str, *cells: str | Cell) -> Text:
    """A sentence: each {} is the next cell."""
    parts = words.split("{}")
    assert len(parts) == len(cells) + 1, words
    text: list[str | Cell] = [parts[0]]
    for cell, part in zip(cells, parts[1:]):
        text += [cell, part]
    return text


def joined(texts: list[Text], between: str = " ") -> Text:
    whole: list[str | Cell] = []
    for text in texts:
        whole += ([between] if whole else []) + ([text] if isinstance(text, str) else text)
    return whole


def plain(text: Text) -> str:
    """As words alone."""
    return text if isinstance(text, str) else "".join(part if isinstance(part, str) else part.text for part in text)


@dataclass
class Table:
    head: list[str]
    rows: list[list[Cell]]
    kind: str = ""  # class of the table


@dataclass
class Section:
    title: str
    text: list[Text] = field(default_factory=list)  # paragraphs
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    notes: list[tuple[str, list[Text]]] = field(default_factory=list)  # summary, lines: folded away
    badge: str = ""
    lead: Text = ""  # the answer in one line
    anchor: str = ""


@dataclass
class Page:
    title: str
    answer: Section
    sections: list[Section] = field(default_factory=list)
    files: list[Section] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of what is compared: digits in them are no numbers


def number(value: float, unit: str, dataset: str, name: str = "") -> Cell:
    return Cell(quantity(float(value), unit, name), dataset)


def short(value: float) -> float | None:
    """For JSON: seven digits are more than a picture shows."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _is_text(cell: Cell) -> bool:
    return cell.text[:1] not in "-0123456789" and cell.text not in ("not known", "no limit", "the same")


def _source(dataset: str) -> str:
    return f" data-dataset='{escape(dataset, True)}' title='{escape(dataset, True)}'" if dataset else ""


def _words(text: Text) -> str:
    parts = [text] if isinstance(text, str) else text
    return "".join(escape(p) if isinstance(p, str) else f"<span{_source(p.dataset)}{' class=short' if len(p.text) <= UNBROKEN_MOST else ''}>{escape(p.text)}</span>" for p in parts)


def _cell(cell: Cell, first: bool) -> str:
    tag = "th scope='row'" if first else "td"
    kind = cell.tone or ("text" if _is_text(cell) else "")
    tone = f" class='{kind}'" if kind else ""
    text = f"<a href='#{escape(cell.target, True)}'>{escape(cell.text)}</a>" if cell.target else escape(cell.text)
    return f"<{tag}{tone}{_source(cell.dataset)}>{text}</{tag.split()[0]}>"


def _table(table: Table) -> str:
    words = [bool(table.rows) and _is_text(cell) for cell in (table.rows[0] if table.rows else [])]
    head = "".join(f"<th scope='col'{' class=text' if word else ''}>{escape(h).replace(' x ', ' x&nbsp;')}</th>" for h, word in zip(table.head, words or [False] * len(table.head)))
    rows = "".join("<tr>" + "".join(_cell(c, i == 0) for i, c in enumerate(row)) + "</tr>" for row in table.rows)
    return f"<div class='wide'><table class='{table.kind}'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _numbers(chart: Chart) -> str:
    """What bars show, for those who do not see them, and on paper."""
    if chart["kind"] != "stack":
        return ""
    unit, key = str(chart["x"]["unit"]), str(chart["x"].get("key", ""))  # type: ignore[index, attr-defined]
    named = [Cell(str(c), source) for c, source in zip(chart["categories"], chart.get("categoriesFrom") or [""] * len(chart["categories"]))]  # type: ignore[arg-type, call-overload]
    parts = [[Cell(str(s["name"]))] + [number(v or 0.0, unit, d, key) for v, d in zip(s["values"], s["datasets"])] for s in chart["series"]]  # type: ignore[attr-defined]
    columns = [[Cell(str(chart["x"]["name"])), *named], *parts]  # type: ignore[index]
    rows = columns if len(named) < len(parts) else [list(row) for row in zip(*columns)]  # the longer side runs down: paper and phones are narrow
    table = Table([cell.text for cell in rows[0]], rows[1:])
    return f"<details><summary>The numbers</summary>{_table(table)}</details>"


def _figure(chart: Chart, index: int) -> str:
    caption = _words(chart.get("caption", ""))  # type: ignore[arg-type]
    return (f"<figure id='chart-{index}' data-chart='{index}' class='{chart['kind']}'><h3{_source(str(chart.get('titleFrom', '')))}>{escape(str(chart['title']))}</h3>"
            f"<div class='plot' role='img' aria-label='{escape(str(chart['title']), True)}'></div>"
            f"<figcaption>{caption}</figcaption>{_numbers(chart)}</figure>")


def _section(section: Section, charts: list[Chart], tag: str) -> str:
    anchor = f" id='{escape(section.anchor, True)}'" if section.anchor else ""
    parts = [f"<section class='{tag}'{anchor}><h2>{escape(section.title)}"]
    if section.badge:
        parts.append(f" <span class='badge {section.badge.replace(' ', '-')}'>{escape(section.badge)}</span>")
    parts.append("</h2>")
    if section.lead:
        parts.append(f"<p class='lead'>{_words(section.lead)}</p>")
    parts += [f"<p>{_words(line)}</p>" for line in section.text]
    parts += [_table(table) for table in section.tables]
    for chart in section.charts:
        parts.append(_figure(chart, len(charts)))
        charts.append(chart)
    for summary, lines in section.notes:
        items = "".join(f"<li>{_words(line)}</li>" for line in lines)
        parts.append(f"<details><summary>{escape(summary)}</summary><ul>{items}</ul></details>")
    return "".join(parts) + "</section>"


def html(page: Page) -> str:
    try:
        library = LIBRARY.read_text(encoding="utf-8")
    except OSError as problem:
        raise PageError(f"{LIBRARY}: the charting library is not installed; run scripts/setup.sh report") from problem
    charts: list[Chart] = []
    body = [_section(page.answer, charts, "answer")]
    body += [_section(section, charts, "part") for section in page.sections]
    body += [_section(section, charts, "file") for section in page.files]
    told = [{**chart, "caption": plain(chart.get("caption", ""))} for chart in charts]  # type: ignore[arg-type]
    data = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    template = (HERE / "page.html").read_text(encoding="utf-8")
    for mark, text in (("TITLE", escape(page.title)), ("STYLE", (HERE / "page.css").read_text(encoding="utf-8")),
                       ("NAMES", escape(json.dumps(page.names), True)), ("BODY", "\n".join(body)), ("DATA", data), ("LIBRARY", library),
                       ("SCRIPT", (HERE / "page.js").read_text(encoding="utf-8"))):
        template = template.replace(f"<!--{mark}-->", text)
    return template
