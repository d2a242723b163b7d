// Paths, their contributions, and the terms of attention scores as tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/paths.hpp"
#include "headway/measure/paths.hpp"
#include "headway/measure/score_terms.hpp"
#include "headway/report/table.hpp"

#include <limits>
#include <string>
#include <vector>

namespace headway {

/// Which rows of a list of paths are shown.
struct PathView {
    std::vector<Head> heads = {};  ///< the path goes through one of them; empty: all
    std::size_t top = std::numeric_limits<std::size_t>::max();
    std::string sort = {};  ///< `norm` or `target_logit`, largest size first; empty: as listed
    double threshold = 0;   ///< least size of the target logit
};

/// `9649 paths through at most 2 heads: embed 1 + 144 + 9504 = 9649; ...`: a line for each kind of source,
/// then the sum.
std::vector<std::string> path_count_lines(const Config& config, int max_heads);

/// The paths without numbers: columns `path,source,order,class`; a last row `remainder` while max_heads <
/// n_layers. Throws Error(Limit) with the count when there are more than `options.max_paths`.
Table path_list(const Config& config, const PathOptions& options, const PathView& view = {});

/// Columns `path,source,order,class,norm,target_logit`, then `position` and `source_position`.
Table path_rows(const PathTable& paths, const Config& config, const PathMeasureOptions& options,
                const PathView& view = {});

/// `largest |sum of rows - logits| = 3.6e-15, 2.1e-16 of the largest logit`.
std::string closure_line(const PathTable& paths);

/// Columns `query_source,key_source,class,value`. `view.top` and `view.sort` (`value`) as for paths.
Table score_term_rows(const ScoreTermTable& terms, Head head, int query, int key, const PathView& view = {});

/// `class` of a path's row.
std::string class_name(const PathRow& row);

}  // namespace headway
