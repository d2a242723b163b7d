// The kinds of a Config as words, the same everywhere: in tables, JSON, files and random: shapes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace headway {

/// The words of a kind, in the order of its enumerators.
template <class Kind>
inline constexpr std::array<std::string_view, 0> kind_words{};
template <>
inline constexpr std::array<std::string_view, 5> kind_words<Positions>{"none", "learned", "shortformer",
                                                                       "rotary", "alibi"};
template <>
inline constexpr std::array<std::string_view, 3> kind_words<Norm>{"none", "layernorm", "rmsnorm"};
template <>
inline constexpr std::array<std::string_view, 4> kind_words<NormPlacement>{"before", "after", "sandwich",
                                                                           "stream"};
template <>
inline constexpr std::array<std::string_view, 3> kind_words<QueryKeyNorm>{"none", "head", "layer"};
template <>
inline constexpr std::array<std::string_view, 4> kind_words<Activation>{"relu", "gelu", "gelu_new", "silu"};
template <>
inline constexpr std::array<std::string_view, 3> kind_words<RotaryScaling>{"none", "linear", "llama3"};

/// `rmsnorm`.
template <class Kind>
requires(!kind_words<Kind>.empty()) constexpr std::string_view name(Kind kind) {
    return kind_words<Kind>.at(static_cast<std::size_t>(kind));
}

/// The kind of that word; nothing for other words.
template <class Kind>
constexpr std::optional<Kind> kind_named(std::string_view word) {
    for (std::size_t i = 0; i < kind_words<Kind>.size(); ++i)
        if (kind_words<Kind>[i] == word) return static_cast<Kind>(i);
    return std::nullopt;
}

}  // namespace headway
