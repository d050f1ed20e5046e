# Installs what is missing, for the scripts that source it: `. examples/setup.sh demo|tests|benchmarks`.
#
# These are Debian packages, the npm packages of js/package-lock.json, and the Chromium with WebNN that one of them contains,
# unpacked below build/. A second run finds everything and needs no network. Exports WEBPOOL_HEADLESS_SHELL.

webpool_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '==> %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Node.js may also come from elsewhere, so its version counts. The package is needed only if there is none.
node_is_usable() {
  command -v node >/dev/null && command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'
}

install_packages() {
  local wanted=(g++ cmake ninja-build libasio-dev libwebsocketpp-dev libsimdjson-dev libprotozero-dev
    chromium firefox-esr mesa-vulkan-drivers ca-certificates)
  if [ "$1" = benchmarks ]; then wanted+=(libbenchmark-dev python3 procps python3-selenium chromium-driver clang strace valgrind); fi
  if [ "$1" = tests ]; then wanted+=(catch2 ccache clang clang-format clang-tidy libclang-rt-dev libbenchmark-dev python3 procps nginx-light openssl strace valgrind); fi
  local missing=() package
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  node_is_usable || missing+=(nodejs npm)
  if [ ${#missing[@]} = 0 ]; then return; fi

  local root=()
  if [ "$(id -u)" != 0 ]; then
    root=(sudo)
    [ -t 0 ] || root=(sudo -n)  # nobody there to type a password
  fi
  say "installing ${missing[*]}"
  { command -v apt-get >/dev/null && "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } </dev/null ||
    stop "these Debian packages are missing and could not be installed: ${missing[*]}"
  node_is_usable || stop "Node.js 18 or newer with npm is needed, found $(node --version 2>/dev/null || echo none)"
}

# Whether js/node_modules holds the versions of the lock file; optional packages are for other platforms.
npm_packages_are_current() {
  (cd "$webpool_root/js" && node -e '
    const packages = file => require(file).packages;
    const wanted = packages("./package-lock.json"), installed = packages("./node_modules/.package-lock.json");
    const stale = ([name, { version, optional }]) => name && !optional && installed[name]?.version !== version;
    process.exit(Object.entries(wanted).some(stale) ? 1 : 0)') 2>/dev/null
}

install_npm_packages() {
  if npm_packages_are_current; then return; fi
  say "installing the npm packages of js/"
  (cd "$webpool_root/js" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
    stop "the npm packages of js/package-lock.json could not be installed"
}

case ${1:-} in demo | tests | benchmarks) ;; *) stop "usage: . examples/setup.sh demo|tests|benchmarks" ;; esac
install_packages "$1"
install_npm_packages
WEBPOOL_HEADLESS_SHELL=$(node "$webpool_root/js/tools/headless_shell.mjs" "$webpool_root/build/headless-shell") ||
  stop "the Chromium headless shell could not be unpacked"
export WEBPOOL_HEADLESS_SHELL
