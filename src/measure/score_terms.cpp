// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/score_terms.hpp"

#include "headway/base/error.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/path_term.hpp"

#include <cmath>

namespace headway {

ScoreTermTable score_terms(const Model& model, std::span<const int> tokens, Head head, int query, int key,
                           const EvaluateOptions& options) {
    const auto n = static_cast<int>(tokens.size());
    for (int at : {query, key})
        require(at >= 0 && at < n, ErrorKind::Usage,
                "position {} is out of range: the run has positions 0 to {}", at, n - 1);
    const FrozenModel frozen(model.config());
    const ScoreExpansion expansion = expand_score(frozen, head);
    const Index q{Space::Position, 0}, k{Space::Position, 1};
    const auto at_pair = [&](const Expr& term) {
        return normalise(product(
            {{term, {q, k}}, {one_hot(Space::Position, query), {q}}, {one_hot(Space::Position, key), {k}}},
            {}));
    };
    ScoreTermTable table;
    std::vector<Expr> terms;
    for (std::size_t i = 0; i < expansion.query.size(); ++i)
        for (std::size_t j = 0; j < expansion.key.size(); ++j) {
            const Source &from = expansion.query[i].source, &to = expansion.key[j].source;
            table.rows.push_back({from, to, score_class(from, to), 0});
            terms.push_back(at_pair(score_term(expansion, i, j)));
        }
    if (expansion.alibi != nullptr) {
        const Source distance{SourceKind::Alibi};
        table.rows.push_back({distance, distance, score_class(distance, distance), 0});
        terms.push_back(at_pair(expansion.alibi));
    }
    terms.push_back(at_pair(whole_score(frozen, head)));
    double sum = 0;
    evaluate_each(model, terms, tokens, options, [&](std::size_t i, const xt::xarray<double>& value) {
        if (i == table.rows.size()) {
            table.score = value.data()[0];
            return;
        }
        table.rows[i].value = value.data()[0];
        sum += value.data()[0];
    });
    table.closure = std::abs(sum - table.score);
    return table;
}

}  // namespace headway
