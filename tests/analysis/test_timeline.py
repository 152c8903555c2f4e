# SPDX-License-Identifier: Apache-2.0
"""Timelines of real runs: the format, and that they say what the results say."""
from __future__ import annotations

import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Iterator

import pytest

import browser
import speedscope
import trace_events
from program import PLATFORMS, ROOT, WORKLOADS, trnsim
from trace_events import Trace, TraceError, read, read_text

sys.path.insert(0, str(ROOT / "analysis"))
from load import Result  # noqa: E402

MICRO = 1e-6
PIPELINE = ("--set", "plan.tensor_parallel=2", "--set", "plan.pipeline_parallel=4",
            "--set", "batch_tokens=131072")
TRAINING = {
    "message": ("llama-3-8b-pretrain.yaml", "p5.xml", "--detail", "message",
                "--set", "plan.tensor_parallel=2", "--set", "batch_tokens=65536"),
    "flow": ("llama-3-8b-pretrain.yaml", "p5.xml", "--detail", "flow", *PIPELINE),
    "interleaved": ("llama-3-8b-pretrain.yaml", "p5.xml", *PIPELINE, "--set", "plan.virtual_stages=2",
                    "--ultraservers", "2"),
    "slow": ("llama-3-8b-pretrain.yaml", "p5.xml", *PIPELINE, "--ultraservers", "2",
             "--set", "slow_chips=1", "--set", "slow_chip_speed=0.5"),
    "experts": ("mixtral-8x7b-pretrain.yaml", "p5.xml", "--ultraservers", "4",
                "--set", "batch_tokens=1048576"),
    "folded": ("llama-3-8b-pretrain.yaml", "trn3-ultraserver.xml", "--ultraservers", "6",
               "--detail", "folded"),
}
COLLECTIVES = {
    "ring": ("all-reduce-1GiB.yaml", "p5.xml", "--set", "algorithm=ring"),
    "ring by message": ("all-reduce-1GiB.yaml", "p5.xml", "--detail", "message"),
    "all-to-all": ("all-to-all-1MiB.yaml", "trn2.48xlarge.xml"),
    "send": ("send-receive-64MiB.yaml", "trn2.48xlarge.xml"),
    "folded": ("all-reduce-1GiB.yaml", "p5.xml", "--ultraservers", "8", "--detail", "folded"),
}


def draw(folder: Path, workload: str, platform: str, *more: str) -> tuple[Trace, Result]:
    trnsim(folder, "run", WORKLOADS / workload, "--platform", PLATFORMS / platform, *more,
           "--timeline", "a.json", "-o", "a.h5", "--quiet")
    return read(folder / "a.json"), Result(folder / "a.h5")


def spent(trace: Trace, category_is_part=lambda c: c not in ("instruction", "exchange")) -> dict:
    """Seconds of each part, mean over the teams that tracks stand for."""
    sums: dict[str, float] = defaultdict(float)
    teams = sum(d["teams"] for d in trace.threads.values() if "teams" in d)
    for track, slices in trace.slices.items():
        weight = trace.threads[track].get("teams", 0) / teams
        for slice_ in slices:
            if weight > 0 and category_is_part(slice_.category):
                sums[slice_.category] += (slice_.end - slice_.start) * MICRO * weight
    return sums


def integral(values: list[tuple[float, float]]) -> float:
    return sum(value * (then - now) * MICRO for (now, value), (then, _) in zip(values, values[1:]))


@pytest.mark.parametrize("case", TRAINING)
def test_a_training_step(case: str, tmp_path: Path) -> None:
    trace, result = draw(tmp_path, *TRAINING[case])
    step_s = float(result.row("summary")["step_time_s"])
    breakdown = result.table("training/breakdown").set_index("part")["time_s"]

    sums = spent(trace)
    assert set(sums) <= set(breakdown.index)
    for part, time_s in breakdown.items():
        assert sums.get(part, 0) == pytest.approx(time_s, rel=1e-9, abs=1e-9 * step_s)

    for track, details in trace.threads.items():
        if "teams" in details:  # what is not nested in another slice fills the step
            top = [s for s in trace.slices[track] if s.category != "instruction"]
            assert sum(s.end - s.start for s in top) * MICRO == pytest.approx(step_s, rel=1e-9)
            assert max(s.end for s in trace.slices[track]) * MICRO == pytest.approx(step_s, rel=1e-12)

    power = trace.counters["power of the facility [W]"]
    assert integral(power) == pytest.approx(result.table("energy")["energy_J"].sum(), rel=1e-9)
    check_links(trace, result)


def check_links(trace: Trace, result: Result) -> None:
    links = result.table("links")
    links["all"] = links["bytes"] * links["stands_for"]
    for medium, sum_bytes in links.groupby("medium")["all"].sum().items():
        name = next(n for n in trace.counters if n.startswith(f"{medium} links") and "[B/s]" in n)
        assert integral(trace.counters[name]) == pytest.approx(sum_bytes, rel=1e-9)
    for name, values in trace.counters.items():
        assert "[" in name, "a unit in every counter's name"
        if "[%]" in name:
            assert all(-1e-9 <= value <= 100 * (1 + 1e-9) for _, value in values), name


@pytest.fixture(name="driver", scope="module")
def one_browser() -> Iterator[speedscope.webdriver.Chrome]:
    driver = browser.start()
    yield driver
    driver.quit()


@pytest.mark.parametrize("case", TRAINING)
def test_a_viewer_reads_the_same(case: str, tmp_path: Path, driver: speedscope.webdriver.Chrome) -> None:
    """speedscope's own importer: it complains of nothing, and from its slices alone follows the breakdown."""
    trace, result = draw(tmp_path, *TRAINING[case])
    saved, complaints = speedscope.read(driver, tmp_path / "a.json")
    assert not [line for line in complaints if "Ending" not in line], complaints[:3]  # that an end has no arguments is allowed
    tracks = speedscope.own_times(saved)
    teams = sum(d["teams"] for d in trace.threads.values() if "teams" in d)
    sums: dict[str, float] = defaultdict(float)
    for (process, thread), details in trace.threads.items():
        if "teams" not in details:
            continue
        own = tracks[f"{trace.processes[process]} (pid {process}), {details['name']} (tid {thread})"]
        parts = {s.name: s.category for s in trace.slices[(process, thread)] if s.category != "instruction"}
        for name, time in own.items():
            sums[parts.get(name, "nothing")] += time * MICRO * details["teams"] / teams
    breakdown = result.table("training/breakdown").set_index("part")["time_s"]
    step_s = float(result.row("summary")["step_time_s"])
    assert abs(sums.pop("nothing", 0)) < 1e-9 * step_s
    for part, time_s in breakdown.items():
        assert sums.get(part, 0) == pytest.approx(time_s, rel=1e-9, abs=1e-9 * step_s), part


@pytest.mark.parametrize("case", COLLECTIVES)
def test_a_collective(case: str, tmp_path: Path) -> None:
    trace, result = draw(tmp_path, *COLLECTIVES[case])
    summary = result.row("summary")
    check_links(trace, result)
    moved = [(track, s) for track, slices in trace.slices.items() for s in slices
             if s.category == "transfer"]
    assert moved and all(s.details["bytes"] > 0 for _, s in moved)
    assert max(s.end for _, s in moved) * MICRO == pytest.approx(float(summary["time_s"]), rel=1e-9)
    if case == "folded":
        assert all("stands for" in trace.threads[track]["name"] for track, _ in moved)
        return
    chips = [pid for pid, name in trace.processes.items() if name.startswith("chip ")]
    assert len(chips) == summary["chips"]
    assert len(trace.arrows) == len(moved)
    for chip in chips:
        whole = trace.slices[(chip, 1)]
        assert len(whole) == 1 and whole[0].end * MICRO == pytest.approx(float(summary["time_s"]), rel=1e-9)


def test_a_ring_moves_what_a_ring_moves(tmp_path: Path) -> None:
    """All-reduce of 1 GiB over 8 chips: each sends 2 x 7/8 of it, in message detail in equal steps."""
    trace, _ = draw(tmp_path, *COLLECTIVES["ring by message"], "--set", "algorithm=ring")
    sent: dict[int, float] = defaultdict(float)
    for track, slices in trace.slices.items():
        for slice_ in slices:
            sent[track[0]] += slice_.details.get("bytes", 0)
    assert all(value == pytest.approx(2 * 7 / 8 * 2**30, rel=1e-12)
               for process, value in sent.items() if process > 1)


def test_messages_are_arrows_from_stage_to_stage(tmp_path: Path) -> None:
    trace, _ = draw(tmp_path, *TRAINING["flow"])
    messages = [a for a in trace.arrows if a.name == "message"]
    runs = [s for slices in trace.slices.values() for s in slices if s.name.startswith("forward")]
    # Each microbatch crosses 3 borders forward and 3 backward; 4 stages run each forward.
    assert len(messages) == len(runs) / 4 * 6
    for arrow in messages:
        assert arrow.start[0] != arrow.end[0] and arrow.start[0][0] == arrow.end[0][0]
        assert arrow.start[1] <= arrow.end[1]
        assert arrow.start[2].split()[0] in ("forward", "backward")


def test_who_was_waited_for(tmp_path: Path) -> None:
    trace, _ = draw(tmp_path, *TRAINING["slow"])
    slow = [t for t, d in trace.threads.items() if "of the speed" in d["name"]]
    assert len(slow) == 1


def test_folded_tracks_say_what_they_stand_for(tmp_path: Path) -> None:
    trace, result = draw(tmp_path, *TRAINING["folded"])
    teams = [d for d in trace.threads.values() if "teams" in d]
    assert sum(d["teams"] * d["chips"] for d in teams) == result.row("summary")["chips"]
    for details in teams:
        assert details["teams"] == 1 or f"stands for {details['teams']} teams" in details["name"]


def test_the_result_is_the_same(tmp_path: Path) -> None:
    for case in ("flow", "experts"):
        workload, platform, *more = TRAINING[case]
        draw(tmp_path, *TRAINING[case])
        trnsim(tmp_path, "run", WORKLOADS / workload, "--platform", PLATFORMS / platform, *more,
               "-o", "b.h5", "--quiet")
        digests = trnsim(tmp_path, "digest", "a.h5", "b.h5").stdout.split()
        assert digests[0] == digests[2]
    first = (tmp_path / "a.json").read_bytes()
    draw(tmp_path, *TRAINING["experts"])
    assert (tmp_path / "a.json").read_bytes() == first


@pytest.mark.parametrize("limit", [10, 700, 3000, 20000])
def test_a_limit_leaves_out_whole_tracks(limit: int, tmp_path: Path) -> None:
    trace, result = draw(tmp_path, *TRAINING["interleaved"], "--timeline-limit", str(limit))
    assert sum(len(slices) for slices in trace.slices.values()) <= limit
    step_s = float(result.row("summary")["step_time_s"])
    drawn = {t: d for t, d in trace.threads.items() if "teams" in d}
    for track in drawn:
        leaves = [s for s in trace.slices[track] if s.category != "instruction"]
        assert sum(s.end - s.start for s in leaves) * MICRO == pytest.approx(step_s, rel=1e-9)
    assert any(name.startswith("not drawn") for name in trace.processes.values()) == (len(drawn) < 8)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    command = ("run", WORKLOADS / "all-reduce-1GiB.yaml", "--platform", PLATFORMS / "p5.xml", "-o", "a.h5")
    for path, words in (("folder", "is a folder"), ("none/a.json", "the folder 'none'")):
        assert words in trnsim(tmp_path, *command, "--timeline", path, status=2).stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder"]


def test_a_served_load(tmp_path: Path) -> None:
    trace, result = draw(tmp_path, "serve-llama-3-70b-conv.yaml", "p5.xml", "--set", "requests=300", "--set", "replicas=2")
    requests = result.table("serving/requests").set_index("id")
    assert {name for pid, name in trace.processes.items() if any(key[0] == pid for key in trace.phases)} == {"replica 0", "replica 1"}
    assert len(trace.phases) == len(requests)
    for (process, _, _), phases in trace.phases.items():
        row = requests.loc[phases[0].details["request"]]
        assert trace.processes[process] == f"replica {row['replica']:.0f}"
        assert phases[-1].end - phases[0].start == pytest.approx(row["e2e_s"] / MICRO, rel=1e-9)
        assert all(now.end == then.start for now, then in zip(phases, phases[1:]))
    seconds = result.table("serving/seconds")
    running = trace.counters["requests in batches [1]"]
    assert [value for _, value in running] == pytest.approx(list(seconds["running"]), rel=1e-9)


PAJE_PARTS = 65536  # SimGrid counts parts of a byte


def link_bytes(trace: Path) -> dict[str, float]:
    """Bytes of each link from SimGrid's own trace: rates change by events 8 (add) and 9 (subtract)."""
    names, variable, level, since, moved = {}, "", defaultdict(float), defaultdict(float), defaultdict(float)
    for line in trace.read_text().splitlines():
        words = line.replace('"', "").split()
        if words[:1] == ["1"] and words[3] == "bandwidth_used":
            variable = words[1]
        if words[:1] == ["6"]:
            names[words[2]] = words[5]
        if words[:1] in (["8"], ["9"], ["10"]) and words[2] == variable:
            time_s, link, value = float(words[1]), names[words[3]], float(words[4]) / PAJE_PARTS
            moved[link] += level[link] * (time_s - since[link])
            level[link] = value if words[0] == "8" else level[link] + (value if words[0] == "9" else -value)
            since[link] = time_s
    return moved


@pytest.mark.parametrize("case", ["flow", "folded", "ring"])
def test_simgrids_own_trace_agrees(case: str, tmp_path: Path) -> None:
    workload, platform, *more = TRAINING.get(case) or COLLECTIVES[case]
    command = ("run", WORKLOADS / workload, "--platform", PLATFORMS / platform, *more, "--quiet")
    trnsim(tmp_path, *command, "-o", "plain.h5")
    trnsim(tmp_path, *command, "-o", "a.h5", "--paje", "a.trace")
    plain_s, traced_s = (float(Result(tmp_path / name).row("summary").get("step_time_s") or Result(tmp_path / name).row("summary")["time_s"])
                         for name in ("plain.h5", "a.h5"))
    assert traced_s == pytest.approx(plain_s, rel=1e-9)
    moved = link_bytes(tmp_path / "a.trace")
    links = Result(tmp_path / "a.h5").table("links").set_index("link")["bytes"]
    assert set(moved) == set(links.index)
    for link, expected in links.items():
        # SimGrid notes one rate a flow: where it changed meanwhile, a little is missing.
        assert moved[link] == pytest.approx(expected, rel=0.03 if case == "flow" else 1e-5), link
    if shutil.which("pj_dump") is None:
        pytest.skip("pajeng is not installed")
    read_by_pajeng = subprocess.run(["pj_dump", "a.trace"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert {line.split(", ")[1] for line in read_by_pajeng.splitlines() if ", bandwidth_used, " in line} == set(links.index)


def test_a_served_load_has_no_paje_trace(tmp_path: Path) -> None:
    done = trnsim(tmp_path, "run", WORKLOADS / "serve-llama-3-70b-conv.yaml", "--platform", PLATFORMS / "p5.xml",
                  "--paje", "a.trace", "-o", "a.h5", status=2)
    assert "use --timeline" in done.stderr
    assert not list(tmp_path.iterdir())


GOOD = ('{"displayTimeUnit":"ns","traceEvents":['
        '{"ph":"M","pid":1,"tid":0,"name":"process_name","args":{"name":"p"}},'
        '{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"t"}},'
        '{"ph":"C","pid":1,"tid":0,"ts":7,"name":"k","args":{"value":5}},'
        '{"ph":"C","pid":1,"tid":0,"ts":8,"name":"k","args":{"value":6}},'
        '{"ph":"B","pid":1,"tid":1,"ts":1,"name":"a","cat":"c"},'
        '{"ph":"s","pid":1,"tid":1,"ts":2,"name":"n","cat":"x","id":1},'
        '{"ph":"f","pid":1,"tid":1,"ts":3,"name":"n","cat":"x","id":1,"bp":"e"},'
        '{"ph":"E","pid":1,"tid":1,"ts":4,"name":"a"}]}')


@pytest.mark.parametrize(("old", "new"), [
    ('"ts":4', '"ts":0.5'), ('{"ph":"E","pid":1,"tid":1,"ts":4', '{"ph":"E","pid":1,"tid":2,"ts":4'), ('"ts":4,"name":"a"', '"ts":4,"name":"b"'),
    ('"id":1,"bp"', '"id":2,"bp"'), ('"ts":3,', '"ts":1.5,'), ('"ts":3,', '"ts":5,'),
    ('"ts":1,', '"ts":NaN,'), ('"tid":1,"ts":1', '"tid":1.0,"ts":1'), ('"name":"a",', ''),
    ('"value":5', '"value":"5"'), ('"value":5', '"value":null'), ('"value":5', '"other":5'), ('"ts":8', '"ts":7'), ('"ts":8', '"ts":6'), ('"pid":1,"tid":0,"ts":7', '"pid":2,"tid":0,"ts":7'),
    ('"name":"k","args"', '"args"'), ('"ph":"s"', '"ph":"t"'), ('"ph":"f"', '"ph":"s"'), (',"bp":"e"', ''), ('"ph":"B"', '"ph":"Q"'), ('"ts":1,', '"ts":1,"ts":1,'), ('"ns"', '"h"'),
    ('"thread_name"', '"thread_title"'), ("]}", "]")])
def test_the_reader_refuses(old: str, new: str) -> None:
    assert len(read_text(GOOD).arrows) == 1
    assert old in GOOD
    with pytest.raises(TraceError):
        read_text(GOOD.replace(old, new, 1))
