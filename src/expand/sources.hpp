// What a Config says about sources: which exist, and which heads can follow them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/expand/source.hpp"

namespace headway {

/// Throws Error(Unsupported) when the logits are no sum of paths: a nonlinear head.
void require_paths(const Config& config);

/// Whether paths of the model begin at this source; a value bias without a head stands for its layer.
bool has_source(const Config& config, const Source& source);

/// Which heads a path goes on with.
struct Entry {
    bool reads_heads = true;         ///< heads can follow at all
    int first_layer = 0;             ///< of the first head
    bool through_own_layer = false;  ///< the first head must be one of `first_layer`
    int own_heads = 0;               ///< heads that the source itself counts for
};
Entry entry_of(const Config& config, const Source& source);

}  // namespace headway
