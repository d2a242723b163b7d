// A GGUF model that is split into files NAME-00001-of-00003.gguf, ...
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_content.hpp"

namespace headway {

/// When the one file in `content` says that it is part of a split model, adds the other parts, which lie
/// beside it; the metadata become those of the first. Throws Error: Malformed (a name or number that does not
/// fit, a tensor in two parts), Io (all missing parts at once).
void add_other_gguf_parts(WeightFiles::Content& content);

}  // namespace headway
