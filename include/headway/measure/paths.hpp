// What each path contributes to the logits of a run: the path's network, contracted on the tokens, with the run's attention patterns,
// norm scales and MLP outputs frozen. All contributions and the remainder add up to the logits, before their soft cap
// where the model has one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/expand/path.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// A linear function of the logits: the logit of `token`, minus that of `minus` or minus the mean over the vocabulary.
struct Target {
    int token = -1;  ///< -1: the model's top token at the position
    int minus = -1;
    bool minus_mean = true;
};

/// Reads `A`, `A-B` or `A-mean`, tokens as numbers. Throws Error(Usage).
Target parse_target(std::string_view text);

struct PathMeasureOptions {
    int max_heads = 2;
    Target target;
    std::optional<int> at;       ///< position; nothing: the last one
    bool all_positions = false;  ///< every position instead
    bool by_source_token =
        false;  ///< each contribution split by the position that the path reads at its source
    std::uint64_t max_paths = 100000;
    EvaluateOptions evaluate{.precision = Precision::Double};
};

struct PathRow {
    std::optional<Path> path;  ///< nothing: the remainder, all paths through more heads
    int position = 0;
    int source_position = -1;  ///< with by_source_token; -1: the whole
    double norm = 0;           ///< L2 norm over the vocabulary
    double target_logit = 0;
};

struct PathTable {
    /// By position, order, source, heads; the remainder last.
    std::vector<PathRow> rows;
    std::vector<int> targets;  ///< the target's token of each position in `positions`
    std::vector<int> positions;
    double closure = 0;        ///< largest |sum of the rows - logits| over positions and vocabulary
    double largest_logit = 0;  ///< what the closure is to be compared with
};

/// Throws Error: Limit (more than max_paths rows: the count is in the message), Usage, and as evaluate.
PathTable path_contributions(const Model& model, std::span<const int> tokens,
                             const PathMeasureOptions& options = {});

/// The networks that `path_contributions` evaluates at one position of a run of `n_tokens` tokens: for plans.
std::vector<Expr> path_networks(const Config& config, int n_tokens, const PathMeasureOptions& options = {});

/// `embed > L0H3.V > unembed`, `remainder`.
std::string label(const PathRow& row);

}  // namespace headway
