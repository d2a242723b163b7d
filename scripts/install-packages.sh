#!/bin/bash
# Installs what Headway is built from on Debian 12. With `--lint` also clang-format and clang-tidy, with `--fetch` what
# scripts/fetch-smollm2.sh needs.
set -euo pipefail

packages=(
  ca-certificates cmake g++ ninja-build pkg-config
  libboost-dev libcli11-dev libfmt-dev libgraphviz-dev libopenblas-dev libxtensor-blas-dev libxtensor-dev
  libssl-dev nlohmann-json3-dev zlib1g-dev
  libbenchmark-dev libgtest-dev libgmock-dev
  fonts-dejavu-core  # a picture without fonts has empty boxes for text
)
[ "${1:-}" != --lint ] || packages+=(clang-format clang-tidy)
[ "${1:-}" != --fetch ] || packages+=(python3-pip unzip)

installed() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q ' installed$'; }
missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}"
