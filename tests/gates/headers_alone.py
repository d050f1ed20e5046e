#!/usr/bin/env python3
"""headers_alone.py COMPILER FLAGS...: checks that each header compiles alone, without warnings."""

import pathlib
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
ONLY_COMPILED = {"webpool/src.hpp"}
BOTH_MODES = {"webpool/webpool.hpp", "webpool/resource_pool.hpp"}


def main() -> int:
    command = [*sys.argv[1:], "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
    failed = []
    for path in sorted(INCLUDE.rglob("*.hpp")):
        header = path.relative_to(INCLUDE).as_posix()
        modes = [] if header in ONLY_COMPILED else [[]]
        if header in ONLY_COMPILED | BOTH_MODES:
            modes.append(["-DWEBPOOL_COMPILED"])
        for mode in modes:
            if subprocess.run([*command, *mode, "-include", header, "-x", "c++", "/dev/null"]).returncode:
                failed.append(" ".join([header, *mode]))
    print(f"{len(failed)} failed: {', '.join(failed)}" if failed else "all compile")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
