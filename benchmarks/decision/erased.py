#!/usr/bin/env python3
"""erased.py: decisions and a request's whole way, with policies behind the engine's boundary, and as a template at an
earlier commit. Both programs take turns; policies.sh calls it."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / "compare")]
import report  # noqa: E402

NOW, BEFORE = "now", "before"
DECISION_GOAL, WHOLE_WAY_GOAL = 1.15, 1.1
# What is erased, what it is held against and in which program, the most that it may take of that, and of how many tabs.
PAIRS = (("default policies, erased", "default policies", BEFORE, DECISION_GOAL, (8, 1_000)),
         ("Learned and FairShare, erased", "Learned and FairShare", NOW, DECISION_GOAL, (8, 1_000)),
         ("whole engine, default policies", "whole engine, default policies", BEFORE, WHOLE_WAY_GOAL, (8, 1_000)))


def run(program: str, output: pathlib.Path, sizes: str) -> dict[str, tuple[float, float]]:
    """One turn: nanoseconds and allocations, by name and number of tabs. A time that the program does not take itself is
    the CPU's."""
    names = "|".join(sorted({name for pair in PAIRS for name in pair[:2]}))
    subprocess.run([program, f"--benchmark_filter=^({names})/tabs:({sizes})/", "--benchmark_min_time=0.1",
                    f"--benchmark_out={output}", "--benchmark_out_format=json"], check=True, capture_output=True)
    runs = json.loads(output.read_text())["benchmarks"]
    return {"/".join(each["run_name"].split("/")[:2]): (each["real_time" if "/manual_time" in each["run_name"] else "cpu_time"], each["allocations"])
            for each in runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("now", "before", "commit", "json"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    programs = {NOW: given.now, BEFORE: given.before}
    sizes = "|".join(str(each) for each in sorted({tabs for pair in PAIRS for tabs in pair[4]}))

    turns = {NOW: [], BEFORE: []}
    output = pathlib.Path(given.json).resolve().with_suffix(".turn.json")
    for turn in range(5 if given.quick else 15):
        for which in (NOW, BEFORE) if turn % 2 else (BEFORE, NOW):
            turns[which].append(run(programs[which], output, sizes))

    rows, cells = [], []
    for erased, template, which, goal, all_tabs in PAIRS:
        for tabs in all_tabs:
            mine = [turn[f"{erased}/tabs:{tabs}"] for turn in turns[NOW]]
            other = [turn[f"{template}/tabs:{tabs}"] for turn in turns[which]]
            ns, base = (statistics.median(each[0] for each in those) for those in (mine, other))
            share = statistics.median(each[0] / its[0] for each, its in zip(mine, other))
            name = f"{erased}, {tabs} tabs"
            against = f"the template, {given.commit}" if which == BEFORE else "the template"
            ratio = report.at_most(f"{name} / {against}", round(share, 3), "", goal)
            made = report.at_most(f"{name}: allocations", max(each[1] for each in mine), "", 0)
            rows += [ratio, made, report.Row(name, round(ns, 1), "ns"), report.Row(f"{name}: {against}", round(base, 1), "ns")]
            cells.append([name, f"{ns:.0f} ns", f"{against}: {base:.0f} ns", f"{share:.2f}", ratio.goal, "met" if ratio.met else "MISSED",
                          f"{made.value:g} {'met' if made.met else 'MISSED'}"])
    heading = ["", "this tree", "beside it", "ratio", "goal", "", "allocations each (goal 0)"]
    print(report.Table(f"Policies behind the boundary, medians of {len(turns[NOW])} turns", heading, cells).text())
    report.write_rows(pathlib.Path(given.json), [report.Section("", "", rows=rows)])


if __name__ == "__main__":
    main()
