// A product while it is being written: factors are added, taken apart where they are products themselves,
// wires merged.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <cstdint>

namespace headway {

/// Whether copy tensors become shared labels.
enum class Copies : std::uint8_t { Keep, Merge };

class Flat {
public:
    /// Labels 0 .. ports.size()-1 are the ports. `copies`: what is made of those inside of sums.
    explicit Flat(const std::vector<Space>& ports, Copies copies = Copies::Keep)
        : spaces_(ports), n_ports_(ports.size()), copies_(copies) {}

    /// A new bound label.
    int fresh(Space space);
    void scale(std::int64_t factor);
    /// A factor as it is.
    void add(const Expr& node, std::vector<int> labels);
    /// A factor; a product gives its factors, a sum of one term its term and coefficient, an empty sum
    /// makes all zero; other sums give the common divisor of their coefficients, and their ports an order
    /// of their own.
    void add_apart(const Expr& node, const std::vector<int>& labels);
    /// Copies become shared labels. What stays: one copy over two or more ports, `ones` where nothing else
    /// carries a label.
    void merge_copies();
    /// The product; a sum where the coefficient is not 1. Bound labels that nothing carries are gone.
    Expr close();

private:
    std::vector<Use> factors_;
    std::vector<Space> spaces_;
    std::size_t n_ports_;
    std::int64_t coefficient_ = 1;
    Copies copies_;
};

/// Adds `coefficient * use` to the terms of a sum over `ports` in normal form: sums give their terms;
/// products and copies are rewired so that their ports are the sum's.
void add_term(std::vector<Term>& terms, std::int64_t coefficient, const Use& use,
              const std::vector<Space>& ports, Copies copies);

}  // namespace headway
