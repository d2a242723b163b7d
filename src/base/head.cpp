// SPDX-License-Identifier: Apache-2.0
#include "headway/base/head.hpp"

#include "headway/base/error.hpp"

#include <charconv>

namespace headway {

std::string label(Head head) { return fmt::format("L{}H{}", head.layer, head.index); }

namespace {

// Reads a number without sign at the front of `text` and removes it.
bool take_number(std::string_view& text, int& value) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

}  // namespace

Head parse_head(std::string_view text) {
    std::string_view rest = text;
    Head head;
    const bool labelled = rest.starts_with('L');
    if (labelled) rest.remove_prefix(1);
    bool good = take_number(rest, head.layer) && rest.starts_with(labelled ? 'H' : '.');
    if (good) rest.remove_prefix(1);
    good = good && take_number(rest, head.index) && rest.empty();
    require(good, ErrorKind::Usage, "\"{}\" is not a head: expected a label like L1H4", text);
    return head;
}

}  // namespace headway
