// Indices of the symbolic network. An index has a space and an identity inside it; two indices of different
// spaces never contract, even at equal size. Query and key are roles of a leg in the one space Position.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// What an index ranges over. The letters are those of the text form.
enum class Space : std::uint8_t {
    Vocab,      ///< tokens: v w
    Position,   ///< places in the sequence: q k p
    Residual,   ///< d_model: d
    HeadInner,  ///< d_head: e
    Head,       ///< heads of a layer; key-value heads when heads share keys and values: h g
    Member,     ///< query heads of one key-value head: r
    Neuron,     ///< d_mlp: m
    Layer,      ///< layers: l
    Channel     ///< singular components: c
};
inline constexpr int n_spaces = 9;

/// Extent of each space; 0 where it is not known.
struct Sizes {
    std::array<std::int64_t, n_spaces> extent{};
    std::int64_t& operator[](Space space) { return extent[static_cast<std::size_t>(space)]; }
    std::int64_t operator[](Space space) const { return extent[static_cast<std::size_t>(space)]; }
    bool operator==(const Sizes&) const = default;
};

/// `vocab`, `position`, ...
std::string_view name(Space space);

/// The letter that the text form prints for indices of a space.
char letter(Space space);

/// The space of an index name by its first letter (`q1` is a Position); nothing when no space has that
/// letter.
std::optional<Space> space_of_letter(char letter);

/// An index while an expression is being written: equal indices are one wire.
struct Index {
    Space space = Space::Residual;
    int id = 0;
    auto operator<=>(const Index&) const = default;
};

using Indices = std::vector<Index>;

/// The indices of `left`, then those of `right`.
inline Indices operator+(Indices left, const Indices& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

}  // namespace headway
