// SPDX-License-Identifier: Apache-2.0
#include "headway/model/series.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace headway {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> extensions{".safetensors", ".gguf", ".pt",  ".pth",
                                                     ".bin",         ".npz",  ".ckpt"};

// The last number in a name.
std::optional<std::int64_t> step_in(std::string_view name) {
    constexpr std::string_view digits = "0123456789";
    const std::size_t last = name.find_last_of(digits);
    if (last == std::string_view::npos) return std::nullopt;
    const std::size_t before = name.find_last_not_of(digits, last);
    const std::size_t first = before == std::string_view::npos ? 0 : before + 1;
    std::int64_t step = 0;
    const auto [end, error] = std::from_chars(name.data() + first, name.data() + last + 1, step);
    return error == std::errc() ? std::optional(step) : std::nullopt;
}

bool is_there(const fs::path& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
}

bool holds_weights(const fs::path& folder) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
        if (std::ranges::find(extensions, entry.path().extension().native()) != extensions.end()) return true;
    return false;
}

// Which config a checkpoint without one of its own goes with.
fs::path shared_config(const fs::path& folder) {
    const fs::path whole = fs::absolute(folder).lexically_normal();
    const fs::path place = whole.has_filename() ? whole : whole.parent_path();
    for (const fs::path& each : {place / "config.json", place.parent_path() / "config.json"})
        if (is_there(each)) return each;
    throw Error(
        ErrorKind::Unsupported,
        fmt::format("{}: the checkpoints have no config.json: there is none in the folder or above it",
                    escaped(folder.native())));
}

std::optional<CheckpointStep> checkpoint_of(const fs::directory_entry& entry, const fs::path& folder,
                                            const fs::path& config) {
    std::error_code ignored;
    const fs::path& path = entry.path();
    const bool is_folder = entry.is_directory(ignored);
    const std::string extension = path.extension().native();
    if (!is_folder && std::ranges::find(extensions, extension) == extensions.end()) return std::nullopt;
    const std::optional<std::int64_t> step = step_in((is_folder ? path.filename() : path.stem()).native());
    if (!step || (is_folder && !holds_weights(path))) return std::nullopt;
    const bool own = extension == ".gguf" || (is_folder && is_there(path / "config.json"));
    return CheckpointStep{*step, path.native(),
                          !config.empty() ? config
                          : own           ? fs::path()
                                          : shared_config(folder)};
}

}  // namespace

std::vector<CheckpointStep> checkpoint_series(const fs::path& folder, const fs::path& config) {
    std::error_code error;
    std::vector<CheckpointStep> series;
    const fs::directory_iterator entries(folder, error);
    require(!error, ErrorKind::Io, "{}: {}", escaped(folder.native()), error.message());
    for (const fs::directory_entry& entry : entries)
        if (std::optional<CheckpointStep> step = checkpoint_of(entry, folder, config))
            series.push_back(*std::move(step));
    require(!series.empty(), ErrorKind::Unsupported,
            "{}: no checkpoints: no weights whose name has a step, as in step01500.safetensors",
            escaped(folder.native()));
    std::ranges::sort(series, {},
                      [](const CheckpointStep& each) { return std::pair(each.step, each.where); });
    const auto twice = std::ranges::adjacent_find(series, {}, &CheckpointStep::step);
    if (twice != series.end())
        throw Error(ErrorKind::Unsupported,
                    fmt::format("{}: {} and {} are both of step {}", escaped(folder.native()),
                                quote(fs::path(twice->where).filename().native()),
                                quote(fs::path((twice + 1)->where).filename().native()), twice->step));
    return series;
}

}  // namespace headway
