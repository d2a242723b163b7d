// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/composition.hpp"

#include "headway/base/error.hpp"
#include "headway/measure/score_network.hpp"
#include "headway/network/leaves.hpp"
#include "measure/standing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace headway {

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

Reader reader_of(Composition kind) {
    return kind == Composition::Q ? Reader::Q : kind == Composition::K ? Reader::K : Reader::V;
}

std::size_t heads_of(const Config& config) {
    return static_cast<std::size_t>(config.n_layers) * static_cast<std::size_t>(config.n_heads);
}

Head head_at(std::size_t i, const Config& config) {
    return {static_cast<int>(i) / config.n_heads, static_cast<int>(i) % config.n_heads};
}

// ‖A B‖² of one pair, as a network of its own.
Expr one_pair(const Config& config, Composition kind, Head writer, Head reader) {
    const int group = config.group_size();
    const Index i{Space::Residual, 0}, j{Space::Residual, 1};
    std::vector<Wired> factors;
    for (int copy = 0; copy < 2; ++copy) {
        const Index k{Space::Residual, 2 + copy}, p{Space::HeadInner, 2 * copy},
            s{Space::HeadInner, 2 * copy + 1};
        factors.push_back({head_leaf("W_V", writer, group), {i, p}});
        factors.push_back({head_leaf("W_O", writer, group), {p, k}});
        const char* first = kind == Composition::Q ? "W_Q" : kind == Composition::K ? "W_K" : "W_V";
        const char* second = kind == Composition::Q ? "W_K" : kind == Composition::K ? "W_Q" : "W_O";
        factors.push_back({head_leaf(first, reader, group), {k, s}});
        factors.push_back({head_leaf(second, reader, group),
                           kind == Composition::V ? std::vector<Index>{s, j} : std::vector<Index>{j, s}});
    }
    return product(factors, {});
}

// Fills a robust z among the rows of equal key.
template <class Key>
void fill_robust(std::vector<CompositionRow*>& rows, const Key& key, double CompositionRow::*field) {
    std::map<Head, std::vector<CompositionRow*>> groups;
    for (CompositionRow* row : rows) groups[key(*row)].push_back(row);
    for (auto& [head, group] : groups) {
        std::vector<double> scores;
        for (const CompositionRow* row : group) scores.push_back(row->score);
        const std::vector<double> z = robust_z(scores);
        for (std::size_t i = 0; i < group.size(); ++i) group[i]->*field = z[i];
    }
}

void fill_percentiles(std::vector<CompositionRow*>& rows) {
    std::vector<double> scores;
    for (const CompositionRow* row : rows) scores.push_back(row->score);
    const std::vector<double> shares = percentiles(scores);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i]->percentile = shares[i];
}

class Scorer {
public:
    Scorer(const Model& model, const EvaluateOptions& options, CompositionTable& table)
        : model_(model),
          config_(model.config()),
          options_(options),
          table_(table),
          d_(table.effective_dimension) {}

    void run(const std::vector<Composition>& kinds) {
        const std::vector<Expr> networks = composition_networks(config_, kinds);
        values_ = evaluate(model_, networks, {}, options_);
        for (std::size_t i = 0; i < kinds.size(); ++i)
            score(kinds[i], values_[i], values_[kinds.size() + 2 + 2 * i], values_[kinds.size() + 3 + 2 * i],
                  values_[kinds.size()], values_[kinds.size() + 1]);
    }

private:
    using Values = xt::xarray<double>;

    void score(Composition kind, const Values& pairs, const Values& reader, const Values& reader_gram,
               const Values& writer, const Values& writer_gram) {
        const std::size_t heads = heads_of(config_), first = table_.rows.size();
        for (std::size_t a = 0; a < heads; ++a)
            for (std::size_t b = 0; b < heads; ++b) {
                if (head_at(a, config_).layer >= head_at(b, config_).layer) continue;
                table_.rows.push_back({.kind = kind,
                                       .writer = head_at(a, config_),
                                       .reader = head_at(b, config_),
                                       .baseline = table_.baseline});
                CompositionRow& row = table_.rows.back();
                const double na = writer.data()[a], nb = reader.data()[b];
                row.participation_writer = na > 0 ? na * na / writer_gram.data()[a] : not_a_number;
                row.participation_reader = nb > 0 ? nb * nb / reader_gram.data()[b] : not_a_number;
                fill(row, na, nb, pairs.data()[a * heads + b]);
            }
        std::vector<CompositionRow*> defined;
        for (std::size_t i = first; i < table_.rows.size(); ++i)
            if (table_.rows[i].undefined.empty()) defined.push_back(&table_.rows[i]);
        fill_percentiles(defined);
        fill_robust(
            defined, [](const CompositionRow& row) { return row.writer; }, &CompositionRow::robust_z_writer);
        fill_robust(
            defined, [](const CompositionRow& row) { return row.reader; }, &CompositionRow::robust_z_reader);
    }

    void fill(CompositionRow& row, double na, double nb, double pair) const {
        if (!(na > 0) || !(nb > 0)) {
            row.undefined = fmt::format("zero norm: {}", label(na > 0 ? row.reader : row.writer));
            for (double CompositionRow::*field :
                 {&CompositionRow::score, &CompositionRow::excess, &CompositionRow::z,
                  &CompositionRow::percentile, &CompositionRow::robust_z_writer,
                  &CompositionRow::robust_z_reader, &CompositionRow::overlap})
                row.*field = not_a_number;
            return;
        }
        double square = pair / (na * nb);
        if (square < 0.01 / d_ && options_.precision == Precision::Float) square = in_double(row);
        square = std::max(square, 0.0);
        row.score = std::sqrt(square);
        row.excess = row.score - row.baseline;
        row.overlap = square * std::sqrt(row.participation_writer * row.participation_reader);
        row.z = rotation_z(square, d_, row.participation_writer, row.participation_reader);
    }

    // Near zero the Gram form loses digits in float.
    double in_double(const CompositionRow& row) const {
        EvaluateOptions options = options_;
        options.precision = Precision::Double;
        const int group = config_.group_size();
        const Index i{Space::Residual, 0}, k{Space::Residual, 1}, p{Space::HeadInner, 0},
            s{Space::HeadInner, 1};
        const bool v = row.kind == Composition::V;
        const auto norm = [&](const char* first, const char* second, Head head, bool chain) {
            std::vector<Wired> factors;
            for (const Index& inner : {p, s}) {
                factors.push_back({head_leaf(first, head, group), {i, inner}});
                factors.push_back({head_leaf(second, head, group),
                                   chain ? std::vector<Index>{inner, k} : std::vector<Index>{k, inner}});
            }
            return product(factors, {});
        };
        const std::vector<Expr> networks{
            one_pair(config_, row.kind, row.writer, row.reader), norm("W_V", "W_O", row.writer, true),
            v ? norm("W_V", "W_O", row.reader, true) : norm("W_Q", "W_K", row.reader, false)};
        const std::vector<Values> values = evaluate(model_, networks, {}, options);
        return values[0].data()[0] / (values[1].data()[0] * values[2].data()[0]);
    }

    const Model& model_;
    const Config& config_;
    EvaluateOptions options_;
    CompositionTable& table_;
    double d_;
    std::vector<Values> values_;
};

}  // namespace

char letter(Composition kind) { return kind == Composition::Q ? 'q' : kind == Composition::K ? 'k' : 'v'; }

std::vector<Expr> composition_networks(const Config& config, const std::vector<Composition>& kinds) {
    std::vector<Expr> networks;
    for (Composition kind : kinds) networks.push_back(pair_norm(config, Writer::Heads, reader_of(kind)));
    networks.push_back(writer_norm(config, Writer::Heads));
    networks.push_back(writer_gram_norm(config, Writer::Heads));
    for (Composition kind : kinds) {
        networks.push_back(reader_norm(config, reader_of(kind)));
        networks.push_back(reader_gram_norm(config, reader_of(kind)));
    }
    return networks;
}

CompositionTable composition(const Model& model, const std::vector<Composition>& kinds,
                             const EvaluateOptions& options) {
    CompositionTable table;
    table.effective_dimension = model.config().d_model - (model.config().folding.centring ? 1 : 0);
    table.baseline = 1 / std::sqrt(static_cast<double>(table.effective_dimension));
    EvaluateOptions balanced = options;
    balanced.balance_heads = true;
    Scorer(model, balanced, table).run(kinds);
    return table;
}

xt::xarray<double> as_array(const CompositionTable& table, Composition kind, const Config& config) {
    const auto layers = static_cast<std::size_t>(config.n_layers),
               heads = static_cast<std::size_t>(config.n_heads);
    xt::xarray<double> result = xt::xarray<double>::from_shape({layers, heads, layers, heads});
    result.fill(not_a_number);
    for (const CompositionRow& row : table.rows)
        if (row.kind == kind)
            result(row.writer.layer, row.writer.index, row.reader.layer, row.reader.index) = row.score;
    return result;
}

}  // namespace headway
