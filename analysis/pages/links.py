# SPDX-License-Identifier: Apache-2.0
"""Links on a drawing of one scale-up domain: a cell a chip, where it sits, coloured by its busiest link."""
from __future__ import annotations

import re

from load import Result
from pages.page import Chart, short
from pages.units import quantity

LINK = re.compile(r"u(\d+)\.([a-z]+(?:-[xyz])?)((?:-\d+)+)_(UP|DOWN)$")
HALF, ACROSS = 18, 8  # sleds of a rack; chips a row where links have plain numbers

Place = tuple[int, ...]


def _cell(place: Place, most: Place) -> tuple[int, int]:
    """Column and row: sleds and their chips, two racks side by side; planes of a torus likewise."""
    if len(place) == 1:
        return place[0] % ACROSS, place[0] // ACROSS
    if len(place) == 2:
        rack = place[0] // HALF if most[0] >= HALF else 0
        return rack * (most[1] + 2) + place[1], place[0] - rack * HALF
    return place[2] * (most[0] + 2) + place[0], place[1]


def chart(result: Result, name: str) -> Chart | None:
    frame = result.table("links")
    lines: dict[Place, list[str]] = {}
    busy: dict[Place, float] = {}
    for link, medium, fraction, stands in zip(frame["link"], frame["medium"], frame["busy_fraction"], frame["stands_for"]):
        found = LINK.match(str(link))
        if found is None or found[1] != "0":
            continue
        place = tuple(int(n) for n in found[3].strip("-").split("-"))
        busy[place] = max(busy.get(place, 0.0), float(fraction))
        lines.setdefault(place, []).append(
            f"{found[2]} {found[4].lower()}: {quantity(float(fraction), '1', 'busy_fraction')} busy"
            + (f", stands for {stands} links" if stands > 1 else ""))
    longest = max((len(place) for place in busy), default=0)
    busy = {place: value for place, value in busy.items() if len(place) == longest}
    if len(busy) < 2:
        return None
    most = tuple(max(place[i] for place in busy) for i in range(longest))
    at = {place: _cell(place, most) for place in busy}
    wide, high = max(x for x, _ in at.values()) + 1, max(y for _, y in at.values()) + 1
    cells = [[*at[place], short(value), f"chip {'-'.join(map(str, place))}", lines[place]]
             for place, value in sorted(busy.items())]
    racks = longest == 2 and most[0] >= HALF
    return {"kind": "heat", "title": f"Use of the links: {name}",
            "caption": "A cell is a chip where it sits" + (": a row a sled, racks side by side" if racks else "")
                       + "; its colour is the busiest of its links, over the whole step. First scale-up domain.",
            "xs": [""] * wide, "ys": [str(i) for i in range(high)], "xName": "chips", "yName": "sled" if longest == 2 else "",
            "inverse": True, "cells": cells, "from": 0,
            "value": {"name": "busiest link", "unit": "1", "key": "busy_fraction"},
            "dataset": f"{result.path.name}:/links/busy_fraction"}
