// Which tensor of a checkpoint each leaf is, and what became of every tensor.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "headway/model/model.hpp"
#include "model/architecture.hpp"
#include "model/layout.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace headway {

/// A leaf's tensor and its place in it.
struct StoredLeaf {
    StoredTensor tensor;
    TensorLayout layout;
    double plus = 0.0;  ///< added to every element
};

/// The tensors of a checkpoint by the names that the architecture's patterns have: without a wrapper's prefix
/// (`module.` of all tensors, or one of the architecture's).
class TensorNames {
public:
    TensorNames(const WeightFiles& files, std::string_view wrappers);
    /// The tensor of a pattern, with or without its bracketed prefix. Throws Error(Unsupported) when both are
    /// there.
    const StoredTensor* find(std::string_view pattern, int layer) const;
    bool has(std::string_view pattern) const { return find(pattern, 0) != nullptr; }
    /// Names without the wrapper, and their tensors.
    const std::map<std::string, const StoredTensor*, std::less<>>& all() const { return by_name_; }

private:
    const WeightFiles& files_;
    std::map<std::string, const StoredTensor*, std::less<>> by_name_;
};

struct Match {
    std::map<LeafName, StoredLeaf> leaves;
    std::vector<TensorUse> tensors;
    std::optional<StoredTensor> tied_copy = {};  ///< stored beside the embedding to which W_U is tied
};

/// Throws Error(Unsupported) unless the copy is the embedding, in `blocks` of at most 1 MiB spread evenly
/// over them. Opening a large file looks at a few, reading W_U at all.
void check_tied(const WeightFiles& files, const StoredTensor& embedding, const StoredTensor& copy,
                std::uint64_t blocks);
inline constexpr std::uint64_t all_blocks = std::numeric_limits<std::uint64_t>::max();

/// Matches every stored leaf of `reading`, and a tied W_U, with a tensor of the right shape and type. Throws
/// one Error(Unsupported) that lists all missing tensors, or names the first of a wrong shape, or all that
/// the architecture does not know.
Match match_tensors(const Architecture& architecture, const ConfigReading& reading, const WeightFiles& files,
                    const TensorNames& names, bool allow_unknown);

}  // namespace headway
