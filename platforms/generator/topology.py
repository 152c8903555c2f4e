# SPDX-License-Identifier: Apache-2.0
"""Shapes of scale-up domains: which chips, switches and links there are and how bytes go.

A route is a list of hops (link id, direction). 'UP' on a switch link means chip to switch; on a
link between two chips it means from the end that the link's name gives to the other one.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, product

Hop = tuple[str, str]
Cell = tuple[int, ...]

FABRIC = "fabric"


@dataclass
class Route:
    src: str
    dst: str
    hops: list[Hop]
    symmetrical: bool = True


@dataclass
class Topology:
    """Chips in the order of a closed ring of neighbours, switches, links, a route per pair."""

    chips: list[str]
    routers: list[str]
    links: list[tuple[str, str]] = field(default_factory=list)  # (id, medium)
    routes: list[Route] = field(default_factory=list)

    def add_link(self, medium: str, place: str) -> None:
        self.links.append((f"{medium}-{place}", medium))

    def add_nics(self) -> None:
        """One NIC per chip, used on the way to the scale-out network only."""
        self.routers.append(FABRIC)
        for chip in self.chips:
            nic = chip.replace("chip-", "nic-")
            self.links.append((nic, "nic"))
            self.routes.append(Route(chip, FABRIC, [(nic, "UP")]))


def through_switch(medium: str, a: str, b: str) -> list[Hop]:
    """From the chip at place a over the medium's switch to the chip at place b."""
    return [(f"{medium}-{a}", "UP"), (f"{medium}-{b}", "DOWN")]


def switched(places: list[str], medium: str, router: str) -> Topology:
    """Every chip on one switch layer: HGX servers and NVL72 racks."""
    topology = Topology([f"chip-{place}" for place in places], [router])
    for place in places:
        topology.add_link(medium, place)
    for a, b in combinations(places, 2):
        hops = through_switch(medium, a, b)
        topology.routes.append(Route(f"chip-{a}", f"chip-{b}", hops))
    topology.add_nics()
    return topology


def switched_mixed(places: dict[str, list[str]], router: str) -> Topology:
    """Chips of several kinds on one switch layer, each kind with links of its own medium."""
    medium_of = {place: medium for medium, own in places.items() for place in own}
    topology = Topology([f"chip-{place}" for place in medium_of], [router])
    for place, medium in medium_of.items():
        topology.add_link(medium, place)
    for a, b in combinations(medium_of, 2):
        hops = [(f"{medium_of[a]}-{a}", "UP"), (f"{medium_of[b]}-{b}", "DOWN")]
        topology.routes.append(Route(f"chip-{a}", f"chip-{b}", hops))
    topology.add_nics()
    return topology


# --- torus ---------------------------------------------------------------------------------


def torus_ring(dimensions: int, size: int) -> list[Cell]:
    """A Hamiltonian cycle in which every aligned block of size^k is a cycle of its own.

    Each copy of the block is shifted back by one along the block's last axis, so that it starts
    where the copy before it ended; after 'size' copies the shift is whole again.
    """
    cells: list[Cell] = [()]
    for axis in range(dimensions):
        grown: list[Cell] = []
        for position in range(size):
            for cell in cells:
                shifted = list(cell)
                if axis:
                    shifted[axis - 1] = (shifted[axis - 1] - position) % size
                grown.append((*shifted, position))
        cells = grown
    return cells


def torus_hops(start: Cell, steps: Cell, size: int, media: str) -> list[Hop]:
    """Dimension by dimension, steps[axis] forwards (positive) or backwards (negative)."""
    hops: list[Hop] = []
    here = list(start)
    for axis, count in enumerate(steps):
        for _ in range(abs(count)):
            if count < 0:
                here[axis] = (here[axis] - 1) % size
            hops.append((torus_link(axis, tuple(here), media), "UP" if count > 0 else "DOWN"))
            if count > 0:
                here[axis] = (here[axis] + 1) % size
    return hops


def torus_link(axis: int, cell: Cell, media: str) -> str:
    """The link from the cell to its next neighbour along the axis."""
    place = "-".join(map(str, cell))
    medium = media.split()[axis]
    return f"{medium}-{'xyz'[axis]}-{place}"


def torus(dimensions: int, size: int, media: str) -> Topology:
    """A torus of direct links; media names the medium of each axis, e.g. 'xy xy z'."""
    cells = torus_ring(dimensions, size)
    topology = Topology([chip_of(cell) for cell in cells], [])
    for axis, cell in product(range(dimensions), sorted(cells)):
        topology.links.append((torus_link(axis, cell, media), media.split()[axis]))
    for shift in product(range(size), repeat=dimensions):
        back = tuple(-step % size for step in shift)
        if not any(shift) or back < shift:
            continue
        for cell in cells:
            topology.routes.append(torus_route(cell, shift, size, media))
    topology.add_nics()
    return topology


def torus_route(cell: Cell, shift: Cell, size: int, media: str) -> Route:
    """From the cell by the shift. The way back is the same links the other way, which keeps both
    directions of every ring even; where a shift is its own opposite (half way round on every
    axis) even and odd cells go opposite ways round instead, each direction by itself.
    """
    own_opposite = all(step * 2 % size == 0 for step in shift)
    sign = -1 if own_opposite and sum(cell) % 2 else 1
    steps = tuple(sign * step if step * 2 == size else nearest(step, size) for step in shift)
    target = tuple((a + b) % size for a, b in zip(cell, shift))
    hops = torus_hops(cell, steps, size, media)
    return Route(chip_of(cell), chip_of(target), hops, symmetrical=not own_opposite)


def nearest(step: int, size: int) -> int:
    return step if step * 2 <= size else step - size


def chip_of(cell: Cell) -> str:
    return "chip-" + "-".join(map(str, cell))


# --- two racks of sleds ----------------------------------------------------------------------


@dataclass
class TwoRacks:
    """Two racks of sleds; chips of a sled are joined by 'near' (a switch, or one direct link where
    a sled has two chips), sleds of a rack by 'rack' switches, and chip i of sled n of rack 0 to
    chip i of sled n of rack 1 by a 'direct' link. Sleds of rack 1 are numbered after rack 0's.
    """

    sleds: int  # of one rack
    chips: int  # of one sled
    near: str
    near_is_switch: bool

    def place(self, rack: int, sled: int, chip: int) -> str:
        return f"{rack * self.sleds + sled:02d}-{chip}"

    def inside(self, rack: int, a: tuple[int, int], b: tuple[int, int]) -> list[Hop]:
        """From (sled, chip) a to b of one rack."""
        if a == b:
            return []
        here, there = self.place(rack, *a), self.place(rack, *b)
        if a[0] != b[0]:
            return through_switch("rack", here, there)
        if self.near_is_switch:
            return through_switch(self.near, here, there)
        sled = rack * self.sleds + a[0]
        return [(f"{self.near}-{sled:02d}", "UP" if a[1] < b[1] else "DOWN")]

    def across(self, rack: int, a: tuple[int, int], b: tuple[int, int]) -> list[Hop]:
        """From a of this rack to b of the other one. Half of the pairs cross on the source's
        direct link and go on in the other rack, half go to the destination's twin first."""
        direction = "UP" if rack == 0 else "DOWN"
        if self.twin_first(a, b):
            last = (f"direct-{self.place(0, *b)}", direction)
            return [*self.inside(rack, a, b), last]
        first = (f"direct-{self.place(0, *a)}", direction)
        return [first, *self.inside(1 - rack, a, b)]

    def twin_first(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        """Which pairs use the source's rack: by parity of the chip indices between sleds; within a
        pair of twin sleds one partner in chips - 1, the same number from either rack, so that
        the links of both racks carry equal numbers of flows."""
        if a[0] == b[0]:
            return b[1] == (a[1] + 1) % self.chips
        return (a[1] + b[1]) % 2 == 1

    def one_way_only(self, a: tuple[int, int], b: tuple[int, int]) -> bool:
        """Twin sleds: the rule above gives the way back other links than the way there."""
        return a[0] == b[0] and a[1] != b[1]

    def ring(self) -> list[str]:
        """Rack 0 upwards, over a direct link, rack 1 downwards, and back over a direct link."""
        cells = list(product(range(self.sleds), range(self.chips)))
        rack0 = [self.place(0, *cell) for cell in cells]
        rack1 = [self.place(1, *cell) for cell in reversed(cells)]
        return [f"chip-{place}" for place in rack0 + rack1]

    def add_links(self, topology: Topology) -> None:
        all_sleds = range(2 * self.sleds)
        places = [f"{sled:02d}-{chip}" for sled, chip in product(all_sleds, range(self.chips))]
        near = places if self.near_is_switch else [f"{sled:02d}" for sled in all_sleds]
        for medium, where in ((self.near, near), ("rack", places)):
            for place in where:
                topology.add_link(medium, place)
        for place in places[: len(places) // 2]:
            topology.add_link("direct", place)

    def add_routes(self, topology: Topology) -> None:
        cells = list(product(range(self.sleds), range(self.chips)))
        for rack in (0, 1):
            for a, b in combinations(cells, 2):
                ends = [f"chip-{self.place(rack, *cell)}" for cell in (a, b)]
                topology.routes.append(Route(ends[0], ends[1], self.inside(rack, a, b)))
        for a, b in product(cells, cells):
            lonely = self.one_way_only(a, b)
            for rack in (0, 1) if lonely else (0,):
                src = f"chip-{self.place(rack, *a)}"
                dst = f"chip-{self.place(1 - rack, *b)}"
                topology.routes.append(Route(src, dst, self.across(rack, a, b), not lonely))


def two_racks(shape: TwoRacks) -> Topology:
    routers = ["rack-switch-0", "rack-switch-1"]
    if shape.near_is_switch:
        routers = [f"sled-switch-{sled:02d}" for sled in range(2 * shape.sleds)] + routers
    topology = Topology(shape.ring(), routers)
    shape.add_links(topology)
    shape.add_routes(topology)
    topology.add_nics()
    return topology


# --- direct links, host bridges, rings and grids ------------------------------------------------


def alone(place: str) -> Topology:
    """One chip with its NIC."""
    topology = Topology([f"chip-{place}"], [])
    topology.add_nics()
    return topology


def pair_link(medium: str, a: str, b: str) -> str:
    return f"{medium}-{a}-{b}"


def bridged(places: list[str], group: int, near: str, far: str) -> Topology:
    """Groups of consecutive chips with a direct link for every pair; others, if there are any, meet
    over the host, one link of the far medium per chip."""
    lonely = group >= len(places)
    topology = Topology([f"chip-{place}" for place in places], [] if lonely else ["host-bridge"])
    for place in [] if lonely else places:
        topology.add_link(far, place)
    for (i, a), (j, b) in combinations(enumerate(places), 2):
        hops = through_switch(far, a, b)
        if i // group == j // group:
            topology.add_link(near, f"{a}-{b}")
            hops = [(pair_link(near, a, b), "UP")]
        topology.routes.append(Route(f"chip-{a}", f"chip-{b}", hops))
    topology.add_nics()
    return topology


def ring(count: int, medium: str) -> Topology:
    """Chips on one ring of direct links; link i goes from chip i to the next one. Pairs half way
    round go both ways round in equal numbers."""
    cells: list[Cell] = [(chip,) for chip in range(count)]
    topology = Topology([chip_of(cell) for cell in cells], [])
    for (chip,) in cells:
        topology.add_link(medium, str(chip))
    for cell, step in product(cells, range(1, count // 2 + 1)):
        half = step * 2 == count
        sign = -1 if half and cell[0] % 2 else 1
        target = ((cell[0] + step) % count,)
        hops = ring_hops(cell[0], sign * step, count, medium)
        topology.routes.append(Route(chip_of(cell), chip_of(target), hops, symmetrical=not half))
    topology.add_nics()
    return topology


def ring_hops(start: int, steps: int, count: int, medium: str) -> list[Hop]:
    if steps > 0:
        return [(f"{medium}-{(start + i) % count}", "UP") for i in range(steps)]
    return [(f"{medium}-{(start - 1 - i) % count}", "DOWN") for i in range(-steps)]


def grid(size: int, medium: str) -> Topology:
    """A square mesh without wrap-around, x first; the ring of neighbours goes up the first column
    and back through the others in rows."""
    first = [(0, y) for y in range(size)]
    rows = [(x if y % 2 else size - x, y) for y in reversed(range(size)) for x in range(1, size)]
    topology = Topology([chip_of(cell) for cell in first + rows], [])
    for x, y in product(range(size), repeat=2):
        for axis, (right, up) in (("x", (x + 1, y)), ("y", (x, y + 1))):
            if right < size and up < size:
                topology.add_link(medium, f"{axis}-{x}-{y}")
    for a, b in combinations(sorted(first + rows), 2):
        there, back = grid_hops(a, b, medium), grid_hops(b, a, medium)
        topology.routes.append(Route(chip_of(a), chip_of(b), there, symmetrical=False))
        topology.routes.append(Route(chip_of(b), chip_of(a), back, symmetrical=False))
    topology.add_nics()
    return topology


def grid_hops(a: Cell, b: Cell, medium: str) -> list[Hop]:
    hops: list[Hop] = []
    here = list(a)
    for axis in (0, 1):
        while here[axis] != b[axis]:
            forwards = here[axis] < b[axis]
            low = [here[i] - (0 if forwards or i != axis else 1) for i in (0, 1)]
            hops.append((f"{medium}-{'xy'[axis]}-{low[0]}-{low[1]}", "UP" if forwards else "DOWN"))
            here[axis] += 1 if forwards else -1
    return hops
