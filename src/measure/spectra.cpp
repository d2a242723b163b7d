// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/spectra.hpp"

#include "headway/base/error.hpp"
#include "headway/linalg/spectra.hpp"
#include "measure/spectral_work.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace headway {

namespace {

// A score of every head: which, and of what circuit.
struct Wanted {
    SpectralScore HeadSpectra::*score;
    CircuitKind kind;
    CircuitEnds ends;
};
constexpr std::array wanted{Wanted{&HeadSpectra::copying_ov, CircuitKind::OV, CircuitEnds::Stream},
                            Wanted{&HeadSpectra::copying_full_ov, CircuitKind::OV, CircuitEnds::Vocabulary},
                            Wanted{&HeadSpectra::matching_full_qk, CircuitKind::QK, CircuitEnds::Vocabulary}};

HeadCircuit circuit_of(const Wanted& of, int layer, int rotary_offset) {
    const bool turns = of.kind == CircuitKind::QK;
    return {.kind = of.kind, .heads = {{layer, 0}}, .rotary_offset = turns ? rotary_offset : 0};
}

std::vector<HeadSpectra> empty_table(const Config& config) {
    std::vector<HeadSpectra> table;
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head) table.push_back({.head = {layer, head}});
    return table;
}

// Why the model has not this circuit; empty where it has.
std::string objection(const Config& config, const Wanted& of, int rotary_offset) {
    try {
        circuit_inner(config, circuit_of(of, 0, rotary_offset), of.ends);
        return {};
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unsupported) throw;
        const std::string message = error.what();  // `ov:L0H0: norms stand ...`
        return message.substr(message.find(": ") + 2);
    }
}

}  // namespace

SpectralScore spectral_score(const xt::xtensor<double, 2>& matrix, double relative_error,
                             bool keep_eigenvalues) {
    Eigenvalues found = eigenvalues(matrix);
    const auto n = static_cast<double>(found.values.size());
    double square = 0, trace = 0, magnitude = 0, condition = 0;
    for (const double entry : matrix) square += entry * entry;
    for (std::size_t i = 0; i < found.values.size(); ++i) {
        trace += matrix(i, i);
        magnitude += std::abs(found.values[i]);
        condition += found.condition[i];
    }
    const double error = (relative_error + n * 0x1p-53) * std::sqrt(square);
    SpectralScore score;
    if (square == 0) {
        score.undefined = "the circuit is zero";
    } else if (magnitude <= n * error) {
        score.undefined = "no eigenvalue beyond rounding";
    } else {
        score.value = std::clamp(trace / magnitude, -1.0, 1.0);
        const double first_order = (std::sqrt(n) + std::abs(score.value) * condition) * error / magnitude;
        score.error = std::min(first_order, 1 + std::abs(score.value));
    }
    if (!keep_eigenvalues) return score;
    score.eigenvalues = std::move(found.values);
    score.condition = std::move(found.condition);
    return score;
}

std::vector<HeadSpectra> head_spectra(const Model& model, const SpectraOptions& options) {
    const Config& config = model.config();
    std::vector<HeadSpectra> table = empty_table(config);
    std::vector<Expr> networks;
    std::vector<std::pair<const Wanted*, int>> which;  // and layer, of each network
    std::size_t positions = 0;
    for (const Wanted& of : wanted) {
        if (std::string why = objection(config, of, options.rotary_offset); !why.empty()) {
            for (HeadSpectra& row : table) (row.*of.score).undefined = why;
            continue;
        }
        for (int layer = 0; layer < config.n_layers; ++layer) {
            const HeadCircuit circuit = circuit_of(of, layer, options.rotary_offset);
            networks.push_back(open_circuit(config, circuit, of.ends));
            which.emplace_back(&of, layer);
            positions = std::max(positions, positions_of(config, circuit));
        }
    }
    score_each(model, networks, positions, options,
               [&](std::size_t network, std::size_t head, SpectralScore score) {
                   const auto [of, layer] = which[network];
                   const auto row = static_cast<std::size_t>(layer * config.n_heads) + head;
                   table[row].*of->score = std::move(score);
               });
    return table;
}

SpectralScore spectral_score(const Model& model, const HeadCircuit& circuit, CircuitEnds ends,
                             const SpectraOptions& options) {
    SpectralScore result;
    const Expr network = circuit_inner(model.config(), circuit, ends);
    score_each(model, {&network, 1}, positions_of(model.config(), circuit), options,
               [&](std::size_t, std::size_t, SpectralScore score) { result = std::move(score); });
    return result;
}

}  // namespace headway
