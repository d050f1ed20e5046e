"""How long the first result takes: from nothing, from a pool that is there, and from a tab that has to be started."""

import shutil
import time

from contender import Contender
from report import SOURCES, Row, Section, Settings, Table
from sample import Sample

DIGITS = {"model": "digits/digits.onnx", "backend": "wasm", "count": 1, "in_flight": 1}
SPEECH = DIGITS | {"model": "speech/speech.onnx"}
WAYS = ("from nothing", "from a warm pool, model new to it", "from a warm pool, model loaded", "from a tab more, started by demand")


def elapsed_us(work) -> float:
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1e6


def start_pool(browser: str, settings: Settings, samples: dict[str, Sample]) -> None:
    began = time.monotonic()
    with Contender(f"startup {browser}", settings.pool(browser, 1, 2), settings.folder) as pool:
        pool.ask(task="infer", **DIGITS)
        samples[WAYS[0]].add([(time.monotonic() - began) * 1e6])
        samples[WAYS[1]].add([elapsed_us(lambda: pool.ask(task="infer", **SPEECH))])
        samples[WAYS[2]].add([elapsed_us(lambda: pool.ask(task="infer", **DIGITS))])
        samples[WAYS[3]].add(pool.ask(task="scale_up", **DIGITS)["times_us"])


def start_playwright(settings: Settings) -> float:
    began = time.monotonic()
    command = ["node", SOURCES / "peers/playwright.mjs", shutil.which("chromium"), settings.models]
    with Contender("startup playwright", command, settings.folder) as playwright:
        playwright.ask(task="infer", **DIGITS)
        return (time.monotonic() - began) * 1e6


def measure(settings: Settings) -> Section:
    section = Section("Start-up", TEXT)
    browsers = ("chromium", "firefox")
    samples = {browser: {way: Sample() for way in WAYS} for browser in browsers}
    playwright = Sample()
    for _ in range(settings.times(3, 1)):
        for browser in browsers:
            start_pool(browser, settings, samples[browser])
        playwright.add([start_playwright(settings)])
    table = Table("first result", ["", *browsers, "Playwright, chromium"], [])
    for way in WAYS:
        cells = [f"{samples[browser][way].text()}" for browser in browsers]
        table.rows.append([way, *cells, playwright.text() if way == WAYS[0] else "-"])
        section.rows += [Row(f"first result {way}, {browser}", round(samples[browser][way].median / 1e3, 1), "ms") for browser in browsers]
    section.rows.append(Row("first result from nothing, Playwright, chromium", round(playwright.median / 1e3, 1), "ms"))
    section.tables.append(table)
    return section


TEXT = """
Until a caller has the first result, on WASM.

- **from nothing**: the program is started, launches a browser, loads the digits model and runs it. Playwright does the same
  with ONNX Runtime Web in its page.
- **from a warm pool**: with a tab there; a model that no tab has seen yet (speech), and one that is loaded (digits).
- **from a tab more**: a pool that may have two tabs has one; many callers at once begin to ask, the scaling policy (the
  default one) launches another browser, and the time ends with that tab's first answer.
"""
