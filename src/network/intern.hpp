// Hash-consing: equal expressions are one object. The table is shared by the process, guarded by a mutex, and
// invisible: it holds no expression alive and no result depends on what is in it. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

namespace headway {

/// The one node of this kind with these ports. Requires: checked and canonical.
Expr intern(Kind kind, std::vector<Space> ports);

}  // namespace headway
