// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/projection.hpp"

#include "headway/base/error.hpp"
#include "headway/linalg/spectra.hpp"
#include "headway/model/given_leaves.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace headway {

namespace {

constexpr double least_singular_value = 1e-6;  // of the largest: below it a direction is not written
constexpr double least_change = 1e-6;          // of a score that is reported

// A reader's weight: its symbol, layer, and head (of K and V: key-value head).
using ReaderWeight = std::tuple<std::string, int, int>;

ReaderWeight weight_of(const Config& config, const ScaledEdge& edge) {
    const int head = edge.input == Reader::Q ? edge.reader.index : edge.reader.index / config.group_size();
    const char* symbol = edge.input == Reader::Q ? "W_Q" : edge.input == Reader::K ? "W_K" : "W_V";
    return {symbol, edge.reader.layer, head};
}

// The directions, with length, that the writers write: rows s_i v_i, [writers * d_head, d_model].
xt::xtensor<double, 2> written(const Model& model, const std::set<Source>& writers) {
    const auto d = static_cast<std::size_t>(model.config().d_model);
    const auto e = static_cast<std::size_t>(model.config().d_head);
    xt::xtensor<double, 2> rows = xt::zeros<double>({writers.size() * e, d});
    std::size_t row = 0;
    for (const Source& writer : writers) {
        const WeightArray<double> v = model.leaf<double>("V_OV", writer.layer);
        const WeightArray<double> s = model.leaf<double>("s_OV", writer.layer);
        const std::size_t first = static_cast<std::size_t>(writer.head) * e;
        const double largest = s.values()[first];
        for (std::size_t i = 0; i < e; ++i, ++row)
            for (std::size_t j = 0; j < d && s.values()[first + i] > least_singular_value * largest; ++j)
                rows(row, j) = v.values()[(first + i) * d + j];
    }
    return rows;
}

// An orthonormal basis of the span of the rows.
xt::xtensor<double, 2> basis_of(const xt::xtensor<double, 2>& rows) {
    const Svd svd_of_rows = svd(rows);
    std::size_t rank = 0;
    while (rank < svd_of_rows.s.size() && svd_of_rows.s(rank) > least_singular_value * svd_of_rows.s(0))
        ++rank;
    xt::xtensor<double, 2> basis = xt::zeros<double>({rank, rows.shape(1)});
    for (std::size_t i = 0; i < rank; ++i)
        for (std::size_t j = 0; j < rows.shape(1); ++j) basis(i, j) = svd_of_rows.v(i, j);
    return basis;
}

// W -= γ⁻¹ P γ W of one head, [d_model, d_head], in place.
void project(double* weight, std::size_t columns, const xt::xtensor<double, 2>& basis,
             const std::vector<double>& gain) {
    const std::size_t d = basis.shape(1);
    for (std::size_t i = 0; i < basis.shape(0); ++i)
        for (std::size_t e = 0; e < columns; ++e) {
            double along = 0;
            for (std::size_t j = 0; j < d; ++j) along += basis(i, j) * gain[j] * weight[j * columns + e];
            for (std::size_t j = 0; j < d; ++j) weight[j * columns + e] -= along * basis(i, j) / gain[j];
        }
}

std::vector<double> gain_in_front(const Model& model, int layer) {
    const auto d = static_cast<std::size_t>(model.config().d_model);
    if (!model.config().norms_before() || model.config().folding.gains) return std::vector<double>(d, 1.0);
    const WeightArray<double> array = model.leaf<double>("ln1.w", layer);
    std::vector<double> gain(array.values().begin(), array.values().end());
    require(std::none_of(gain.begin(), gain.end(), [](double value) { return value == 0; }),
            ErrorKind::Unsupported, "ln1.w[L{}] has zeros: what stands behind them cannot be projected",
            layer);
    return gain;
}

using Bases = std::map<ReaderWeight, xt::xtensor<double, 2>>;

Model projected(const Model& model, const Bases& bases) {
    std::map<std::pair<std::string, int>, GivenLeaf> changed;
    for (const auto& [reader, basis] : bases) {
        const auto& [symbol, layer, head] = reader;
        const auto [place, fresh] = changed.try_emplace({symbol, layer});
        if (fresh) {
            const WeightArray<double> own = model.leaf<double>(symbol, layer);
            place->second = {model.at(symbol, layer), {own.values().begin(), own.values().end()}};
        }
        const auto columns = static_cast<std::size_t>(model.config().d_head);
        const std::size_t size = static_cast<std::size_t>(model.config().d_model) * columns;
        project(place->second.values.data() + static_cast<std::size_t>(head) * size, columns, basis,
                gain_in_front(model, layer));
    }
    std::vector<GivenLeaf> leaves;
    for (auto& [name, leaf] : changed) leaves.push_back(std::move(leaf));
    return with_leaves(model, std::move(leaves));
}

void check_projection(const Config& config, const std::vector<ScaledEdge>& edges) {
    check_edits(config, {.edges = edges});
    require(!edges.empty(), ErrorKind::Usage, "there is no edge to project");
    for (const ScaledEdge& edge : edges) {
        require(edge.factor == 0, ErrorKind::Usage, "{} has a factor: a projection takes all of an edge",
                label(edge));
        require(edge.writer.kind == SourceKind::HeadOutput && edge.input != Reader::Mlp &&
                    edge.input != Reader::Unembed,
                ErrorKind::Unsupported, "{}: only readers Q, K and V of what heads write are projected",
                label(edge));
    }
}

std::vector<ProjectedScore> changes(const CompositionTable& before, const CompositionTable& after,
                                    const std::vector<ScaledEdge>& edges) {
    std::vector<ProjectedScore> scores;
    for (std::size_t i = 0; i < before.rows.size(); ++i) {
        const CompositionRow& row = before.rows[i];
        ProjectedScore score{row.kind, row.writer, row.reader, row.score, after.rows[i].score};
        for (const ScaledEdge& edge : edges)
            score.asked_for =
                score.asked_for || (composition_of(edge.input) == row.kind && edge.reader == row.reader &&
                                    Head{edge.writer.layer, edge.writer.head} == row.writer);
        if (score.asked_for || std::abs(score.after - score.before) > least_change) scores.push_back(score);
    }
    std::stable_sort(scores.begin(), scores.end(), [](const ProjectedScore& a, const ProjectedScore& b) {
        return a.before - a.after > b.before - b.after;
    });
    return scores;
}

}  // namespace

Projection project_readers(const Model& model, const Model& folded, const std::vector<ScaledEdge>& edges,
                           const EvaluateOptions& options) {
    check_projection(model.config(), edges);
    std::map<ReaderWeight, std::set<Source>> writers;
    std::set<Composition> kinds;
    for (const ScaledEdge& edge : edges) {
        writers[weight_of(model.config(), edge)].insert(edge.writer);
        kinds.insert(composition_of(edge.input).value());
    }
    Bases bases;
    for (const auto& [reader, of_reader] : writers)
        bases.emplace(reader, basis_of(written(folded, of_reader)));
    const std::vector<Composition> list(kinds.begin(), kinds.end());
    return {projected(model, bases), changes(composition(folded, list, options),
                                             composition(projected(folded, bases), list, options), edges)};
}

}  // namespace headway
