// Contraction plans as tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/plan.hpp"
#include "headway/report/table.hpp"

namespace headway {

/// Columns `step,depth,multiply_adds,times,bytes,how,what`. The caption gives the totals, with and without
/// what symmetry and impossible pairs save.
Table plan_rows(const Plan& plan);

}  // namespace headway
