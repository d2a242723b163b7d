// SPDX-License-Identifier: Apache-2.0
#include "io/gguf_parts.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/several_files.hpp"

#include <limits>
#include <utility>

namespace headway {
namespace {

using std::filesystem::path;

constexpr std::int64_t most_parts = 99'999;  // five digits

// Part `number` of `count`, from 0.
struct Part {
    std::int64_t number = 0;
    std::int64_t count = 1;

    std::string suffix() const { return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count); }
};

std::string shown(const path& file) { return escaped(file.native()); }

std::int64_t number_of(const Json& metadata, std::string_view key, std::int64_t least, std::int64_t most) {
    const Json value = metadata.at(key);
    const bool fits = value.type() == Json::Type::Integer && value.number() >= static_cast<double>(least) &&
                      value.number() <= static_cast<double>(most);
    require(fits, ErrorKind::Malformed, "{} is {}, expected an integer from {} to {}", value.where(),
            value.shown(), least, most);
    return value.integer();
}

Part part_in(const std::optional<Json>& metadata) {
    if (!metadata || !metadata->contains("split.count")) return {};
    Part part;
    part.count = number_of(*metadata, "split.count", 0, most_parts);
    if (part.count > 1) part.number = number_of(*metadata, "split.no", 0, part.count - 1);
    return part;
}

// The paths of all parts, told from that of one. A missing one is missing from disk, not from the list.
std::vector<path> all_parts(const path& file, const Part& part) {
    const std::string name = file.filename().native();
    const std::string suffix = part.suffix();
    require(name.ends_with(suffix), ErrorKind::Malformed,
            "{}: is part {} of {} of a model, expected a name that ends in {}", shown(file), part.number + 1,
            part.count, suffix);
    const std::string stem = name.substr(0, name.size() - suffix.size());
    std::vector<path> parts;
    for (Part other = {0, part.count}; other.number < part.count; ++other.number) {
        parts.push_back(file.parent_path() / (stem + other.suffix()));
    }
    return parts;
}

void check_tensor_count(const WeightFiles::Content& content) {
    if (!content.metadata || !content.metadata->contains("split.tensors.count")) return;
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    const std::int64_t expected = number_of(*content.metadata, "split.tensors.count", 0, most);
    require(std::cmp_equal(content.tensors.size(), expected), ErrorKind::Malformed,
            "{} is {}, but the parts have {} tensors", content.metadata->at("split.tensors.count").where(),
            expected, content.tensors.size());
}

}  // namespace

void add_other_gguf_parts(WeightFiles::Content& content) {
    const Part given = part_in(content.metadata);
    if (given.count < 2) return;
    const std::vector<path> parts = all_parts(content.files.front(), given);
    require_present(parts, shown(content.files.front()), "parts");
    std::optional<Json> metadata = std::move(content.metadata);
    for (std::int64_t i = 0; i < given.count; ++i) {
        if (i == given.number) continue;
        const path& file = parts[static_cast<std::size_t>(i)];
        add_file(file, content);
        const Part part = part_in(content.metadata);
        require(part.number == i && part.count == given.count, ErrorKind::Malformed,
                "{}: says that it is part {} of {}, expected {} of {}", shown(file), part.number + 1,
                part.count, i + 1, given.count);
        if (i == 0) metadata = std::move(content.metadata);
    }
    content.metadata = std::move(metadata);
    sort_tensors(content);
    check_tensor_count(content);
}

}  // namespace headway
