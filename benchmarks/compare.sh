#!/usr/bin/env bash
# compare.sh [--quick] [--only SECTION] [--json FILE]: measures the pool against what one would use instead, in turns on
# this machine; writes build/benchmarks/compare/report.md with its plots, and all figures to FILE. Takes about 20
# minutes, with --quick about 5.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/benchmarks

options=() json=$build/compare.json
while (($# > 0)); do
  case $1 in
    --quick) options+=(--quick) ;;
    --only) options+=(--only "${2:?--only needs a section}") && shift ;;
    --json) json=${2:?--json needs a file} && shift ;;
    *) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
  shift
done

. "$here/../examples/setup.sh" benchmarks
if ! cmp -s "$here/compare/package-lock.json" "$here/compare/node_modules/.installed"; then
  (cd "$here/compare" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  cp "$here/compare/package-lock.json" "$here/compare/node_modules/.installed"
fi
cmake -S "$here/.." -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DWEBPOOL_BENCHMARKS=ON \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DWEBPOOL_TESTS=OFF -DWEBPOOL_EXAMPLES=OFF -DWEBPOOL_INSTALL=OFF >/dev/null
cmake --build "$build" --target benchmark_compare benchmark_decision request_cost request_cost_counters >&2
python3 "$here/compare/compare.py" --program "$build/benchmarks/benchmark_compare" \
  --models "$here/../examples/models" --folder "$build/compare" --json "$json" "${options[@]}"
