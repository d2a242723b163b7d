// SPDX-License-Identifier: Apache-2.0
#include "headway/report/projection_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headway {

Table projection_rows(const Projection& projection, std::size_t top) {
    Table table;
    table.columns = {{"kind", ColumnKind::Text},
                     {"writer", ColumnKind::Text},
                     {"reader", ColumnKind::Text},
                     {"before"},
                     {"after"},
                     {"change"},
                     {"asked_for", ColumnKind::Text}};
    std::size_t others = 0;
    const auto add = [&](const ProjectedScore& score) {
        table.rows.push_back({std::string(1, letter(score.kind)), label(score.writer), label(score.reader),
                              score.before, score.after, score.after - score.before,
                              std::string(score.asked_for ? "yes" : "")});
    };
    for (const ProjectedScore& score : projection.scores)
        if (score.asked_for) add(score);
    for (const ProjectedScore& score : projection.scores)
        if (!score.asked_for && others++ < top) add(score);
    table.caption = {
        "Projected: the reader's weight is W (1 - P), P on what the writers write. This is not the edge "
        "closed: "
        "what other writers write along the same directions is lost as well.",
        fmt::format("Composition scores before and after; showing {} of {} other pairs that changed.",
                    std::min(others, top), others)};
    return table;
}

}  // namespace headway
