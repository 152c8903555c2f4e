# SPDX-License-Identifier: Apache-2.0
"""Links on a drawing of one scale-up domain: a box a chip, where it sits, with a field for each kind of
link, coloured by its use."""
from __future__ import annotations

import re

import pandas

from load import Result
from pages.page import Chart, joined, number, said, short

LINK = re.compile(r"u(0)\.([a-z]+(?:-[xyz])?)((?:-\d+)+)_(UP|DOWN)$")
HALF, ACROSS = 18, 8  # sleds of a rack; chips a row where links have plain numbers

Place = tuple[int, ...]


def _cell(place: Place, most: Place) -> tuple[int, int, int]:
    """Rack, column and row: sleds and their chips, two racks side by side; planes of a torus likewise."""
    if len(place) == 1:
        return 0, place[0] % ACROSS, place[0] // ACROSS
    if len(place) == 2:
        rack = place[0] // HALF if most[0] >= HALF else 0
        return rack, place[1], place[0] - rack * HALF
    return place[2], place[0], place[1]


def _group(longest: int, most: Place, rack: int) -> str:
    return f"rack {rack + 1}" if longest == 2 and most[0] >= HALF else f"plane {rack}" if longest == 3 else ""


def _first_domain(result: Result, frame: pandas.DataFrame) -> list[tuple[str, int]]:
    """Links of the first domain with the rows that hold for them: their own, or in a folded run that of one like it."""
    if "links/first_domain" in result.tables():
        alike = result.table("links/first_domain")
        if len(alike):
            return [(str(link), int(row)) for link, row in zip(alike["link"], alike["row"])]
    return [(str(link), i) for i, link in enumerate(frame["link"]) if str(link).startswith("u0.")]


def chart(result: Result, name: str) -> Chart | None:
    frame = result.table("links")
    fields: dict[tuple[Place, str], list[tuple[int, str]]] = {}
    for link, i in _first_domain(result, frame):
        found = LINK.match(link)
        if found is not None:
            fields.setdefault((tuple(int(n) for n in found[3].strip("-").split("-")), found[2]), []).append((i, found[4].lower()))
    longest = max((len(place) for place, _ in fields), default=0)
    fields = {key: rows for key, rows in fields.items() if len(key[0]) == longest}
    places = sorted({place for place, _ in fields})
    if len(places) < 2:
        return None
    media = sorted({medium for _, medium in fields}, key=lambda m: -max(float(frame["capacity_Bps"][i]) for (_, medium), rows in fields.items() if medium == m for i, _ in rows))
    most = tuple(max(place[i] for place in places) for i in range(longest))
    at = {place: _cell(place, most) for place in places}
    boxes = []
    for place in places:
        chip = []
        for medium in media:
            rows = fields.get((place, medium), [])
            chip.append([[i, way, short(float(frame["busy_fraction"][i])), short(float(frame["bytes"][i])), int(frame["stands_for"][i])] for i, way in rows])
        boxes.append([*at[place], "-".join(map(str, place)), chip])
    racks = max(rack for rack, _, _ in at.values()) + 1
    busiest = {medium: max((float(frame["busy_fraction"][i]), i) for (_, m), rows in fields.items() if m == medium for i, _ in rows) for medium in media}
    seen = joined([said(f"{medium} {{}}", number(share, "1", f"{result.path.name}:/links/busy_fraction[{i}]", "busy_fraction")) for medium, (share, i) in busiest.items()], ", ")
    return {"kind": "machine", "title": f"Use of the links: {name}",
            "caption": joined(["A box is a chip where it sits" + (": a row a sled of four chips, racks side by side" if racks > 1 and longest == 2 else "")
                               + f"; its fields are its links, {', '.join(media)} from left to right. Share of the time in which a link moves bytes, the busier direction; busiest: ",
                               seen, ". The first scale-up domain; empty fields are links that are not in use."], ""),
            "media": media, "boxes": boxes, "wide": max(x for _, x, _ in at.values()) + 1, "high": max(y for _, _, y in at.values()) + 1,
            "groups": [_group(longest, most, rack) for rack in range(racks)], "rowName": "sled" if longest == 2 else "", "dataset": f"{result.path.name}:/links"}
