#!/bin/bash
# A real language model: fetches SmolLM2-135M-Instruct, checks that Headway reads it as transformers does, and shows its
# circuits: `scripts/smollm2.sh [FOLDER]`, the folder where the model is or will be (default: models/).
set -euo pipefail
cd "$(dirname "$0")/.."

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
show circuit "$model" -o circuit.svg
echo "The picture is $pictures/circuit.svg"
