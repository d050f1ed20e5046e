#!/usr/bin/env bash
# Installs what is missing, builds examples/demo.cpp, and runs it with the given arguments.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh" demo
cd "$webpool_root"

say "building the demo"
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release -DWEBPOOL_EXAMPLES=ON --log-level=WARNING
cmake --build build/demo --target demo
exec build/demo/examples/demo "$@"
