#!/usr/bin/env bash
# faults.sh [--quick] [--json FILE]: breaks scripted tabs and three real browsers in every way there is, under load,
# checks each answer and counts each end, prints tables, and writes all figures to FILE. Takes up to 20 minutes, with
# --quick up to 5.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/benchmarks

quick=() json=$build/faults.json
while (($# > 0)); do
  case $1 in
    --quick) quick=(--quick) ;;
    --json) json=${2:?--json needs a file} && shift ;;
    *) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
  shift
done

. "$here/../examples/setup.sh" benchmarks
cmake -S "$here/.." -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DWEBPOOL_BENCHMARKS=ON \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DWEBPOOL_TESTS=OFF -DWEBPOOL_EXAMPLES=OFF -DWEBPOOL_INSTALL=OFF >/dev/null
cmake --build "$build" --target benchmark_faults >&2
"$build/benchmarks/benchmark_faults" --models "$here/../examples/models" --reference "$here/../js/tools/reference.mjs" \
  --json "$json" "${quick[@]}"
