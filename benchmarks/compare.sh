#!/usr/bin/env bash
# compare.sh [--quick] [--only SECTION] [--json FILE]: measures the pool against what one would use instead, and against
# itself at an earlier commit, in turns on this machine; writes build/benchmarks/compare/report.md with its plots, and
# all figures to FILE. Takes about 20 minutes, with --quick about 6, and at first as long to build.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
for ((i = 0; i < ${#rest[@]}; i += 2)); do
  if [[ ${rest[i]} != --only || -z ${rest[i + 1]:-} ]]; then usage; fi
done

install_missing
if ! cmp -s "$here/compare/package-lock.json" "$here/compare/node_modules/.installed"; then
  (cd "$here/compare" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  cp "$here/compare/package-lock.json" "$here/compare/node_modules/.installed"
fi
build_in "$root" benchmark_compare benchmark_decision request_cost request_cost_counters
unpack_baseline
if [ -n "$before" ]; then build_in "$before" benchmark_compare; fi
python3 "$here/compare/compare.py" --program "$build/benchmarks/benchmark_compare" --commit "$baseline" \
  --before "$before" --models "$root/examples/models" --folder "$build/compare" --json "$json" "${quick[@]}" "${rest[@]}"
