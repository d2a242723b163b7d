#!/bin/bash
# Installs what is needed, builds Headway in every way it is built, and passes every test. CI runs exactly this.
# Other people's answers are used when they lie beside the checkout (../shared; then no test may skip for want of them) or
# where HEADWAY_SHARED says.
set -euo pipefail
cd "$(dirname "$0")/.."
[ ! -d ../shared/conformance ] || export HEADWAY_REQUIRE_SHARED=${HEADWAY_REQUIRE_SHARED:-1}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

stages=()
stage() {  # stage NAME COMMAND...: runs a command and remembers its time
  local start=$SECONDS
  echo "== $1"
  "${@:2}"
  stages+=("$(printf '%5d s  %s' $((SECONDS - start)) "$1")")
}

build() { cmake --preset "$1" "${@:2}" && cmake --build --preset "$1"; }
tests() { ctest --preset "$1" | tee "build/$1/ctest.log"; }

stage "packages" scripts/install-packages.sh --lint
stage "format" scripts/lint.sh format
stage "release: build" build release -DHEADWAY_BENCH=ON
stage "release: all tests" tests release
stage "sanitize: build" build sanitize
stage "sanitize: tests, without the long ones and other people's numbers" tests sanitize
# The sanitizers' build is a debug build with tests; this one shows that every file of the program compiles by itself.
stage "debug: build" build debug -DHEADWAY_TESTS=OFF -DCMAKE_CXX_FLAGS_DEBUG=-O0
stage "clang-tidy" scripts/lint.sh tidy

echo "== all passed"
for preset in release sanitize; do
  echo "$preset: $(grep 'tests passed' "build/$preset/ctest.log"); skipped: $(grep -c '(Skipped)$' "build/$preset/ctest.log" || true)"
done
printf '%s\n' "${stages[@]}"
