#!/bin/bash
# usage: scripts/lint.sh format|tidy     format: is every file as clang-format writes it?  tidy: clang-tidy, errors only
# `tidy` reads the compile commands of the release build's rooms, many sources at once.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
format)
  git ls-files -z '*.hpp' '*.cpp' | xargs -0 clang-format --dry-run --Werror
  ;;
tidy)
  sed -n 's/^ *"file": "\(.*\)".*/\1/p' build/release/compile_commands.json | grep -v -e /tests/ -e /bench/ -e test_headers | tr '\n' '\0' |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p build/release --extra-arg=-Wno-unknown-warning-option
  ;;
*)
  echo "usage: scripts/lint.sh format|tidy" >&2
  exit 2
  ;;
esac
