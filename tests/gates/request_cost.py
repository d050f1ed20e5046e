#!/usr/bin/env python3
"""request_cost.py PROGRAM COUNTERS [--update]: counts what one request costs the host, and compares with request_cost.json.

One request at a time through a pool with one scripted tab, which is another process and is not counted. Seconds differ
from machine to machine; these counts nearly repeat. One that is above the committed one by more than its tolerance
fails: find out why, or accept it with --update.

    allocations     calls of malloc and its kin, operator new among them, of all threads
    copies          bytes that memcpy and memmove move in blocks of 4 KiB or more, per byte of the tensor, which goes
                    out and comes back; counters.cpp says what that does not see
    system calls    of all threads, by strace: what nine in ten requests need at least, for who waits for whom differs
    instructions    of all threads in user space, by callgrind, the least of three runs; with those of x86-64's oldest
                    processors alone, where libraries would choose. They differ between compilers: the committed ones
                    are g++ 12's with -O2.
"""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

COUNTS = pathlib.Path(__file__).with_name("request_cost.json")
TOLERANCES = {"allocations": 0.02, "copies": 0.02, "system calls": 0.05, "instructions": 0.03}
SUBJECTS = {"16 B": (16, 1000), "1 MiB": (1 << 20, 50)}  # bytes of the tensor, and requests

# Libraries choose code by what the processor can do: the same for all.
SAME_CODE = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM"
                                 ":glibc.cpu.x86_non_temporal_threshold=0x40000000",
             "SIMDJSON_FORCE_IMPLEMENTATION": "westmere"}


def serve(program: str, size: int, requests: int, tool: list[str] = [], **environment: str) -> tuple[str, str]:
    """What the host says, which runs under that tool, and what the tool says."""
    with tempfile.TemporaryDirectory() as folder:
        host = subprocess.Popen([*tool, program, "host", folder, str(size), str(requests)], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})
        link = host.stdout.readline().strip()
        tab = subprocess.Popen([program, "tab", link]) if link else None
        try:
            said, told = host.communicate(timeout=300)
        finally:
            host.kill()
            if tab:
                tab.wait(timeout=60)
        if host.returncode:
            raise RuntimeError(f"{' '.join([*tool, program])} ended with {host.returncode}:\n{told}")
        return said, told


def count_calls(program: str, counters: str, size: int, requests: int) -> dict[str, float]:
    said, _ = serve(program, size, requests, LD_PRELOAD=counters)
    allocations, copied = map(int, said.split())
    copies = {"copies": copied / requests / size} if size >= 4096 else {}
    return {"allocations": allocations / requests, **copies}


def count_system_calls(program: str, size: int, requests: int) -> int:
    with tempfile.NamedTemporaryFile("r") as trace:
        serve(program, size, requests, ["strace", "-f", "-qq", "-e", "signal=none", "-o", trace.name])
        names = re.findall(r"^\d+ +(\w+)\(", trace.read(), flags=re.MULTILINE)
    begun = [place for place, name in enumerate(names) if name == "getppid"]  # with which each request begins
    counts = sorted(end - start - 1 for start, end in itertools.pairwise(begun))
    return counts[len(counts) // 10]


def count_instructions(program: str, size: int, requests: int) -> float:
    tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=/dev/null"]
    told = [serve(program, size, requests, tool, **SAME_CODE)[1] for _ in range(3)]
    return min(int(re.search(r"Collected : (\d+)", each)[1]) for each in told) / requests


def measure(program: str, counters: str) -> dict[str, dict[str, float]]:
    counts = {}
    for name, (size, requests) in SUBJECTS.items():
        counts[name] = {**count_calls(program, counters, size, requests),
                        "system calls": count_system_calls(program, size, requests),
                        "instructions": count_instructions(program, size, requests)}
    return counts


def main() -> int:
    program, counters = (argument for argument in sys.argv[1:] if argument != "--update")
    counts = measure(program, counters)
    if "--update" in sys.argv:
        rounded = {subject: {name: round(count, 3) for name, count in each.items()} for subject, each in counts.items()}
        COUNTS.write_text(json.dumps(rounded, indent=2) + "\n")
        return 0
    failed = False
    for subject, committed in json.loads(COUNTS.read_text()).items():
        for name, accepted in committed.items():
            count = counts[subject][name]
            change = count / accepted - 1
            worse = change > TOLERANCES[name]
            failed |= worse
            print(f"{subject}, {name}: {count:.2f} per request, committed {accepted:.2f} ({change:+.1%})"
                  + (f", more than {TOLERANCES[name]:.0%} above: FAILED" if worse else ""))
    if failed:
        print("A request costs the host more than it did. To accept that, run this again with --update.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
