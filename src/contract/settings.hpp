// How the options of an evaluation become options of its plan: one place, so that `plan` shows what
// `evaluate` does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/compile.hpp"
#include "headway/contract/evaluate.hpp"

namespace headway {

/// With the extent of layer indices that the options say.
Sizes sizes_of(const Config& config, std::int64_t n_tokens, const EvaluateOptions& options);

/// `element`: bytes of a number.
CompileOptions settings(const Config& config, const EvaluateOptions& options, std::size_t element);

}  // namespace headway
