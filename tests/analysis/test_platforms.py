# SPDX-License-Identifier: Apache-2.0
"""The platform files: what each must hold by itself, read without the simulator."""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = ROOT / "platforms"
FILES = sorted(PLATFORMS.glob("*.xml"))
SOURCE_KINDS = ("published: ", "derived: ", "estimate: ", "fit: ")
WITHOUT_SOURCE = re.compile(r"title|domain_noun|domain_count|collective\.algorithms|.*\.(title|family|name|low|high|source)")
UNITS = {"s": 1.0, "us": 1e-6, "ms": 1e-3, "ns": 1e-9, "ps": 1e-12, "h": 3600.0, "MBps": 1e6, "GBps": 1e9, "TBps": 1e12, "Tf": 1e12, "Pf": 1e15,
         "MB": 1e6, "GiB": 2.0**30, "GB": 1e9, "TB": 1e12, "W": 1.0, "kW": 1e3, "": 1.0}

# Chips, and flows on each directed link of a medium when every chip sends to every other one.
# trn3 gen 2, by hand: sled 3 mates + 3 twins' mates; rack 68 chips of other sleds + 68 in passing;
# direct 72 chips of the other rack. Gen 1 alike with 2 chips a tray. Torus of side 4 with n chips:
# the mean distance along an axis is (0 + 1 + 1 + 2) / 4 = 1, so n^2 flows take n^2 hops on the
# axis's n links of 2 directions: n / 2 each.
# A mesh of 8 x 8, x first: a link behind column i carries i + 1 sources of its row to the 8 (7 - i)
# chips beyond; columns alike.
GRID = {8 * (i + 1) * (7 - i) for i in range(7)}
ALL_TO_ALL = {
    "trn1.32xlarge": (16, {"xy": 8}),
    "trn1n.32xlarge": (16, {"xy": 8}),
    "trn2.48xlarge": (16, {"xy": 8}),
    "trn2-ultraserver": (64, {"xy": 32, "z": 32}),
    "trn3-ultraserver": (144, {"sled": 6, "rack": 136, "direct": 72}),
    "trn3-ultraserver-optimistic": (144, {"sled": 6, "rack": 136, "direct": 72}),
    "trn3-ultraserver-pessimistic": (144, {"sled": 6, "rack": 136, "direct": 72}),
    "trn3-ultraserver-gen1": (64, {"tray": 2, "rack": 60, "direct": 32}),
    "gb200-nvl72": (72, {"nvlink": 71}),
    "gb300-nvl72": (72, {"nvlink": 71}),
    "trn4-estimate": (72, {"nvlink": 71}),
    "custom-asic": (64, {"link": 63}),
    "trn4-gb300-estimate": (72, {"nvlink": 71, "nvlink5": 71}),
    "gb200-nvl4": (4, {"nvlink": 3}),
    # A ring of 12: distances 1 to 5 both ways and 6: 12 x 36 hops on 12 links of 2 directions.
    "inf2.48xlarge": (12, {"ring": 18}),
    "h200-nvl": (8, {"bridge": 1, "pcie": 4}),
    "tpu-v4": (64, {"ici": 32}),
    "tpu-v5p": (64, {"ici": 32}),
    "tpu-7x": (64, {"ici": 32}),
} | {name: (1, {}) for name in ("trn2.3xlarge", "gh200-96gb", "gh200-144gb")
} | {name: (8, {"nvlink": 7}) for name in
     ("p4d", "p4de", "p5", "p5en", "p6-b200", "p6-b300", "hgx-a100", "hgx-a100-40gb", "hgx-h100",
      "hgx-h200", "hgx-a800", "hgx-h800", "hgx-h20", "hgx-b200", "hgx-b300", "jean-zay-a100", "a3-high",
      "grand-teton-h100", "grand-teton-h100-96gb")
} | {name: (8, {"pcie": 7}) for name in ("a100-pcie", "a100-pcie-40gb", "h100-pcie", "l40s", "rtx-pro-6000", "rtx-4090")
} | {name: (8, {"xgmi": 1}) for name in ("mi300x", "mi325x", "mi355x")
} | {name: (64, {"ici": GRID}) for name in ("tpu-v5e", "tpu-v6e")}

# From chip to chip over NICs and the two lower tiers, published or estimated, in seconds.
SCALE_OUT_LATENCY = {"trn2": (15e-6, 15e-6), "trn3": (10e-6, 13e-6), "hgx-h100": (3e-6, 5e-6),
                     "gb200": (3e-6, 5e-6)}


@dataclass
class Platform:
    name: str
    properties: dict[str, str]
    chips: dict[str, str]  # id to type, in order
    links: dict[str, ElementTree.Element]
    routes: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # 'rack-00-0_UP'

    def value(self, name: str) -> float:
        return quantity(self.properties[name])


def quantity(text: str) -> float:
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text).groups()
    return float(number) * UNITS[unit]


@lru_cache(maxsize=None)
def read(path: Path) -> Platform:
    zone = ElementTree.parse(path).getroot().find("zone")
    properties = {prop.get("id"): prop.get("value") for prop in zone.findall("prop")}
    assert len(properties) == len(zone.findall("prop")), "a property stands twice"
    chips = {host.get("id"): host.find("prop").get("value") for host in zone.findall("host")}
    links = {link.get("id"): link for link in zone.findall("link")}
    platform = Platform(zone.get("id"), properties, chips, links)
    for route in zone.findall("route"):
        add_route(platform, route)
    return platform


def add_route(platform: Platform, route: ElementTree.Element) -> None:
    ends = (route.get("src"), route.get("dst"))
    hops = [(hop.get("id"), hop.get("direction")) for hop in route.findall("link_ctn")]
    flipped = {"UP": "DOWN", "DOWN": "UP"}
    ways = [(ends, hops)]
    if route.get("symmetrical") != "NO":
        ways.append((ends[::-1], [(link, flipped[way]) for link, way in reversed(hops)]))
    for key, path in ways:
        assert key not in platform.routes, f"route {key} stands twice"
        platform.routes[key] = [f"{link}_{way}" for link, way in path]


def medium(link: str) -> str:
    return link.split("-")[0]


@pytest.fixture(params=FILES, ids=[path.stem for path in FILES])
def platform(request) -> Platform:
    return read(request.param)


def test_files_are_what_the_generator_writes():
    done = subprocess.run([sys.executable, PLATFORMS / "generate.py", "--check"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_file_is_in_the_readme_and_in_this_test():
    text = (PLATFORMS / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in FILES} == set(ALL_TO_ALL)
    for path in FILES:
        assert f"`{path.name}`" in text


def test_zone_is_named_as_the_file(platform):
    assert (PLATFORMS / f"{platform.name}.xml").exists()


def test_every_value_has_a_source(platform):
    for name in platform.properties:
        if not WITHOUT_SOURCE.fullmatch(name):
            source = platform.properties.get(name + ".source", "")
            assert source.startswith(SOURCE_KINDS), f"{name}: {source!r}"


def test_ranges_hold_their_value(platform):
    for name in platform.properties:
        if name.endswith(".low"):
            value = platform.value(name.removesuffix(".low"))
            high = platform.value(name.removesuffix(".low") + ".high")
            assert platform.value(name) <= value <= high, name


def test_chips_and_their_types(platform):
    count, _ = ALL_TO_ALL[platform.name]
    assert len(platform.chips) == count
    for type_ in set(platform.chips.values()):
        assert f"chip.{type_}.headline_bf16" in platform.properties


def test_links_are_as_their_medium_says(platform):
    for name, link in platform.links.items():
        start = f"medium.{medium(name)}."
        assert link.get("bandwidth") == platform.properties[start + "bandwidth"]
        assert link.get("latency") == platform.properties[start + "latency"]
        assert link.get("sharing_policy") == "SPLITDUPLEX"


def test_every_pair_has_a_route_and_every_chip_a_nic(platform):
    chips = list(platform.chips)
    pairs = {(a, b) for a in chips for b in chips if a != b}
    nics = {(chip, "fabric") for chip in chips} | {("fabric", chip) for chip in chips}
    assert set(platform.routes) == pairs | nics
    for ends in pairs:
        assert all(medium(link) != "nic" for link in platform.routes[ends])
    for chip in chips:
        assert platform.routes[chip, "fabric"] == [chip.replace("chip", "nic") + "_UP"]


def test_all_to_all_loads_every_link_of_a_medium_equally(platform):
    """Counts flows per directed link over all ordered pairs of chips."""
    flows = Counter()
    for (source, target), path in platform.routes.items():
        if "fabric" not in (source, target):
            flows.update(path)
    counts: dict[str, set[int]] = {}
    for link in platform.links:
        if medium(link) != "nic":
            ways = {flows[link + "_UP"], flows[link + "_DOWN"]}
            counts.setdefault(medium(link), set()).update(ways)
    _, expected = ALL_TO_ALL[platform.name]
    assert counts == {name: count if isinstance(count, set) else {count}
                      for name, count in expected.items()}


def crossings(path: list[str]) -> int:
    """Switch media take a link up and one down for one crossing."""
    switch = {"sled", "rack", "nvlink", "nvlink5", "link", "pcie"}
    return sum(1 for link in path if medium(link) not in switch or link.endswith("_UP"))


def test_chips_stand_along_a_closed_ring_of_neighbours(platform):
    chips = list(platform.chips)
    if len(chips) == 1:
        return
    steps = [platform.routes[chips[i - 1], chips[i]] for i in range(len(chips))]
    assert all(crossings(path) == 1 for path in steps)
    if "rack" in {medium(link) for link in platform.links}:
        direct = [path for path in steps if medium(path[0]) == "direct"]
        assert len(direct) == 2
        first, second = ({link.rsplit("_", 1)[1] for link in path} for path in direct)
        assert first != second, "one crossing goes up, the way back down"


@pytest.mark.parametrize("name, blocks", [("trn2.48xlarge", (4, 16)), ("trn2-ultraserver", (4, 16, 64))])
def test_aligned_blocks_of_a_torus_are_rings_of_their_own(name, blocks):
    platform = read(PLATFORMS / f"{name}.xml")
    chips = list(platform.chips)
    for size in blocks:
        for start in range(0, len(chips), size):
            block = chips[start:start + size]
            assert len(platform.routes[block[-1], block[0]]) == 1
            axes = [chip.split("-")[1:] for chip in block]
            fixed = sum(len(set(column)) == 1 for column in zip(*axes))
            assert fixed == len(axes[0]) - {4: 1, 16: 2, 64: 3}[size]


def test_routes_of_the_trn3_ultraserver():
    routes = read(PLATFORMS / "trn3-ultraserver.xml").routes
    assert routes["chip-00-0", "chip-00-3"] == ["sled-00-0_UP", "sled-00-3_DOWN"]
    assert routes["chip-00-0", "chip-05-2"] == ["rack-00-0_UP", "rack-05-2_DOWN"]
    assert routes["chip-07-2", "chip-25-2"] == ["direct-07-2_UP"]
    assert routes["chip-25-2", "chip-07-2"] == ["direct-07-2_DOWN"]
    # Even sum of chip indices: across at the source; odd: to the destination's twin first.
    assert routes["chip-00-0", "chip-20-2"] == ["direct-00-0_UP", "rack-18-0_UP", "rack-20-2_DOWN"]
    assert routes["chip-00-0", "chip-20-1"] == ["rack-00-0_UP", "rack-02-1_DOWN", "direct-02-1_UP"]
    # Twin sleds go on over the sled switch.
    assert routes["chip-00-0", "chip-18-1"] == ["sled-00-0_UP", "sled-00-1_DOWN", "direct-00-1_UP"]
    assert routes["chip-00-0", "chip-18-2"] == ["direct-00-0_UP", "sled-18-0_UP", "sled-18-2_DOWN"]


def test_latency_over_the_nics(platform):
    for start, (low, high) in SCALE_OUT_LATENCY.items():
        if platform.name.startswith(start):
            tiers = [platform.value(f"scale_out.{tier}.latency") for tier in (1, 2, 1)]
            latency = 2 * platform.value("medium.nic.latency") + sum(tiers)
            assert low * 0.999 <= latency <= high * 1.001


def test_headlines_add_up_to_the_published_totals(platform):
    """Within 3 %, or within the range of a total that publications disagree on."""
    for name in platform.properties:
        total = re.fullmatch(r"published\.(peak_(\w+)_total|hbm_\w+_total)", name)
        if total:
            what = f"headline_{total[2]}" if total[2] else total[1].removesuffix("_total")
            summed = sum(platform.value(f"chip.{type_}.{what}") for type_ in platform.chips.values())
            low = platform.value(name + ".low" if name + ".low" in platform.properties else name)
            high = platform.value(name + ".high" if name + ".high" in platform.properties else name)
            assert low * 0.97 <= summed <= high * 1.03, f"{name}: {summed:.4g}"


@pytest.fixture(scope="session")
def simgrid_routes(tmp_path_factory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    program = tmp_path_factory.mktemp("simgrid") / "platform_routes"
    source = Path(__file__).with_name("platform_routes.c")
    built = subprocess.run([compiler, "-o", program, source, "-lsimgrid"], capture_output=True,
                           text=True, check=False)
    if built.returncode != 0:
        pytest.skip(f"cannot build with SimGrid: {built.stderr.splitlines()[:1]}")
    return program


def test_simgrid_sees_the_same_routes(platform, simgrid_routes):
    done = subprocess.run([simgrid_routes, PLATFORMS / f"{platform.name}.xml"], capture_output=True,
                          text=True, check=True)
    seen = {}
    for line in done.stdout.splitlines():
        source, target, latency, *path = line.split()
        seen[source, target] = path
        expected = sum(platform.value(f"medium.{medium(link)}.latency") for link in path)
        assert float(latency) == pytest.approx(expected, rel=1e-6)
    assert seen == {ends: path for ends, path in platform.routes.items() if "fabric" not in ends}
