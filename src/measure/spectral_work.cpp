// SPDX-License-Identifier: Apache-2.0
#include "measure/spectral_work.hpp"

#include "contract/parallel.hpp"
#include "headway/expand/open_head.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace headway {

namespace {

// The unit roundoff of an evaluation times what products of weights that hardly overlap lose beside it.
double relative_error(const Config& config, Precision precision) {
    const double roundoff = precision == Precision::Double ? 0x1p-53 : 0x1p-24;
    return roundoff * std::sqrt(static_cast<double>(config.d_model));
}

// Multiply-adds that take as long as the eigenvalues of a matrix with their condition numbers: for progress.
std::uint64_t eigenvalue_work(std::size_t n) { return std::uint64_t{200} * n * n * n; }

// How many matrices a value is a stack of.
std::uint64_t matrices_in(const Expr& network, const Sizes& sizes) {
    std::uint64_t count = 1;
    for (std::size_t port = 0; port + 2 < network->ports().size(); ++port)
        count *= static_cast<std::uint64_t>(sizes[network->ports()[port]]);
    return count;
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
    Progress* const progress = evaluation.progress;
    const Sizes sizes = sizes_of(model.config(), static_cast<std::int64_t>(positions));
    for (const Expr& network : networks)
        advance(progress, &Progress::all_work, eigenvalue_work(n) * matrices_in(network, sizes));
    Threads threads(evaluation.threads);
    const std::vector<int> tokens(positions);
    evaluate_each(model, networks, tokens, evaluation,
                  [&](std::size_t network, const xt::xarray<double>& stack) {
                      threads.run(static_cast<std::int64_t>(stack.size() / (n * n)), [&](std::int64_t i) {
                          const auto number = static_cast<std::size_t>(i);
                          take(network, number,
                               spectral_score(matrix_of(stack, number, n), error, options.keep_eigenvalues));
                          advance(progress, &Progress::work, eigenvalue_work(n));
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
