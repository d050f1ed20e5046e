#!/usr/bin/env python3
"""merge.py FIGURES ROWS: adds to the rows in ROWS those in FIGURES, or Google Benchmark's of benchmark_decision, printed."""

import collections
import json
import pathlib
import statistics
import sys

SIZES = ("tabs:", "waiting:", "models:")
DEFAULTS = ("default policies", "selector PowerOfTwo", "scheduling Priority")
NS_WITH_FEW_TABS, NS_WITH_MANY_TABS, SHARE_OF_BY_HAND = 200, 1000, 1.05


def row(name, value, unit, goal=None):
    return {"name": name, "value": value, "unit": unit, "goal": None if goal is None else f"<= {goal}",
            "met": None if goal is None else value <= goal}


def rows(benchmarks):
    runs = collections.defaultdict(list)
    for run in sorted(benchmarks, key=lambda run: (run["family_index"], run["per_family_instance_index"])):
        if run["run_type"] == "iteration":
            name, *arguments = run["run_name"].split("/")
            sizes = dict(each.split(":") for each in arguments if each.startswith(SIZES))
            runs[name, tuple(sizes.items())].append(run)
    for (name, sizes), repetitions in runs.items():
        where = ", ".join([name, *(f"{value} {what}" for what, value in sizes)])
        few = int(dict(sizes).get("tabs", 0)) <= 10
        goal = (NS_WITH_FEW_TABS if few else NS_WITH_MANY_TABS) if name in DEFAULTS else None
        # The least of the repetitions: what disturbs a machine only ever adds.
        yield row(where, round(min(run["real_time"] for run in repetitions), 1), "ns", goal)
        if "ratio" in repetitions[0]:
            ratio = statistics.median(run["ratio"] for run in repetitions)
            yield row(f"{where}: share of the time by hand", round(ratio, 3), "", SHARE_OF_BY_HAND)
        if "allocations" in repetitions[0]:
            yield row(f"{where}: allocations per decision", max(run["allocations"] for run in repetitions), "", 0)


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    figures = json.loads(source.read_text())
    added = figures["rows"] if "rows" in figures else list(rows(figures["benchmarks"]))
    if "rows" not in figures:
        show(added)
    everything = json.loads(target.read_text())
    everything["rows"] += added
    target.write_text('{"rows":[\n' + ",\n".join(json.dumps(each) for each in everything["rows"]) + "\n]}\n")


def show(added) -> None:
    print("\nDecisions")
    for each in added:
        if "allocations" in each["name"] and each["met"]:
            continue
        verdict = "" if each["met"] is None else f"  {each['goal']}: {'met' if each['met'] else 'MISSED'}"
        print(f"{each['name']:<75}{each['value']:>10} {each['unit']:<3}{verdict}")
    print(f"allocations: {'none' if all(each['met'] for each in added if 'allocations' in each['name']) else 'SEE ABOVE'}")


if __name__ == "__main__":
    main()
