# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, and what tests and pictures do with it."""
from __future__ import annotations

import base64
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,900")
HEIGHT_MOST = 6000


def start() -> webdriver.Chrome:
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def picture(driver: webdriver.Chrome, path: Path, width: int = 1200, height: int = HEIGHT_MOST) -> None:
    """The page from its top, as high as it is or height."""
    full = driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(full, height), "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(shot["data"]))


def element(driver: webdriver.Chrome, selector: str, path: Path, margin: int = 8) -> None:
    """The first element of a selector, with what surrounds it closely."""
    x, y, width, height = driver.execute_script(
        "const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.x + scrollX, r.y + scrollY, r.width, r.height]", selector)
    clip = {"x": max(0, x - margin), "y": y - margin, "width": width + 2 * margin, "height": height + 2 * margin, "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(shot["data"]))
