#!/usr/bin/env python3
"""instantiations.py CLANG FLAGS... [--update]: counts the templates that Clang instantiates, and compares with instantiations.json.

Seconds differ from machine to machine; counts repeat exactly. More than 3 % above the committed count fails, and so
does less than 3 % below it: then commit the better one, with --update.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

COUNTS = pathlib.Path(__file__).with_name("instantiations.json")
TOLERANCE = 0.03

POLICIES = "<webpool::selector::FirstFit, webpool::scaling::Fixed, webpool::memory::Unlimited, webpool::scheduling::Fifo>"
COMPILED = "#define WEBPOOL_COMPILED\n"
SUBJECTS = {
    "core.hpp included": "#include <webpool/core.hpp>\n",
    "resource_pool.hpp included": "#include <webpool/resource_pool.hpp>\n",
    "resource_pool.hpp included, compiled mode": f"{COMPILED}#include <webpool/resource_pool.hpp>\n",
    "testing.hpp with a policy set": "#include <webpool/testing.hpp>\n"
                                     f"template class webpool::engine::PolicySet{POLICIES};\n",
    "a pool with its own policies, compiled mode": f"{COMPILED}#include <webpool/core.hpp>\n"
                                                   "#include <webpool/resource_pool.hpp>\n"
                                                   f"template class webpool::ResourcePool{POLICIES};\n",
}


def count(command: list[str], source: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "subject.cpp")
        file.write_text(source)
        subprocess.run([*command, "-std=c++20", "-c", "-ftime-trace", "-ftime-trace-granularity=0",
                        str(file), "-o", str(file.with_suffix(".o"))], check=True)
        events = json.loads(file.with_suffix(".json").read_text())["traceEvents"]
        return sum(event["name"] in ("InstantiateClass", "InstantiateFunction") for event in events)


def main() -> int:
    update = "--update" in sys.argv
    command = [argument for argument in sys.argv[1:] if argument != "--update"]
    counts = {name: count(command, source) for name, source in SUBJECTS.items()}
    if update:
        COUNTS.write_text(json.dumps(counts, indent=2) + "\n")
        return 0
    failed = False
    for name, committed in json.loads(COUNTS.read_text()).items():
        change = counts[name] / committed - 1
        failed |= abs(change) > TOLERANCE
        print(f"{name}: {counts[name]} instantiations, committed {committed} ({change:+.1%})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
