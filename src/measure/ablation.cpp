// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/ablation.hpp"

#include "headway/base/error.hpp"
#include "measure/loss.hpp"

#include <limits>
#include <numeric>

namespace headway {

namespace {

double mean_loss(const EditedModel& edited, const std::vector<std::vector<int>>& rows,
                 const EvaluateOptions& options) {
    double sum = 0;
    std::size_t n = 0;
    for (const std::vector<int>& row : rows) {
        const std::vector<double> loss =
            losses(evaluate(edited.model, edited.network.output, row, options), row);
        sum = std::accumulate(loss.begin(), loss.end(), sum);
        n += loss.size();
    }
    return n == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(n);
}

}  // namespace

std::vector<AblationRow> ablate(const Model& model, const std::vector<AblationCase>& cases,
                                const AblationData& data, const EvaluateOptions& options) {
    std::vector<AblationRow> rows;
    for (const AblationCase& each : cases) {
        const EditedModel other = edited(model, each.edits);
        rows.push_back({each, probe(other.model, other.network, data.probe, options),
                        mean_loss(other, data.text, options), edit_conditions(model.config(), each.edits)});
    }
    return rows;
}

}  // namespace headway
