// The canonical form of a product: an order of its factors and numbers of its bound labels that do not depend
// on how it was written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

namespace headway {

/// Mixes `value` into `seed`; the same on every machine.
constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
    std::uint64_t z = seed * 0x9e3779b97f4a7c15ULL + value + 0x632be59bd9b4e019ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/// Orders the factors along the wires, from the first port on (heads last), and numbers the bound labels by
/// first appearance. Factors that the wiring alone cannot tell apart are told apart by colour refinement and,
/// where that ends in a tie, by trying each choice and keeping the smallest encoding. Requires: every label
/// is carried by a factor.
Product canonical_product(const std::vector<Use>& factors, const std::vector<Space>& ports,
                          const std::vector<Space>& bound);

/// An order of the ports that does not depend on how they are numbered: two products that differ only in the
/// numbers of their ports become equal when both list them so. Ports that an automorphism may swap come in
/// any order.
std::vector<int> canonical_port_order(const std::vector<Use>& factors, const std::vector<Space>& ports,
                                      const std::vector<Space>& bound);

}  // namespace headway
