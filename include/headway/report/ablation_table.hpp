// Ablations as a table: one row a case.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/ablation.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// Columns: `case`, `edits` (detail), the induction of each of `heads` (a column called L1H4), `loss_first`,
/// `loss_second`, and `loss_text` where `on_text`. The caption says what is averaged, and what the cases do
/// to a run.
Table ablation_rows(const std::vector<AblationRow>& rows, const std::vector<Head>& heads, bool on_text);

}  // namespace headway
