#!/bin/bash
# Compares every reference model with other people's software and prints one table: largest differences of
# logits (relative to the largest logit), attention patterns, composition scores of the file's own weights and
# of folded ones.
# usage: scripts/conformance.sh [PRESET]     (default: release)
# The reference models lie in the folder `shared` beside the checkout, or where HEADWAY_SHARED says when CMake
# first runs.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
log=build/$preset/conformance.log

[ -f "build/$preset/CMakeCache.txt" ] || cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target model_tests measure_tests >/dev/null

status=0
HEADWAY_REQUIRE_SHARED=1 ctest --preset "$preset" -L '^conformance$' -V >"$log" 2>&1 || status=$?

printf '%-25s%-25s%10s%10s%10s%10s  %s\n' model config logits patterns raw folded remark
grep '^[0-9]*: row ' "$log" | sort -n | sed 's/^[0-9]*: row //'
echo
grep 'tests passed' "$log" || echo "no tests: see $log"
echo "$(grep -c 'Skipped$' "$log" || true) skipped"
[ $status -eq 0 ] || grep -A 1000 'tests FAILED' "$log" || true
exit $status
