// Composition scores beside those of another program.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/npy.hpp"
#include "headway/measure/composition.hpp"
#include "headway/report/table.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// Scores of another program: arrays PREFIX + Q, K, V, each `[n_layers, n_heads, n_layers, n_heads]` or
/// `[n_layers * n_heads, n_layers * n_heads]` by writer and reader, NaN or 0 where a pair has none.
struct OtherScores {
    std::string name;  ///< of the file, for messages
    std::span<const NpyArray> arrays;
    std::optional<std::string> prefix =
        std::nullopt;  ///< without: none, or else `folded_` or `raw_` as the scores are
};

/// A row for each kind: how many pairs both have, the largest |difference| and the pair where it is, with
/// both values; how many pairs only one of the two has. Throws Error(Unsupported) for a missing array and for
/// a wrong shape.
Table compare_rows(const CompositionTable& scores, const std::vector<Composition>& kinds,
                   const Config& config, const OtherScores& other);

}  // namespace headway
