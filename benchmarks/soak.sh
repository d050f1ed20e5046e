#!/usr/bin/env bash
# soak.sh [--minutes N] [--requests N] [--json FILE]: load on three browsers that are renewed again and again, for 30
# minutes or 100,000 requests, whichever comes first; prints whether anything grew or was left behind.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/benchmarks

for option in "$@"; do
  case $option in
    --minutes | --requests | --json | [!-]*) ;;
    *) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
done

. "$here/../examples/setup.sh" benchmarks
cmake -S "$here/.." -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DWEBPOOL_BENCHMARKS=ON \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DWEBPOOL_TESTS=OFF -DWEBPOOL_EXAMPLES=OFF -DWEBPOOL_INSTALL=OFF >/dev/null
cmake --build "$build" --target benchmark_soak >&2
"$build/benchmarks/benchmark_soak" --json "$build/soak.json" "$@" --models "$here/../examples/models" \
  --reference "$here/../js/tools/reference.mjs"
