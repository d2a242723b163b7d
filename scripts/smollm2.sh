#!/bin/bash
# A real language model: fetches SmolLM2-135M-Instruct, checks that Headway reads it as transformers does (where the folder
# `shared` is beside the checkout), and shows its circuits.
# usage: scripts/smollm2.sh [FOLDER]     (where the model is or will be; default: models)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-packages.sh --fetch
model=$(scripts/fetch-smollm2.sh "${1:-models}" | tail -n 1)
model=$(realpath "$model")
cmake --preset release -DHEADWAY_SMOLLM2="$model"
cmake --build --preset release --target headway_cli smollm2_tests
ctest --test-dir build/release -L smollm2 --output-on-failure

headway=$PWD/build/release/headway
pictures=$PWD/build/smollm2
TIMEFORMAT="(%R s)"
mkdir -p "$pictures"
show() {
  echo
  echo "\$ headway $*"
  (cd "$pictures" && time "$headway" "$@")
}
show inspect "$model"
show compose "$model" --kind k --top 10
show heads "$model" --judge
show circuit "$model" -o circuit.svg
show circuit "$model" --heads-only --top 20 -o heads.svg --roles \
  "L16H0=previous token,L17H3=induction,L17H4=induction,L18H6=induction,L18H7=induction"
echo
echo "The pictures are $pictures/circuit.svg and $pictures/heads.svg"
