"""The pool against itself at an earlier commit: small trips, their CPU, and throughput."""

import contextlib

import trips
from contender import Contender
from report import Row, Section, Settings, Table, at_least, at_most
from sample import Sample, size_text
from trips import DEPTHS, MIB, SMALLEST, Way

BROWSERS = ("chromium", "firefox")
STARTS = (6, 3)  # of each browser
LARGE = (MIB, 16 * MIB, 64 * MIB)
NO_WORSE, NO_LESS = 1.05, 0.95  # what two runs of one program differ by anyway, if there are so many of them


class Comparison:
    """The two of one browser, over all its starts."""

    def __init__(self, browser: str, now: str, before: str):
        self.browser, self.now, self.before = browser, now, before
        self.starts: list[dict] = []

    def values(self, name: str, size: int, depth: int, figure: str) -> list[float]:
        """Of each start: the median."""
        return [getattr(each[name, size, depth], figure).median for each in self.starts]

    def medians(self, size: int, depth: int, figure: str) -> tuple[float, float]:
        return tuple(Sample(self.values(name, size, depth, figure)).median for name in (self.now, self.before))

    def row(self, what: str, size: int, depth: int, figure: str, make, goal: float) -> Row:
        now, before = self.medians(size, depth, figure)
        ratios = sorted(mine / its for mine, its in zip(*(self.values(name, size, depth, figure) for name in (self.now, self.before))))
        return make(f"{what}, {depth} in flight, {self.now} / {self.before}, {self.browser}", round(now / before, 3), "", goal,
                    f"{ratios[0]:.2f} to {ratios[-1]:.2f} in the {len(ratios)} starts of the browser")

    def rows(self) -> list[Row]:
        sizes = sorted({size for each in self.starts for _, size, _ in each if size >= MIB})
        small = size_text(SMALLEST)
        return [*(self.row(f"{small} round trip", SMALLEST, depth, "times", at_most, NO_WORSE) for depth in DEPTHS),
                *(self.row(f"host CPU per {small} round trip", SMALLEST, depth, "cpu", at_most, NO_WORSE) for depth in DEPTHS),
                *(self.row(f"throughput of {size_text(size)}", size, depth, "throughput", at_least, NO_LESS)
                  for size in sizes for depth in DEPTHS)]

    def table(self) -> Table:
        def line(what: str, size: int, depth: int, figure: str, unit: str, scale: float = 1) -> list[str]:
            now, before = self.medians(size, depth, figure)
            return [f"{what}, {depth} in flight", f"{now / scale:.3g} {unit}", f"{before / scale:.3g} {unit}", f"{now / before:.2f}"]

        lines = []
        for size, depth in sorted({(size, depth) for each in self.starts for _, size, depth in each}):
            if size == SMALLEST:
                lines += [line(f"{size_text(size)}, time", size, depth, "times", "µs"), line(f"{size_text(size)}, host CPU", size, depth, "cpu", "µs")]
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
    for browser in BROWSERS:
        comparison = Comparison(browser, "pool", f"pool at {settings.commit}")
        for _ in range(settings.times(*STARTS)):
            measure_start(comparison, settings)
        section.rows += comparison.rows()
        section.tables.append(comparison.table())
    return section


TEXT = """
The pool of this tree and the pool of commit {commit}, each with its own page and a browser of its own, carry the same tensors
by turns. The same browser, started twice, differs by a fifth at small trips, so both are started several times, in turns;
a figure is the median of all starts, and beside a missed goal stands how far the starts lie apart. With 1 in flight calls
are blocking, with 16 asynchronous.
"""
