#!/usr/bin/env bash
# open_link.sh PROGRAM...: runs a program that prints "open URL in any browser", and opens the URL in a headless Chromium.
set -euo pipefail

profile=$(mktemp -d)
coproc program { exec "$@"; }
pid=$program_PID
browser=
finish() {
  if [ -n "$browser" ]; then kill -- -"$browser" 2>/dev/null || true; wait "$browser" 2>/dev/null || true; fi
  kill "$pid" 2>/dev/null || true
  rm -rf "$profile"
}
trap finish EXIT

flags=(--headless --no-first-run --disable-background-networking --disable-component-update --disable-sync "--user-data-dir=$profile")
if [ "$(id -u)" = 0 ]; then flags+=(--no-sandbox); fi
set -m  # the browser gets a process group of its own, which ends with it
exec 3<&"${program[0]}"
while IFS= read -r line <&3; do
  printf '%s\n' "$line"
  if [[ -z $browser && $line =~ ^open\ (http[^ ]+) ]]; then
    "${WEBPOOL_CHROMIUM:-chromium}" "${flags[@]}" "${BASH_REMATCH[1]}" >/dev/null 2>&1 &
    browser=$!
  fi
done
wait "$pid"
