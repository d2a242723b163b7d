#!/bin/bash
# From nothing to a circuit: installs what is needed, builds Headway, and reads the built-in trained model.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-packages.sh
cmake --preset release
cmake --build --preset release --target headway_cli

headway=$PWD/build/release/headway
pictures=$PWD/build/demo
mkdir -p "$pictures"
show() {
  echo
  echo "\$ headway $*"
  (cd "$pictures" && "$headway" "$@")
}

show inspect example:attn-only-2l
show compose example:attn-only-2l --kind k --top 10
show circuit example:attn-only-2l -o circuit.svg
show diagram two-layer-expansion -o two-layer-expansion.svg
show diagram multi-head -o multi-head.svg
show diagram induction -o induction.svg

echo
echo "The pictures are in $pictures:"
ls "$pictures"
