#!/usr/bin/env bash
# page.sh [--quick] [--json FILE]: what the page's features gain on each browser here, and what large models cost the
# host; prints tables, and writes all figures to FILE. Takes about ten minutes, with --quick a few.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
((${#rest[@]} == 0)) || usage

install_missing
build_in "$root" benchmark_page
"$build/benchmarks/benchmark_page" --quick "$( ((${#quick[@]})) && echo yes || echo no)" --models "$root/examples/models" \
  --json "$json"
