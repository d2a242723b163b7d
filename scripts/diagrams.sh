#!/bin/bash
# Makes the pictures of the gallery anew: runs every command that diagrams/README.md shows, in diagrams/.
# usage: scripts/diagrams.sh [HEADWAY]     (default: the release build's)
set -euo pipefail
cd "$(dirname "$0")/.."
headway=$(realpath "${1:-build/release/headway}")
PATH="$(dirname "$headway"):$PATH"
cd diagrams
awk '/^\$ / { shown = 1; sub(/^\$ /, "") } shown { print; shown = /\\$/ }' README.md | sh -eux
