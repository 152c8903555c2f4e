# SPDX-License-Identifier: Apache-2.0
"""A result on a page: what it is called, and where its numbers are."""
from __future__ import annotations

import math
from typing import NamedTuple

from load import Result


class Entry(NamedTuple):
    """A result, what to call it, and its summary."""
    result: Result
    name: str
    row: dict[str, object]

    def dataset(self, path: str) -> str:
        return f"{self.result.path.name}:/{path}"

    def value(self, column: str) -> float:
        """nan for what this kind of result does not have."""
        found = self.row.get(column, math.nan)
        return float(found) if isinstance(found, (int, float)) or hasattr(found, "dtype") else math.nan
