"""The native floor: what the host itself adds to a request, without any browser."""

import json
import pathlib
import subprocess
import sys

from report import Row, Section, Settings, Table, value_text

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/gates"), str(ROOT / "benchmarks")]
import merge  # noqa: E402
import request_cost  # noqa: E402

TEXT = """
A decision is: which request is next, and which tab runs it; with the policies that a pool has by default and 100,000
requests waiting, the least of several runs. A request's counts are those that `tests/gates/request_cost.py` holds the
library to: one request at a time through a whole pool over loopback to a scripted tab, in another process that is not
counted. Copies are those in the program, per byte of a tensor that goes out and comes back; the kernel's come on top.
"""


def decisions(settings: Settings) -> list[Row]:
    found = settings.folder / "decisions.json"
    subprocess.run([settings.program.with_name("benchmark_decision"), "--benchmark_filter=^default policies/tabs:(8|1000|10000)/",
                    f"--benchmark_repetitions={settings.times(5, 3)}", "--benchmark_enable_random_interleaving=true",
                    f"--benchmark_out={found}", "--benchmark_out_format=json"],
                   check=True, capture_output=True)
    return [Row(**each) for each in merge.rows(json.loads(found.read_text())["benchmarks"])]


def requests(settings: Settings) -> list[Row]:
    folder = settings.program.parent / "request_cost"
    counts = request_cost.measure(str(folder / "request_cost"), str(folder / "librequest_cost_counters.so"))
    return [Row(f"one request of {subject}: {name}", round(count, 2), "")
            for subject, each in counts.items() for name, count in each.items()]


def measure(settings: Settings) -> Section:
    settings.folder.mkdir(parents=True, exist_ok=True)
    decided, requested = decisions(settings), requests(settings)
    tables = [Table("A decision", ["", "measured", "goal", ""],
                    [[row.name, value_text(row), row.goal or "", "" if row.met is None else "met" if row.met else "MISSED"] for row in decided]),
              Table("What a request costs the host", ["", "count"], [[row.name, f"{row.value:,.2f}"] for row in requested])]
    return Section("The engine's own cost", TEXT, tables, rows=decided + requested)
