#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How large pages of trnsim report are, and how soon a person can use them.

tests/bench/page.py PAGE.html...   best and worst of five loads in a headless Chromium (target: a
                                   sweep of 10,000 points within 6 MB and 3 s)
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))
import browser  # noqa: E402


def main(pages: list[Path]) -> None:
    driver = browser.start()
    try:
        for page in pages:
            times_ms = []
            for _ in range(5):
                driver.get(page.resolve().as_uri())
                times_ms.append(int(driver.execute_script("return document.documentElement.dataset.ready")))
            print(f"{page.name}: {page.stat().st_size / 1e6:.2f} MB, {min(times_ms)} to {max(times_ms)} ms to interactive")
    finally:
        driver.quit()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main([Path(word) for word in sys.argv[1:]])
