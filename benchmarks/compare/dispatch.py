"""A tensor from the host to a tab and back, through the pool and through what one would use instead."""

import contextlib
import shutil

import svg
import trips
from contender import Contender
from report import SOURCES, Plot, Row, Section, Settings, Table, at_least, at_most
from sample import size_text, time_text
from trips import DEPTHS, KIB, MIB, Way

BROWSERS = ("chromium", "firefox")
FLOOR, CALLED_FLOOR, HANDLING_FLOOR = "bare echo", "bare echo, blocking call", "bare echo, the pool's page"
POLLING, BUSY_POLL_US = "pool, busy_poll", 2000
STARTS = (3, 1)  # of the browsers whose small trips are compared most closely
DEBIAN_PYTHON = "/usr/bin/python3"  # for which python3-selenium is installed, whatever else comes first in PATH


def ways_of(browser: str, settings: Settings, stack: contextlib.ExitStack, peers: bool) -> list[Way]:
    def start(name: str, *command) -> Contender:
        return stack.enter_context(Contender(f"{browser} {name}", command, settings.folder))

    def ways(name: str, contender: Contender, kinds: dict[str, str], depths=DEPTHS) -> list[Way]:
        return [Way(f"{name}, {kind}", contender, {"as": word}, depths=depths) for kind, word in kinds.items()]

    pool = start("pool", *settings.pool(browser, 1, in_flight=16))
    polling = start("polling pool", *settings.pool(browser, 1, busy_poll_us=BUSY_POLL_US))
    floor = start("echo", settings.program, "echo", browser, SOURCES, "echo_worker.js")
    handling = start("handling echo", settings.program, "echo", browser, SOURCES, "handling_worker.js")
    all_ways = [Way("pool", pool, {"calls": "blocking"}, patient=True),
                Way("pool, handlers", pool, {"calls": "handlers"}, depths=(1,)),
                Way(POLLING, polling, {"calls": "blocking"}, depths=(1,), most_bytes=MIB),
                Way(FLOOR, floor, {"calls": "handlers"}, patient=True),
                Way(CALLED_FLOOR, floor, {"calls": "blocking"}, depths=(1,)),
                Way(HANDLING_FLOOR, handling, {"calls": "handlers"}, depths=(1,), most_bytes=16)]
    if not peers:
        return all_ways
    ws = start("ws", "node", SOURCES / "peers/ws.mjs", settings.program, browser)
    all_ways += ways("Node.js ws", ws, {"binary": "binary", "JSON": "json"})
    if browser == "chromium":
        chromium, texts = shutil.which("chromium"), {"base64": "base64", "numbers": "numbers"}
        playwright = start("playwright", "node", SOURCES / "peers/playwright.mjs", chromium, settings.models)
        selenium = start("selenium", DEBIAN_PYTHON, SOURCES / "peers/selenium_script.py", chromium, shutil.which("chromedriver"))
        all_ways += ways("Playwright", playwright, texts) + ways("Selenium", selenium, texts, depths=(1,))
    return all_ways


def sizes_of(results, at_least: int = 0) -> list[int]:
    return sorted({size for _, size, _ in results if size >= at_least})


def mib_per_second(results, name: str, size: int, depth: int) -> float:
    return results[name, size, depth].throughput.median / MIB


def rows_of(browser: str, results) -> list[Row]:
    def p50(name: str, size: int, depth: int = 1) -> float:
        return results[name, size, depth].times.median

    def cpu(name: str, depth: int) -> float:
        return results[name, 16, depth].cpu.median

    def added(name: str, floor: str) -> str:
        return (f"headers, checks and queues: {time_text(p50(name, 16) - p50(floor, 16))} more than {floor}; "
                f"{FLOOR} with the page's part of them takes {p50(HANDLING_FLOOR, 16) / p50(FLOOR, 16):.2f} times as long")

    rows = [*(at_most(f"16 B round trip, {name} / {floor}, {browser}", p50(name, 16) / p50(floor, 16), "", 1.3, added(name, floor))
              for name, floor in (("pool", FLOOR), ("pool, handlers", FLOOR), ("pool", CALLED_FLOOR), (POLLING, FLOOR))),
            *(at_most(f"host CPU per 16 B round trip, {depth} in flight, pool, {browser}", cpu("pool", depth), "µs", 15,
                      f"{FLOOR} takes {cpu(FLOOR, depth):.1f} µs" + (f", {CALLED_FLOOR} {cpu(CALLED_FLOOR, 1):.1f} µs" if depth == 1 else ""))
              for depth in DEPTHS)]
    if browser == "chromium":
        fastest = min(p50("Playwright, base64", 16), p50("Playwright, numbers", 16))
        rows += [*(at_least(f"16 B round trip, Playwright / {name}, {browser}", fastest / p50(name, 16), "", 5,
                            f"{fastest / p50('pool, handlers', 16):.2f} with handlers, {fastest / p50(FLOOR, 16):.2f} for {FLOOR}")
                   for name in ("pool", POLLING)),
                 at_least(f"64 KiB round trip, Playwright with numbers / pool, {browser}", p50("Playwright, numbers", 64 * KIB) / p50("pool", 64 * KIB), "", 100),
                 at_least(f"64 KiB round trip, Playwright with base64 / pool, {browser}", p50("Playwright, base64", 64 * KIB) / p50("pool", 64 * KIB), "", 5)]
    for size in sizes_of(results, MIB):
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

    sizes = sizes_of(results)
    return [table("time of a round trip, 1 in flight", 1, sizes, lambda each: each.times.text()),
            table("time of a round trip, 16 in flight", 16, [size for size in sizes if size <= MIB], lambda each: each.times.text()),
            *(table(f"MiB per second and direction, {depth} in flight", depth, sizes_of(results, 64 * KIB),
                    lambda each: f"{each.throughput.median / MIB:.3g}") for depth in DEPTHS),
            *(table(f"host CPU per round trip, {depth} in flight", depth, sizes, lambda each: time_text(each.cpu.median))
              for depth in DEPTHS)]


def plots_of(browser: str, ways: list[Way], results) -> list[Plot]:
    def lines(value, depth: int):
        return [(way.name, [(size, value(results[way.name, size, depth])) for size in sizes_of(results) if (way.name, size, depth) in results])
                for way in ways if (way.name, 16, depth) in results and way.name not in ("pool, handlers", POLLING, CALLED_FLOOR, HANDLING_FLOOR)]

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
        results = {}
        with contextlib.ExitStack() as stack:
            ways = ways_of(browser, settings, stack, peers=True)
            for way in ways:
                section.versions |= way.contender.versions
            trips.measure(ways, settings, results)
        for _ in range(1, settings.times(*STARTS)):
            with contextlib.ExitStack() as stack:
                trips.measure(ways_of(browser, settings, stack, peers=False), settings, results, [trips.SMALLEST])
        section.rows += rows_of(browser, results)
        section.tables += tables_of(browser, ways, results)
        section.plots += plots_of(browser, ways, results)
    return section


TEXT = """
A tensor of floats goes to a tab and comes back.

- **pool**: a backend of the application's own that answers with its input, called as any model is: with 1 in flight by
  the blocking call, with 16 by asynchronous calls, each of whose handlers makes the next; **pool, handlers** does so with
  1 in flight too. **pool, busy_poll**: the blocking call of a pool whose `PoolOptions::busy_poll` is 2 ms, so that it looks
  for the answer of its only request without sleeping; all others sleep until it comes.
- **bare echo**, the floor: websocketpp with its own settings and TCP_NODELAY, one thread that sends the tensor from its
  buffer and reads the answer into another one; a page whose dedicated worker sends each message back; no name, shape,
  queue, time-out or check. **Bare echo, blocking call**: the same, but another thread asks for each trip and waits for
  it; what it takes longer is the price of waking two threads, which the pool's blocking call does not pay where it is alone.
  **Bare echo, the pool's page**, for 16 B: the same bytes again, but the page does beside it what the library's own does
  for such a tensor (reads a frame, queues and checks a run, builds the frame of its result): what is left to the pool is the host's part.
- **Node.js ws**: the server that many would write, with the page of the bare echo; the tensor as bytes, or as JSON.
- **Playwright** `page.evaluate` and **Selenium** `execute_async_script`, with an array of numbers, or base64 in a string.
  The page gives the array or string back as it is, which is less than a tensor there would need.

Pool, echo and ws launch the browser with the same flags; the others with their own. Firefox has no Playwright here, which
needs a build of its own, and no Selenium, as Debian has no geckodriver. A dash: one trip (or as many as are in flight)
would take more than 2 s (1 s in the short run), or the contender has no such way; Selenium makes one call at a time. Host CPU is what the contender's own
processes used (with Selenium, chromedriver's too), the browser excluded.
"""
