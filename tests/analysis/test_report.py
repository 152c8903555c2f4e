# SPDX-License-Identifier: Apache-2.0
"""trnsim report in a real browser: pages of real results open without an error, a hint shows what
the file holds, filters and dark mode do something."""
from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import h5py
import numpy
import pytest

import program
from program import ROOT

sys.path.insert(0, str(ROOT / "analysis"))
from load import Result  # noqa: E402
from pages.units import digits, quantity  # noqa: E402

webdriver = pytest.importorskip("selenium.webdriver")
import browser  # noqa: E402
import page_numbers  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402

POINTS, BYTES_MOST = 10_000, 6_000_000
PAGES = ("train", "serve", "claims", "sweep", "tiers", "rates", "collective", "baseline", "goodput", "uncertainty", "plan", "served-plan")
RATES = (8, 16, 24)  # requests a second
TRAINING = ("run", "workloads/llama-3-8b-pretrain.yaml", "--set", "batch_tokens=4194304")
SERVING = ("run", "workloads/serve-llama-3-70b-conv.yaml", "--set", "requests=3000")
AGENTS = ("run", "workloads/serve-llama-3-70b-agents.yaml", "--set", "trace=workloads/claims/agent-sessions.csv")
COLLECTIVE = ("run", "workloads/all-reduce-1GiB.yaml")
SWEEP = """\
title: All-reduce by size and group
workload: {root}/workloads/all-reduce-1GiB.yaml
platform: {root}/platforms/trn3-ultraserver.xml
axes:
  - {{key: size, from: 1MiB, to: 1024MiB, factor: 8}}
  - {{key: group_chips, values: [4, 16, 72, 144]}}
"""


def trnsim(*words: str | Path) -> None:
    program.trnsim(ROOT, *words)


@pytest.fixture(name="pages", scope="module")
def made_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, platform in (("trn", "trn3-ultraserver"), ("gpu", "gb200-nvl72")):
        machine = ("--platform", f"platforms/{platform}.xml", "-q", "-o")
        trnsim(*TRAINING, *machine, folder / f"train-{name}.h5")
        trnsim(*SERVING, *machine, folder / f"serve-{name}.h5")
        trnsim(*AGENTS, *machine, folder / f"agents-{name}.h5")
        for rate in RATES:
            trnsim(*SERVING, "--set", f"rate={rate}", *machine, folder / f"rate-{name}-{rate}.h5")
    trnsim(*COLLECTIVE, *machine, folder / "collective.h5")
    trnsim("import-baseline", "workloads/measured/baselines.csv", "--row", "llama-3.1-405b-gb200-512", "-o", folder / "measured.h5")
    if "TRNSIM_CLAIMS" in os.environ:  # the result of trnsim reproduce, which takes minutes
        (folder / "claims.h5").write_bytes(Path(os.environ["TRNSIM_CLAIMS"]).read_bytes())
    else:
        trnsim("reproduce", "-q", "-o", folder / "claims.h5")
    others(folder)
    (folder / "sweep.yaml").write_text(SWEEP.format(root=ROOT))
    trnsim("sweep", folder / "sweep.yaml", "-q", "-j", "2", "-o", folder / "sweep")
    many_points(folder / "sweep" / "sweep.h5", folder / "sweep.h5")
    for kind in ("train", "serve"):
        trnsim("report", folder / f"{kind}-trn.h5", "--baseline", folder / f"{kind}-gpu.h5", "-o", folder / f"{kind}.html")
    trnsim("report", folder / "agents-trn.h5", "--baseline", folder / "agents-gpu.h5", "-o", folder / "tiers.html")
    trnsim("report", *sorted(folder.glob("rate-*.h5")), "-o", folder / "rates.html")
    trnsim("report", folder / "train-trn.h5", "--baseline", folder / "measured.h5", "-o", folder / "baseline.html")
    for name in ("claims", "sweep", "collective"):
        trnsim("report", folder / f"{name}.h5", "-o", folder / f"{name}.html")
    return folder


def others(folder: Path) -> None:
    """Answers that stand alone."""
    small = ("workloads/llama-3-8b-pretrain.yaml", "--set", "batch_tokens=65536", "--platform", "platforms/p5.xml", "-q", "-o")
    trnsim("goodput", *small, folder / "goodput.h5")
    trnsim("plan", *small, folder / "plan.h5")
    trnsim("plan", "workloads/serve-llama-3-70b-conv.yaml", "--set", "requests=300", "--platform", "platforms/p5.xml", "-q", "-o", folder / "served-plan.h5")
    trnsim("uncertainty", *small, folder / "runs", "--samples", "4", "--only", "chip.h100.matmul", "--only", "price", "-j", "2")
    (folder / "uncertainty.h5").write_bytes((folder / "runs/uncertainty.h5").read_bytes())
    for name in ("goodput", "plan", "served-plan", "uncertainty"):
        trnsim("report", folder / f"{name}.h5", "-o", folder / f"{name}.html")


def many_points(source: Path, target: Path) -> None:
    """The points of a real sweep, again and again, with every number moved a little."""
    random = numpy.random.default_rng(1)
    with h5py.File(source) as file, h5py.File(target, "w") as out:
        for name, value in file.attrs.items():
            out.attrs[name] = value
        for group in ("inputs", "provenance"):
            file.copy(group, out)
        table = out.create_group("sweep", track_order=True)
        for name, value in file["sweep"].attrs.items():
            table.attrs[name] = value
        rows = numpy.arange(POINTS) % len(file["sweep/point"])
        for name, column in file["sweep"].items():
            values = column[()][rows]
            if name == "point":
                values = numpy.arange(POINTS)
            elif column.dtype.kind == "f":
                values = values * random.uniform(0.8, 1.25, POINTS)
            table.create_dataset(name, data=values, dtype=column.dtype)
            for attribute, value in column.attrs.items():
                table[name].attrs[attribute] = value


@pytest.fixture(name="driver", scope="module")
def one_browser() -> Iterator[webdriver.Chrome]:
    driver = browser.start()
    yield driver
    driver.quit()


def opened(driver: webdriver.Chrome, page: Path) -> webdriver.Chrome:
    driver.get_log("browser")
    driver.get(page.as_uri())
    assert int(driver.execute_script("return document.documentElement.dataset.ready")) > 0
    return driver


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_an_error(pages: Path, driver: webdriver.Chrome, name: str) -> None:
    opened(driver, pages / f"{name}.html")
    assert not [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert driver.execute_script("return [...document.querySelectorAll('figure')].every(f => f.querySelector('svg, canvas'))")
    assert driver.execute_script("return document.querySelectorAll('script[src], link[href^=http], img[src^=http]').length") == 0
    if "TRNSIM_PICTURES" in os.environ:  # to be looked at: wide and dark, then as on a phone
        folder = Path(os.environ["TRNSIM_PICTURES"])
        browser.picture(driver, folder / f"{name}.png")
        driver.find_element(By.ID, "theme").click()
        browser.picture(driver, folder / f"{name}-dark.png")
        phone(driver)
        browser.picture(driver, folder / f"{name}-phone.png", width=390)
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def phone(driver: webdriver.Chrome) -> None:
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})


def hover(driver: webdriver.Chrome, figure: str, point: list[float]) -> str:
    """Moves the mouse to a place in data coordinates and reads the hint."""
    x, y, width, height = driver.execute_script(
        "const f = document.getElementById(arguments[0]); f.scrollIntoView({block: 'center'});"
        "const c = drawn.get(f), [x, y] = c.convertToPixel({seriesIndex: 0}, arguments[1]);"
        "return [x, y, c.getWidth(), c.getHeight()];", figure, point)
    plot = driver.find_element(By.CSS_SELECTOR, f"#{figure} .plot")
    ActionChains(driver).move_to_element_with_offset(plot, x - width / 2 + 3, y - height / 2).move_by_offset(-3, 0).pause(0.3).perform()
    return " ".join(e.text for e in plot.find_elements(By.CSS_SELECTOR, ":scope > div") if e.text)


def figure_of(driver: webdriver.Chrome, title: str) -> str:
    found = driver.execute_script("return [...document.querySelectorAll('figure')].find(f => f.querySelector('h3').textContent.startsWith(arguments[0])).id", title)
    return str(found)


def test_a_hint_shows_what_the_file_holds(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "train.html")
    frame = Result(pages / "train-trn.h5").table("training/breakdown")
    assert frame["part"][0] == "matmul"
    hint = hover(driver, figure_of(driver, "One step by part"), [float(frame["time_s"][0]) / 2, 0])
    assert quantity(float(frame["time_s"][0]), "s") in hint, hint
    assert "train-trn.h5:/training/breakdown/time_s[0]" in hint


def test_a_table_shows_what_the_file_holds(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "serve.html")
    row = Result(pages / "serve-gpu.h5").row("summary")
    cell = driver.find_element(By.CSS_SELECTOR, "td[data-dataset='serve-gpu.h5:/summary/ttft_p99_s']")
    assert cell.text.rstrip(" ▲▼") == quantity(float(row["ttft_p99_s"]), "s")  # type: ignore[arg-type]


def test_the_answer_says_which_and_how_sure(pages: Path, driver: webdriver.Chrome) -> None:
    """Of the training pair: the winner by the summaries, and within which bounds by the ranges that both hold."""
    opened(driver, pages / "train.html")
    trn, gpu = (Result(pages / f"train-{name}.h5").row("summary") for name in ("trn", "gpu"))
    rows = {r.find_element(By.TAG_NAME, "th").text: [c.text for c in r.find_elements(By.TAG_NAME, "td")]
            for r in driver.find_elements(By.CSS_SELECTOR, ".verdicts tbody tr")}
    step, low, high = ([float(row[c]) for row in (trn, gpu)] for c in ("step_time_s", "step_time_low_s", "step_time_high_s"))  # type: ignore[arg-type]
    down = math.exp(-math.hypot(math.log(step[0] / low[0]), math.log(high[1] / step[1])))
    up = math.exp(math.hypot(math.log(high[0] / step[0]), math.log(step[1] / low[1])))
    assert down < 1 < up
    lead = driver.find_element(By.CSS_SELECTOR, ".answer .lead").text
    for word, label, column, more in (("faster", "faster, the machines as they are", "tokens_per_s", True), ("cheaper", "cheaper, per token", "cost_usd_per_million_tokens", False),
                                      ("greener", "greener, energy per token", "energy_J_per_million_tokens", False)):
        ratio = float(gpu[column]) / float(trn[column]) if more else float(trn[column]) / float(gpu[column])  # type: ignore[arg-type]
        winner = "gb200-nvl72" if ratio > 1 else "trn3-ultraserver"
        assert rows[label][0].startswith(winner) and f"{digits(max(ratio, 1 / ratio))} times" in rows[label][0], rows
        prices = [float(trn[f"{column}{a}"]) / float(gpu[f"{column}{b}"]) / ratio for a, b in (("_low", "_high"), ("_high", "_low"))] if word == "cheaper" else [1.0, 1.0]  # type: ignore[arg-type]
        ends = (ratio * prices[0] * down, ratio * prices[1] * up)
        told = sorted(ends if ratio >= 1 else (1 / e for e in ends))
        is_open = ends[0] < 1 < ends[1]
        assert rows[label][1].startswith(f"{'open' if is_open else 'holds'}: {digits(told[0])} to {digits(told[1])} times"), rows
        assert (f"which is {word}" in lead) == is_open, lead
    assert "derived" in driver.find_element(By.CSS_SELECTOR, ".answer details").get_attribute("textContent")


def test_a_range_decides_what_is_open(pages: Path, tmp_path: Path, driver: webdriver.Chrome) -> None:
    """The same two results: with ranges of nothing the answer is sure, with wide ones it is open."""
    lead = {}
    for name, ends in (("narrow", (0.9999, 1.0001)), ("wide", (0.01, 100.0))):
        files = [tmp_path / f"{name}-{kind}.h5" for kind in ("trn", "gpu")]
        for file in files:
            file.write_bytes((pages / f"train-{file.stem.split('-')[1]}.h5").read_bytes())
            with h5py.File(file, "r+") as result:
                for column, factor in zip(("step_time_low_s", "step_time_high_s"), ends):
                    result[f"summary/{column}"][0] = result["summary/step_time_s"][0] * factor
        trnsim("report", files[0], "--baseline", files[1], "-o", tmp_path / f"{name}.html")
        opened(driver, tmp_path / f"{name}.html")
        lead[name] = driver.find_element(By.CSS_SELECTOR, ".answer .lead").text
    assert "which is faster" in lead["wide"] and "which is greener" in lead["wide"]
    assert "which is faster" not in lead["narrow"] and "faster" in lead["narrow"]


def test_the_machine_is_drawn_chip_by_chip(pages: Path, driver: webdriver.Chrome) -> None:
    """144 chips in two racks; a hint shows a link's use as the file holds it."""
    opened(driver, pages / "train.html")
    figure = figure_of(driver, "Use of the links: trn3")
    boxes, groups = driver.execute_script("const c = charts[document.getElementById(arguments[0]).dataset.chart]; return [c.boxes.length, c.groups]", figure)
    assert boxes == 144 and groups == ["rack 1", "rack 2"]
    frame = Result(pages / "train-trn.h5").table("links")
    first = driver.execute_script("const c = charts[document.getElementById(arguments[0]).dataset.chart]; return [c.boxes[0][4][0], c.media[0]]", figure)
    worst = max(float(frame["busy_fraction"][link[0]]) for link in first[0])
    hint = hover(driver, figure, [0.12, 0])
    assert quantity(worst, "1", "busy_fraction") in hint and "train-trn.h5:/links/busy_fraction[" in hint, hint


def test_numbers_of_charts_stand_as_tables(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "train.html")
    cell = driver.find_element(By.CSS_SELECTOR, "figure.stack details td[data-dataset='train-trn.h5:/training/breakdown/time_s[0]']")
    assert cell.get_attribute("textContent") == quantity(float(Result(pages / "train-trn.h5").table("training/breakdown")["time_s"][0]), "s")


def test_paper_is_light_whatever_the_screen(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "train.html")
    driver.find_element(By.ID, "theme").click()
    looks = "return [getComputedStyle(document.documentElement).getPropertyValue('--paper').trim(), drawn.values().next().value.getWidth()]"
    dark = driver.execute_script(looks)
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    paper = driver.execute_script(looks)
    driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert paper[0] == "#ffffff" != dark[0] and paper[1] <= 43 * 16
    assert driver.execute_script(looks) == dark


def test_charts_and_controls_have_names(pages: Path, driver: webdriver.Chrome) -> None:
    for name in PAGES:
        opened(driver, pages / f"{name}.html")
        unnamed = driver.execute_script(
            "return [...document.querySelectorAll('.plot, button, select')].filter(e => e.classList.contains('plot') ? !e.getAttribute('aria-label') :"
            " !(e.getAttribute('aria-label') || e.textContent.trim() && e.tagName === 'BUTTON' || e.closest('label'))).map(e => e.outerHTML.slice(0, 80))")
        assert not unnamed, unnamed


@pytest.mark.parametrize("name", PAGES)
def test_every_number_has_a_source_and_a_unit(pages: Path, driver: webdriver.Chrome, name: str) -> None:
    """Of sentences, tables, captions and notes: the dataset is in the file, the unit stands with the number, and a value that
    is one of the file's is shown as it is there."""
    opened(driver, pages / f"{name}.html")
    files = page_numbers.files_of(sorted(pages.glob("*.h5")))
    pieces = page_numbers.shown(driver)
    for piece in pieces:
        page_numbers.check_source(piece, files)
        page_numbers.check_unit(piece, files)
    compared = sum(page_numbers.check_value(piece, files) for piece in pieces)
    charts = page_numbers.check_charts(driver, files)
    print(f"{name}: {len(pieces)} pieces with numbers, {compared} compared with the file, {charts} charts")
    assert compared >= 10


def test_a_number_without_a_source_is_found(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "train.html")
    files = page_numbers.files_of([pages / "train-trn.h5", pages / "train-gpu.h5"])
    for words, dataset, check in (("it takes 3.5 s", "", page_numbers.check_source), ("it takes 3.5 s", "train-trn.h5:/summary/nothing_s", page_numbers.check_source),
                                  ("it takes 3.5", "train-trn.h5:/summary/step_time_s", page_numbers.check_unit), ("it takes 3.5 s", "train-trn.h5:/summary/step_time_s", page_numbers.check_value)):
        driver.execute_script("const p = document.querySelector('section p'); p.textContent = arguments[0]; p.dataset.dataset = arguments[1];", words, dataset)
        piece = next(p for p in page_numbers.shown(driver) if p.text == words)
        with pytest.raises(AssertionError):
            check(piece, files)


def test_sources_stand_beside_numbers_when_asked_for(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "serve.html")
    read = "return getComputedStyle(document.querySelector('section.answer p [data-dataset]'), '::after').content"
    assert driver.execute_script(read) == "none"
    driver.find_element(By.ID, "sources").click()
    assert "serve-" in driver.execute_script(read) and driver.find_element(By.ID, "sources").get_attribute("aria-pressed") == "true"


def test_tiers_are_shown_as_the_file_holds_them(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "tiers.html")
    frame = Result(pages / "agents-trn.h5").table("serving/tiers")
    host = int(frame.index[frame["tier"] == "host"][0])
    for column in ("stored_peak_bytes", "hit_tokens", "restored_bytes", "restore_wait_s"):
        cell = driver.find_element(By.CSS_SELECTOR, f"td[data-dataset='agents-trn.h5:/serving/tiers/{column}[{host}]']")
        assert cell.text == quantity(float(frame[column][host]), frame.attrs["units"][column], column)
    computed, found = float(Result(pages / "agents-trn.h5").row("summary")["prefilled_tokens"]), float(frame["hit_tokens"].sum())  # type: ignore[arg-type]
    cell = driver.find_element(By.CSS_SELECTOR, f"figure.stack details td[data-dataset='agents-trn.h5:/serving/tiers/hit_tokens[{host}]']")
    assert cell.get_attribute("textContent") == quantity(100 * float(frame["hit_tokens"][host]) / (computed + found), "%")


def test_a_filter_changes_the_points(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "sweep.html")
    figure = driver.find_element(By.CSS_SELECTOR, "figure.explore")
    assert figure.get_attribute("data-shown") == str(POINTS)
    box = figure.find_element(By.CSS_SELECTOR, ".view-parallel")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    x, top, bottom, width, height = driver.execute_script(
        "const p = drawn.get(document.querySelector('figure.explore')).parallel, a = p.getModel().getComponent('parallelAxis', 0).axis,"
        "c = p.getModel().getComponent('parallel').coordinateSystem, e = a.getExtent(),"
        "one = c.axisCoordToPoint(e[0], 'dim0'), two = c.axisCoordToPoint(e[1], 'dim0');"
        "return [one[0], Math.min(one[1], two[1]), Math.max(one[1], two[1]), p.getWidth(), p.getHeight()];")
    start = (x - width / 2, top + (bottom - top) * 0.05 - height / 2)
    ActionChains(driver).move_to_element_with_offset(box, *start).click_and_hold().move_by_offset(0, int((bottom - top) * 0.3)).pause(0.2).release().pause(0.5).perform()
    shown = int(figure.get_attribute("data-shown") or 0)
    assert 0 < shown < POINTS
    figure.find_element(By.XPATH, ".//button[text()='all points']").click()
    assert figure.get_attribute("data-shown") == str(POINTS)


def test_other_axes_can_be_chosen(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "sweep.html")
    figure = driver.find_element(By.CSS_SELECTOR, "figure.explore")
    choice = figure.find_element(By.NAME, "x")
    driver.execute_script("arguments[0].value = 'closed_form_s'; arguments[0].dispatchEvent(new Event('change'))", choice)
    name = driver.execute_script("return drawn.get(document.querySelector('figure.explore')).scatter.getOption().xAxis[0].name")
    assert name == "closed_form_s [s]"


def test_dark_mode_changes_colours(pages: Path, driver: webdriver.Chrome) -> None:
    opened(driver, pages / "train.html")
    looks = "return [getComputedStyle(document.body).backgroundColor, drawn.values().next().value.getOption().color[0]]"
    light = driver.execute_script(looks)
    driver.find_element(By.ID, "theme").click()
    dark = driver.execute_script(looks)
    assert light[0] != dark[0] and light[1] != dark[1]


def test_a_phone_needs_no_sideways_scrolling(pages: Path, driver: webdriver.Chrome) -> None:
    phone(driver)
    try:
        for name in PAGES:
            opened(driver, pages / f"{name}.html")
            assert driver.execute_script("return document.documentElement.scrollWidth") <= 390, name
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_of_10_000_points_is_small(pages: Path) -> None:
    """How soon it is there: tests/bench/page.py."""
    assert (pages / "sweep.html").stat().st_size < BYTES_MOST


def old(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 0


def foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = [1, 2]


SPOILT = {"schema version 0, this trnsim reads 1; run again": old, "HDF5 of another program": foreign,
          "damaged or cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 3]),
          "is no HDF5 file": lambda path: path.write_bytes(b"id,group\n1,2\n"),
          "cannot be read (No such file": lambda path: path.unlink()}


@pytest.mark.parametrize("told", list(SPOILT))
def test_what_is_no_result_gets_one_message(pages: Path, tmp_path: Path, told: str) -> None:
    """The same words from all that reads results."""
    bad, page = tmp_path / "bad.h5", tmp_path / "page.html"
    bad.write_bytes((pages / "train-trn.h5").read_bytes())
    SPOILT[told](bad)
    good = pages / "train-gpu.h5"
    built = program.program()
    for command in ([built, "report", bad, "-o", page], [built, "report", good, "--baseline", bad, "-o", page], [built, "compare", good, "--baseline", bad],
                    [built, "compare", bad, "--baseline", good], [built, "digest", bad], [ROOT / "analysis/load.py", bad], [ROOT / "analysis/figures.py", "breakdown", bad]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == (5 if "No such" in told else 3) and told in done.stderr and done.stderr.count("\n") == 1, (command, done.stderr)
    assert not page.exists()
