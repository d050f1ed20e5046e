"""How much a tab costs the host, and how dispatch changes with their number: scripted tabs in another process, on loopback."""

import json
import resource
import subprocess

import svg
from report import Plot, Row, Section, Settings, Table, at_most
from sample import time_text

BASE_MIB, KIB_PER_TAB = 10, 64
MODEL_MIB, MOST_GROWTH_MIB = (2047, 128), 64  # ONNX files end before 2 GiB
STATES = (("idle", "idle_kib"), ("after small answers", "busy_kib"), ("after large answers", "large_kib"))
DISPATCHES = ((1, "dispatch_us"), (16, "dispatch_16_us"))

TEXT = """
Tabs are scripted: one other process speaks the protocol for all of them, each with its control socket and one worker's
socket. Memory is the pool's own process's (`RssAnon`), CPU its user and system time. An idle tab answers a heartbeat
each second. Dispatch is the time from a request's submission to its arrival in a tab, 16 bytes, spread over all tabs; the
process with the tabs has to wake up in it. Memory is measured again when requests have been answered with 8 bytes each,
and once more after three answers of 64 KiB per tab, which touch the whole of a socket's read buffer. At last, one large
model goes from its file to a tab, and the host's memory is watched meanwhile.
"""


def most_tabs() -> int:
    """Two sockets each in one process, beside its other files."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 50) // 2


def run(settings: Settings, mode: str, *arguments: int) -> dict:
    done = subprocess.run([settings.program, mode, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{mode} {arguments} ended with {done.returncode}: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def rows_of(tabs: int, found: dict) -> list[Row]:
    name = f"{tabs} tabs"
    goal = BASE_MIB + tabs * KIB_PER_TAB / 1024
    return [*(at_most(f"{name}: host memory, {state}", round(found[key] / 1024, 2), "MiB", goal) for state, key in STATES),
            *(Row(f"{name}: host memory per tab, {state}", round((found[key] - found["empty_kib"]) / tabs, 1), "KiB") for state, key in STATES),
            Row(f"{name}: host CPU per idle tab and second", round(found["idle_cpu_us_per_second"] / tabs, 1), "µs"),
            Row(f"{name}: host CPU per request, 16 in flight", round(found["busy_cpu_us_per_request"], 1), "µs"),
            Row(f"{name}: requests per second, 16 in flight", round(found["requests_per_second"]), "1/s"),
            Row(f"{name}: until all have joined and loaded", round(found["join_seconds"], 4), "s"),
            *(Row(f"{name}: dispatch, {load} in flight: {share}", round(found[key][share], 1), "µs")
              for load, key in DISPATCHES for share in ("p50", "p99"))]


def line_of(tabs: int, found: dict) -> list[str]:
    per_tab = [f"{found[key] / 1024:.1f} MiB ({(found[key] - found['empty_kib']) / tabs:.0f} KiB)" for _, key in STATES]
    return [f"{tabs:,}", time_text(found["join_seconds"] * 1e6), *per_tab, time_text(found["idle_cpu_us_per_second"] / tabs),
            time_text(found["busy_cpu_us_per_request"]), f"{found['requests_per_second']:,.0f}",
            *(f"{time_text(found[key]['p50'])} / {time_text(found[key]['p99'])}" for _, key in DISPATCHES)]


def measure(settings: Settings) -> Section:
    most = most_tabs()
    counts = [min(count, most) for count in settings.times((10, 100, 1_000, 10_000), (10, 1_000))]
    idle_seconds, requests = settings.times(5, 3), settings.times(20_000, 4_000)
    found = {count: run(settings, "scale", count, idle_seconds, requests) for count in counts}
    model = settings.times(*MODEL_MIB)
    growth = round(run(settings, "deliver", model)["growth_mib"], 1)
    delivered = at_most(f"{model} MiB of a model go to a tab: growth of the host's memory", growth, "MiB", MOST_GROWTH_MIB)
    table = Table("Scripted tabs on one machine",
                  ["tabs", "all have joined and loaded", *(f"host memory (per tab), {state}" for state, _ in STATES),
                   "CPU per idle tab and second", "CPU per request", "requests/s, 16 in flight", "dispatch p50 / p99, 1 in flight", "16 in flight"],
                  [line_of(count, each) for count, each in found.items()],
                  "" if most >= 10_000 else f"A process may open {2 * most + 50:,} files here, which is enough for {most:,} tabs.")
    dispatch = svg.line_chart("Dispatch against the number of tabs", "tabs", "time",
                              [(f"{share}, {load} in flight", [(count, each[key][share]) for count, each in found.items()])
                               for load, key in DISPATCHES for share in ("p50", "p99")], log_x=True, log_y=True, y_label=time_text)
    memory = svg.line_chart("The host's memory against the number of tabs", "tabs", "MiB",
                            [*((state, [(count, each[key] / 1024) for count, each in found.items()]) for state, key in STATES),
                             ("goal", [(count, BASE_MIB + count * KIB_PER_TAB / 1024) for count in found])], log_x=True, log_y=True)
    delivery = Table("A model on its way to a tab", ["", "growth of the host's memory"], [[f"{model} MiB", f"{growth} MiB"]])
    return Section("Scale on one machine", TEXT, [table, delivery],
                   [Plot("scale_dispatch.svg", "Dispatch against the number of tabs", dispatch),
                    Plot("scale_memory.svg", "Memory against the number of tabs", memory)],
                   [*(row for count, each in found.items() for row in rows_of(count, each)), delivered])
