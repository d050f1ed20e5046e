#!/usr/bin/env bash
# Every test: installs what is missing, then runs the unit tests with Clang under AddressSanitizer and
# UndefinedBehaviorSanitizer, those with threads with GCC under ThreadSanitizer, and everything else, real browsers
# included, in a release build with GCC, whose summary ends the output.
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

for preset in clang tsan; do
  say "building and testing: $preset"
  cmake --preset "$preset" --log-level=WARNING >/dev/null
  cmake --build --preset "$preset"
  "${fixed_addresses[@]}" ctest --preset "$preset" --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
done

# The unit tests have just run.
say "building and testing: release"
# Not optimised, unlike what users build: no test measures a time, and compiling takes a third of it.
cmake --preset release --log-level=WARNING -DCMAKE_CXX_FLAGS_RELEASE="-O0 -DNDEBUG" \
  -DWEBPOOL_BENCHMARKS=ON >/dev/null
cmake --build --preset release --target benchmarks/all examples/all tests/gates/all browser_tests unit_allocations
ctest --preset release --label-exclude '^unit$' --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
