// Circuits of heads as matrices: what a head moves (OV) and where it looks (QK), on the residual stream, over
// the vocabulary or over positions; of one head, of heads summed as one effective head, through other heads.
//   direct              W_E W_U
//   ov:L1H4             W_E W_OV W_U                       [source token, output token]
//   ov:L1H2+L1H4        W_E (W_OV + W_OV) W_U
//   ov:L0H3>L1H4        W_E W_OV[L0H3] W_OV[L1H4] W_U      virtual head
//   qk:L1H4             W_E W_QK W_Eᵀ                      [query token, key token]
//   qk:L0H3>L1H4.K      W_E W_QK[L1H4] (W_E W_OV[L0H3])ᵀ   [query token, token before the key]
//   qk:L0H3>L1H4.Q      W_E W_OV[L0H3] W_QK[L1H4] W_Eᵀ
//   qk:L1H4@3           W_E W_Q R W_Kᵀ W_Eᵀ                rotary: query 3 positions behind the key
//   qk-pos:L1H4         W_pos W_QK W_posᵀ, and through other heads alike
// Biases, norm scales and 1/sqrt(d_head) are left out; gains are factors where they are folded, as in
// composition scores (score_network.hpp). Rows that are tokens are `token[q,v] W_E[v,d]`: evaluated on a list
// of tokens they are the rows of these tokens. Where a circuit turns (`@N`), it is evaluated on N + 1 tokens
// or more.
// Reference: Elhage et al. 2021.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"
#include "headway/base/reader.hpp"
#include "headway/network/expression.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

enum class CircuitKind {
    Direct,
    OV,
    QK,
    PositionQK  ///< models with learned or shortformer positions
};

struct HeadCircuit {
    CircuitKind kind = CircuitKind::OV;
    std::vector<Head> heads = {};        ///< summed as one effective head; none of Direct
    std::vector<Head> writers = {};      ///< heads of earlier layers that feed them, summed; none: the stream
    Composition input = Composition::V;  ///< V of OV, Q or K of QK; only with writers
    int rotary_offset = 0;               ///< rotary models: query minus key position of W_QK, 0 or more
    bool operator==(const HeadCircuit&) const = default;
};

/// Heads as lists and patterns, sorted, without repeats: `L1H4`, `L1H2+L1H4`, `L1H{2,4-7}`, `L*H0,L1H*`.
/// Throws Error(Usage) that shows the text, or the head that the model has not.
std::vector<Head> parse_head_set(std::string_view text, const Config& config);

/// Reads the forms above, every head of which may be a set: `ov:L1H{2,4}`, `qk:L0H{0,2}>L1H4.K`. Throws
/// Error(Usage) that shows the text.
HeadCircuit parse_head_circuit(std::string_view text, const Config& config);
/// What `parse_head_circuit` reads, with every head by name.
std::string label(const HeadCircuit& circuit);

/// What stands at both ends of a circuit.
enum class CircuitEnds {
    Stream,     ///< nothing: ports [residual, residual]
    Vocabulary  ///< W_E or W_pos in front, W_U, W_E or W_pos behind: ports [position, position]
};

/// The circuit as a matrix, ports [row, column]. With CircuitEnds::Vocabulary rows and columns are those of
/// the tokens (of PositionQK: the positions) of the run that it is evaluated on. Heads that are summed are
/// one factor. Throws Error(Usage): a head that the model has not, writers that are not earlier, an input
/// that does not fit, an offset without rotary positions, PositionQK without learned ones;
/// Error(Unsupported): norms on the residual stream, an unembedding that is not linear.
Expr circuit_matrix(const Config& config, const HeadCircuit& circuit, CircuitEnds ends);

/// The diagonal over the vocabulary: ports [position]. Throws as circuit_matrix.
Expr circuit_diagonal(const Config& config, const HeadCircuit& circuit);

/// The sum of each row over the whole vocabulary (PositionQK: over the positions of the run): ports
/// [position]. Throws as circuit_matrix.
Expr circuit_row_sums(const Config& config, const HeadCircuit& circuit);

/// The circuit cut open inside its head, over the whole vocabulary (PositionQK: over the positions of the
/// run): ports [head inner, head inner]. It has the nonzero eigenvalues of the whole matrix (AB and BA have
/// the same), and its trace. Requires: one head. Throws as circuit_matrix.
Expr circuit_inner(const Config& config, const HeadCircuit& circuit, CircuitEnds ends);

/// The trace, and the sum of the squares of all entries, over the whole vocabulary (PositionQK: over the
/// positions of the run): no ports. Throws as circuit_matrix.
Expr circuit_trace(const Config& config, const HeadCircuit& circuit, CircuitEnds ends);
Expr circuit_square(const Config& config, const HeadCircuit& circuit, CircuitEnds ends);

}  // namespace headway
