// SPDX-License-Identifier: Apache-2.0
#include "headway/report/plan_table.hpp"

#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace headway {

Table plan_rows(const Plan& plan) {
    Table table;
    table.caption = {
        fmt::format(
            "{} steps, {:.6g} multiply-adds ({:.6g} flops); without symmetry and impossible pairs {:.6g} "
            "multiply-adds.",
            plan.steps.size(), plan.multiply_adds, 2 * plan.multiply_adds, plan.multiply_adds_plain),
        fmt::format("Peak memory beyond the weights: {}.",
                    bytes_text(static_cast<std::uint64_t>(std::llround(plan.peak_bytes))))};
    table.columns = {{"step", ColumnKind::Integer},
                     {"depth", ColumnKind::Integer},
                     {"multiply_adds", ColumnKind::Number, 0},
                     {"times", ColumnKind::Number, 0},
                     {"bytes", ColumnKind::Number, 0},
                     {"how", ColumnKind::Text},
                     {"what", ColumnKind::Text}};
    std::int64_t number = 0;
    for (const PlanStep& step : plan.steps)
        table.rows.push_back({++number, std::int64_t{step.depth}, step.multiply_adds, step.times, step.bytes,
                              step.how, step.what});
    return table;
}

}  // namespace headway
