#!/usr/bin/env bash
# policies.sh [--quick] [--browsers] [--json FILE]: compares the policies in simulations, measures what their decisions
# cost, here and at an earlier commit in turns, prints tables, draws plots into benchmarks/policies/ (with --quick below
# build/), and writes all figures to FILE. With --browsers also routes the demo's models over three real browsers, by
# table and by measurement.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
case ${rest[*]} in
  '') browsers=() ;;
  --browsers) browsers=(benchmark_routing) ;;
  *) usage ;;
esac
repetitions=9 plots=$here/policies
if ((${#quick[@]} > 0)); then repetitions=3 plots=$build; fi

install_missing
build_in "$root" benchmark_policies benchmark_decision "${browsers[@]}"
unpack_baseline
if [ -n "$before" ]; then build_in "$before" benchmark_decision; fi

"$build/benchmarks/benchmark_policies" --plots "$plots" --json "$json" "${quick[@]}"
"$build/benchmarks/benchmark_decision" --benchmark_min_time=0.1 --benchmark_repetitions=$repetitions \
  --benchmark_enable_random_interleaving=true --benchmark_out="$build/decisions.json" --benchmark_out_format=json \
  >/dev/null 2>&1
python3 "$here/merge.py" "$build/decisions.json" "$json"
if [ -n "$before" ]; then
  python3 "$here/decision/erased.py" --now "$build/benchmarks/benchmark_decision" --commit "$baseline" \
    --before "$before/build/benchmarks/benchmarks/benchmark_decision" --json "$build/erased.json" "${quick[@]}"
  python3 "$here/merge.py" "$build/erased.json" "$json"
fi
if ((${#browsers[@]} > 0)); then
  "$build/benchmarks/benchmark_routing" --models "$root/examples/models" --json "$build/routing.json"
  python3 "$here/merge.py" "$build/routing.json" "$json"
fi
