// SPDX-License-Identifier: Apache-2.0
#include "measure/spectral_work.hpp"

#include "contract/parallel.hpp"
#include "headway/expand/open_head.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace headway {

namespace {

// The unit roundoff of an evaluation times what products of weights that hardly overlap lose beside it.
double relative_error(const Config& config, Precision precision) {
    const double roundoff = precision == Precision::Double ? 0x1p-53 : 0x1p-24;
    return roundoff * std::sqrt(static_cast<double>(config.d_model));
}

xt::xtensor<double, 2> matrix_of(const xt::xarray<double>& stack, std::size_t number, std::size_t n) {
    xt::xtensor<double, 2> matrix = xt::xtensor<double, 2>::from_shape({n, n});
    std::copy_n(stack.data() + number * n * n, n * n, matrix.data());
    return matrix;
}

}  // namespace

void score_each(const Model& model, std::span<const Expr> networks, std::size_t positions,
                const SpectraOptions& options, const TakeScore& take) {
    const auto n = static_cast<std::size_t>(model.config().d_head);
    const double error = relative_error(model.config(), options.evaluate.precision);
    EvaluateOptions evaluation = options.evaluate;
    evaluation.balance_heads = !options.keep_eigenvalues;  // which would be those of other weights
    Threads threads(evaluation.threads);
    const std::vector<int> tokens(positions);
    evaluate_each(model, networks, tokens, evaluation,
                  [&](std::size_t network, const xt::xarray<double>& stack) {
                      threads.run(static_cast<std::int64_t>(stack.size() / (n * n)), [&](std::int64_t i) {
                          const auto number = static_cast<std::size_t>(i);
                          take(network, number,
                               spectral_score(matrix_of(stack, number, n), error, options.keep_eigenvalues));
                      });
                  });
}

Expr open_circuit(const Config& config, const HeadCircuit& circuit, CircuitEnds ends) {
    Expr network =
        open_head(circuit_inner(config, circuit, ends), circuit.heads.front(), config.group_size());
    for (const Head writer : circuit.writers) network = open_head(network, writer, config.group_size());
    return network;
}

std::size_t positions_of(const Config& config, const HeadCircuit& circuit) {
    if (circuit.kind == CircuitKind::PositionQK) return static_cast<std::size_t>(config.n_ctx);
    return circuit.rotary_offset > 0 ? static_cast<std::size_t>(circuit.rotary_offset) + 1 : 0;
}

}  // namespace headway
