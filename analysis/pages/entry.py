# SPDX-License-Identifier: Apache-2.0
"""A result on a page: what it is called, and where its numbers are."""
from __future__ import annotations

import math
from typing import NamedTuple

from load import Result
from pages.page import Cell, number


class Entry(NamedTuple):
    """A result, what to call it, and its summary."""
    result: Result
    name: str
    row: dict[str, object]

    def dataset(self, path: str) -> str:
        return f"{self.result.path.name}:/{path}"

    def of(self, column: str) -> str:
        """Where a column of the summary is."""
        return self.dataset(f"summary/{column}")

    def cell(self, column: str, unit: str) -> Cell:
        """A value of the summary for a sentence."""
        return number(self.value(column), unit, self.of(column), column)

    def value(self, column: str) -> float:
        """nan for what this kind of result does not have."""
        found = self.row.get(column, math.nan)
        return float(found) if isinstance(found, (int, float)) or hasattr(found, "dtype") else math.nan
