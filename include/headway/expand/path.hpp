// A path from a source through the value inputs of heads to the logits: `embed > L0H3.V > L1H4.V > unembed`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"
#include "headway/expand/source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A source and the heads behind it, from embedding to unembedding, in strictly later layers one after the
/// other. The head that a value bias belongs to is in the source, not in `heads`; a norm bias enters by
/// `heads.front()`, a head of its own layer.
struct Path {
    Source source;
    std::vector<Head> heads;
    auto operator<=>(const Path&) const = default;
};

/// The number of heads traversed; a value bias has traversed its own.
int order(const Path& path);

/// What a table calls a path.
enum class PathClass {
    Direct,   ///< embed or pos, no head
    Single,   ///< one head
    Virtual,  ///< two heads or more: a virtual head
    Bias,     ///< from a bias, whatever it traverses
    Mlp       ///< the output of an MLP, no head
};
PathClass path_class(const Path& path);
/// `direct`, `single`, `virtual`, `bias`, `mlp`.
std::string_view name(PathClass path_class);

/// `embed > L0H3.V > unembed`, `b_V[L0H3] > L1H4.V > unembed`, `mlp5 > unembed`.
std::string label(const Path& path);

/// Reads what `label` writes. Throws Error(Usage) that shows the text.
Path parse_path(std::string_view text);

/// Throws Error(Usage) when the model has no such path: its source, a head, or their order does not exist in
/// it.
void require_path(const Config& config, const Path& path);

}  // namespace headway
