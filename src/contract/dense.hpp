// A structure or copy tensor as an array: what the symbolic form stands for, entry by entry.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/array.hpp"
#include "headway/network/expression.hpp"

#include <span>

namespace headway {

/// The entries of a Structure or Copy node of the given shape; `tokens` are those of the run. Uncontracted
/// results are the only use of this: inside products structures stay symbolic. Requires: `node` is a
/// Structure or a Copy.
template <class T>
Array<T> dense(const Node& node, const Dims& shape, std::span<const int> tokens, Workspace& workspace);

}  // namespace headway
