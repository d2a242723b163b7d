// SPDX-License-Identifier: Apache-2.0
#include "io/file_signature.hpp"

#include <algorithm>
#include <array>

namespace headway {
namespace {

using namespace std::string_view_literals;

constexpr auto convert = "convert it to safetensors with the software that wrote it"sv;
constexpr auto download = "download the file again"sv;

constexpr std::array<FileSignature, 18> signatures = {{
    {"version https://git-lfs"sv, "a Git LFS pointer, not the file itself"sv, "run git lfs pull"sv},
    {"PK\x03\x04"sv, "a zip file (PyTorch .pt or .bin, or .npz)"sv, convert},
    {"\x80\x02"sv, "a Python pickle (old PyTorch)"sv, convert},
    {"\x80\x03"sv, "a Python pickle"sv, convert},
    {"\x80\x04"sv, "a Python pickle"sv, convert},
    {"\x80\x05"sv, "a Python pickle"sv, convert},
    {"GGUF"sv, "a GGUF file"sv, convert},
    {"FUGG"sv, "a GGUF file whose letters are reversed"sv, convert},
    {"\x89HDF"sv, "an HDF5 file"sv, convert},
    {"\x93NUMPY"sv, "a NumPy array"sv, convert},
    {"\x7f"
     "ELF"sv,
     "a program (ELF)"sv, ""sv},
    {"\x89PNG"sv, "a PNG picture"sv, ""sv},
    {"%PDF"sv, "a PDF document"sv, ""sv},
    {"\x1f\x8b"sv, "compressed with gzip"sv, "decompress it first"sv},
    {"<!"sv, "an HTML page"sv, download},
    {"<html"sv, "an HTML page"sv, download},
    {"<?xml"sv, "an XML document"sv, download},
    {"{"sv, "JSON"sv, ""sv},
}};

}  // namespace

const FileSignature* signature_of(std::string_view bytes) {
    const auto found =
        std::find_if(signatures.begin(), signatures.end(),
                     [bytes](const FileSignature& known) { return bytes.starts_with(known.begins); });
    return found == signatures.end() ? nullptr : &*found;
}

}  // namespace headway
