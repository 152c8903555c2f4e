# SPDX-License-Identifier: Apache-2.0
"""Links of a folded run: each of the first domain has the numbers that the whole run gives it."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from program import PLATFORMS, ROOT, WORKLOADS, trnsim

sys.path.insert(0, str(ROOT / "analysis"))
from load import Result  # noqa: E402

CASES = {
    "pipeline": ("llama-3-8b-pretrain.yaml", "trn3-ultraserver.xml", "--ultraservers", "2", "--set", "plan.pipeline_parallel=4"),
    "experts": ("mixtral-8x7b-pretrain.yaml", "p5.xml", "--ultraservers", "4", "--set", "batch_tokens=1048576"),
    "collective": ("all-reduce-1GiB.yaml", "gb200-nvl72.xml", "--ultraservers", "2"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_folded_run_knows_every_link_of_a_domain(case: str, tmp_path: Path) -> None:
    workload, platform, *more = CASES[case]
    for detail in ("flow", "folded"):
        trnsim(tmp_path, "run", WORKLOADS / workload, "--platform", PLATFORMS / platform, *more, "--detail", detail, "-q", "-o", f"{detail}.h5")
    whole, folded = Result(tmp_path / "flow.h5"), Result(tmp_path / "folded.h5")
    assert len(whole.table("links/first_domain")) == 0
    links, rows, alike = whole.table("links").set_index("link"), folded.table("links"), folded.table("links/first_domain")
    assert len(rows) < len(links)
    first = {link for link in links.index if link.startswith("u0.")}
    assert set(alike["link"]) == first and len(alike) == len(first)
    for link, row in zip(alike["link"], alike["row"]):
        for column in ("bytes", "busy_fraction", "capacity_Bps"):
            assert rows[column][row] == pytest.approx(links[column][link], rel=1e-9), (link, column)
        assert rows["medium"][row] == links["medium"][link]
