// A network as text in a notation, as JSON, and its expansion as a table: each path and its formula.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/paths.hpp"
#include "headway/expand/score.hpp"
#include "headway/expand/verify.hpp"
#include "headway/network/snapshot.hpp"
#include "headway/report/path_table.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

enum class Notation { Text, Einsum, Index, Latex, Json };

/// `text`, `einsum`, `index`, `latex`, `json`. Throws Error(Usage) with the nearest name.
Notation parse_notation(std::string_view name);

/// A whole network. Json: `{nodes: [{id, kind, name, ports, parts, wires, ...}], names, output}`.
std::string written(const Network& network, Notation notation);

/// The terms of all paths of `options`, built. Throws Error(Limit) with the count.
std::vector<PathTerm> list_path_terms(const FrozenModel& model, const PathOptions& options);

/// Columns `path,source,order,class,formula`; einsum: `equation,operands` instead of the formula. The counts
/// come first, in the caption; a last row `remainder` while max_heads < n_layers.
Table path_term_rows(const FrozenModel& model, const PathOptions& options, const std::vector<PathTerm>& terms,
                     Notation notation, const PathView& view = {});

/// Columns `query_source,key_source,class,formula` of a score's expansion.
Table score_formula_rows(const ScoreExpansion& expansion, Notation notation, const PathView& view = {});

}  // namespace headway
