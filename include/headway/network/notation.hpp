// The other ways to write a network down: einsum strings, sums over indices, LaTeX. All of them say the same
// as the text form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/text.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace headway {

/// One product: `ab,bc->ac` and what its operands are, in order. Structures are operands too (`causal`,
/// `token`); a repeated letter is a hyper-index. Letters are a .. z, A .. Z, then code points from 192 on, as
/// opt_einsum numbers them.
struct Einsum {
    std::int64_t coefficient = 1;
    std::string equation;
    std::vector<std::string> operands;
    bool operator==(const Einsum&) const = default;
};

/// What a name stands for. `x1` is a sum of terms; `A[L0]` is a function of one argument.
struct EinsumLine {
    std::string name;
    std::string function;  ///< `softmax_b`, `rstd`, `relu`, with its argument as the only term; empty: the
                           ///< sum of the terms
    std::string mask;      ///< of a softmax: `causal[b,c]`
    std::vector<Einsum> terms;
    bool operator==(const EinsumLine&) const = default;
};

/// The letter of number i: `a`, ..., `Z`, `À`, ...
std::string einsum_letter(std::size_t i);

/// A line for everything that is no leaf, in an order in which each uses earlier ones only; the output is
/// last. Frozen values are leaves: data.
std::vector<EinsumLine> einsum_lines(const Network& network);

/// `ab,bc->ac  W_E W_U`, a line for each term, named lines before: `x1 = ab,bc->ac  W_E W_U`.
std::string einsum(const Network& network);
std::string einsum(const Expr& expression);

/// The text form with its sums written out: `logits[q,v] = Σ_d x2[q,d] W_U[d,v]`.
std::string index_notation(const Network& network);
std::string index_notation(const Expr& expression);

/// The same as rows of an `align*` environment (without its begin and end), one definition a row.
std::string latex(const Network& network);
std::string latex(const Expr& expression);

}  // namespace headway
