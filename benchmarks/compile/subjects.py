"""What compile.py compiles: each file with the tree whose headers it includes, and its flags."""

import dataclasses
import pathlib

from compiler import ROOT, RUN_A_MODEL

SYNTAX, COMPILED = "-fsyntax-only", "-DWEBPOOL_COMPILED"
SPEED = ("-O2", "-DNDEBUG")

# What the interface of a pool can't do without: the standard library's vocabulary, and Asio's completion tokens.
REFERENCE = "".join(f"#include <{each}>\n" for each in
                    ("asio/async_result.hpp", "chrono", "filesystem", "functional", "memory", "string", "vector"))

# `CHANGE` stands for a number that is another one each time, as when somebody works on the policy.
OWN_POLICIES = """#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scheduling/fair_share.hpp>

struct EveryOther {
  std::optional<webpool::ConnectionIndex> select(webpool::PoolView pool, const webpool::Request&) noexcept {
    const auto tabs = pool.idle().empty() ? pool.candidates() : pool.idle();
    return tabs[(turn += 2 + CHANGE) % tabs.size()];
  }
  std::size_t turn = 0;
};
""" + RUN_A_MODEL.replace("<>", "<EveryOther, webpool::scaling::Fixed, webpool::memory::LruBudget, webpool::scheduling::FairShare>")


@dataclasses.dataclass(frozen=True)
class Subject:
    name: str
    text: str
    flags: tuple[str, ...]
    tree: pathlib.Path = ROOT
    linked: bool = False  # with the library, and the time of that counts

    @property
    def file(self) -> str:
        """A name for it in the folder of what is compiled."""
        return "".join(each if each.isalnum() else "_" for each in self.name)


def include(header: str) -> str:
    return f"#include <webpool/{header}>\n"


REFERENCE_FILE = Subject("what resource_pool.hpp can't do without", REFERENCE, (SYNTAX,))
THIN = Subject("resource_pool.hpp included", include("resource_pool.hpp"), (SYNTAX,))
THIN_COMPILED = Subject("resource_pool.hpp included, compiled mode", include("resource_pool.hpp"), (SYNTAX, COMPILED))
OWN_O2 = Subject("policies of one's own, -O2, compiled mode", include("resource_pool.hpp") + OWN_POLICIES, (*SPEED, COMPILED))
OWN_O0 = Subject("policies of one's own, -O0, compiled mode", include("resource_pool.hpp") + OWN_POLICIES, ("-O0", COMPILED))
REBUILD = dataclasses.replace(OWN_O2, name="rebuild after a change to one of them, with the link", linked=True)
WHOLE = Subject("webpool.hpp in one file that makes a pool, -O2", include("webpool.hpp") + RUN_A_MODEL, SPEED)
DEFAULT_COMPILED = Subject("a file that makes a pool, -O2, compiled mode", include("resource_pool.hpp") + RUN_A_MODEL, (*SPEED, COMPILED))
LIBRARY = Subject("the library itself, -O2, once", include("src.hpp"), (*SPEED, COMPILED))


def before(tree: pathlib.Path, commit: str) -> dict[Subject, Subject]:
    """For a subject of this tree, what it took at that commit to write the same: there, every file that makes a pool
    compiles all of the library."""

    def there(name: str, text: str, *flags: str) -> Subject:
        return Subject(f"{name}, {commit}", text, flags, tree)

    thin = there("resource_pool.hpp included", THIN.text, SYNTAX)
    return {THIN: thin, THIN_COMPILED: thin,
            OWN_O2: there("policies of one's own, -O2", include("webpool.hpp") + OWN_POLICIES, *SPEED),
            OWN_O0: there("policies of one's own, -O0", include("webpool.hpp") + OWN_POLICIES, "-O0"),
            WHOLE: there("webpool.hpp in one file that makes a pool, -O2", WHOLE.text, *SPEED)}
