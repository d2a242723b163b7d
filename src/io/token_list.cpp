// Lists of tokens as people write them.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/token_text.hpp"

#include <charconv>

namespace headway {

namespace {

struct Item {
    std::string_view text;
    bool quoted = false;
};

/// The items of a list, without their quotes. A text in quotes ends at the same quote before a comma or the
/// end, so that it may hold quotes of its own.
std::vector<Item> items_of(std::string_view list) {
    std::vector<Item> items;
    while (true) {
        const bool quoted = list.size() > 1 && (list.front() == '\'' || list.front() == '"');
        std::size_t end = std::string_view::npos;
        if (quoted) {
            end = list.find(std::string{list.front(), ','}, 1);
            if (end == std::string_view::npos && list.ends_with(list.front())) end = list.size() - 1;
        }
        if (end != std::string_view::npos) {
            items.push_back({list.substr(1, end - 1), true});
            ++end;
        } else {
            end = std::min(list.find(','), list.size());
            items.push_back({list.substr(0, end), false});
        }
        if (end >= list.size()) return items;
        list.remove_prefix(end + 1);
    }
}

int id_in(std::string_view digits, int d_vocab) {
    int id = -1;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    const bool good = error == std::errc() && stop == digits.data() + digits.size() && id < d_vocab;
    require(good, ErrorKind::Usage, "there is no token {}: ids are 0 to {}", digits, d_vocab - 1);
    return id;
}

/// What may have been meant: the same with a blank in front or without, or else the nearest text.
std::string meant(std::string_view text, const TokenText& tokens, int d_vocab) {
    const std::string spaced = " " + std::string(text);
    if (const auto id = tokens.id(spaced)) return tokens.shown(*id);
    if (const auto id = text.starts_with(' ') ? tokens.id(text.substr(1)) : std::nullopt)
        return tokens.shown(*id);
    std::vector<std::string> shown;
    for (int id = 0; id < std::min(d_vocab, tokens.size()); ++id) shown.push_back(tokens.shown(id));
    return nearest(text, shown);
}

int token_named(std::string_view text, const TokenText& tokens, int d_vocab) {
    require(!tokens.empty(), ErrorKind::Usage,
            "{} is no id, and the model has no vocabulary to look the text up in", quote(text));
    if (const std::optional<int> id = tokens.id(text); id && *id < d_vocab) return *id;
    const std::string near = meant(text, tokens, d_vocab);
    throw Error(
        ErrorKind::Usage, fmt::format("there is no token with the text {}", quote(text)),
        near.empty() ? "a blank is written as · or as itself" : fmt::format("did you mean {}?", near));
}

}  // namespace

std::vector<int> parse_token_list(std::string_view list, const TokenText& text, int d_vocab) {
    std::vector<int> ids;
    for (const Item& item : items_of(list)) {
        require(!item.text.empty(), ErrorKind::Usage, "{} is no list of tokens: an item is empty",
                quote(list));
        const bool number =
            !item.quoted && item.text.find_first_not_of("0123456789") == std::string_view::npos;
        ids.push_back(number ? id_in(item.text, d_vocab) : token_named(item.text, text, d_vocab));
    }
    return ids;
}

}  // namespace headway
