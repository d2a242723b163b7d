// Composition scores as a table and as arrays.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/npy.hpp"
#include "headway/measure/composition.hpp"
#include "headway/report/table.hpp"

#include <limits>
#include <string>
#include <vector>

namespace headway {

/// Which pairs are shown, and in which order.
struct CompositionView {
    std::vector<Head> heads = {};  ///< writer or reader is one of them; empty: all
    std::vector<int> layers = {};  ///< writer and reader are in one of them; empty: all
    double threshold = -std::numeric_limits<double>::infinity();  ///< least score
    std::size_t top = std::numeric_limits<std::size_t>::max();
    /// A column of numbers (largest first; equal to 12 digits: by layer and head), or `pair`.
    std::string sort = "score";
};

/// Columns `kind,writer,reader,score,baseline,excess,z,percentile`, then the robust z against the writer's
/// and the reader's other pairs, participation ratios, overlap, and why a score is undefined; with grouped
/// queries `reader_kv_head`: readers of a layer with the same one share W_K and W_V. Undefined scores come
/// last. Throws Error(Usage) for a `sort` that is no column of numbers.
Table composition_rows(const CompositionTable& scores, const Config& config,
                       const CompositionView& view = {});

/// `Q`, `K`, `V` as far as asked for: `[n_layers, n_heads, n_layers, n_heads]`, [writer layer, writer head,
/// reader layer, reader head], NaN where absent.
std::vector<NpyArray> composition_arrays(const CompositionTable& scores,
                                         const std::vector<Composition>& kinds, const Config& config);

/// `q`, `k`, `v` or `all`. Throws Error(Usage).
std::vector<Composition> parse_kinds(std::string_view text);

}  // namespace headway
