// Marks: an unknown factor on every source and every head, so that a proof sees which path a term belongs to.
//
// In the frozen network every source is multiplied by a scalar of its own and every head's output by another.
// The logits are then a polynomial in the marks, and the term of a path is the coefficient of the product of
// its marks. A sum of terms that is right although two of them are exchanged is found out by this.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path.hpp"
#include "headway/network/expression.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace headway {

class Marks {
public:
    /// `side` keeps the marks of two sides apart; the nodes of `as_they_are` are not looked into.
    explicit Marks(std::string side = {}, const std::vector<Expr>& as_they_are = {});

    /// The expression with marks on its sources and heads. What Frozen nodes link to stays as it is.
    Expr mark(const Expr& expression);

    /// The marks of a source, of a path: scalars.
    std::vector<Expr> of(const Source& source) const;
    std::vector<Expr> of(const Path& path) const;

private:
    Expr scalar(const std::string& name, int layer, int head = -1) const;
    Expr marked_leaf(const Expr& node) const;

    std::string side_;
    std::unordered_map<Expr, Expr> done_;
};

}  // namespace headway
