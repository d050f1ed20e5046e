#!/usr/bin/env bash
# Every test: installs what is missing, builds with GCC, with the sanitizers and with Clang, and runs everything.
# The last run, whose summary ends the output, is the release build's with the real browsers.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../examples/setup.sh" tests
cd "$webpool_root"

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros
fi

# Where the kernel randomizes addresses further than GCC's ThreadSanitizer copes with, that has to be switched off.
fixed_addresses=()
if setarch --addr-no-randomize true 2>/dev/null; then fixed_addresses=(setarch --addr-no-randomize); fi

for preset in debug tsan clang release; do
  say "building: $preset"
  cmake --preset "$preset" --log-level=WARNING >/dev/null
  cmake --build --preset "$preset"
done
for preset in debug tsan clang; do
  say "testing: $preset"
  "${fixed_addresses[@]}" ctest --preset "$preset" --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
done
say "testing: release"
ctest --preset release --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
