// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/edges.hpp"

#include "headway/base/error.hpp"
#include "measure/pair_norms.hpp"
#include "measure/standing.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

namespace headway {

namespace {

bool between_heads(const EdgeKind& kind) { return kind.writer == Writer::Heads && is_head(kind.reader); }

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
    return reader == Reader::Mlp ? fmt::format("mlp{}", at.layer) : "W_U";
}

void set_undefined(EdgeWeight& weight, std::string why) {
    weight.undefined = std::move(why);
    for (double EdgeWeight::*field :
         {&EdgeWeight::score, &EdgeWeight::excess, &EdgeWeight::z, &EdgeWeight::percentile,
          &EdgeWeight::robust_z_writer, &EdgeWeight::robust_z_reader})
        weight.*field = not_a_number;
}

void set_square(EdgeWeight& weight, double square, double d) {
    weight.score = std::sqrt(std::max(square, 0.0));
    weight.excess = weight.score - weight.baseline;
    weight.z =
        rotation_z(weight.score * weight.score, d, weight.participation_writer, weight.participation_reader);
}

EdgeWeight weigh(double pair, double a, double b, double a_gram, double b_gram, double d) {
    EdgeWeight weight{.baseline = 1 / std::sqrt(d)};
    weight.participation_writer = a > 0 ? a * a / a_gram : not_a_number;
    weight.participation_reader = b > 0 ? b * b / b_gram : not_a_number;
    if (!(a > 0) || !(b > 0)) return weight;
    set_square(weight, pair / (a * b), d);
    return weight;
}

/// The rows of one kind, without what compares them.
std::vector<EdgeRow> rows_of(const Config& config, const EdgeKind& kind, const PairNorms& norms, double d) {
    std::vector<EdgeRow> rows;
    for (std::size_t a = 0; a < count_of(config, kind.writer); ++a)
        for (std::size_t b = 0; b < norms.readers; ++b) {
            const Head from = nth(a, kind.writer == Writer::Heads, config);
            const Head to = nth(b, is_head(kind.reader), config);
            if (!reads_from(config, kind.writer, from.layer, kind.reader, to.layer)) continue;
            const std::size_t writer = norms.place(a, b);
            const double na = norms.writer[writer], nb = norms.reader[b];
            rows.push_back(
                {kind.writer, from, kind.reader, to,
                 weigh(norms.pair_at(a, b), na, nb, norms.writer_gram[writer], norms.reader_gram[b], d)});
            EdgeWeight& weight = rows.back().weight;
            weight.ignores_nonlinearity = kind.writer == Writer::Mlps || kind.reader == Reader::Mlp;
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

bool near_zero(const EdgeRow& row, double d) {
    return row.weight.undefined.empty() && row.weight.score * row.weight.score < 0.01 / d;
}

/// What an evaluation needs beside the model.
struct Request {
    const ScoreOptions& score;
    const EvaluateOptions& options;
};

/// Pairs of heads near zero, each in double: there the Gram form loses digits in float.
void sharpen(const Model& model, std::vector<EdgeRow>& rows, double d, const Request& request) {
    std::vector<EdgeRow*> small;
    std::vector<HeadPair> pairs;
    for (EdgeRow& row : rows) {
        if (!near_zero(row, d)) continue;
        small.push_back(&row);
        pairs.push_back({row.reader, row.from, row.to});
    }
    const std::vector<double> squares = squares_in_double(model, pairs, request.score, request.options);
    for (std::size_t i = 0; i < small.size(); ++i) set_square(small[i]->weight, squares[i], d);
}

std::vector<std::vector<EdgeRow>> weigh_kinds(const Model& model, const std::vector<EdgeKind>& kinds,
                                              const Request& request) {
    const double d = effective_dimension(model.config(), request.score);
    std::vector<std::vector<EdgeRow>> rows;
    const std::vector<PairNorms> norms = pair_norms(model, kinds, request.score, request.options);
    for (std::size_t i = 0; i < kinds.size(); ++i)
        rows.push_back(rows_of(model.config(), kinds[i], norms[i], d));
    if (request.options.precision == Precision::Double) return rows;
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (between_heads(kinds[i]))
            sharpen(model, rows[i], d, request);
        else if (std::ranges::any_of(rows[i], [&](const EdgeRow& row) { return near_zero(row, d); }))
            again.push_back(i);
    }
    if (again.empty()) return rows;
    std::vector<EdgeKind> whole;  // of the other kinds a single pair costs as much as all
    for (const std::size_t i : again) whole.push_back(kinds[i]);
    EvaluateOptions in_double = request.options;
    in_double.precision = Precision::Double;
    std::vector<std::vector<EdgeRow>> better = weigh_kinds(model, whole, {request.score, in_double});
    for (std::size_t i = 0; i < again.size(); ++i) rows[again[i]] = std::move(better[i]);
    return rows;
}

void check(const Config& config, const ScoreOptions& score) {
    require(score.positions() == 0 || config.positions == Positions::Rotary, ErrorKind::Usage,
            "a rotary offset needs a model with rotary positions");
    require(score.offset >= 0 && score.offset < (1 << 20), ErrorKind::Usage,
            "a rotary offset of {}: expected 0 to {}", score.offset, (1 << 20) - 1);
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
        for (const Reader reader : {Reader::Q, Reader::K, Reader::V, Reader::Mlp, Reader::Unembed}) {
            if (reader == Reader::Mlp && !config.has_mlp()) continue;
            if (reader == Reader::Unembed && !config.linear_head()) continue;
            const bool query_or_key = reader == Reader::Q || reader == Reader::K;
            if (writer == Writer::Position && shortformer && !query_or_key) continue;
            kinds.push_back({writer, reader});
        }
    }
    return kinds;
}

bool reads_from(const Config& config, Writer writer, int writer_layer, Reader reader, int reader_layer) {
    if (writer == Writer::Embed || writer == Writer::Position || reader == Reader::Unembed) return true;
    const bool same_block = writer == Writer::Heads && reader == Reader::Mlp && !config.parallel_block;
    return writer_layer < reader_layer || (same_block && writer_layer == reader_layer);
}

std::size_t count_of(const Config& config, Writer writer) {
    return count(config, writer == Writer::Heads, writer == Writer::Mlps);
}

std::size_t count_of(const Config& config, Reader reader) {
    return count(config, is_head(reader), reader == Reader::Mlp);
}

std::vector<Expr> edge_networks(const Config& config, const std::vector<EdgeKind>& kinds) {
    return pair_norm_networks(config, kinds, {});
}

std::vector<EdgeRow> edge_weights(const Model& model, const std::vector<EdgeKind>& kinds,
                                  const EvaluateOptions& options, const ScoreOptions& score) {
    check(model.config(), score);
    std::vector<EdgeRow> rows;
    for (std::vector<EdgeRow>& of_kind : weigh_kinds(model, kinds, {score, options})) {
        compare(of_kind);
        std::ranges::move(of_kind, std::back_inserter(rows));
    }
    return rows;
}

}  // namespace headway
