// Two models held against each other, as a table of what differs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/compare.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// A size or kind that differs: `d_mlp`, `layers.1.window`. Empty: the model has no such thing.
struct ConfigDifference {
    std::string name, a, b;
};

/// What differs between the sizes and kinds of two models, but for folding, and for names and ties of their
/// files. Numbers are the same when they are the same float: some formats keep no more.
std::vector<ConfigDifference> compare_configs(const Config& a, const Config& b);

struct ModelComparison {
    std::vector<ConfigDifference> config = {};
    std::vector<LeafDifference> leaves = {};
    double tolerance = 0;  ///< of LeafDifference::relative; 0: the same numbers

    bool agrees(const LeafDifference& leaf) const;
    bool agree() const;
};

/// What differs: columns `what,name,model,against,differing,largest,at,relative`. The caption counts what
/// does not.
Table comparison_rows(const ModelComparison& comparison, const Model& model, const Model& against);

}  // namespace headway
