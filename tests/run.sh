#!/usr/bin/env bash
# Every test but those of tests/slow.sh: installs what is missing, then runs the unit tests with Clang under
# AddressSanitizer and UndefinedBehaviorSanitizer, those with threads with GCC under ThreadSanitizer, and everything else,
# real browsers included, in a release build with GCC, whose summary ends the output.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../examples/setup.sh" tests
cd "$webpool_root"

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
tests_at_once=$((2 * CMAKE_BUILD_PARALLEL_LEVEL))  # those that compute all the time count twice
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros

configure() { cmake --preset "$1" --log-level=WARNING -DWEBPOOL_TEST_BATCH=10 "${@:2}" >/dev/null; }

say "building: release"
# Not optimised, unlike what users build: no test measures a time, and compiling takes a third of it.
configure release -DCMAKE_CXX_FLAGS_RELEASE="-O0 -DNDEBUG" -DWEBPOOL_BENCHMARKS=ON
cmake --build --preset release --target benchmarks/all examples/all tests/gates/all browser_tests unit_allocations

# Browsers leave much of the processors free: what follows is compiled meanwhile, and gives way.
say "testing: release, in the background"
ctest --preset release --label-exclude '^(unit|slow)$' --parallel "$tests_at_once" >build/release.log 2>&1 &
release=$!
finish() {
  local status=$?
  say "waiting for the tests of: release"
  wait "$release" || status=1
  cat build/release.log
  exit "$status"
}
trap finish EXIT

# Where the kernel randomizes addresses further than GCC's ThreadSanitizer copes with, that has to be switched off.
fixed_addresses=()
if setarch --addr-no-randomize true 2>/dev/null; then fixed_addresses=(setarch --addr-no-randomize); fi

for preset in clang tsan; do
  say "building and testing: $preset"
  configure "$preset"
  nice cmake --build --preset "$preset"
  "${fixed_addresses[@]}" ctest --preset "$preset" --parallel "$tests_at_once"
done
