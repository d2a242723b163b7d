// Products over sums: (a + b) c = a c + b c, until the expression is a sum of flat products.
//
// This is the one pass that is exponential by nature (a residual stream of n layers has 2^n terms and more),
// so the number of terms is known before anything is built, and too many are refused. Paths of a bounded
// number of heads come from `Paths`, without this.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <cstdint>

namespace headway {

/// Terms that `distribute` would make, before equal ones are collected. Throws Error(Limit) when 64 bits
/// cannot hold the number.
std::uint64_t count_terms(const Expr& expression);

/// A sum of products without sums, in normal form (a single product when there is one term). Functions,
/// families and frozen values are factors: it does not look into them. Throws Error(Limit) with the count
/// when there are more than `max_terms`.
Expr distribute(const Expr& expression, std::uint64_t max_terms = 100000);

}  // namespace headway
