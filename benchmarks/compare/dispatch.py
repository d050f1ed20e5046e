"""A tensor from the host to a tab and back, through the pool and through what one would use instead."""

import contextlib
import pathlib

import svg
import trips
from contender import Contender
from report import Plot, Row, Section, Settings, Table, at_least, at_most
from sample import size_text, time_text
from trips import DEPTHS, KIB, MIB, SIZES, Way

SOURCES = pathlib.Path(__file__).resolve().parent
BROWSERS = ("chromium", "firefox")
FLOOR = "bare echo"


def ways_of(browser: str, settings: Settings, stack: contextlib.ExitStack) -> list[Way]:
    def start(name: str, *command) -> Contender:
        return stack.enter_context(Contender(f"{browser} {name}", command, settings.folder))

    pool = start("pool", settings.program, "pool", browser, 1, SOURCES)
    return [Way("pool", pool),
            Way(FLOOR, start("echo", settings.program, "echo", browser, SOURCES))]


def mib_per_second(results, name: str, size: int, depth: int) -> float:
    return results[name, size, depth].throughput.median / MIB


def rows_of(browser: str, results) -> list[Row]:
    def p50(name: str, size: int, depth: int = 1) -> float:
        return results[name, size, depth].times.median

    rows = [at_most(f"16 B round trip, pool / {FLOOR}, {browser}", p50("pool", 16) / p50(FLOOR, 16), "", 1.3),
            at_most(f"host CPU per 16 B round trip, pool, {browser}", results["pool", 16, 1].cpu.median, "µs", 15)]
    for size in SIZES[3:]:
        for depth in DEPTHS:
            ratio = mib_per_second(results, "pool", size, depth) / mib_per_second(results, FLOOR, size, depth)
            rows.append(at_least(f"throughput of {size_text(size)}, {depth} in flight, pool / {FLOOR}, {browser}", ratio, "", 0.8))
    for (name, size, depth), each in results.items():
        what = f"{browser}, {name}, {size_text(size)}, {depth} in flight"
        rows += [Row(f"{what}: p50", round(each.times.median, 1), "µs"), Row(f"{what}: p95", round(each.times.p95, 1), "µs"),
                 Row(f"{what}: host CPU", round(each.cpu.median, 1), "µs")]
    return rows


def tables_of(browser: str, ways: list[Way], results) -> list[Table]:
    def table(title: str, depth: int, sizes, cell) -> Table:
        names = [way.name for way in ways if any((way.name, size, depth) in results for size in sizes)]
        rows = [[name, *(cell(results[name, size, depth]) if (name, size, depth) in results else "-" for size in sizes)]
                for name in names]
        return Table(f"{browser}: {title}", ["", *map(size_text, sizes)], rows)

    return [table("time of a round trip, 1 in flight", 1, SIZES, lambda each: each.times.text()),
            table("time of a round trip, 16 in flight", 16, SIZES[:4], lambda each: each.times.text()),
            *(table(f"MiB per second and direction, {depth} in flight", depth, SIZES[2:],
                    lambda each: f"{each.throughput.median / MIB:.0f}") for depth in DEPTHS),
            *(table(f"host CPU per round trip, {depth} in flight", depth, SIZES, lambda each: time_text(each.cpu.median))
              for depth in DEPTHS)]


def plots_of(browser: str, ways: list[Way], results) -> list[Plot]:
    def lines(value, depth: int):
        return [(way.name, [(size, value(results[way.name, size, depth])) for size in SIZES if (way.name, size, depth) in results])
                for way in ways if (way.name, 16, depth) in results]

    axes = dict(log_x=True, log_y=True, x_label=lambda size: size_text(round(size)))
    return [Plot(f"dispatch_{browser}_time.svg", f"Round trips, {browser}",
                 svg.line_chart(f"Round trip of a tensor, {browser}, 1 in flight", "size", "median time", lines(lambda each: each.times.median, 1),
                                y_label=time_text, **axes)),
            Plot(f"dispatch_{browser}_throughput.svg", f"Throughput, {browser}",
                 svg.line_chart(f"Throughput per direction, {browser}, 16 in flight", "size", "MiB/s",
                                lines(lambda each: each.throughput.median / MIB, 16), **axes))]


def measure(settings: Settings) -> Section:
    section = Section("Dispatch", TEXT)
    for browser in BROWSERS:
        with contextlib.ExitStack() as stack:
            ways = ways_of(browser, settings, stack)
            for way in ways:
                section.versions |= way.contender.versions
            results = trips.measure(ways, settings)
        section.rows += rows_of(browser, results)
        section.tables += tables_of(browser, ways, results)
        section.plots += plots_of(browser, ways, results)
    return section


TEXT = """
A tensor of floats goes to a tab and comes back.

- **pool**: a backend of the application's own that answers with its input, called as any model is: with 1 in flight by
  the blocking call, with 16 by asynchronous calls, each of whose handlers makes the next.
- **bare echo**, the floor: websocketpp with its own settings and TCP_NODELAY, one thread that sends the tensor from its
  buffer and reads the answer into another one; a page whose dedicated worker sends each message back; no name, shape,
  queue, time-out or check.

Both launch the browser with the same flags. Host CPU is what the process of the contender used, the browser excluded.
"""
