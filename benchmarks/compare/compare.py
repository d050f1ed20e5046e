#!/usr/bin/env python3
"""compare.py: measures the sections one after the other and writes the report; compare.sh calls it."""

import argparse
import importlib
import pathlib
import sys
import time
import traceback

import machine
import report

SECTIONS = ("dispatch", "before", "inference", "concurrency", "startup", "scale", "cost", "engine")

HEADING = """# webpool and what one would use instead

{machine}

All contenders of a table took turns in one run, round by round, each with its browser started once before. Times are
medians, with the 95th percentile and the number of runs; ratios are ratios of medians. {length}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("program", "models", "folder", "json"):
        parser.add_argument(f"--{name}", type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--before", required=True, help="the tree of that commit, with its program; empty if there is none")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=SECTIONS, action="append")
    given = parser.parse_args()
    settings = report.Settings(given.quick, given.program, given.models, given.folder, given.commit,
                               pathlib.Path(given.before).resolve() if given.before else None)

    began = time.monotonic()
    hardware = machine.hardware()
    sections, failed = [], []
    for name in given.only or SECTIONS:
        print(f"==> {name}", file=sys.stderr, flush=True)
        try:
            sections.append(importlib.import_module(name).measure(settings))
        except Exception as error:
            traceback.print_exc()
            failed.append(name)
            sections.append(report.Section(name.capitalize(), f"NOT MEASURED: {error}"))
    versions = {name: version for section in sections for name, version in section.versions.items()}
    length = f"This run took {(time.monotonic() - began) / 60:.1f} minutes" + (" and is the short one." if given.quick else ".")
    path = report.write(settings.folder, HEADING.format(machine=f"{hardware}\n\n{machine.software(versions)}", length=length), sections)
    report.write_rows(given.json, sections, hardware)
    print(report.goals_of(sections).text())
    print(f"\n{path}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
