// A circuit for other programs: GraphML, as Gephi, Cytoscape, NetworkX and yEd read it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/circuit/graph.hpp"

#include <string>

namespace headway {

/// Components are nodes (label, kind, layer, head, role), edges carry port, score, baseline, excess, z,
/// robust_z_writer, robust_z_reader, percentile and ignores_nonlinearity. Numbers are the shortest text that
/// reads back to the same bits; an undefined one is `NaN`. Edges of the residual stream alone have the port
/// `stream`.
std::string graphml(const Circuit& circuit);

}  // namespace headway
