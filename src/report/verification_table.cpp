// SPDX-License-Identifier: Apache-2.0
#include "headway/report/verification_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace headway {

namespace {

std::string extents_text(const Sizes& sizes) {
    std::string text;
    for (int i = 0; i < n_spaces; ++i) {
        const auto space = static_cast<Space>(i);
        if (sizes[space] > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(space), sizes[space]);
    }
    return text;
}

std::string summary_of(const NamedVerification& check) {
    const Verification& made = check.verification;
    return fmt::format(
        "{}: {} terms, {} random points modulo 2^61 - 1, chance of accepting an error at most {:.2g}.",
        check.name, made.terms, made.trials, made.collision_bound);
}

}  // namespace

Table verification_rows(const std::vector<NamedVerification>& checks, const Closure* closure) {
    Table table;
    table.columns = {
        {"result", ColumnKind::Text}, {"check", ColumnKind::Text}, {"statement", ColumnKind::Text}};
    std::set<std::string> said;
    std::vector<std::vector<Cell>> limits;
    for (const NamedVerification& check : checks) {
        const Verification& made = check.verification;
        table.caption.push_back(summary_of(check));
        for (const std::string& statement : made.proved)
            table.rows.push_back({std::string("proved"), check.name, statement});
        if (!made.holds) table.rows.push_back({std::string("failed"), check.name, made.failure});
        for (const std::string& statement : made.not_proved)
            if (said.insert(statement).second)
                limits.push_back({std::string("not proved"), check.name, statement});
    }
    if (!checks.empty() && !checks.front().verification.extents.empty())
        table.caption.push_back(
            "Sizes of the first point: " + extents_text(checks.front().verification.extents.front()) + ".");
    if (closure != nullptr)
        table.rows.push_back(
            {std::string(closure->holds() ? "closed" : "not closed"), std::string("numbers"),
             fmt::format(
                 "on {} tokens the rows add up to the logits up to {:.3g}, {:.3g} of the largest logit "
                 "(allowed: {:.0e})",
                 closure->tokens, closure->residual,
                 closure->largest_logit > 0 ? closure->residual / closure->largest_logit : 0.0,
                 closure->tolerance)});
    table.rows.insert(table.rows.end(), limits.begin(), limits.end());
    return table;
}

Table self_check_rows(const SelfCheck& check) {
    Table table;
    table.caption = {
        fmt::format("Every pass on {} random expressions, both sides evaluated modulo 2^61 - 1: {}.",
                    check.expressions, check.holds() ? "all equal" : "NOT all equal")};
    table.columns = {{"pass", ColumnKind::Text},
                     {"expressions", ColumnKind::Integer},
                     {"changed", ColumnKind::Integer},
                     {"failed", ColumnKind::Integer},
                     {"first_failure", ColumnKind::Text, 0, check.holds()}};
    for (const PassCheck& pass : check.passes)
        table.rows.push_back({pass.pass, static_cast<std::int64_t>(pass.applied),
                              static_cast<std::int64_t>(pass.changed), static_cast<std::int64_t>(pass.failed),
                              pass.first_failure});
    return table;
}

Table mutant_rows(const std::vector<MutantCount>& counts) {
    Table table;
    table.columns = {{"pass", ColumnKind::Text},
                     {"rejected", ColumnKind::Integer},
                     {"survived", ColumnKind::Integer},
                     {"no_mutants", ColumnKind::Integer}};
    for (int i = 0; i < n_mutations; ++i)
        table.columns.push_back({std::string(name(static_cast<Mutation>(i))), ColumnKind::Integer, 0, true});
    std::uint64_t rejected = 0, survived = 0;
    for (const MutantCount& count : counts) {
        rejected += count.total_rejected();
        survived += count.survived;
        std::vector<Cell> row{count.pass, static_cast<std::int64_t>(count.total_rejected()),
                              static_cast<std::int64_t>(count.survived),
                              static_cast<std::int64_t>(count.same + count.symmetric + count.irrelevant)};
        for (const std::uint64_t number : count.rejected) row.emplace_back(static_cast<std::int64_t>(number));
        table.rows.push_back(std::move(row));
    }
    table.caption = {fmt::format("Wrong results on purpose, given to the proof: {} rejected, {} accepted.",
                                 rejected, survived)};
    return table;
}

}  // namespace headway
