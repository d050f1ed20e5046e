#!/usr/bin/env python3
"""conventions.py RULE [HEADERS...]: checks one rule on the sources and prints what breaks it."""

import graphlib
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include" / "webpool"

# Where each third-party library may be included, relative to include/webpool.
THIRD_PARTY = {
    "asio": r"transport/|browser/|model\.hpp|resource_pool\.hpp|token_stream\.hpp",
    "websocketpp": r"transport/websocketpp\.hpp",
    "simdjson": r"protocol/",
    "protozero": r"onnx/",
}

# Headers of the compiler's that the core includes beside the standard library, and why.
OF_THE_COMPILER = {
    "detail/sha256_blocks.hpp": ({"cpuid.h", "immintrin.h", "arm_neon.h"}, "the processor's own instructions"),
}

# The rooms, each after those that it may include. A pattern is matched against the path relative to include/webpool; the
# first one that matches tells the room.
ROOMS = {
    "umbrellas": r"(core|testing|webpool|src)\.hpp",
    "pool": r"impl/|(async|model|pool|resource_pool|token_stream)\.hpp",
    "driver": r"driver/",
    "browser": r"browser/",
    "transport": r"transport/",
    "source": r"source/",
    "protocol": r"protocol/",
    "onnx": r"onnx/",
    "kernels": r"kernels/",
    "testing": r"testing/",
    "engine": r"engine/",
    "telemetry": r"telemetry/",
    "policies": r"policies/|fwd\.hpp",
    "reliability": r"reliability/",
    "concepts": r"concepts/",
    "vocabulary": r"detail/|[^/]+$",
}

# What may point upwards all the same, and why.
UPWARDS = {
    ("metrics.hpp", "reliability/ladder.hpp"): "its rows are about the ladder's rungs",
    ("run_sink.hpp", "reliability/ladder.hpp"): "tells which rung was tried",
    ("detail/read_file.hpp", "source/file.hpp"): "reads a whole file through the source of its bytes",
    ("resource_pool.hpp", "impl/resource_pool.hpp"): "its own bodies, at its end",
}

# Headers without a test of their own, and why. Concepts are tested by tests/concepts, policies by their own tests.
WITHOUT_TEST = {
    "core.hpp": "an umbrella",
    "testing.hpp": "an umbrella",
    "webpool.hpp": "an umbrella",
    "fwd.hpp": "declarations only",
    "clock.hpp": "three aliases",
    "detail/completion_signature.hpp": "an alias",
    "src.hpp": "an include and its conditions; test programs with a pool link what it makes",
    "browser/control.hpp": "an interface",
    "browser/launch_spec.hpp": "data only",
    "driver/new_request.hpp": "data only",
    "engine/actions.hpp": "data only",
    "testing/simulated_rows.hpp": "data only",
    "engine/turn.hpp": "data only",
    "engine/decisions.hpp": "an interface; tests/engine/policy_set.cpp",
    "impl/model_interface.hpp": "an interface",
    "impl/pool_interface.hpp": "an interface",
    "engine/model_spec.hpp": "data only",
    "model_part.hpp": "data only",
    "detail/page_assets.hpp": "generated; compared with js/ by generated.page_assets",
    "testing/events.hpp": "data only",
    "transport/asio.hpp": "includes Asio",
    "transport/link.hpp": "an interface",
}


def headers() -> list[pathlib.Path]:
    return sorted(INCLUDE.rglob("*.hpp"))


def includes(file: pathlib.Path) -> list[str]:
    return re.findall(r"^\s*#\s*include\s*[<\"]([^>\"]+)", file.read_text(), flags=re.MULTILINE)


def tracked() -> list[pathlib.Path]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def core_is_std_only(*core: str):
    """The headers of webpool::core include the standard library and each other."""
    names = {pathlib.Path(header).relative_to(INCLUDE.parent).as_posix() for header in core}
    for header in core:
        allowed, _ = OF_THE_COMPILER.get(pathlib.Path(header).relative_to(INCLUDE).as_posix(), (set(), ""))
        for name in includes(pathlib.Path(header)):
            if name not in names | allowed and not re.fullmatch(r"[a-z_]+", name):
                yield f"{header} includes <{name}>, which is not part of webpool::core"


def third_party_includes():
    for header in headers():
        name = header.relative_to(INCLUDE).as_posix()
        for included in includes(header):
            library = re.split(r"[./]", included)[0]
            if library in THIRD_PARTY and not re.match(THIRD_PARTY[library], name):
                yield f"{name} includes <{included}>: only {THIRD_PARTY[library]} may"


def header_sizes():
    """Median at most 90 lines, none over 300."""
    sizes = {header: header.read_text().count("\n") for header in headers() if header.name != "page_assets.hpp"}
    if statistics.median(sizes.values()) > 90:
        yield f"the median header has {statistics.median(sizes.values())} lines, more than 90"
    for header, lines in sizes.items():
        if lines > 300:
            yield f"{header.relative_to(ROOT)} has {lines} lines, more than 300"


def rooms():
    """No header includes one of a room above its own, and none includes itself by way of others."""
    order = list(ROOMS)
    room = {}
    for header in headers():
        name = header.relative_to(INCLUDE).as_posix()
        room[name] = order.index(next(room for room in order if re.match(ROOMS[room], name)))
    arrows = {name: [included.removeprefix("webpool/") for included in includes(INCLUDE / name)
                     if included.startswith("webpool/")] for name in room}
    for name in room:
        for included in arrows[name]:
            if room[included] < room[name] and (name, included) not in UPWARDS:
                yield f"{name} is in {order[room[name]]}, below {order[room[included]]}, and includes {included}"
    for name, included in UPWARDS:
        if included not in arrows.get(name, []):
            yield f"{name} does not include {included}, as conventions.py lists"
            continue
        arrows[name].remove(included)
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as circle:
        yield f"a circle: {' -> '.join(reversed(circle.args[1]))}"


def map_names_files():
    """Every path that include/webpool/README.md names exists, below include/webpool or the project's folder."""
    page = INCLUDE / "README.md"
    if not page.exists():
        yield "include/webpool/README.md is missing"
        return
    text = page.read_text()
    named = re.findall(r"`<?([^`\s<>]+)>?`", text) + re.findall(r"\]\(([^)#\s]+)", text)
    folders = (INCLUDE, INCLUDE.parent, ROOT)
    for name in dict.fromkeys(named):
        is_path = re.fullmatch(r"[\w.*/-]+(\.(hpp|[ch]pp|m?js|json|md|py|sh|cmake|txt)|/)", name) and name != "/"
        if is_path and not any(any(folder.glob(name.rstrip("/"))) for folder in folders):
            yield f"include/webpool/README.md names {name}, which does not exist"


def tests_mirror_headers():
    tests = {path.stem for path in (ROOT / "tests").rglob("*.cpp")}
    for header in headers():
        name = header.relative_to(INCLUDE).as_posix()
        if header.stem not in tests and name not in WITHOUT_TEST:
            yield f"include/webpool/{name} has no tests/**/{header.stem}.cpp"
    for name in WITHOUT_TEST:
        if not (INCLUDE / name).exists():
            yield f"{name} is listed in conventions.py and does not exist"


def example_length():
    for example in sorted((ROOT / "examples").glob("*.cpp")):
        lines = example.read_text().count("\n")
        if lines > 60:
            yield f"examples/{example.name} has {lines} lines, more than 60"


def readme_shows_hello():
    if (ROOT / "examples/hello.cpp").read_text() not in (ROOT / "README.md").read_text():
        yield "README.md does not hold examples/hello.cpp as it is"


def no_machine_paths():
    """No path of someone's machine, and no address of a package registry: lock files name versions and hashes only."""
    bad = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root|home)/|\"resolved\": \"|https?://[^/\s]*(registry|mirror|proxy)")
    for file in tracked():
        try:
            lines = file.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if bad.search(line):
                yield f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


def no_skipped_tests():
    bad = re.compile(r"\[\.\]|\[!mayfail\]|\[!shouldfail\]|^ *// *(TEST_CASE|REQUIRE|CHECK)|\.skip\b")
    for pattern in ("tests/**/*.cpp", "js/test/*.mjs"):
        for file in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                if bad.search(line):
                    yield f"{file.relative_to(ROOT)}:{number}: {line.strip()}"


def main() -> int:
    rules = (core_is_std_only, third_party_includes, header_sizes, rooms, map_names_files, tests_mirror_headers,
             example_length, readme_shows_hello, no_machine_paths, no_skipped_tests)
    rule, *arguments = sys.argv[1:]
    broken = list({function.__name__: function for function in rules}[rule](*arguments))
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
