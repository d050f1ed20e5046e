#!/usr/bin/env bash
# bare_install.sh SOURCE WORK PREFIX GENERATOR COMPILER: installs with nothing in reach but CMake, Ninja and a compiler, from
# a tree that has no npm packages yet. They come between the configure step and a second install step.
set -euo pipefail
source=$1 work=$2 prefix=$3 generator=$4 compiler=$5

fail() { printf 'bare_install: %s\n' "$*" >&2; exit 1; }
tree=$work/webpool
rm -rf "$work" "$prefix"
mkdir -p "$work/bin" "$tree"
cp -r "$source"/{CMakeLists.txt,LICENSE,cmake,include} "$tree"
ln -s "$compiler" "$work/bin/c++"
for tool in cmake ninja as ld; do ln -s "$(command -v "$tool")" "$work/bin"; done
bare() { env -i PATH="$work/bin" "$@"; }

# CMake looks for packages beside PATH too.
absent=(-DCMAKE_DISABLE_FIND_PACKAGE_{Catch2,Python3,benchmark}=ON)
bare cmake -S "$tree" -B "$work/build" -G "$generator" "${absent[@]}" | tee "$work/configure.log"
bare cmake --install "$work/build" --prefix "$prefix" >"$work/install.log"
for log in configure install; do
  [ "$(grep -c 'npm ci --ignore-scripts' "$work/$log.log")" = 1 ] || fail "$log does not say in one line how to get ONNX Runtime Web"
done
[ -f "$prefix/include/webpool/webpool.hpp" ] || fail "no headers"
if grep -iE 'catch2_DIR|NODE:|Python3_EXECUTABLE' "$work/build/CMakeCache.txt"; then fail "looked for what only tests need"; fi

mkdir -p "$tree/js/node_modules"
ln -s "$source/js/node_modules/onnxruntime-web" "$tree/js/node_modules"
bare cmake --install "$work/build" --prefix "$prefix" >"$work/install.log"
[ -f "$prefix/share/webpool/ort/ort.wasm.bundle.min.mjs" ] || fail "the second install has no ONNX Runtime Web"
if grep -F 'npm ci' "$work/install.log"; then fail "the second install misses what is there"; fi
