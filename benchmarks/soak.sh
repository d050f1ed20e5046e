#!/usr/bin/env bash
# soak.sh [--minutes N] [--requests N] [--json FILE]: load on three browsers that are renewed again and again, for 30
# minutes or 100,000 requests, whichever comes first; prints whether anything grew or was left behind.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
for option in "${quick[@]}" "${rest[@]}"; do
  case $option in
    --minutes | --requests | [!-]*) ;;
    *) usage ;;
  esac
done

install_missing
build_in "$root" benchmark_soak
"$build/benchmarks/benchmark_soak" --json "$json" "${rest[@]}" --models "$root/examples/models" \
  --reference "$root/js/tools/reference.mjs"
