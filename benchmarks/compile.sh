#!/usr/bin/env bash
# compile.sh [--quick] [--rounds N] [--json FILE]: what it costs to compile programs that use the pool, in both modes of
# the library and at an earlier commit, in turns; prints a table of medians, and writes all figures to FILE. Takes about
# 20 minutes for 3 rounds, with --quick, which is one, about 8.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
if ((${#rest[@]} > 0)) && [[ ${rest[0]} != --rounds || ${#rest[@]} != 2 ]]; then usage; fi

install_missing
unpack_baseline
python3 "$here/compile/compile.py" --commit "$baseline" --before "$before" --folder "$build/compile" --json "$json" \
  "${quick[@]}" "${rest[@]}"
