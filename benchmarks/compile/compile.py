#!/usr/bin/env python3
"""compile.py: what it costs to compile programs that use the pool, in turns; compile.sh calls it."""

import argparse
import dataclasses
import pathlib
import shutil
import statistics
import sys

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / "compare"), str(pathlib.Path(__file__).resolve().parents[2] / "tests/gates")]
import instantiations  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
import subjects  # noqa: E402
from compiler import LIBRARIES, Took, command, gxx, run, stripped_size  # noqa: E402
from subjects import Subject  # noqa: E402

THIN_RATIO, OWN_RATIO, WHOLE_RATIO, REBUILD_SECONDS = 1.8, 0.15, 0.7, 8


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclasses.dataclass
class Bench:
    """The folder of what is compiled, and what each took."""

    folder: pathlib.Path
    took: dict[Subject, list[Took]] = dataclasses.field(default_factory=dict)

    def compile(self, subject: Subject, change: int = 0) -> None:
        source, output = self.folder / f"{subject.file}.cpp", self.object_of(subject)
        source.write_text(subject.text.replace("CHANGE", str(change)))
        output_flags = () if subjects.SYNTAX in subject.flags else ("-c", "-o", output)
        took = run(*command(gxx(), subject.tree / "include", *subject.flags), source, *output_flags)
        if subject.linked:
            linked = self.link(subject)
            took = Took(took.wall + linked.wall, took.user + linked.user)
        self.took.setdefault(subject, []).append(took)
        say(f"    {subject.name}: {took.user:.2f} s of CPU, {took.wall:.2f} s")

    def object_of(self, subject: Subject) -> pathlib.Path:
        return self.folder / f"{subject.file}.o"

    def program_of(self, subject: Subject) -> pathlib.Path:
        return self.folder / subject.file

    def link(self, subject: Subject) -> Took:
        library = [self.object_of(subjects.LIBRARY)] if subjects.COMPILED in subject.flags else []
        return run(gxx(), self.object_of(subject), *library, "-o", self.program_of(subject), *LIBRARIES)

    def size(self, subject: Subject) -> int:
        self.link(subject)
        return stripped_size(self.program_of(subject))

    def user(self, subject: Subject) -> float:
        return statistics.median(each.user for each in self.took[subject])

    def wall(self, subject: Subject) -> float:
        return statistics.median(each.wall for each in self.took[subject])


@dataclasses.dataclass(frozen=True)
class Line:
    """A figure of this tree and the most that it may be; the one that it is held against, and the most that it may be of
    that."""

    name: str
    value: float
    unit: str
    other: str = ""
    base: float | None = None
    goal: float | None = None
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.base if self.base else None

    def rows(self) -> list[report.Row]:
        value = round(self.value, 3)
        rows = [report.at_most(self.name, value, self.unit, self.most) if self.most else report.Row(self.name, value, self.unit)]
        if self.base:
            rows.append(report.Row(f"{self.name}, beside it: {self.other}", round(self.base, 3), self.unit))
        if self.other:
            name = f"{self.name} / {self.other}"
            ratio = self.ratio and round(self.ratio, 3)
            rows.append(report.at_most(name, ratio, "", self.goal) if self.goal else report.Row(name, ratio, ""))
        return rows

    def cells(self) -> list[str]:
        other = f"{self.other}: {self.text(self.base)}" if self.base else f"{self.other}: not measured" if self.other else ""
        judged = next((row for row in self.rows() if row.goal), None)
        verdict = "" if not judged else "met" if judged.met else "not measured" if judged.value is None else "MISSED"
        return [self.name, self.text(self.value), other, f"{self.ratio:.2f}" if self.ratio else "", judged.goal if judged else "", verdict]

    def text(self, value: float) -> str:
        return f"{value:,.0f} {self.unit}".rstrip() if self.unit != "s" else f"{value:.2f} s"


def measure(bench: Bench, rounds: int, earlier: dict[Subject, Subject]) -> None:
    say("the library, which is compiled once")
    bench.compile(subjects.LIBRARY)
    bench.compile(subjects.DEFAULT_COMPILED)
    ours = [subjects.REFERENCE_FILE, subjects.THIN, subjects.THIN_COMPILED, subjects.OWN_O2, subjects.OWN_O0, subjects.REBUILD, subjects.WHOLE]
    order = list(dict.fromkeys(each for mine in ours for each in (mine, earlier.get(mine, mine))))
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        for subject in order if number % 2 else order[::-1]:
            bench.compile(subject, number)


def time_lines(bench: Bench, earlier: dict[Subject, Subject], commit: str) -> list[Line]:
    def beside(subject: Subject, goal: float | None = None) -> Line:
        there = earlier.get(subject)
        return Line(subject.name, bench.user(subject), "s", commit, bench.user(there) if there else None, goal)

    floor = bench.user(subjects.REFERENCE_FILE)
    return [*(Line(each.name, bench.user(each), "s", "what it can't do without", floor, THIN_RATIO) for each in (subjects.THIN, subjects.THIN_COMPILED)),
            beside(subjects.THIN), beside(subjects.THIN_COMPILED), beside(subjects.OWN_O2, OWN_RATIO), beside(subjects.OWN_O0, OWN_RATIO),
            Line(subjects.REBUILD.name, bench.user(subjects.REBUILD), "s"),
            Line(f"{subjects.REBUILD.name}, by the clock", bench.wall(subjects.REBUILD), "s", most=REBUILD_SECONDS),
            beside(subjects.WHOLE, WHOLE_RATIO),
            *(Line(each.name, bench.user(each), "s") for each in (subjects.DEFAULT_COMPILED, subjects.LIBRARY))]


def size_lines(bench: Bench, earlier: dict[Subject, Subject], commit: str) -> list[Line]:
    base = bench.size(earlier[subjects.WHOLE]) / 1024 if earlier else None
    return [Line(f"stripped program, {mode}", bench.size(subject) / 1024, "KiB", commit, base)
            for mode, subject in (("header-only", subjects.WHOLE), ("compiled mode", subjects.DEFAULT_COMPILED))]


def count_lines(earlier: dict[Subject, Subject], commit: str, quick: bool) -> list[Line]:
    clang = shutil.which("clang++")
    if not clang:
        say("clang++ is not installed, so nothing says how many templates are instantiated")
        return []

    def count(subject: Subject) -> int:
        flags = [each for each in subject.flags if each.startswith("-D")]
        return instantiations.count(command(clang, subject.tree / "include", *flags), subject.text.replace("CHANGE", "0"))

    counted = [subjects.THIN, subjects.THIN_COMPILED] + ([] if quick else [subjects.OWN_O2])
    found = {}
    for subject in dict.fromkeys(each for mine in counted for each in (mine, earlier.get(mine, mine))):
        found[subject] = count(subject)
        say(f"    {subject.name}: {found[subject]:,} instantiations")
    return [Line(f"templates instantiated (clang), {each.name.removesuffix(', -O2, compiled mode')}", found[each], "", commit,
                 found[earlier[each]] if earlier else None) for each in counted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--before", required=True, help="the tree of that commit; empty if there is none")
    for name in ("folder", "json"):
        parser.add_argument(f"--{name}", type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()

    hardware = f"{machine.hardware()} {machine.said_by(gxx(), '--version')}."
    say(hardware)
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    bench, rounds = Bench(given.folder), 1 if given.quick else given.rounds
    earlier = subjects.before(pathlib.Path(given.before).resolve(), given.commit) if given.before else {}
    measure(bench, rounds, earlier)
    lines = time_lines(bench, earlier, given.commit) + size_lines(bench, earlier, given.commit) + count_lines(earlier, given.commit, given.quick)
    rows = {row.name: row for line in lines for row in line.rows()}
    report.write_rows(given.json, [report.Section("Compiling", "", rows=list(rows.values()))], hardware)
    print(hardware)
    print(report.Table(f"Compiling with {gxx()}: seconds of CPU, medians of {rounds}", ["", "this tree", "beside it", "ratio", "goal", ""],
                       [line.cells() for line in lines]).text())


if __name__ == "__main__":
    main()
