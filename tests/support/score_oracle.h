// Composition scores in plain loops, in double, from the weights of a file and the definitions: what the
// score networks are compared with. It folds gains and centres by itself, so the model it is given is one
// with nothing folded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/score_network.hpp"
#include "headway/model/model.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace headway::oracle {

/// A dense matrix, multiplied by plain loops.
struct Dense {
    std::size_t rows = 0, columns = 0;
    std::vector<double> values{};
    double& at(std::size_t i, std::size_t j) { return values[i * columns + j]; }
    double at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
};

inline Dense zeros(std::size_t rows, std::size_t columns) {
    return {rows, columns, std::vector<double>(rows * columns)};
}

inline Dense transposed(const Dense& a) {
    Dense result = zeros(a.columns, a.rows);
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.columns; ++j) result.at(j, i) = a.at(i, j);
    return result;
}

inline Dense times(const Dense& a, const Dense& b) {
    Dense result = zeros(a.rows, b.columns);
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < b.columns; ++j)
            for (std::size_t k = 0; k < a.columns; ++k) result.at(i, j) += a.at(i, k) * b.at(k, j);
    return result;
}

/// Σ of squares.
inline double square(const Dense& a) {
    double sum = 0;
    for (const double value : a.values) sum += value * value;
    return sum;
}

/// Column j times gain[j].
inline Dense scaled_columns(Dense a, const std::vector<double>& gain) {
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.columns; ++j) a.at(i, j) *= gain.at(j);
    return a;
}

/// Every row minus its mean.
inline Dense centred_rows(Dense a) {
    for (std::size_t i = 0; i < a.rows; ++i) {
        double mean = 0;
        for (std::size_t j = 0; j < a.columns; ++j) mean += a.at(i, j) / static_cast<double>(a.columns);
        for (std::size_t j = 0; j < a.columns; ++j) a.at(i, j) -= mean;
    }
    return a;
}

/// The rotation by `offset` positions: row e is what the unit vector e becomes.
inline Dense rotation(const Rotary& rotary, int d_head, int offset) {
    Dense r = zeros(static_cast<std::size_t>(d_head), static_cast<std::size_t>(d_head));
    for (std::size_t e = 0; e < r.rows; ++e) r.at(e, e) = 1;
    for (int pair = 0; pair < rotary.dims / 2; ++pair) {
        const auto x = static_cast<std::size_t>(rotary.adjacent_pairs ? 2 * pair : pair);
        const auto y =
            static_cast<std::size_t>(rotary.adjacent_pairs ? 2 * pair + 1 : pair + rotary.dims / 2);
        const double angle = offset * rotary.frequency(pair);
        r.at(x, x) = r.at(y, y) = std::cos(angle);
        r.at(x, y) = std::sin(angle);
        r.at(y, x) = -std::sin(angle);
    }
    return r;
}

class ScoreOracle {
public:
    /// `file`: nothing folded; `folding`: what is to be folded.
    ScoreOracle(const Model& file, const Folding& folding, const ScoreOptions& options)
        : file_(file), c_(file.config()), folding_(folding), options_(options) {}

    /// ‖A B‖ / (‖A‖ ‖B‖), or the ratio of root mean squares over the offsets.
    double score(Writer writer, Head from, Reader reader, Head to) const {
        const Dense a = written(writer, from, reader, to);
        double pair = 0, norm = 0;
        for (int offset = options_.mean_over_offsets ? 0 : options_.offset; offset <= options_.offset;
             ++offset) {
            const Dense b = read(reader, to, offset);
            pair += square(times(a, b));
            norm += square(b);
        }
        return std::sqrt(pair / (square(a) * norm));
    }

    /// (tr G)² / ‖G‖² of G = AᵀA.
    double participation(Writer writer, Head from, Reader reader, Head to) const {
        const Dense a = written(writer, from, reader, to);
        return square(a) * square(a) / square(times(transposed(a), a));
    }

    /// A `[.., d_model]`.
    Dense written(Writer writer, Head from, Reader reader, Head to) const {
        const bool embedding = writer == Writer::Embed || writer == Writer::Position;
        Dense a = writer == Writer::Embed      ? whole("W_E")
                  : writer == Writer::Position ? whole("W_pos")
                  : writer == Writer::Mlps     ? whole("W_out", from.layer)
                                               : value_output(from, false);
        if (on_stream()) return carried(a, writer, from, reader, to);
        if (folding_.gains && embedding && c_.embed_norm) a = normed(a, "ln_embed.w", -1);
        if (folding_.gains && c_.norms_after() && writer == Writer::Mlps)
            a = normed(a, "ln2_post.w", from.layer);
        if (folding_.gains && c_.norms_after() && writer == Writer::Heads)
            a = normed(a, "ln1_post.w", from.layer);
        return folding_.centring ? centred_rows(a) : a;
    }

    /// B `[d_model, ..]`.
    Dense read(Reader reader, Head to, int offset) const {
        if (reader == Reader::Mlp) return input(whole("W_in", to.layer), reader, to.layer);
        if (reader == Reader::Unembed) return input(whole("W_U"), reader, -1);
        if (reader == Reader::V) return value_output(to, true);
        const auto e = static_cast<std::size_t>(c_.d_head);
        Dense q = input(head("W_Q", to.layer, to.index), reader, to.layer);
        Dense k = input(head("W_K", to.layer, to.index / c_.group_size()), reader, to.layer);
        if (folding_.gains && c_.query_key_norm != QueryKeyNorm::None) {
            q = scaled_columns(q, part("q_norm.w", to.layer, to.index, e));
            k = scaled_columns(k, part("k_norm.w", to.layer, to.index / c_.group_size(), e));
        }
        const Dense qk = times(times(q, rotation(c_.rotary_of(to.layer), c_.d_head, offset)), transposed(k));
        return reader == Reader::Q ? qk : transposed(qk);
    }

private:
    bool on_stream() const { return c_.norms_stream() && options_.stream_norms; }

    std::vector<double> numbers(const std::string& symbol, int layer) const {
        const WeightArray<double> array = file_.leaf<double>(symbol, layer);
        return {array.values().begin(), array.values().end()};
    }
    std::vector<double> part(const std::string& symbol, int layer, int index, std::size_t size) const {
        const std::vector<double> all = numbers(symbol, layer);
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(size) * index;
        return {first, first + static_cast<std::ptrdiff_t>(size)};
    }
    Dense whole(const std::string& symbol, int layer = -1) const {
        const Leaf& leaf = file_.at(symbol, layer);
        return {static_cast<std::size_t>(leaf.shape[0]), static_cast<std::size_t>(leaf.shape[1]),
                numbers(symbol, layer)};
    }
    Dense head(const std::string& symbol, int layer, int index) const {
        const Leaf& leaf = file_.at(symbol, layer);
        const auto rows = static_cast<std::size_t>(leaf.shape[1]),
                   columns = static_cast<std::size_t>(leaf.shape[2]);
        return {rows, columns, part(symbol, layer, index, rows * columns)};
    }

    /// W_V W_O; with `reading` as the value input reads it, and its output behind the branch's norm.
    Dense value_output(Head at, bool reading) const {
        Dense v = head("W_V", at.layer, at.index / c_.group_size());
        v = input(v, Reader::V, at.layer);  // the residual stream is read in either role
        Dense ov = times(v, head("W_O", at.layer, at.index));
        if (!reading) return ov;
        if (folding_.gains && c_.norms_after()) ov = normed(ov, "ln1_post.w", at.layer);
        return folding_.centring ? centred_rows(ov) : ov;
    }

    /// A norm that is passed: C γ on the columns.
    Dense normed(const Dense& a, const std::string& gain, int layer) const {
        return scaled_columns(c_.norm == Norm::LayerNorm ? centred_rows(a) : a, numbers(gain, layer));
    }

    /// A weight that reads the stream, with the gain of the norm in front of it.
    Dense input(const Dense& weight, Reader reader, int layer) const {
        if (on_stream()) {
            const std::vector<Place> below = norms_below(reader, layer);
            if (below.empty()) return weight;
            const Dense scaled =
                scaled_columns(transposed(weight), numbers(below.back().symbol, below.back().layer));
            return transposed(c_.norm == Norm::LayerNorm ? centred_rows(scaled) : scaled);
        }
        const bool final = reader == Reader::Unembed;
        if (!folding_.gains || !(final ? c_.final_norm : c_.norms_before())) return weight;
        const bool second = reader == Reader::Mlp && !c_.shared_norm;
        Dense turned = scaled_columns(transposed(weight), numbers(final    ? "ln_final.w"
                                                                  : second ? "ln2.w"
                                                                           : "ln1.w",
                                                                  layer));
        return transposed(folding_.centring ? centred_rows(turned) : turned);
    }

    struct Place {
        std::string symbol;
        int layer;
    };
    /// The norms of the stream below the input of a reader, the lowest first.
    std::vector<Place> norms_below(Reader reader, int layer) const {
        std::vector<Place> norms;
        if (c_.embed_norm) norms.push_back({"ln_embed.w", -1});
        for (int l = 0; l < (reader == Reader::Unembed ? c_.n_layers : layer); ++l) {
            norms.push_back({"ln1.w", l});
            if (c_.has_mlp()) norms.push_back({"ln2.w", l});
        }
        if (reader == Reader::Mlp) norms.push_back({"ln1.w", layer});
        if (reader == Reader::Unembed && c_.final_norm) norms.push_back({"ln_final.w", -1});
        return norms;
    }

    Dense carried(Dense a, Writer writer, Head from, Reader reader, Head to) const {
        const std::vector<Place> all = norms_below(reader, to.layer);
        std::size_t first = 0;
        if (writer == Writer::Heads) first = norms_below(Reader::Q, from.layer).size();
        if (writer == Writer::Mlps) first = norms_below(Reader::Mlp, from.layer).size();
        for (std::size_t norm = first; norm < all.size(); ++norm) {
            if (c_.norm == Norm::LayerNorm) a = centred_rows(a);
            if (norm + 1 < all.size()) a = scaled_columns(a, numbers(all[norm].symbol, all[norm].layer));
        }
        return a;
    }

    const Model& file_;
    const Config& c_;
    Folding folding_;
    ScoreOptions options_;
};

}  // namespace headway::oracle
