// A circuit graph as a table of edges, and as JSON with its components.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/circuit/graph.hpp"
#include "headway/report/table.hpp"

#include <string>

namespace headway {

/// Columns `from,to,port,score,baseline,excess,z,percentile`, then the robust z against the writer's and the
/// reader's other edges of the kind, participation ratios, what is ignored, and why a score is undefined.
/// Edges between heads first, whose scores are on one scale; then by score, the largest first.
Table circuit_rows(const Circuit& circuit);

/// `{components: [{label, kind, layer, head, role}], edges: [{from, to, port, score, ...}], baseline,
/// filter, caption: [sentences]}`.
std::string circuit_json(const Circuit& circuit);

}  // namespace headway
