// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/edges.hpp"

#include "headway/base/error.hpp"
#include "measure/standing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace headway {

namespace {

using Values = xt::xarray<double>;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

bool is_head(Reader reader) { return reader != Reader::Mlps && reader != Reader::Unembed; }

bool is_composition(const EdgeKind& kind) { return kind.writer == Writer::Heads && is_head(kind.reader); }

Composition composition_of(Reader reader) {
    return reader == Reader::Q ? Composition::Q : reader == Reader::K ? Composition::K : Composition::V;
}

std::size_t count(const Config& config, bool heads, bool mlps) {
    const auto layers = static_cast<std::size_t>(config.n_layers);
    return heads ? layers * static_cast<std::size_t>(config.n_heads) : mlps ? layers : 1;
}

/// The i-th component of a kind.
Head nth(std::size_t i, bool heads, const Config& config) {
    const int n = static_cast<int>(i);
    return heads ? Head{n / config.n_heads, n % config.n_heads} : Head{n, 0};
}

std::string name_of(Writer writer, Head at) {
    switch (writer) {
        case Writer::Embed:
            return "W_E";
        case Writer::Position:
            return "W_pos";
        case Writer::Heads:
            return label(at);
        case Writer::Mlps:
            return fmt::format("mlp{}", at.layer);
    }
    return {};
}

std::string name_of(Reader reader, Head at) {
    if (is_head(reader)) return label(at);
    return reader == Reader::Mlps ? fmt::format("mlp{}", at.layer) : "W_U";
}

/// ‖A B‖², ‖A‖², ‖B‖² of a kind and their Grams'.
struct Norms {
    Values pair, writer, reader, writer_gram, reader_gram;
};

void set_undefined(EdgeWeight& weight, std::string why) {
    weight.undefined = std::move(why);
    for (double EdgeWeight::*field :
         {&EdgeWeight::score, &EdgeWeight::excess, &EdgeWeight::z, &EdgeWeight::percentile,
          &EdgeWeight::robust_z_writer, &EdgeWeight::robust_z_reader})
        weight.*field = not_a_number;
}

EdgeWeight weigh(double pair, double a, double b, double a_gram, double b_gram, double d) {
    EdgeWeight weight{.baseline = 1 / std::sqrt(d)};
    weight.participation_writer = a > 0 ? a * a / a_gram : not_a_number;
    weight.participation_reader = b > 0 ? b * b / b_gram : not_a_number;
    if (!(a > 0) || !(b > 0)) return weight;
    const double square = std::max(pair / (a * b), 0.0);
    weight.score = std::sqrt(square);
    weight.excess = weight.score - weight.baseline;
    weight.z = rotation_z(square, d, weight.participation_writer, weight.participation_reader);
    return weight;
}

/// The rows of one kind, without what compares them.
std::vector<EdgeRow> rows_of(const Config& config, const EdgeKind& kind, const Norms& norms, double d) {
    const std::size_t n = count_of(config, kind.writer), m = count_of(config, kind.reader);
    std::vector<EdgeRow> rows;
    for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < m; ++b) {
            const Head from = nth(a, kind.writer == Writer::Heads, config);
            const Head to = nth(b, is_head(kind.reader), config);
            if (!reads_from(config, kind.writer, from.layer, kind.reader, to.layer)) continue;
            const double na = norms.writer.data()[a], nb = norms.reader.data()[b];
            rows.push_back({kind.writer, from, kind.reader, to,
                            weigh(norms.pair.data()[a * m + b], na, nb, norms.writer_gram.data()[a],
                                  norms.reader_gram.data()[b], d)});
            EdgeWeight& weight = rows.back().weight;
            weight.ignores_nonlinearity = kind.writer == Writer::Mlps || kind.reader == Reader::Mlps;
            if (!(na > 0) || !(nb > 0))
                set_undefined(weight, fmt::format("zero norm: {}", na > 0 ? name_of(kind.reader, to)
                                                                          : name_of(kind.writer, from)));
        }
    return rows;
}

/// Robust z among the rows of equal `end`.
void compare(std::vector<EdgeRow*>& rows, Head EdgeRow::*end, double EdgeWeight::*field) {
    std::map<Head, std::vector<EdgeRow*>> groups;
    for (EdgeRow* row : rows) groups[row->*end].push_back(row);
    for (auto& [head, group] : groups) {
        std::vector<double> scores;
        for (const EdgeRow* row : group) scores.push_back(row->weight.score);
        const std::vector<double> z = robust_z(scores);
        for (std::size_t i = 0; i < group.size(); ++i) group[i]->weight.*field = z[i];
    }
}

void compare(std::vector<EdgeRow>& rows) {
    std::vector<EdgeRow*> defined;
    std::vector<double> scores;
    for (EdgeRow& row : rows) {
        if (!row.weight.undefined.empty()) continue;
        defined.push_back(&row);
        scores.push_back(row.weight.score);
    }
    const std::vector<double> shares = percentiles(scores);
    for (std::size_t i = 0; i < defined.size(); ++i) defined[i]->weight.percentile = shares[i];
    compare(defined, &EdgeRow::from, &EdgeWeight::robust_z_writer);
    compare(defined, &EdgeRow::to, &EdgeWeight::robust_z_reader);
}

EdgeRow from_composition(const CompositionRow& row) {
    const Reader reader = row.kind == Composition::Q   ? Reader::Q
                          : row.kind == Composition::K ? Reader::K
                                                       : Reader::V;
    return {Writer::Heads,
            row.writer,
            reader,
            row.reader,
            {.score = row.score,
             .baseline = row.baseline,
             .excess = row.excess,
             .z = row.z,
             .percentile = row.percentile,
             .robust_z_writer = row.robust_z_writer,
             .robust_z_reader = row.robust_z_reader,
             .participation_writer = row.participation_writer,
             .participation_reader = row.participation_reader,
             .undefined = row.undefined}};
}

void append(std::vector<EdgeRow>& rows, std::vector<EdgeRow> more) {
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// The five networks of each kind; what kinds have in common is one node, evaluated once.
std::vector<Norms> norms_of(const Model& model, const std::vector<EdgeKind>& kinds, EvaluateOptions options) {
    options.balance_heads = true;
    const std::vector<Expr> networks = edge_networks(model.config(), kinds);
    const auto n_ctx = static_cast<std::size_t>(model.config().n_ctx);
    const std::vector<int> whole_context(n_ctx);  // W_pos has as many rows as there are positions
    std::vector<Values> values = evaluate(model, networks, whole_context, options);
    std::vector<Norms> norms;
    for (std::size_t i = 0; i < kinds.size(); ++i)
        norms.push_back({std::move(values[5 * i]), std::move(values[5 * i + 1]), std::move(values[5 * i + 2]),
                         std::move(values[5 * i + 3]), std::move(values[5 * i + 4])});
    return norms;
}

bool near_zero(const std::vector<EdgeRow>& rows, double d) {
    return std::any_of(rows.begin(), rows.end(), [&](const EdgeRow& row) {
        return row.weight.undefined.empty() && row.weight.score * row.weight.score < 0.01 / d;
    });
}

std::vector<std::vector<EdgeRow>> weigh_kinds(const Model& model, const std::vector<EdgeKind>& kinds,
                                              const EvaluateOptions& options) {
    const double d = model.config().d_model - (model.config().folding.centring ? 1 : 0);
    std::vector<std::vector<EdgeRow>> rows;
    const std::vector<Norms> norms = norms_of(model, kinds, options);
    for (std::size_t i = 0; i < kinds.size(); ++i)
        rows.push_back(rows_of(model.config(), kinds[i], norms[i], d));
    if (options.precision == Precision::Double) return rows;
    std::vector<EdgeKind> again;  // near zero the Gram form loses digits in float
    for (std::size_t i = 0; i < kinds.size(); ++i)
        if (near_zero(rows[i], d)) again.push_back(kinds[i]);
    if (again.empty()) return rows;
    EvaluateOptions in_double = options;
    in_double.precision = Precision::Double;
    const std::vector<std::vector<EdgeRow>> better = weigh_kinds(model, again, in_double);
    for (std::size_t i = 0; i < again.size(); ++i) {
        const auto at = std::find(kinds.begin(), kinds.end(), again[i]) - kinds.begin();
        rows[static_cast<std::size_t>(at)] = better[i];
    }
    return rows;
}

}  // namespace

double EdgeWeight::robust_z() const {
    return std::fmin(robust_z_writer, robust_z_reader);  // the other one where one is NaN
}

std::vector<EdgeKind> edge_kinds(const Config& config) {
    std::vector<EdgeKind> kinds;
    for (const Writer writer : {Writer::Embed, Writer::Position, Writer::Heads, Writer::Mlps}) {
        const bool shortformer = config.positions == Positions::Shortformer;
        if (writer == Writer::Position && config.positions != Positions::Learned && !shortformer) continue;
        if (writer == Writer::Mlps && !config.has_mlp()) continue;
        for (const Reader reader : {Reader::Q, Reader::K, Reader::V, Reader::Mlps, Reader::Unembed}) {
            if (reader == Reader::Mlps && !config.has_mlp()) continue;
            const bool query_or_key = reader == Reader::Q || reader == Reader::K;
            if (writer == Writer::Position && shortformer && !query_or_key) continue;
            kinds.push_back({writer, reader});
        }
    }
    return kinds;
}

bool reads_from(const Config& config, Writer writer, int writer_layer, Reader reader, int reader_layer) {
    if (writer == Writer::Embed || writer == Writer::Position || reader == Reader::Unembed) return true;
    const bool same_block = writer == Writer::Heads && reader == Reader::Mlps && !config.parallel_block;
    return writer_layer < reader_layer || (same_block && writer_layer == reader_layer);
}

std::size_t count_of(const Config& config, Writer writer) {
    return count(config, writer == Writer::Heads, writer == Writer::Mlps);
}

std::size_t count_of(const Config& config, Reader reader) {
    return count(config, is_head(reader), reader == Reader::Mlps);
}

std::vector<Expr> edge_networks(const Config& config, const std::vector<EdgeKind>& kinds) {
    std::vector<Expr> networks;
    for (const auto& [writer, reader] : kinds) {
        networks.push_back(pair_norm(config, writer, reader));
        networks.push_back(writer_norm(config, writer));
        networks.push_back(reader_norm(config, reader));
        networks.push_back(writer_gram_norm(config, writer));
        networks.push_back(reader_gram_norm(config, reader));
    }
    return networks;
}

std::vector<EdgeRow> edge_weights(const Model& model, const std::vector<EdgeKind>& kinds,
                                  const EvaluateOptions& options) {
    std::vector<Composition> compositions;
    std::vector<EdgeKind> others;
    for (const EdgeKind& kind : kinds) {
        if (is_composition(kind))
            compositions.push_back(composition_of(kind.reader));
        else
            others.push_back(kind);
    }
    std::vector<std::vector<EdgeRow>> rest =
        others.empty() ? std::vector<std::vector<EdgeRow>>{} : weigh_kinds(model, others, options);
    const CompositionTable table =
        compositions.empty() ? CompositionTable{} : composition(model, compositions, options);
    std::vector<EdgeRow> rows;
    std::size_t next = 0;
    for (const EdgeKind& kind : kinds) {
        if (is_composition(kind)) {
            for (const CompositionRow& row : table.rows)
                if (row.kind == composition_of(kind.reader)) rows.push_back(from_composition(row));
        } else {
            compare(rest[next]);
            append(rows, std::move(rest[next++]));
        }
    }
    return rows;
}

}  // namespace headway
