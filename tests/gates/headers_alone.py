#!/usr/bin/env python3
"""headers_alone.py public|inner COMPILER FLAGS...: checks that each header compiles alone, without warnings. `inner` are
those of the folders that no user includes; they take most of the time."""

import pathlib
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
INNER = {"browser", "detail", "driver", "engine", "impl", "onnx", "protocol"}
ONLY_COMPILED = {"webpool/src.hpp"}
BOTH_MODES = {"webpool/webpool.hpp", "webpool/resource_pool.hpp"}


def main() -> int:
    which, *compiler = sys.argv[1:]
    command = [*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
    failed = []
    for path in sorted(INCLUDE.rglob("*.hpp")):
        header = path.relative_to(INCLUDE).as_posix()
        if (path.relative_to(INCLUDE / "webpool").parts[0] in INNER) != (which == "inner"):
            continue
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
