"""Tensors of several sizes, to each contender and back, in turns."""

import dataclasses
import itertools
from collections.abc import Iterable

from contender import Contender
from report import Settings
from sample import Sample
from settle import settle

KIB, MIB = 1 << 10, 1 << 20
DEPTHS = (1, 16)

# By size: turns of each contender, in full and in the short run, which leaves some out; and the most trips of a turn.
PLAN = {
    16: ((4, 4), 800),
    KIB: ((4, 1), 800),  # tells how long a trip takes, from which follows who is left out of the larger ones
    64 * KIB: ((5, 2), 300),
    MIB: ((5, 2), 48),
    16 * MIB: ((3, 1), 16),
    64 * MIB: ((2, 0), 16),
}
SMALLEST = min(PLAN)
TURN_US = (200_000, 120_000)  # what a turn takes about, where so few trips are enough
PATIENCE_US = (2_000_000, 1_000_000)


@dataclasses.dataclass(frozen=True)
class Way:
    """One way of a contender to carry a tensor."""

    name: str
    contender: Contender
    task: dict = dataclasses.field(default_factory=dict)  # besides size, depth and number
    patient: bool = False  # takes every size; else a turn that would take longer than PATIENCE_US is left out
    depths: tuple[int, ...] = DEPTHS
    most_bytes: int = max(PLAN)

    def turn(self, size: int, depth: int, count: int) -> dict:
        return self.contender.ask(task="round_trip", bytes=size, in_flight=depth, count=count, **self.task)


class Trips:
    """What one way took for one size and depth."""

    def __init__(self):
        self.times = Sample()  # of each trip, in µs
        self.turn_times = Sample()  # of each turn: the median
        self.throughput = Sample()  # of each turn, in bytes per second and direction
        self.cpu = Sample()  # of each turn: the host's CPU time per trip, in µs

    def add(self, size: int, answer: dict) -> None:
        self.times.add(answer["times_us"])
        self.turn_times.add([Sample(answer["times_us"]).median])
        self.throughput.add([size * len(answer["times_us"]) / answer["wall_us"] * 1e6])
        self.cpu.add([answer["cpu_us"]])


class Pace:
    """What a trip took lately, by way and depth, from which follows how many are made, and of what size."""

    def __init__(self, turn_us: int):
        self._turn_us, self._seen = turn_us, {}

    def note(self, way: Way, size: int, depth: int, answer: dict) -> None:
        self._seen[way.name, depth] = (size, answer["wall_us"] / len(answer["times_us"]))

    def expected(self, way: Way, size: int, depth: int) -> float:
        seen, us = self._seen.get((way.name, depth), (size, 0))
        return us * size / seen

    def count(self, way: Way, size: int, depth: int) -> int:
        most = PLAN[size][1]
        return max(depth, round(self._turn_us / max(self.expected(way, size, depth), self._turn_us / most)))


def measure(ways: list[Way], settings: Settings, results: dict[tuple[str, int, int], Trips], sizes: Iterable[int] = PLAN) -> None:
    """Adds to the results, by way, size and depth. A few trips of a size that is new warm up, and do not count; of the
    smallest, a turn more, for browsers have just started then."""
    patience, pace = settings.times(*PATIENCE_US), Pace(settings.times(*TURN_US))
    for size, depth in itertools.product((size for size in sizes if settings.times(*PLAN[size][0])), DEPTHS):
        taking = [way for way in ways if depth in way.depths and size <= way.most_bytes and (way.patient or depth * pace.expected(way, size, depth) <= patience)]
        first = -2 if size == SMALLEST else -1 if size <= MIB else 0
        for turn in range(first, settings.times(*PLAN[size][0])):
            if turn == 0 and size == SMALLEST:
                settle()
            for way in taking if turn % 2 else taking[::-1]:
                answer = way.turn(size, depth, depth if turn == first < 0 else pace.count(way, size, depth))
                pace.note(way, size, depth, answer)
                if turn >= 0:
                    results.setdefault((way.name, size, depth), Trips()).add(size, answer)
