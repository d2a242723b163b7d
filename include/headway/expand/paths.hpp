// All paths of a model through at most so many heads: counted exactly before anything is listed, then listed
// one at a time.
//
// A path from the embedding through j heads is a choice of j layers and of a head in each, so there are
// C(n_layers, j) n_heads^j: 9,504 through two heads of GPT-2 small, 13^12 in all. Hence counts without
// enumeration, a lazy generator, and a limit.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace headway {

/// The sources of a model's paths, in the order of the residual stream. Value biases: one a query head.
std::vector<Source> path_sources(const Config& config);

/// Paths from `source` of exactly `order` heads. Throws Error(Limit) when 64 bits cannot hold the number.
std::uint64_t count_paths(const Config& config, const Source& source, int order);

/// Exact numbers of paths: `of[kind][order]` for all sources of a kind together, up to the largest order
/// asked for that the model has.
struct PathCounts {
    std::array<std::vector<std::uint64_t>, n_source_kinds> of;
    /// 0 for an order that was not asked for.
    std::uint64_t at(SourceKind kind, int order) const;
    /// Throw Error(Limit) when 64 bits cannot hold the sum.
    std::uint64_t of_order(int order) const;
    std::uint64_t total() const;
};
/// Orders 0 .. min(max_heads, n_layers). Throws Error(Limit) when 64 bits cannot hold a number.
PathCounts count_paths(const Config& config, int max_heads);

struct PathOptions {
    int max_heads = 2;
    std::uint64_t max_paths = 100000;
    /// Only the paths of this source; a value bias without a head: of its layer.
    std::optional<Source> source = std::nullopt;
};

/// The paths by order, then source (as `path_sources` has them), then heads: a generator that holds one path
/// at a time.
class Paths {
public:
    /// Throws Error(Limit) with the exact count when there are more than `max_paths`.
    explicit Paths(const Config& config, const PathOptions& options = {});
    /// The next path, or nothing at the end.
    std::optional<Path> next();
    /// How many there are in all.
    std::uint64_t count() const { return count_; }

private:
    bool first();
    bool advance();

    Config config_;
    PathOptions options_;
    std::vector<Source> sources_;
    std::uint64_t count_ = 0;
    int order_ = 0;
    std::size_t source_ = 0;
    bool fresh_ = true;  // no path of this source and order was given yet
    std::vector<Head> heads_;
};

/// The layers that paths from `source` through exactly `order` heads go through, first to last: what
/// `layer_term` takes. A value bias is given without a head, and its own layer is not listed. Throws
/// Error(Usage) for a source that the model has not, Error(Limit) above 100,000 sequences.
std::vector<std::vector<int>> layer_sequences(const Config& config, const Source& source, int order);

}  // namespace headway
