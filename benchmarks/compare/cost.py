"""What the library costs who includes it: seconds to compile, bytes of a program, templates that are instantiated."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import sys

import svg
from compiler import LIBRARIES, ROOT, RUN_A_MODEL, command, gxx, run, stripped_size
from report import Plot, Row, Section, Settings, Table, at_most
from sample import Sample

sys.path.append(str(ROOT / "tests/gates"))
import instantiations  # noqa: E402

CORE_SECONDS, TIMES_WEBSOCKETPP = 0.5, 1.5


def others(header: str, seen: set[str]) -> set[str]:
    """What a header of the library and its own ones include that is not the library's, added to `seen`."""
    for name in re.findall(r"^#include <(.+)>", (ROOT / "include" / header).read_text(), flags=re.MULTILINE):
        if name not in seen:
            seen.add(name)
            if name.startswith("webpool/"):
                others(name, seen)
    return {name for name in seen if not name.startswith("webpool/")}


def included(names: set[str]) -> str:
    return "".join(f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in sorted(names))


WEBSOCKETPP = "#include <websocketpp/config/asio_no_tls.hpp>\n#include <websocketpp/server.hpp>\n"
OTHERS_OF_CORE, OTHERS = "what core.hpp includes of the standard library", "what webpool.hpp includes of other libraries"
HEADERS = {
    "core.hpp": ("include", "#include <webpool/core.hpp>\n"),
    OTHERS_OF_CORE: ("include", included(others("webpool/core.hpp", set()))),
    "resource_pool.hpp": ("include", "#include <webpool/resource_pool.hpp>\n"),
    "webpool.hpp": ("include", "#include <webpool/webpool.hpp>\n"),
    OTHERS: ("include", included(others("webpool/webpool.hpp", set()))),
    "single header": ("single_include", "#include <webpool/webpool.hpp>\n"),
    "asio.hpp": ("include", "#include <asio.hpp>\n"),
    "websocketpp's server": ("include", WEBSOCKETPP),
}
LEFT_OUT_IF_QUICK = ("single header", "asio.hpp")
CALLER = "the same, of a pool that another file instantiates"
PROGRAMS = {
    "a pool that runs a model": "#include <webpool/webpool.hpp>\n" + RUN_A_MODEL,
    CALLER: "#include <webpool/resource_pool.hpp>\n" + RUN_A_MODEL,
    "the core alone": "#include <webpool/core.hpp>\n" """
int main() { return static_cast<int>(webpool::Tensor::from(std::vector<float>{1}, {1}).as<float>()[0]); }
""",
    "websocketpp's echo server": WEBSOCKETPP + """
int main() {
  websocketpp::server<websocketpp::config::asio> server;
  server.set_message_handler([&](websocketpp::connection_hdl to, auto message) { server.send(to, message->get_payload(), message->get_opcode()); });
  server.init_asio();
  server.listen(9000);
  server.start_accept();
  server.run();
}
""",
}

TEXT = """
Headers are included by an otherwise empty file and compiled in turns with `-fsyntax-only`, which is the compiler's
front end alone: such a file has next to no code to make. `resource_pool.hpp` is what most files of a program need: one
includes `webpool.hpp` and instantiates the pool. Programs are compiled with `-O2`, linked and stripped.
websocketpp 0.8.2 is not C++20 for g++, which refuses eleven of its declarators; the copy that is compiled here has them
put right, and so costs what it would.
"""


def patched_websocketpp(folder: pathlib.Path) -> pathlib.Path:
    """A folder for the include path with a websocketpp whose constructors g++ takes for such."""
    found = next((path for path in map(pathlib.Path, ("/usr/include", "/usr/local/include")) if (path / "websocketpp").is_dir()), None)
    if not found:
        raise RuntimeError("websocketpp is in neither /usr/include nor /usr/local/include")
    target = folder / "websocketpp"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(found / "websocketpp", target)
    for file, name in (("logger/basic.hpp", "basic<concurrency,names>"), ("endpoint.hpp", "endpoint<connection,config>"),
                       ("roles/server_endpoint.hpp", "server<config>")):
        declarator = rf"^(\s*~?){re.escape(name)}\("
        text = re.sub(declarator, rf"\1{name.split('<')[0]}(", (target / file).read_text(), flags=re.MULTILINE)
        (target / file).write_text(text)
    return folder


def command_with(compiler: str, includes: str, patched: pathlib.Path) -> list[str]:
    return command(compiler, ROOT / includes, "-isystem", str(patched))


def compile_times(settings: Settings, folder: pathlib.Path, compiler: str) -> dict[str, Sample]:
    headers = {name: header for name, header in HEADERS.items() if not settings.quick or name not in LEFT_OUT_IF_QUICK}
    times = {name: Sample() for name in headers}
    for _ in range(settings.times(2, 1)):
        for name, (includes, text) in headers.items():
            source = folder / "included.cpp"
            source.write_text(text)
            times[name].add([run(*command_with(compiler, includes, folder), "-fsyntax-only", source).wall])
    return times


def programs(folder: pathlib.Path, compiler: str) -> dict[str, tuple[float, int | None]]:
    """Seconds to make each, and its bytes; of one that is no whole program, to compile it."""

    def make(numbered: tuple[int, tuple[str, str]]) -> tuple[str, tuple[float, int | None]]:
        number, (name, text) = numbered
        source, program = folder / f"program{number}.cpp", folder / f"program{number}"
        source.write_text(text)
        compile_it = [*command_with(compiler, "include", folder), "-O2", "-DNDEBUG", source, "-o", program]
        if name == CALLER:
            return name, (run(*compile_it, "-c").wall, None)
        took = run(*compile_it, *LIBRARIES).wall
        return name, (took, stripped_size(program))

    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count())) as threads:
        return dict(threads.map(make, enumerate(PROGRAMS.items())))


def instantiation_counts(folder: pathlib.Path) -> dict[str, int | None]:
    clang = shutil.which("clang++")
    if not clang:
        return dict.fromkeys(HEADERS)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        return dict(zip(HEADERS, threads.map(lambda each: instantiations.count(command_with(clang, each[0], folder), each[1]), HEADERS.values())))


def measure(settings: Settings) -> Section:
    folder = settings.folder / "cost"
    folder.mkdir(parents=True, exist_ok=True)
    compiler = gxx()
    patched_websocketpp(folder)
    times = compile_times(settings, folder, compiler)
    made = {} if settings.quick else programs(folder, compiler)
    counts = {} if settings.quick else instantiation_counts(folder)

    syntax = {name: sample.median for name, sample in times.items()}
    ratios = {name: value / syntax["websocketpp's server"] for name, value in syntax.items()}
    rows = [at_most("-fsyntax-only, core.hpp", round(syntax["core.hpp"], 3), "s", CORE_SECONDS,
                    f"{OTHERS_OF_CORE} takes {syntax[OTHERS_OF_CORE]:.2f} s alone"),
            at_most("-fsyntax-only, webpool.hpp / websocketpp's server", round(ratios["webpool.hpp"], 3), "", TIMES_WEBSOCKETPP,
                    f"{OTHERS} takes {ratios[OTHERS]:.2f} alone"),
            *(Row(f"-fsyntax-only, {name}: median", round(value, 3), "s") for name, value in syntax.items()),
            *(Row(f"instantiations, {name}", count, "") for name, count in counts.items()),
            *(Row(f"{name}: size", size, "B") for name, (_, size) in made.items() if size),
            *(Row(f"{name}: compiled{' and linked' if size else ''}", round(took, 1), "s") for name, (took, size) in made.items())]
    headers = Table("Including a header", ["", "-fsyntax-only", "against websocketpp's server", "templates instantiated (clang)"],
                    [[name, f"{syntax[name]:.2f} s (p95 {sample.p95:.2f}, n {len(sample)})", f"{ratios[name]:.2f} x",
                      f"{counts[name]:,}" if counts.get(name) else "-"]
                     for name, sample in times.items()],
                    "A dash: not measured in a short run, or, of instantiations, where clang++ is not installed.")
    whole = Table("A whole program, -O2", ["", "compiled and linked, once", "stripped"],
                  [[name, f"{took:.1f} s", f"{size / 1024:,.0f} KiB" if size else "compiled only"] for name, (took, size) in made.items()],
                  "" if made else "Not measured in a short run.")
    plot = svg.bar_chart("Seconds to include a header", "-fsyntax-only, median", list(syntax.items()), lambda value: f"{value:.2f} s")
    return Section("What it costs the C++ user", TEXT, [headers, whole], [Plot("cost_compile.svg", "Seconds to include a header", plot)], rows)
