"""What the sections of the comparison hand back, and how the report is made of it: Markdown, SVG files, rows for programs."""

import dataclasses
import json
import pathlib


SOURCES = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Settings:
    quick: bool
    program: pathlib.Path  # benchmark_compare
    models: pathlib.Path  # examples/models
    folder: pathlib.Path  # for the report, and for what is made on the way
    commit: str = ""  # with which the library is compared
    before: pathlib.Path | None = None  # the tree of that commit, with its benchmark_compare; none in a clone without it

    def times(self, full: int, quick: int) -> int:
        """How often something is done."""
        return quick if self.quick else full

    def pool(self, browser: str, tabs: int, most_tabs: int = 0, in_flight: int = 2, busy_poll_us: int = 0) -> list:
        """The command of a contender that is the library, with so many requests in flight for each tab."""
        return self._pool(self.program, SOURCES, browser, tabs, most_tabs or tabs, in_flight, busy_poll_us)

    def pool_before(self, browser: str, in_flight: int) -> list:
        """The same with one tab, at the commit."""
        program = self.before / "build/benchmarks/benchmarks/benchmark_compare"
        return self._pool(program, self.before / "benchmarks/compare", browser, 1, 1, in_flight, 0)

    def _pool(self, program: pathlib.Path, sources: pathlib.Path, *arguments) -> list:
        return [program, "pool", *arguments, sources, self.models]


@dataclasses.dataclass(frozen=True)
class Row:
    """A figure for programs. Without a goal, `goal` and `met` are None; one that can't be measured here has no value."""

    name: str
    value: float | None
    unit: str
    goal: str | None = None
    met: bool | None = None
    limit: str = ""  # what keeps the value from its goal, as measured in the same run; for people


def at_least(name: str, value: float | None, unit: str, goal: float, limit: str = "") -> Row:
    return Row(name, value, unit, f">= {goal:g}", value is not None and value >= goal, limit)


def at_most(name: str, value: float | None, unit: str, goal: float, limit: str = "") -> Row:
    return Row(name, value, unit, f"<= {goal:g}", value is not None and value <= goal, limit)


@dataclasses.dataclass
class Table:
    title: str
    heading: list[str]
    rows: list[list[str]]
    note: str = ""  # below it: what is missing, and why

    def markdown(self) -> str:
        lines = [self.heading, ["---", *["--:"] * (len(self.heading) - 1)], *self.rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"**{self.title}**\n\n{text}\n" + (f"\n{self.note}\n" if self.note else "")

    def text(self) -> str:
        """With aligned columns, for a terminal."""
        lines = [self.heading, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.heading))]
        return f"\n{self.title}\n" + "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                                               for line in lines)


@dataclasses.dataclass
class Plot:
    file: str  # its name, ending in .svg
    title: str
    svg: str


@dataclasses.dataclass
class Section:
    title: str
    text: str  # Markdown: what was done, and how to read it
    tables: list[Table] = dataclasses.field(default_factory=list)
    plots: list[Plot] = dataclasses.field(default_factory=list)
    rows: list[Row] = dataclasses.field(default_factory=list)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)  # of the programs that took part


def value_text(row: Row) -> str:
    return "not measured" if row.value is None else f"{row.value:.4g} {row.unit}".strip()


def goals_of(sections: list[Section]) -> Table:
    rows = [[row.name, value_text(row), row.goal, "met" if row.met else "MISSED", "" if row.met else row.limit]
            for section in sections for row in section.rows if row.goal]
    return Table("Goals", ["", "measured", "goal", "", "why not"], rows)


def write(folder: pathlib.Path, heading: str, sections: list[Section]) -> pathlib.Path:
    """Writes report.md and the plots, and returns the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [heading, goals_of(sections).markdown()]
    for section in sections:
        parts.append(f"## {section.title}\n\n{section.text.strip()}\n")
        for plot in section.plots:
            (folder / plot.file).write_text(plot.svg)
            parts.append(f"![{plot.title}]({plot.file})\n")
        parts += [table.markdown() for table in section.tables]
    path = folder / "report.md"
    path.write_text("\n".join(parts))
    return path


def write_rows(path: pathlib.Path, sections: list[Section], machine: str = "") -> None:
    """Writes the figures, and the machine that they were measured on, if it is told."""
    fields = ("name", "value", "unit", "goal", "met")
    rows = [json.dumps({field: getattr(row, field) for field in fields}) for section in sections for row in section.rows]
    head = f'"machine":{json.dumps(machine)},' if machine else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{" + head + '"rows":[\n' + ",\n".join(rows) + "\n]}\n")
