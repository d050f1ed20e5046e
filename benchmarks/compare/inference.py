"""The demo's models through the pool, looped inside the page, driven by Playwright, and in native ONNX Runtime."""

import contextlib
import shutil
import statistics

import svg
from contender import Contender
from report import SOURCES, Plot, Row, Section, Settings, Table, at_most
from sample import Sample, time_text
from settle import settle

MODELS = {"digits": "digits/digits.onnx", "speech": "speech/speech.onnx", "encoder": "text/encoder.onnx"}
PLACES = (("chromium", "wasm"), ("chromium", "webgpu"), ("firefox", "wasm"))
TURN_US = 0.15e6  # what a turn takes about
TURNS = (5, 4)  # in full and in the short run
WASM_WARM_UPS = (4, 2)  # turns before; browsers optimise WASM that runs often, with other threads
LOOP, POOL, RUN, PLAYWRIGHT, NATIVE = "loop in the page", "pool", "of which the page's run", "Playwright", "native"
ECHO, WAY = "bare echo that computes as long", "of which the way there and back"
ECHO_BYTES = 4096  # more than digits' input has, less than speech's


def measure_model(contenders: dict[str, Contender], settings: Settings, browser: str, backend: str, file: str) -> dict[str, Sample]:
    """In turns, each of which tells how many runs make the next one. The first creates the session; some more warm up."""
    tab = contenders[browser]
    ways = {LOOP: (tab, "loop"), POOL: (tab, "infer"), NATIVE: (contenders["native"], "infer")}
    if browser == "chromium":
        ways[PLAYWRIGHT] = (contenders["playwright"], "infer")
    run_us = 0  # in the loop, lately
    if backend == "wasm":  # elsewhere it is not the page's own thread that computes
        ways[ECHO] = (contenders[f"{browser} echo"], "compute")
    samples = {name: Sample() for name in (*ways, RUN, *([WAY] if ECHO in ways else []))}

    def turn(name: str, count: int) -> dict[str, list[float]]:
        contender, task = ways[name]
        return contender.ask(task=task, model=file, backend=backend, count=count, in_flight=1, us=run_us, bytes=ECHO_BYTES)

    counts = dict.fromkeys(ways, 2)
    warm_ups = settings.times(*WASM_WARM_UPS) if backend == "wasm" else 0
    for i in range(-1 - warm_ups, settings.times(*TURNS)):
        if i == 0:
            settle()
        for name in ways if i % 2 else reversed(ways):
            answer = turn(name, counts[name])
            counts[name] = max(1, min(100, round(TURN_US / min(answer["times_us"]))))
            if name == LOOP:
                run_us = round(statistics.median(answer["times_us"]))
            if i < 0:
                continue
            samples[name].add(answer["times_us"])
            if name == POOL:
                samples[RUN].add(answer["runs_us"])
            elif name == ECHO:
                samples[WAY].add([time - run_us for time in answer["times_us"]])
    return samples


def models_on(backend: str, settings: Settings) -> list[tuple[str, str]]:
    """Those that a short run has the time for: on a GPU that is software, the larger ones take minutes."""
    return [each for each in MODELS.items() if not settings.quick or backend != "webgpu" or each[0] == "digits"]


def measure(settings: Settings) -> Section:
    section = Section("Inference", TEXT)
    table = Table("time of one request", ["", LOOP, POOL, RUN, ECHO, WAY, PLAYWRIGHT, NATIVE], [])
    with contextlib.ExitStack() as stack:
        def start(name: str, *command) -> Contender:
            return stack.enter_context(Contender(f"inference {name}", command, settings.folder))

        browsers = ("chromium", "firefox")
        contenders = {browser: start(browser, *settings.pool(browser, 1)) for browser in browsers}
        for browser in browsers:
            contenders[f"{browser} echo"] = start(f"{browser} echo", settings.program, "echo", browser, SOURCES, "computing_worker.js")
        contenders["native"] = start("native", "node", SOURCES / "peers/native.mjs", settings.models)
        contenders["playwright"] = start("playwright", "node", SOURCES / "peers/playwright.mjs", shutil.which("chromium"), settings.models)
        for contender in contenders.values():
            section.versions |= contender.versions
        for browser, backend in PLACES:
            bars = []
            for model, file in models_on(backend, settings):
                place = f"{model} on {browser}/{backend}"
                samples = measure_model(contenders, settings, browser, backend, file)
                loop, pool, run = (samples[name].median for name in (LOOP, POOL, RUN))
                section.rows.append(at_most(
                    f"{place}: latency through the pool", round(pool / 1e3, 3), "ms", round(1.03 * loop / 1e3 + 0.3, 3),
                    f"the session's run takes {time_text(run)} of it, and in the loop, where nothing comes between, {time_text(loop)}" +
                    (f"; a bare echo whose page computes as long as that loop takes {time_text(samples[WAY].median)} more" if WAY in samples else "")))
                section.rows += [Row(f"{place}, {name}: p50", round(each.median, 1), "µs") for name, each in samples.items()]
                table.rows.append([place, *(samples[name].text() if name in samples else "-" for name in table.heading[1:])])
                bars += [(f"{model}, {name}", samples[name].median) for name in table.heading[1:] if name in samples and name not in (RUN, WAY)]
            title = f"Time of one request, {browser}/{backend}"
            section.plots.append(Plot(f"inference_{browser}_{backend}.svg", title,
                                      svg.bar_chart(title, "median, logarithmic", bars, time_text, log=True)))
    section.tables.append(table)
    return section


TEXT = """
One request of each model at a time, blocking, on inputs of the model's shape with a batch of 1.

- **loop in the page**, the floor: the same page, browser and backend; a session of the same model in a worker of the same tab
  runs in a loop and takes its own times, with what the page does around a run (tensors in and out).
- **pool**, **of which the page's run**: what the session took for it in the tab, by the page's own clock. It is longer than in
  the loop where a processor that has been left for a moment comes back to cold caches.
- **bare echo that computes as long**, **of which the way there and back**: a bare websocketpp server, called from another thread
  that waits, and a page that does nothing for as long as the loop's run takes but keep its processor busy, with 4 KiB each way.
  It tells what a run between two messages costs with no library at all: meanwhile the other processor goes to sleep, and waking it
  takes longer than in a small trip without a run.
- **Playwright** calls `page.evaluate` with an array of numbers, and ONNX Runtime Web (the same build) in that page; arrays of
  numbers come back. No Firefox: see above.
- **native**, the ceiling: onnxruntime-node on the CPU with its default number of threads; tabs use one.

The goal for the pool is 1.03 times the loop's time and 0.3 ms. WebGPU is a software adapter (SwiftShader) where there is no GPU;
the short run has only the digits on it.
"""
