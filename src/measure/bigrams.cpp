// SPDX-License-Identifier: Apache-2.0
#include "measure/bigrams.hpp"

#include "headway/contract/tiles.hpp"
#include "headway/expand/head_circuit.hpp"

#include <algorithm>
#include <set>
#include <span>

namespace headway {

namespace {

/// Logits of the direct path, above the mean over the vocabulary.
class Bigrams {
public:
    Bigrams(const Model& model, const std::set<int>& destinations, const std::set<int>& outputs,
            const EvaluateOptions& options)
        : destinations_(destinations.begin(), destinations.end()), outputs_(outputs.begin(), outputs.end()) {
        const Expr direct =
            circuit_matrix(model.config(), {.kind = CircuitKind::Direct}, CircuitEnds::Vocabulary);
        const std::vector<FactoredMatrix<double>> factored =
            factor_matrices<double>(model, std::span(&direct, 1), destinations_, outputs_, options);
        logits_.resize(destinations_.size() * outputs_.size());
        visit_tiles<double>(
            factored.front(), {.threads = 1}, [this](const Tile<double>& tile, std::span<char> /*finished*/) {
                for (std::size_t i = 0; i < tile.rows.size(); ++i)
                    std::ranges::copy(tile.row(i),
                                      logits_.begin() + tile.first_column +
                                          tile.rows[i] * static_cast<std::int64_t>(outputs_.size()));
            });
        add_means(model, options);
    }

    double operator()(int destination, int output) const {
        const auto row = place(destinations_, destination), column = place(outputs_, output);
        return logits_[row * outputs_.size() + column] - means_[row];
    }

private:
    static std::size_t place(const std::vector<int>& tokens, int token) {
        return static_cast<std::size_t>(std::ranges::lower_bound(tokens, token) - tokens.begin());
    }

    /// A few tokens at a time: a run has no more than n_ctx.
    void add_means(const Model& model, const EvaluateOptions& options) {
        const Config& config = model.config();
        const Expr sum = circuit_row_sums(config, {.kind = CircuitKind::Direct});
        constexpr std::size_t most = 64;
        const std::size_t chunk = std::min(most, static_cast<std::size_t>(std::max(config.n_ctx, 1)));
        for (std::size_t at = 0; at < destinations_.size(); at += chunk) {
            const std::size_t n = std::min(chunk, destinations_.size() - at);
            for (const double value : evaluate(model, sum, std::span(destinations_).subspan(at, n), options))
                means_.push_back(value / config.d_vocab);
        }
    }

    std::vector<int> destinations_, outputs_;
    std::vector<double> logits_;
    std::vector<double> means_;
};

/// The strongest destination of a source that the output follows, when it does not follow this one.
void add_bug(const Bigrams& bigram, std::size_t source, int destination, int output, SkipTrigramRow& row) {
    constexpr double follows = 1.0;
    if (bigram(destination, output) >= 0) return;
    for (const int other : row.strongest[source])
        if (other != destination && bigram(other, output) >= follows) {
            row.bugs.push_back({row.sources[source].token, destination, output, other});
            return;
        }
}

}  // namespace

void add_bigrams(const Model& model, std::vector<SkipTrigramRow>& rows, const EvaluateOptions& options) {
    std::set<int> destinations, outputs;
    for (const SkipTrigramRow& row : rows) {
        for (const TokenValue& each : row.destinations) destinations.insert(each.token);
        for (const std::vector<int>& each : row.strongest) destinations.insert(each.begin(), each.end());
        for (const TokenValue& each : row.outputs) outputs.insert(each.token);
    }
    if (rows.empty()) return;
    const Bigrams bigram(model, destinations, outputs, options);
    for (SkipTrigramRow& row : rows) {
        row.bigram = bigram(row.destinations.front().token, row.outputs.front().token);
        for (std::size_t source = 0; source < row.sources.size(); ++source)
            for (const TokenValue& destination : row.destinations)
                for (std::size_t output = 0; output < row.outputs.size(); ++output)
                    if (row.sources.size() == 1 || output == source)
                        add_bug(bigram, source, destination.token, row.outputs[output].token, row);
    }
}

}  // namespace headway
