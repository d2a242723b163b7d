// Edits on the command line: the flags of all commands that run or weigh an edited model.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/arguments.hpp"
#include "headway/measure/edited_model.hpp"

#include <string>
#include <vector>

namespace headway {

/// `--zero`, `--scale`: edits of weights. In a run `--scale` takes edges as well.
std::vector<Flag> weight_edit_flags();
/// These and `--close`, `--pattern`, `--norm-scale`: edits of a run.
FlagGroup edit_flags();

/// What the flags ask for, but for the arrays of `--pattern`. Throws Error(Usage) with the flag and the item,
/// and as check_edits.
Edits edits_of(const Arguments& arguments, const Config& config);
/// The model as the flags edit it; without them the model and its own network.
EditedModel edited_model(const Arguments& arguments, const Model& model);
/// The files of `--pattern`, which are inputs.
std::vector<std::string> edit_files(const Arguments& arguments);

}  // namespace headway
