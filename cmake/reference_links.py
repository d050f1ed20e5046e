#!/usr/bin/env python3
"""reference_links.py HIDDEN PAGE: prints a Markdown page with its links made for the API reference.

A link to a header or an example leads to its page there, and so does a policy's name. One to a file or folder that the
reference does not hold, as those of include/webpool/HIDDEN (names with commas between them), becomes text. Doxygen resolves
links to other Markdown pages itself.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
INCLUDE = ROOT / "include"
HIDDEN = sys.argv[1].split(",")
PAGE = pathlib.Path(sys.argv[2]).resolve()


def for_reference(link: re.Match) -> str:
    text, target = link.groups()
    if re.match(r"[a-z]+:|#", target) or ".md" in target:
        return link[0]
    path = (PAGE.parent / target.partition("#")[0]).resolve()
    if path.parent == ROOT / "examples" and path.suffix == ".cpp":
        return f"[{text}]({path.stem}_8cpp-example.html)"
    if path.suffix == ".hpp" and path.is_relative_to(INCLUDE) and path.relative_to(INCLUDE).parts[1] not in HIDDEN:
        return f"[{text}](@ref {path.relative_to(INCLUDE)})"
    return text


text = re.sub(r"(?<!!)\[([^\]\[]+)\]\(([^)\s]+)\)", for_reference, PAGE.read_text())
policy = r"(?<!\[)`((?:selector|scaling|memory|scheduling)::\w+)(<[^`]*>)?`"
print(re.sub(policy, lambda name: f"[{name[1]}](@ref webpool::{name[1]})" + (f"`{name[2]}`" if name[2] else ""), text), end="")
