// The text form of a network: one definition a line, the last line is the result. It prints and parses back to the same objects.
//
//   x0[q,d] = token[q,v] W_E[v,d]
//   S[L0][h,q,k] = x0[q,d] W_Q[L0][h,d,e] W_K[L0][h,d1,e] x0[k,d1] scale[L0]
//   A[L0][h,q,k] ~ softmax_k(causal[q,k]; S[L0][h,q,k])                       ~ : frozen, with what it stands for
//   x1[q,d] = x0[q,d] + A[L0][h,q,k] x0[k,d1] W_V[L0][h,d1,e] W_O[L0][h,e,d]
//
// The first letter of an index tells its space (Space). Indices that the left side does not name are summed over. A name that no line
// defines is a weight; `A[L0H3]` is one head of a frozen value; `W_V[L0-11][l,h,d,e]` is the family of a weight over layers.
// The last line may have no left side: `A[L1H4][q,k] x0[k,d] -> [q,d]` (without an arrow: the indices that appear once, in order),
// or the matrix shorthand `W_E W_V[L0H3] W_O[L0H3] W_K[L1H4]`, in which neighbours share an index and `W^T` is a transpose.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A named node: `x1`, `A[L0]`.
struct Definition {
    std::string name;
    Expr node;
    bool operator==(const Definition&) const = default;
};

/// An expression with names for some of its nodes. Names are for reading only: they are no part of the expression.
struct Network {
    std::vector<Definition> definitions;
    Expr output;
    /// The node of that name. Throws Error(Usage) with the nearest name.
    const Expr& at(std::string_view name) const;
};

/// The whole network, one definition a line; unnamed inner nodes are called t1, t2, ...
std::string to_text(const Network& network);
std::string to_text(const Expr& expression);

/// One line without a left side when the expression is a product of leaves: `A[L1H4][q,k] ... -> [q,v]`; else as to_text.
std::string to_line(const Expr& expression);

/// Reads a network. `known` are names that the text may use without defining them. Throws Error(Usage) with line and column.
Network parse_network(std::string_view text, const std::vector<Definition>& known = {});

/// The name of a leaf (`W_K[L0G1]`, `causal`, `rope(8,10000)`, `A[L0H3]`), or of a Family of weights over consecutive layers
/// (`W_V[L0-11]`); empty for other nodes.
std::string leaf_name(const Node& node);

/// Names for the labels of a node: ports first, then bound ones, by space: q k k1 k2, d d1 d2, v v1, ...
std::vector<std::string> label_names(const std::vector<Space>& ports, const std::vector<Space>& bound);

}  // namespace headway
