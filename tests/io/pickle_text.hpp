// Pickles of checkpoints made by hand, right and wrong: instructions in text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/zip_bytes.hpp"

#include <initializer_list>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headway::test {

using Instructions = std::string;

inline Instructions global(std::string_view module, std::string_view name) {
    return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline Instructions text(std::string_view value) {
    return "X" + little(value.size(), 4) + std::string(value);
}
inline Instructions integer(std::int64_t value) {
    return "\x8a\x08" + little(static_cast<std::uint64_t>(value), 8);
}
inline Instructions tuple(const std::vector<Instructions>& values) {
    return "(" + std::accumulate(values.begin(), values.end(), Instructions()) + "t";
}
inline Instructions sizes(const std::vector<std::int64_t>& values) {
    std::vector<Instructions> parts;
    for (const std::int64_t value : values) parts.push_back(integer(value));
    return tuple(parts);
}
inline Instructions dictionary(const std::vector<std::pair<Instructions, Instructions>>& entries) {
    Instructions items = "}(";
    for (const auto& [key, value] : entries) items += text(key) + value;
    return items + "u";
}
inline Instructions storage(std::string_view type, std::string_view key, std::int64_t elements) {
    return tuple({text("storage"), global("torch", type), text(key), text("cpu"), integer(elements)}) + "Q";
}
inline Instructions call(const Instructions& callee, const std::vector<Instructions>& arguments) {
    return callee + tuple(arguments) + "R";
}

/// A view of a storage, by default storage "0" of 6 floats.
struct View {
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;
    std::int64_t offset = 0;
    Instructions storage = test::storage("FloatStorage", "0", 6);

    operator Instructions() const {  // NOLINT: a view is written as its instructions
        return call(global("torch._utils", "_rebuild_tensor_v2"),
                    {storage, integer(offset), sizes(shape), sizes(strides), "\x89",
                     call(global("collections", "OrderedDict"), {})});
    }
};

inline std::string pickle(const Instructions& value) { return "\x80\x02" + value + "."; }

/// The bytes of floats.
inline std::string floats(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// A checkpoint whose storage "0" has the floats 0 to 5.
inline std::string torch_file(const Instructions& state, const std::vector<ZipEntry>& more = {}) {
    std::vector<ZipEntry> entries = {{"archive/data.pkl", pickle(state)},
                                     {"archive/data/0", floats({0, 1, 2, 3, 4, 5})}};
    entries.insert(entries.end(), more.begin(), more.end());
    return zip_of(entries);
}

}  // namespace headway::test
