// SPDX-License-Identifier: Apache-2.0
#include "network/cursor.hpp"

namespace headway {

Tag take_tag(Cursor& in) {
    Tag tag;
    if (in.peek() != '[' || in.peek(1) != 'L') return tag;
    in.expect("[L");
    tag.layer = in.number<int>("the number of a layer");
    if (in.take("H")) tag.head = in.number<int>("the number of a head");
    if (in.take("G")) tag.group = in.number<int>("the number of a key-value head");
    if (in.take("-")) tag.last = in.number<int>("the number of the last layer");
    in.expect_that(tag.layer >= 0 && (tag.last < 0 || tag.last >= tag.layer) && tag.last < 100000,
                   "the layers of a name are out of order");
    in.expect("]");
    return tag;
}

Index parse_index(Cursor& in) {
    const std::string name = in.word();
    in.expect_that(!name.empty(), "expected an index");
    const std::optional<Space> space = space_of_letter(name.front());
    in.expect_that(
        space.has_value(),
        fmt::format("no space has indices called {}: the first letter tells the space", quote(name)));
    int number = 0;
    const char* end = name.data() + name.size();
    if (name.size() > 1) {
        const auto [stop, error] = std::from_chars(name.data() + 1, end, number);
        in.expect_that(error == std::errc{} && stop == end && number >= 0 && number < 1'000'000,
                       fmt::format("{} is not an index: a letter and a number", quote(name)));
        ++number;
    }
    return {*space, number * 32 + (name.front() - 'a')};
}

std::vector<Index> parse_indices(Cursor& in) {
    std::vector<Index> indices;
    if (in.peek() != '[') return indices;
    in.expect("[");
    do indices.push_back(parse_index(in));
    while (in.take(","));
    in.expect("]");
    return indices;
}

}  // namespace headway
