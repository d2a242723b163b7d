// Scores of many circuits at once: networks with open heads are evaluated together, and each value, a stack
// of small matrices, becomes scores on all threads as soon as it is made.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/spectra.hpp"

#include <functional>
#include <span>

namespace headway {

/// Which network, which matrix of it (row-major over the ports in front of its last two), and its score.
using TakeScore = std::function<void(std::size_t network, std::size_t matrix, SpectralScore score)>;

/// Evaluates networks of a circuit_inner with open heads, and hands each score over; called from many threads
/// at once. `positions`: on how many tokens (which ones is no matter).
void score_each(const Model& model, std::span<const Expr> networks, std::size_t positions,
                const SpectraOptions& options, const TakeScore& take);

/// circuit_inner of a circuit with its head, and its writer where it has one, left open: ports writer('s
/// head, member), head(, member), head inner, head inner.
Expr open_circuit(const Config& config, const HeadCircuit& circuit, CircuitEnds ends);

/// How many positions a circuit is evaluated on: those of W_pos, the offsets of a rotation, or none.
std::size_t positions_of(const Config& config, const HeadCircuit& circuit);

}  // namespace headway
