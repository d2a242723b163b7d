// SPDX-License-Identifier: Apache-2.0
#include "model/pattern.hpp"

#include <charconv>
#include <utility>

namespace headway {

namespace {

/// `transformer.` and `h.{}.ln_1.weight` of `[transformer.]h.{}.ln_1.weight`.
std::pair<std::string_view, std::string_view> split_prefix(std::string_view pattern) {
    const std::size_t close = pattern.find(']');
    if (close == std::string_view::npos) return {{}, pattern};
    return {pattern.substr(1, close - 1), pattern.substr(close + 1)};
}

/// The part of a pattern in front of `{}` and behind it.
std::pair<std::string_view, std::string_view> around_layer(std::string_view pattern) {
    const std::size_t at = pattern.find("{}");
    if (at == std::string_view::npos) return {pattern, {}};
    return {pattern.substr(0, at), pattern.substr(at + 2)};
}

int match_plain(std::string_view pattern, std::string_view name) {
    if (pattern.ends_with('*')) {
        pattern.remove_suffix(1);
        return name.starts_with(pattern) ? no_layer : no_match;
    }
    if (pattern.find("{}") == std::string_view::npos) return pattern == name ? no_layer : no_match;
    const auto [front, behind] = around_layer(pattern);
    if (name.size() <= front.size() + behind.size() || !name.starts_with(front) || !name.ends_with(behind)) {
        return no_match;
    }
    const std::string_view digits = name.substr(front.size(), name.size() - front.size() - behind.size());
    int layer = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
    const bool canonical = digits.size() == 1 || digits.front() != '0';
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    return whole && layer >= 0 && canonical ? layer : no_match;
}

}  // namespace

int match_pattern(std::string_view pattern, std::string_view name) {
    const auto [prefix, rest] = split_prefix(pattern);
    return match_plain(rest, name.starts_with(prefix) ? name.substr(prefix.size()) : name);
}

std::string tensor_name(std::string_view pattern, int layer, bool with_prefix) {
    const auto [prefix, rest] = split_prefix(pattern);
    const auto [front, behind] = around_layer(rest);
    std::string name(with_prefix ? prefix : std::string_view{});
    name += front;
    if (layer >= 0 && front.size() < rest.size()) name += std::to_string(layer);
    return name += behind;
}

}  // namespace headway
