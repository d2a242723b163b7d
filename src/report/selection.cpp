// SPDX-License-Identifier: Apache-2.0
#include "headway/report/selection.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace headway {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<int> whole_number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '-')
        return std::nullopt;
    return value;
}

void require_layer(int layer, const Config& config) {
    require(layer < config.n_layers, ErrorKind::Unsupported,
            "there is no layer {}: the model has layers 0 to {}", layer, config.n_layers - 1);
}

void require_head(int layer, int head, const Config& config) {
    require_layer(layer, config);
    require(head < config.n_heads, ErrorKind::Unsupported,
            "there is no head L{}H{}: layer {} has heads 0 to {}", layer, head, layer, config.n_heads - 1);
}

template <class T>
void sort_unique(std::vector<T>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

// The layers and heads that one item names: a number or all.
struct HeadPattern {
    std::optional<int> layer;
    std::optional<int> head;
};

HeadPattern head_pattern(std::string_view item) {
    const std::size_t h = item.find('H');
    if (item.starts_with('L') && h != std::string_view::npos && item.find('*') != std::string_view::npos) {
        const std::string_view layer = item.substr(1, h - 1);
        const std::string_view head = item.substr(h + 1);
        const HeadPattern pattern{whole_number(layer), whole_number(head)};
        require((pattern.layer || layer == "*") && (pattern.head || head == "*"), ErrorKind::Usage,
                "{} is no head: expected L1H4, L1H* or L*H4", quote(item));
        return pattern;
    }
    const Head head = parse_head(item);
    return {head.layer, head.index};
}

}  // namespace

std::vector<Head> parse_heads(std::string_view text, const Config& config) {
    std::vector<Head> heads;
    for (const std::string_view item : split(text, ',')) {
        const HeadPattern pattern = head_pattern(item);
        require_head(pattern.layer.value_or(0), pattern.head.value_or(0), config);
        for (int layer = 0; layer < config.n_layers; ++layer)
            for (int head = 0; head < config.n_heads; ++head)
                if (pattern.layer.value_or(layer) == layer && pattern.head.value_or(head) == head)
                    heads.push_back({layer, head});
    }
    sort_unique(heads);
    return heads;
}

Head parse_head_of(std::string_view text, const Config& config) {
    const Head head = parse_head(text);
    require_head(head.layer, head.index, config);
    return head;
}

std::vector<int> parse_layers(std::string_view text, const Config& config) {
    std::vector<int> layers;
    for (const std::string_view item : split(text, ',')) {
        const std::vector<std::string_view> ends = split(item, '-');
        const std::optional<int> first = whole_number(ends.front());
        const std::optional<int> last = whole_number(ends.back());
        require(ends.size() <= 2 && first && last && *first <= *last, ErrorKind::Usage,
                "{} is no layer or range of layers: expected 2 or 0-3", quote(item));
        require_layer(*last, config);
        for (int layer = *first; layer <= *last; ++layer) layers.push_back(layer);
    }
    sort_unique(layers);
    return layers;
}

std::vector<int> parse_tokens(std::string_view text) {
    std::vector<int> tokens;
    for (const std::string_view item : split(text, ',')) {
        const std::optional<int> token = whole_number(item);
        require(token.has_value(), ErrorKind::Usage,
                "{} is no token: expected ids separated by commas, as in 0,5,17", quote(item));
        tokens.push_back(*token);
    }
    return tokens;
}

std::int64_t parse_integer(std::string_view text, std::string_view what) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = end == text.data() + text.size();
    if (whole && error == std::errc::result_out_of_range)
        return text.starts_with('-') ? std::numeric_limits<std::int64_t>::min()
                                     : std::numeric_limits<std::int64_t>::max();
    require(whole && error == std::errc(), ErrorKind::Usage, "{}: {} is no whole number", what, quote(text));
    return value;
}

}  // namespace headway
