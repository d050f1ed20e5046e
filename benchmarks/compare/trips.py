"""Tensors of several sizes, to each contender and back, in turns."""

import dataclasses
import itertools

from contender import Contender
from report import Settings
from sample import Sample

KIB, MIB = 1 << 10, 1 << 20
SIZES = (16, KIB, 64 * KIB, MIB, 16 * MIB, 64 * MIB)
DEPTHS = (1, 16)

# How many trips one turn has, and how many turns each contender has, in full and in the short run: by size and depth.
TRIPS = {16: (400, 800), KIB: (400, 800), 64 * KIB: (150, 320), MIB: (20, 48), 16 * MIB: (3, 16), 64 * MIB: (2, 16)}
TURNS = {16: (7, 3), KIB: (7, 3), 64 * KIB: (7, 3), MIB: (7, 3), 16 * MIB: (5, 2), 64 * MIB: (3, 1)}


@dataclasses.dataclass(frozen=True)
class Way:
    """One way of a contender to carry a tensor."""

    name: str
    contender: Contender
    task: dict = dataclasses.field(default_factory=dict)  # besides size, depth and number
    largest: tuple[int, int] = (SIZES[-1], SIZES[-1])  # by depth; beyond it a trip takes seconds
    share: float = 1  # of the trips of a turn

    def takes(self, size: int, depth: int) -> bool:
        return size <= self.largest[DEPTHS.index(depth)]

    def turn(self, size: int, depth: int, count: int) -> dict:
        return self.contender.ask(task="round_trip", bytes=size, in_flight=depth, count=count, **self.task)


class Trips:
    """What one way took for one size and depth."""

    def __init__(self):
        self.times = Sample()  # of each trip, in µs
        self.throughput = Sample()  # of each turn, in bytes per second and direction
        self.cpu = Sample()  # of each turn: the host's CPU time per trip, in µs

    def add(self, size: int, answer: dict) -> None:
        self.times.add(answer["times_us"])
        self.throughput.add([size * len(answer["times_us"]) / answer["wall_us"] * 1e6])
        self.cpu.add([answer["cpu_us"]])


def measure(ways: list[Way], settings: Settings) -> dict[tuple[str, int, int], Trips]:
    """By way, size and depth. A first turn of each, shorter, warms up and does not count."""
    results = {}
    most = max(settings.times(*turns) for turns in TURNS.values())
    for turn, size, depth in itertools.product(range(-1, most), SIZES, DEPTHS):
        if turn >= settings.times(*TURNS[size]):
            continue
        for way in ways if turn % 2 else ways[::-1]:
            if not way.takes(size, depth):
                continue
            count = max(depth, round(TRIPS[size][DEPTHS.index(depth)] * way.share))
            answer = way.turn(size, depth, count if turn >= 0 else max(depth, count // 4))
            if turn >= 0:
                results.setdefault((way.name, size, depth), Trips()).add(size, answer)
    return results
