# SPDX-License-Identifier: Apache-2.0
"""Loads a timeline with speedscope, whose importer of the trace event format is not ours, in a
headless browser, and reads back what it understood: the file that it saves."""
from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import browser
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PAGE = Path(__file__).resolve().parent / "viewer/node_modules/speedscope/dist/release/index.html"
KEEP = "const make = URL.createObjectURL; URL.createObjectURL = b => { window.saved = b; return make.call(URL, b); };"
READ = "const done = arguments[0]; window.saved ? window.saved.text().then(done) : done('')"
WAIT_S = 60


def read(driver: webdriver.Chrome, timeline: Path) -> tuple[dict, list[str]]:
    """What it saves, and what it complained about."""
    driver.get_log("browser")
    driver.get("about:blank")
    driver.get(PAGE.as_uri())
    driver.execute_script(KEEP)
    driver.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(timeline))
    WebDriverWait(driver, WAIT_S).until(lambda d: timeline.name in d.title)
    webdriver.ActionChains(driver).key_down(Keys.CONTROL).send_keys("s").key_up(Keys.CONTROL).perform()
    text = WebDriverWait(driver, WAIT_S).until(lambda d: d.execute_async_script(READ))
    told = [entry["message"] for entry in driver.get_log("browser")]
    return json.loads(text), [line for line in told if "on the top of the stack" in line or "stack was empty" in line or "Error" in line]


def own_times(saved: dict) -> dict[str, dict[str, float]]:
    """By track and name: microseconds in slices of that name and in none inside them."""
    names = [frame["name"].split(" {")[0] for frame in saved["shared"]["frames"]]
    tracks: dict[str, dict[str, float]] = {}
    for profile in saved["profiles"]:
        own: dict[str, float] = defaultdict(float)
        stack: list[int] = []
        last = 0.0
        for event in profile["events"]:
            if stack:
                own[names[stack[-1]]] += event["at"] - last
            last = event["at"]
            if event["type"] == "O":
                stack.append(event["frame"])
            else:
                assert stack.pop() == event["frame"], event
        assert not stack, "slices that never end"
        tracks[profile["name"]] = dict(own)
    return tracks
