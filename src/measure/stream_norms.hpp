// Norms that stand on the residual stream, between a writer and a reader, as factors of their weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/score_network.hpp"

namespace headway {

/// What a writer of one layer wrote when it arrives at the norm that the reader reads through: every norm
/// before that one passed, and centred by it. `written`: a weight whose last port is the stream, or a Gram
/// matrix over the stream (both ports pass the norms).
Expr carried_to_reader(const Config& config, const ScoreEnds& ends, const Expr& written);

/// C γ W: a weight of a reader of one layer, with the norm that it reads through. The stream is the last port
/// but one.
Expr read_through_norm(const Config& config, Reader reader, int layer, const Expr& weight);

}  // namespace headway
