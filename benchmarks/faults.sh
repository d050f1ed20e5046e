#!/usr/bin/env bash
# faults.sh [--quick] [--json FILE]: breaks scripted tabs and three real browsers in every way there is, under load,
# checks each answer and counts each end, prints tables, and writes all figures to FILE. Takes up to 20 minutes, with
# --quick up to 5.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
((${#rest[@]} == 0)) || usage

install_missing
build_in "$root" benchmark_faults
"$build/benchmarks/benchmark_faults" --models "$root/examples/models" --reference "$root/js/tools/reference.mjs" \
  --json "$json" "${quick[@]}"
