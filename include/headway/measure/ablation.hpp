// Causes: what the behaviour of heads and the loss of a model become when edges are closed, heads or
// components removed. One row a case, the model as it is first.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/edited_model.hpp"
#include "headway/measure/probe.hpp"

#include <string>
#include <vector>

namespace headway {

/// What is done, under a name.
struct AblationCase {
    std::string name;
    Edits edits = {};
};

/// What the cases are tried on.
struct AblationData {
    std::vector<std::vector<int>> probe = {};  ///< rows `[b, r, r]` of one length
    std::vector<std::vector<int>> text = {};   ///< rows of one length; none: no loss on text
};

struct AblationRow {
    AblationCase of;
    Probe probe;                          ///< attention of all heads; losses of both copies
    double loss_text = 0;                 ///< mean over all predictions of all rows; NaN without text
    std::vector<std::string> notes = {};  ///< conditions of its edits: edit_conditions
};

/// One row for each case, in order. Cost: a run of each row of `data` a case. Throws as edited and
/// probe.
std::vector<AblationRow> ablate(const Model& model, const std::vector<AblationCase>& cases,
                                const AblationData& data, const EvaluateOptions& options = {});

}  // namespace headway
