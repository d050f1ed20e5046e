#!/usr/bin/env bash
# page.sh [--quick] [--json FILE]: what the page's features gain on each browser here, and what large models cost the
# host; prints tables, and writes all figures to FILE. Takes about ten minutes, with --quick a few.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/benchmarks

quick=no json=$build/page.json
while (($# > 0)); do
  case $1 in
    --quick) quick=yes ;;
    --json) json=${2:?--json needs a file} && shift ;;
    *) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
  shift
done

. "$here/../examples/setup.sh" benchmarks
cmake -S "$here/.." -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DWEBPOOL_BENCHMARKS=ON \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DWEBPOOL_TESTS=OFF -DWEBPOOL_EXAMPLES=OFF -DWEBPOOL_INSTALL=OFF >/dev/null
cmake --build "$build" --target benchmark_page >&2
"$build/benchmarks/benchmark_page" --quick "$quick" --models "$here/../examples/models" --json "$json"
