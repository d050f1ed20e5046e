"""The same work for one tab and for several: what waits, what computes on the CPU, what computes on the GPU."""

import concurrent.futures
import contextlib
import dataclasses
import os
import shutil

import svg
from contender import Contender
from report import SOURCES, Plot, Row, Section, Settings, Table, at_least
from sample import Sample, time_text
from settle import settle

BROWSER = "chromium"
ENCODER, DIGITS = "text/encoder.onnx", "digits/digits.onnx"
WASM_WARM_UP = 50  # while the encoder runs that often, Chromium optimises its code, with other threads


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    task: dict
    count: tuple[int, int]  # of requests in all, in full and in the short run
    warm_up: int = 1  # runs in each tab before
    tabs_if_quick: tuple[int, ...] = ()


KINDS = (Kind("wait-bound", {"task": "wait", "ms": 20}, (240, 160), warm_up=10, tabs_if_quick=(1, 8)),
         Kind("CPU-bound", {"task": "infer", "model": ENCODER, "backend": "wasm"}, (96, 48), warm_up=WASM_WARM_UP, tabs_if_quick=(1, 2)),
         Kind("GPU-bound", {"task": "infer", "model": DIGITS, "backend": "webgpu"}, (16, 0)))


class Outcome:
    """Of one kind of work on so many tabs."""

    def __init__(self):
        self.times, self.throughput = Sample(), Sample()

    def add(self, answer: dict) -> None:
        self.times.add(answer["times_us"])
        self.throughput.add([len(answer["times_us"]) / answer["wall_us"] * 1e6])


def kinds_on(tabs: int, settings: Settings) -> list[Kind]:
    return [kind for kind in KINDS if not settings.quick or tabs in kind.tabs_if_quick]


def measure_tabs(tabs: int, settings: Settings, results: dict, versions: dict) -> None:
    """The pool and the cluster take turns, each with its tabs; each kind of work has a new browser of the cluster."""
    cluster_command = ["node", SOURCES / "peers/cluster.mjs", shutil.which("chromium"), settings.models]
    with (Contender(f"concurrency pool {tabs}", settings.pool(BROWSER, tabs), settings.folder) as pool,
          Contender(f"concurrency cluster {tabs}", cluster_command, settings.folder) as cluster):
        versions |= cluster.versions
        for kind in reversed(kinds_on(tabs, settings)):
            count = settings.times(*kind.count)
            pool.ask(**kind.task, count=max(2, kind.warm_up) * tabs, in_flight=2 * tabs)  # which loads it into each tab
            cluster.ask(**kind.task, count=0, tabs=tabs, warm_up=kind.warm_up)
            for _ in range(settings.times(2, 1)):
                for name, ask in (("pool", lambda: pool.ask(**kind.task, count=count, in_flight=2 * tabs)),
                                  ("cluster", lambda: cluster.ask(**kind.task, count=count, tabs=tabs))):
                    settle()
                    results.setdefault((kind.name, name, tabs), Outcome()).add(ask())
            if kind.task["task"] == "wait":
                answer = cluster.ask(**kind.task, count=count // 10, tabs=tabs, page_for_each=True)
                results.setdefault((kind.name, "cluster, a page for each", tabs), Outcome()).add(answer)


def native_speed_up(processes: int, settings: Settings) -> float:
    """What processes of native ONNX Runtime with one thread each do together, in terms of one alone."""
    task = {"task": "infer", "model": ENCODER, "in_flight": 1, "threads": 1, "count": settings.times(300, 100)}
    command = ["node", SOURCES / "peers/native.mjs", settings.models]
    alone, together = Sample(), Sample()
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(processes) as threads:
        natives = [stack.enter_context(Contender(f"concurrency native {i}", command, settings.folder)) for i in range(processes)]

        def throughput(those: list[Contender]) -> float:
            return sum(len(answer["times_us"]) / answer["wall_us"] for answer in threads.map(lambda each: each.ask(**task), those))

        throughput(natives)  # warms up
        for _ in range(3):
            alone.add([throughput(natives[:1])])
            together.add([throughput(natives)])
    return together.median / alone.median


def measure(settings: Settings) -> Section:
    section = Section("Concurrency", TEXT)
    results = {}
    tab_counts = (1, 2, 8) if settings.quick else (1, 2, 4, 8)
    for tabs in tab_counts:
        measure_tabs(tabs, settings, results, section.versions)

    def speed_up(kind: str, name: str, tabs: int) -> float:
        return results[kind, name, tabs].throughput.median / results[kind, name, 1].throughput.median

    def tabs_of(kind: str) -> list[int]:
        return [tabs for tabs in tab_counts if (kind, "pool", tabs) in results]

    cores = os.cpu_count()
    most_cpu = max(speed_up("CPU-bound", "pool", tabs) for tabs in tabs_of("CPU-bound"))
    native = native_speed_up(cores, settings)
    section.rows += [at_least("wait-bound, speed-up of 8 tabs, pool", speed_up("wait-bound", "pool", 8), "", 0.95 * 8,
                              f"{speed_up('wait-bound', 'cluster', 8):.2f} for the tabs of one browser; here are {cores} cores for 8 browsers"),
                     at_least(f"CPU-bound, best speed-up, pool, {cores} cores", most_cpu, "", 0.9 * cores,
                              f"{cores} processes of native ONNX Runtime, one thread each, do {native:.2f} times what one does"),
                     Row(f"CPU-bound, speed-up of {cores} processes of native ONNX Runtime", round(native, 3), "")]
    for kind in [each for each in KINDS if tabs_of(each.name)]:
        names = [name for each, name, tabs in results if each == kind.name and tabs == 1]
        table = Table(kind.name, ["", "tabs", "requests per second", "speed-up", "p50", "p99", "runs"], [])
        for name in names:
            for tabs in tabs_of(kind.name):
                each = results[kind.name, name, tabs]
                table.rows.append([name, str(tabs), f"{each.throughput.median:.1f}", f"{speed_up(kind.name, name, tabs):.2f}",
                                   time_text(each.times.median), time_text(each.times.p99), str(len(each.times))])
                what = f"{kind.name}, {name}, {tabs} tabs"
                section.rows += [Row(f"{what}: throughput", round(each.throughput.median, 2), "1/s"),
                                 Row(f"{what}: p99", round(each.times.p99, 1), "µs")]
        section.tables.append(table)
        lines = [(name, [(tabs, speed_up(kind.name, name, tabs)) for tabs in tabs_of(kind.name)]) for name in names]
        section.plots.append(Plot(f"concurrency_{kind.name.lower()}.svg", f"{kind.name}: speed-up",
                                  svg.line_chart(f"{kind.name}: speed-up over one tab", "tabs", "times the throughput of one tab", lines)))
    return section


TEXT = """
The same number of requests for 1, 2, 4 and 8 tabs of Chromium; in the short run 1 and 8 for what waits, 1 and 2 for what the
CPU computes. The pool has a browser for each tab, and two requests per tab in flight: one computes, the next one waits there.
Times are from submission to result, so they include that wait. A turn begins when the machine has been nearly idle for a
second (`settle.py`): browsers that have just started are busy with themselves.

- **wait-bound**: a backend that waits for 20 ms.
- **CPU-bound**: the demo's text encoder on WASM, one thread per tab. The machine's own limit is told beside the goal: what
  as many processes of native ONNX Runtime as there are cores, one thread each, do together.
- **GPU-bound**: the digits model on WebGPU, which on a machine without a GPU is a software adapter that takes all cores by itself.
- **cluster**: puppeteer-cluster (`CONCURRENCY_PAGE`: one browser, several pages). It closes a page after each task; in its
  favour, here one task per page goes on while there is work, is ready before the time is taken, and has one call of
  `page.evaluate` in flight. **a page for each**: a task per request, as it is meant to be used (a tenth of the requests).

The predecessor of this library claimed a speed-up of 3.5 for several models at once; these are the figures for each kind.
"""
