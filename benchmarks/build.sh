# What the scripts here have in common, for them to source: reads their options --quick and --json FILE into `quick` and
# `json`, leaves the others in `rest`, installs what is missing, and has the functions below.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=$root/build/benchmarks
baseline=${WEBPOOL_BASELINE:-b396ea8} # the commit that this tree is compared with

# Prints the comment that the script begins with.
usage() { sed -n '2,/^[^#]/s/^# //p' "$0" >&2 && exit 2; }

quick=() rest=() json=$build/$(basename "$0" .sh).json
while (($# > 0)); do
  case $1 in
    --quick) quick=(--quick) ;;
    --json) json=${2:?--json needs a file} && shift ;;
    -h | --help) usage ;;
    *) rest+=("$1") ;;
  esac
  shift
done

install_missing() { . "$root/examples/setup.sh" benchmarks; }

# build_in TREE TARGET...: builds the targets of that tree below its folder build/benchmarks.
build_in() {
  local tree=$1
  cmake -S "$tree" -B "$tree/build/benchmarks" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DWEBPOOL_BENCHMARKS=ON -DWEBPOOL_TESTS=OFF -DWEBPOOL_EXAMPLES=OFF \
    -DWEBPOOL_INSTALL=OFF >/dev/null
  cmake --build "$tree/build/benchmarks" --target "${@:2}" >&2
}

# Unpacks the baseline's tree below build/, where it stays. Sets `before` to its folder, or to nothing if this clone
# doesn't have the commit.
unpack_baseline() {
  before=
  local commit
  if ! commit=$(git -C "$root" rev-parse --quiet --verify --short "$baseline^{commit}" 2>/dev/null); then
    echo "This clone has no commit $baseline, so nothing is compared with it (git fetch --unshallow brings it)." >&2
    return
  fi
  baseline=$commit before=$root/build/$commit
  if [ -d "$before" ]; then return; fi
  rm -rf "$before.partial" && mkdir -p "$before.partial"
  git -C "$root" archive "$commit" | tar -x -C "$before.partial"
  ln -s ../../../js/node_modules "$before.partial/js/node_modules"
  mv "$before.partial" "$before"
}
