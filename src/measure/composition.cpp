// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/composition.hpp"

#include "measure/pair_norms.hpp"

#include <cmath>
#include <limits>

namespace headway {

namespace {

std::vector<EdgeKind> edge_kinds_of(const std::vector<Composition>& kinds) {
    std::vector<EdgeKind> edges;
    for (const Composition kind : kinds) edges.push_back({Writer::Heads, reader_of(kind)});
    return edges;
}

CompositionRow row_of(const EdgeRow& edge) {
    const EdgeWeight& w = edge.weight;
    CompositionRow row{.kind = composition_of(edge.reader).value(),
                       .writer = edge.from,
                       .reader = edge.to,
                       .score = w.score,
                       .baseline = w.baseline,
                       .excess = w.excess,
                       .z = w.z,
                       .percentile = w.percentile,
                       .robust_z_writer = w.robust_z_writer,
                       .robust_z_reader = w.robust_z_reader,
                       .participation_writer = w.participation_writer,
                       .participation_reader = w.participation_reader,
                       .undefined = w.undefined};
    // score² = overlap / sqrt(participations); an undefined score makes it NaN
    row.overlap = w.score * w.score * std::sqrt(w.participation_writer * w.participation_reader);
    return row;
}

}  // namespace

std::vector<Expr> composition_networks(const Config& config, const std::vector<Composition>& kinds,
                                       const ScoreOptions& score) {
    return pair_norm_networks(config, edge_kinds_of(kinds), score);
}

CompositionTable composition(const Model& model, const std::vector<Composition>& kinds,
                             const EvaluateOptions& options, const ScoreOptions& score) {
    CompositionTable table;
    table.score = score;
    table.effective_dimension = effective_dimension(model.config(), score);
    table.baseline = 1 / std::sqrt(static_cast<double>(table.effective_dimension));
    for (const EdgeRow& edge : edge_weights(model, edge_kinds_of(kinds), options, score))
        table.rows.push_back(row_of(edge));
    return table;
}

xt::xarray<double> as_array(const CompositionTable& table, Composition kind, const Config& config) {
    const auto layers = static_cast<std::size_t>(config.n_layers),
               heads = static_cast<std::size_t>(config.n_heads);
    xt::xarray<double> result = xt::xarray<double>::from_shape({layers, heads, layers, heads});
    result.fill(std::numeric_limits<double>::quiet_NaN());
    for (const CompositionRow& row : table.rows)
        if (row.kind == kind)
            result(row.writer.layer, row.writer.index, row.reader.layer, row.reader.index) = row.score;
    return result;
}

}  // namespace headway
