// SPDX-License-Identifier: Apache-2.0
#include "io/file_signature.hpp"

#include <algorithm>
#include <array>

namespace headway {
namespace {

using namespace std::string_view_literals;

constexpr auto convert = "convert it to safetensors with the software that wrote it"sv;
constexpr auto download = "download the file itself: at Hugging Face its address has /resolve/, not /blob/"sv;

constexpr auto signatures = std::to_array<FileSignature>({
    {"version https://git-lfs"sv, "a Git LFS pointer, not the file itself"sv, "run git lfs pull"sv},
    {"FUGG"sv, "a GGUF file whose letters are reversed"sv, convert},
    {"\x89HDF"sv, "an HDF5 file"sv, convert},
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
});

}  // namespace

const FileSignature* signature_of(std::string_view bytes) {
    const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
    if (begin != std::string_view::npos && bytes[begin] == '<')
        bytes.remove_prefix(begin);  // a page may be indented
    const auto found =
        std::find_if(signatures.begin(), signatures.end(),
                     [bytes](const FileSignature& known) { return bytes.starts_with(known.begins); });
    return found == signatures.end() ? nullptr : &*found;
}

}  // namespace headway
