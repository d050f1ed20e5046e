#!/usr/bin/env bash
# The tests that take too long for tests/run.sh, which has a short form of each. Run them before a release: about an hour on
# two cores, of which 50 minutes are fuzzing and soaking.
#
#   fuzz    each fuzzer for ten minutes. run.sh's 20 seconds find what breaks at once; a new input takes longer to find.
#   debug   all unit tests with GCC's AddressSanitizer and UndefinedBehaviorSanitizer. run.sh has Clang's for all of them,
#           and GCC's ThreadSanitizer for those with threads.
#   headers whether each header that no user includes compiles alone. run.sh compiles those that users include alone, and
#           all of them together, in two orders.
#   soak    30 minutes of load on browsers that are renewed all the time. Whether memory or latency grow shows no sooner;
#           run.sh's minute and a half shows that nothing is lost or left behind.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../examples/setup.sh" tests
cd "$webpool_root"

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros

for preset in clang debug; do cmake --preset "$preset" --log-level=WARNING -DWEBPOOL_TEST_BATCH=10 >/dev/null; done

say "fuzzing"
cmake --build --preset clang --target fuzz_engine fuzz_frame fuzz_onnx fuzz_npy
python3 tests/fuzz/seeds.py build/clang/slow/seeds
printf '%s\n' engine frame onnx npy | xargs -P "$CMAKE_BUILD_PARALLEL_LEVEL" -I '{}' bash -c '
  mkdir -p build/clang/slow/seeds/{} && cd build/clang/slow
  ../tests/fuzz_{} -max_total_time="${WEBPOOL_FUZZ_SECONDS:-600}" -max_len=8192 -verbosity=0 -artifact_prefix={}- seeds/{}'

say "compiling headers"
ctest --preset slow --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"

say "building and testing: debug"
cmake --build --preset debug
ctest --preset debug --parallel $((2 * CMAKE_BUILD_PARALLEL_LEVEL))

say "soaking"
bash benchmarks/soak.sh --minutes "${WEBPOOL_SOAK_MINUTES:-30}" | tee build/soak.log
if grep -q MISSED build/soak.log; then say "the soak missed a goal" && exit 1; fi
