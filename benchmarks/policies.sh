#!/usr/bin/env bash
# policies.sh [--quick] [--browsers] [--json FILE]: compares the policies in simulations and measures what their decisions
# cost, prints tables, draws plots into benchmarks/policies/ (with --quick below build/), and writes all figures to FILE.
# With --browsers also routes the demo's models over three real browsers, by table and by measurement.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/benchmarks

quick=() repetitions=9 browsers=() json=$build/policies.json plots=$here/policies
while (($# > 0)); do
  case $1 in
    --quick) quick=(--quick) repetitions=3 plots=$build ;;
    --browsers) browsers=(benchmark_routing) ;;
    --json) json=${2:?--json needs a file} && shift ;;
    *) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
  shift
done

. "$here/../examples/setup.sh" benchmarks
cmake -S "$here/.." -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DWEBPOOL_BENCHMARKS=ON \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DWEBPOOL_TESTS=OFF -DWEBPOOL_EXAMPLES=OFF -DWEBPOOL_INSTALL=OFF >/dev/null
cmake --build "$build" --target benchmark_policies benchmark_decision "${browsers[@]}" >&2

"$build/benchmarks/benchmark_policies" --plots "$plots" --json "$json" "${quick[@]}"
"$build/benchmarks/benchmark_decision" --benchmark_min_time=0.1 --benchmark_repetitions=$repetitions \
  --benchmark_enable_random_interleaving=true --benchmark_out="$build/decisions.json" --benchmark_out_format=json \
  >/dev/null 2>&1
python3 "$here/merge.py" "$build/decisions.json" "$json"
if ((${#browsers[@]} > 0)); then
  "$build/benchmarks/benchmark_routing" --models "$here/../examples/models" --json "$build/routing.json"
  python3 "$here/merge.py" "$build/routing.json" "$json"
fi
