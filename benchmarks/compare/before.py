"""The pool against itself at an earlier commit: small trips, their CPU, and throughput."""

import contextlib
import statistics

import trips
from contender import Contender
from report import Row, Section, Settings, Table, at_least, at_most
from sample import Sample, size_text
from trips import DEPTHS, MIB, SMALLEST, Way

STARTS = {"chromium": (6, 4), "firefox": (6, 2)}  # of both pools with their browsers, in full and in the short run
LARGE = (MIB, 16 * MIB, 64 * MIB)
NO_WORSE, NO_LESS = 1.05, 0.95


class Comparison:
    """The two of one browser, over all its starts."""

    def __init__(self, browser: str, now: str, before: str):
        self.browser, self.now, self.before = browser, now, before
        self.starts: list[dict] = []

    def median(self, name: str, size: int, depth: int, figure: str) -> float:
        return Sample(value for each in self.starts for value in getattr(each[name, size, depth], figure).values).median

    def ratios(self, size: int, depth: int, figure: str) -> list[list[float]]:
        """Of each start: new to old, turn by turn, because the machine is as busy for the one as for the other."""
        pairs = [zip(*(getattr(each[name, size, depth], figure).values for name in (self.now, self.before))) for each in self.starts]
        return [[mine / its for mine, its in turns] for turns in pairs]

    def ratio(self, size: int, depth: int, figure: str) -> float:
        return statistics.median(value for each in self.ratios(size, depth, figure) for value in each)

    def row(self, what: str, size: int, depth: int, figure: str, make, goal: float) -> Row:
        starts = sorted(statistics.median(each) for each in self.ratios(size, depth, figure))
        return make(f"{what}, {depth} in flight, {self.now} / {self.before}, {self.browser}", round(self.ratio(size, depth, figure), 3), "", goal,
                    f"{starts[0]:.2f} to {starts[-1]:.2f} in the {len(starts)} starts of the browser")

    def rows(self) -> list[Row]:
        sizes = sorted({size for each in self.starts for _, size, _ in each if size >= MIB})
        small = size_text(SMALLEST)
        return [*(self.row(f"{small} round trip", SMALLEST, depth, "turn_times", at_most, NO_WORSE) for depth in DEPTHS),
                *(self.row(f"host CPU per {small} round trip", SMALLEST, depth, "cpu", at_most, NO_WORSE) for depth in DEPTHS),
                *(self.row(f"throughput of {size_text(size)}", size, depth, "throughput", at_least, NO_LESS)
                  for size in sizes for depth in DEPTHS)]

    def table(self) -> Table:
        def line(what: str, size: int, depth: int, figure: str, unit: str, scale: float = 1) -> list[str]:
            medians = (self.median(name, size, depth, figure) / scale for name in (self.now, self.before))
            return [f"{what}, {depth} in flight", *(f"{each:,.1f} {unit}" for each in medians), f"{self.ratio(size, depth, figure):.2f}"]

        lines = []
        for size, depth in sorted({(size, depth) for each in self.starts for _, size, depth in each}):
            if size == SMALLEST:
                lines += [line(f"{size_text(size)}, time", size, depth, "turn_times", "µs"), line(f"{size_text(size)}, host CPU", size, depth, "cpu", "µs")]
            else:
                lines.append(line(f"{size_text(size)}, throughput", size, depth, "throughput", "MiB/s", MIB))
        return Table(f"{self.browser}: medians of {len(self.starts)} starts", ["", self.now, self.before, "ratio"], lines)


def measure_start(comparison: Comparison, settings: Settings) -> None:
    browser, results = comparison.browser, {}
    with contextlib.ExitStack() as stack:
        commands = {comparison.now: settings.pool(browser, 1, in_flight=16), comparison.before: settings.pool_before(browser, in_flight=16)}
        if len(comparison.starts) % 2:
            commands = dict(reversed(commands.items()))
        ways = [Way(name, stack.enter_context(Contender(f"before {browser} {name}", command, settings.folder)), {"calls": "blocking"}, patient=True)
                for name, command in commands.items()]
        trips.measure(ways, settings, results, (SMALLEST, *LARGE))
    comparison.starts.append(results)


def measure(settings: Settings) -> Section:
    if not settings.before:
        return Section("The pool before", f"NOT MEASURED: this clone has no commit {settings.commit}.")
    section = Section("The pool before", TEXT.format(commit=settings.commit))
    for browser, starts in STARTS.items():
        comparison = Comparison(browser, "pool", f"pool at {settings.commit}")
        for _ in range(settings.times(*starts)):
            measure_start(comparison, settings)
        section.rows += comparison.rows()
        section.tables.append(comparison.table())
    return section


TEXT = """
The pool of this tree and the pool of commit {commit}, each with its own page and a browser of its own, carry the same tensors
by turns. The same browser, started twice, differs by a fifth at small trips, so both are started several times, in turns;
a ratio is the median of all turns of all starts, and beside a missed goal stands how far the starts lie apart. With 1 in
flight calls are blocking, with 16 asynchronous.
"""
