#!/usr/bin/env python3
"""must_not_compile.py FILE COMPILER FLAGS...: FILE compiles as it is; with EXPECT_FAILURE it doesn't, and says why.

The first proves that nothing but the intended mistake is wrong. The file names the message in a line
`// EXPECT: regular expression`; every such line must match somewhere in the compiler's output. The first error must
point into the file itself: a user's mistake is shown at the user's own line, not somewhere in the library.
"""

import pathlib
import re
import subprocess
import sys


def main() -> int:
    source, *command = sys.argv[1:]
    expected = re.findall(r"^// EXPECT: (.+)$", pathlib.Path(source).read_text(), flags=re.MULTILINE)
    if not expected:
        print(f"{source} has no line `// EXPECT: regular expression`")
        return 1
    command += ["-fsyntax-only", source]
    correct = subprocess.run(command, capture_output=True, text=True)
    if correct.returncode:
        print(f"must compile without EXPECT_FAILURE:\n{correct.stderr}")
        return 1
    wrong = subprocess.run([*command, "-DEXPECT_FAILURE"], capture_output=True, text=True)
    if not wrong.returncode:
        print("compiles with EXPECT_FAILURE, and should not")
        return 1
    first = re.search(r"^(\S+?):\d+:\d+: error:", wrong.stderr, flags=re.MULTILINE)
    if not first or first[1] != source:
        print(f"the first error is not in {source}:\n{wrong.stderr}")
        return 1
    missing = [pattern for pattern in expected if not re.search(pattern, wrong.stderr)]
    for pattern in missing:
        print(f"the message lacks: {pattern}\n{wrong.stderr}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
