// SPDX-License-Identifier: Apache-2.0
#include "io/several_files.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace headway {

using std::filesystem::path;

void require_present(std::span<const path> files, const std::string& shown, std::string_view what) {
    constexpr std::size_t most_named = 10;
    std::size_t missing = 0;
    std::string names;
    for (const path& file : files) {
        std::error_code error;
        const auto status = std::filesystem::symlink_status(file, error);
        if (status.type() != std::filesystem::file_type::not_found) continue;
        if (++missing > most_named) continue;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", quote(file.filename().native()));
    }
    if (missing > most_named) names += fmt::format(" and {} more", missing - most_named);
    if (missing == 0) return;
    throw Error(ErrorKind::Io,
                fmt::format("{}: {} of {} {} missing: {}", shown, missing, files.size(), what, names),
                "download the rest of the model into the same folder");
}

void sort_tensors(WeightFiles::Content& content) {
    std::ranges::sort(content.tensors, [](const StoredTensor& a, const StoredTensor& b) {
        return std::tie(a.name, a.file) < std::tie(b.name, b.file);
    });
    const auto twice = std::ranges::adjacent_find(content.tensors, {}, &StoredTensor::name);
    if (twice == content.tensors.end()) return;
    throw Error(
        ErrorKind::Malformed,
        fmt::format("{}: tensor {} is in {} too", escaped(content.files[twice->file].native()),
                    quote(twice->name), quote(content.files[std::next(twice)->file].filename().native())));
}

}  // namespace headway
