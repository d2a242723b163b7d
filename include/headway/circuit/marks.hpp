// What is written on a circuit once it is there: edges and heads that an edit takes out, and the channels
// that edges are made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/circuit/graph.hpp"
#include "headway/expand/edit.hpp"

#include <cstddef>

namespace headway {

/// Marks the edges that `edits` close and the heads that they remove. Scores stay those of the whole model.
/// Returns how many edges were marked: edges of a circuit of heads only, for one, are not all there.
std::size_t mark_edits(Circuit& circuit, const Edits& edits);

/// Gives each edge between two heads its `most` components of largest share: see channels(). Edges without a
/// score have none. Throws as channels.
void split_edges(Circuit& circuit, const Model& model, std::size_t most, const EvaluateOptions& options = {});

}  // namespace headway
