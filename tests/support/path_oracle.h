// One path at a time, in plain loops from the definitions: what a source contributes to the logits through
// given heads, and what a pair of sources contributes to an attention score, with the patterns, norm scales
// and MLP outputs of an oracle's run frozen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path.hpp"
#include "support/oracle.h"

#include <map>
#include <optional>
#include <tuple>

namespace headway::oracle {

class PathOracle {
public:
    PathOracle(Config config, Weights weights, std::vector<int> tokens)
        : c_(std::move(config)),
          weights_(std::move(weights)),
          tokens_(std::move(tokens)),
          run_(forward(c_, weights_, tokens_)) {}

    const Run& run() const { return run_; }

    /// `[position][d_vocab]`, of the logits before their soft cap.
    Matrix contribution(const Path& path) const {
        std::vector<Head> heads = path.heads;
        const Source& source = path.source;
        if (source.kind == SourceKind::UnembedBias) return repeated(all("b_U", -1));
        if (source.kind == SourceKind::FinalNormBias) return final_bias();
        Written x;
        if (source.kind == SourceKind::ValueBias) {
            x = moved({source.layer, source.head},
                      repeated(part("b_V", source.layer, kv(source.head), n(c_.d_head))));
        } else if (source.kind == SourceKind::NormBias && !c_.norms_stream()) {
            x = moved(heads.front(), bias_image(heads.front()));
            heads.erase(heads.begin());
        } else {
            x = written(source);
        }
        for (const Head& head : heads) x = through(head, carried(x, head.layer));
        return unembedded(carried(x, c_.n_layers));
    }

    /// What `source` contributes to the query (or key) of a head: `[position][d_head]`, normalised,
    /// turned by position.
    Matrix score_side(Head head, bool query, const Source& source) const {
        const std::string letter = query ? "Q" : "K";
        const int own = query ? head.index : kv(head.index);
        const Vector weight = part("W_" + letter, head.layer, own, n(c_.d_model) * n(c_.d_head));
        Matrix side;
        if (source.kind == SourceKind::QueryBias || source.kind == SourceKind::KeyBias) {
            side = repeated(part("b_" + letter, head.layer, own, n(c_.d_head)));
        } else if (source.kind == SourceKind::NormBias && !c_.norms_stream()) {
            side = c_.folding.gains ? repeated(part("ln1.b." + letter, head.layer, own, n(c_.d_head)))
                                    : times(repeated(all("ln1.b", head.layer)), weight, n(c_.d_head));
        } else if (source.kind == SourceKind::Pos && c_.positions == Positions::Shortformer) {
            side = times(table("W_pos", 1.0), weight, n(c_.d_head));  // behind the norm
        } else {
            const Written x = source.kind == SourceKind::HeadOutput ? head_output({source.layer, source.head})
                                                                    : written(source);
            side = times(read(carried(x, head.layer), head.layer), weight, n(c_.d_head));
        }
        norm_head(side, query, own, head.layer);
        rotate(side, head.layer);
        return side;
    }

    /// Before any soft cap; the term of distances with SourceKind::Alibi on both sides.
    double score_term(Head head, const Source& query, const Source& key, int q, int k) const {
        if (query.kind == SourceKind::Alibi) return all("slope", head.layer).at(n(head.index)) * (k - q);
        const Matrix &a = known_side(head, true, query), &b = known_side(head, false, key);
        double sum = 0;
        for (std::size_t e = 0; e < a[n(q)].size(); ++e) sum += a[n(q)][e] * b[n(k)][e];
        return sum * all("scale", head.layer).at(0);
    }

private:
    /// A part of the residual stream, written by branch `branch` (1, 2) of `layer` or what stands in
    /// front (0) of it: a norm on the stream behind a later branch is still to come.
    struct Written {
        Matrix values;
        int layer = 0;
        int branch = 0;
    };

    static std::size_t n(int i) { return static_cast<std::size_t>(i); }
    int kv(int head) const { return head / c_.group_size(); }

    const Matrix& known_side(Head head, bool query, const Source& source) const {
        const auto key = std::tuple(head, query, source);
        const auto known = known_sides_.find(key);
        if (known != known_sides_.end()) return known->second;
        return known_sides_.emplace(key, score_side(head, query, source)).first->second;
    }

    Vector all(const std::string& symbol, int layer) const {
        const auto key = std::pair(symbol, layer);
        const auto known = known_.find(key);
        return known != known_.end() ? known->second : known_[key] = weights_(symbol, layer);
    }
    /// Block `index` of `size` elements.
    Vector part(const std::string& symbol, int layer, int index, std::size_t size) const {
        const Vector whole = all(symbol, layer);
        const auto first = whole.begin() + static_cast<std::ptrdiff_t>(n(index) * size);
        return {first, first + static_cast<std::ptrdiff_t>(size)};
    }
    Matrix repeated(const Vector& row) const { return Matrix(tokens_.size(), row); }

    static Matrix times(const Matrix& x, const Vector& weight, std::size_t columns) {
        Matrix y(x.size(), Vector(columns, 0.0));
        for (std::size_t i = 0; i < x.size(); ++i)
            for (std::size_t k = 0; k < x[i].size(); ++k)
                for (std::size_t j = 0; j < columns; ++j) y[i][j] += x[i][k] * weight[k * columns + j];
        return y;
    }

    bool has_norm() const { return c_.norm != Norm::None; }
    bool is_centred_anyway() const { return c_.folding.centring && !c_.norms_stream(); }

    /// centred, scaled as in the run, times the gain; no bias.
    Matrix normed(Matrix x, const std::string& norm, int layer, const Vector& rstd, bool centre,
                  bool gain) const {
        const Vector factor = gain ? all(norm + ".w", layer) : Vector(n(c_.d_model), 1.0);
        for (std::size_t q = 0; q < x.size(); ++q) {
            if (centre && c_.norm == Norm::LayerNorm) take_mean_away(x[q]);
            for (std::size_t d = 0; d < x[q].size(); ++d) x[q][d] *= rstd[q] * factor[d];
        }
        return x;
    }

    static void take_mean_away(Vector& row) {
        double mean = 0;
        for (double value : row) mean += value / static_cast<double>(row.size());
        for (double& value : row) value -= mean;
    }

    /// What the attention of a layer reads.
    Matrix read(const Matrix& x, int layer) const {
        if (!c_.norms_before()) return x;
        return normed(x, "ln1", layer, run_.layers[n(layer)].rstd1, !is_centred_anyway(), !c_.folding.gains);
    }

    /// What reaches the stream of a branch's output.
    Matrix behind_branch(const Matrix& x, int layer) const {
        if (!c_.norms_after()) return x;
        return normed(x, "ln1_post", layer, run_.layers[n(layer)].rstd1_post, true, true);
    }

    /// What is left of a part of the stream in front of `layer`: it went through the norms on the stream
    /// in between.
    Matrix carried(const Written& part, int layer) const {
        Matrix x = part.values;
        if (!c_.norms_stream()) return x;
        for (int l = part.layer; l < layer; ++l) {
            const bool own = l == part.layer;
            if (!own || part.branch <= 1) x = normed(x, "ln1", l, run_.layers[n(l)].rstd1, true, true);
            if (c_.has_mlp()) x = normed(x, "ln2", l, run_.layers[n(l)].rstd2, true, true);
        }
        return x;
    }

    /// Rows of W_E by token, or of W_pos by position.
    Matrix table(const std::string& symbol, double scale) const {
        Matrix x(tokens_.size(), Vector(n(c_.d_model), 0.0));
        const Vector values = all(symbol, -1);
        for (std::size_t q = 0; q < x.size(); ++q)
            for (std::size_t d = 0; d < x[q].size(); ++d)
                x[q][d] = scale * values[(symbol == "W_E" ? n(tokens_[q]) : q) * x[q].size() + d];
        return x;
    }

    Matrix embedded(const Source& source) const {
        if (source.kind == SourceKind::EmbedBias) return repeated(all("b_E", -1));
        if (source.kind == SourceKind::Pos) return table("W_pos", 1.0);
        return table("W_E", c_.embed_scale == 1.0 ? 1.0 : all("embed_scale", -1).at(0));
    }

    Written written(const Source& source) const {
        const int l = source.layer;
        switch (source.kind) {
            case SourceKind::OutBias:
                return {behind_branch(repeated(all("b_O", l)), l), l, 1};
            case SourceKind::Mlp:
                return {run_.layers[n(l)].mlp, l, 2};
            case SourceKind::NormBias:  // on the stream
                return {repeated(all("ln1.b", l)), l, 2};
            case SourceKind::MlpNormBias:
                return {repeated(all("ln2.b", l)), l + 1, 0};
            default:
                break;
        }
        Matrix x;
        if (source.kind == SourceKind::EmbedNormBias) {
            x = repeated(all("ln_embed.b", -1));
        } else {
            x = embedded(source);
            if (has_norm() && c_.embed_norm) x = normed(x, "ln_embed", -1, run_.rstd_embed, true, true);
        }
        if (c_.embed_norm && is_centred_anyway())
            for (Vector& row : x) take_mean_away(row);
        return {x, 0, 0};
    }

    /// A^h z W_O^h.
    Written moved(Head head, const Matrix& values) const {
        const Matrix& pattern = run_.layers[n(head.layer)].pattern[n(head.index)];
        Matrix z(values.size(), Vector(n(c_.d_head), 0.0));
        for (std::size_t q = 0; q < z.size(); ++q)
            for (std::size_t k = 0; k < z.size(); ++k)
                for (std::size_t e = 0; e < z[q].size(); ++e) z[q][e] += pattern[q][k] * values[k][e];
        const Matrix out =
            times(z, part("W_O", head.layer, head.index, n(c_.d_head) * n(c_.d_model)), n(c_.d_model));
        return {behind_branch(out, head.layer), head.layer, 1};
    }

    /// A^h norm(x) W_V^h W_O^h.
    Written through(Head head, const Matrix& x) const {
        const Matrix y = read(x, head.layer);
        const Vector value = part("W_V", head.layer, kv(head.index), n(c_.d_model) * n(c_.d_head));
        return moved(head, times(y, value, n(c_.d_head)));
    }

    /// What the norm's bias is in the values of a head.
    Matrix bias_image(Head head) const {
        if (c_.folding.gains) return repeated(part("ln1.b.V", head.layer, kv(head.index), n(c_.d_head)));
        const Vector value = part("W_V", head.layer, kv(head.index), n(c_.d_model) * n(c_.d_head));
        return times(repeated(all("ln1.b", head.layer)), value, n(c_.d_head));
    }

    /// All that a head writes: its whole input, and its biases.
    Written head_output(Head head) const {
        Written out = through(head, run_.stream[n(head.layer)]);
        const auto add = [&](const Written& more) {
            for (std::size_t q = 0; q < out.values.size(); ++q)
                for (std::size_t d = 0; d < out.values[q].size(); ++d) out.values[q][d] += more.values[q][d];
        };
        if (c_.norms_before() && c_.norm_bias()) add(moved(head, bias_image(head)));
        if (c_.biases.query_key_value && !c_.folding.value_bias)
            add(moved(head, repeated(part("b_V", head.layer, kv(head.index), n(c_.d_head)))));
        return out;
    }

    Matrix final_bias() const {
        if (c_.folding.gains) return repeated(all("ln_final.b.U", -1));
        return times(repeated(all("ln_final.b", -1)), all("W_U", -1), n(c_.d_vocab));
    }

    Matrix unembedded(const Matrix& x) const {
        const bool is_normed = has_norm() && c_.final_norm;
        return times(is_normed
                         ? normed(x, "ln_final", -1, run_.rstd_final, !is_centred_anyway(), !c_.folding.gains)
                         : x,
                     all("W_U", -1), n(c_.d_vocab));
    }

    /// The norm of queries or keys; `own`: the query head, or the key-value head.
    void norm_head(Matrix& x, bool query, int own, int layer) const {
        if (c_.query_key_norm == QueryKeyNorm::None) return;
        const LayerRun& run = run_.layers[n(layer)];
        const Matrix& scales = query ? run.rstd_q : run.rstd_k;
        const Vector& rstd = c_.query_key_norm == QueryKeyNorm::Layer ? scales.at(0) : scales.at(n(own));
        const Vector gain = part(query ? "q_norm.w" : "k_norm.w", layer, own, n(c_.d_head));
        for (std::size_t q = 0; q < x.size(); ++q)
            for (std::size_t e = 0; e < x[q].size(); ++e) x[q][e] *= rstd[q] * gain[e];
    }

    void rotate(Matrix& x, int layer) const {
        const Rotary rotary = c_.rotary_of(layer);
        const int half = rotary.dims / 2;
        for (std::size_t q = 0; q < x.size(); ++q)
            for (int i = 0; i < half; ++i) {
                const double angle = static_cast<double>(q) * rotary.frequency(i);
                double& a = x[q][n(rotary.adjacent_pairs ? 2 * i : i)];
                double& b = x[q][n(rotary.adjacent_pairs ? 2 * i + 1 : i + half)];
                const double first = a;
                a = first * std::cos(angle) - b * std::sin(angle);
                b = first * std::sin(angle) + b * std::cos(angle);
            }
    }

    Config c_;
    Weights weights_;
    std::vector<int> tokens_;
    Run run_;
    mutable std::map<std::pair<std::string, int>, Vector> known_;
    mutable std::map<std::tuple<Head, bool, Source>, Matrix> known_sides_;
};

/// Of a Model.
template <class Model>
PathOracle path_oracle(const Model& model, const std::vector<int>& tokens) {
    return PathOracle(model.config(), weights_of(model), tokens);
}

}  // namespace headway::oracle
