// One path at a time, in plain loops from the definitions: what a source contributes to the logits through
// given heads, and what a pair of sources contributes to an attention score, with the patterns, norm scales
// and MLP outputs of an oracle's run frozen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path.hpp"
#include "support/oracle.h"

#include <map>
#include <optional>

namespace headway::oracle {

class PathOracle {
public:
    PathOracle(Config config, Weights weights, std::vector<int> tokens)
        : c_(std::move(config)),
          weights_(std::move(weights)),
          tokens_(std::move(tokens)),
          run_(forward(c_, weights_, tokens_)) {}

    const Run& run() const { return run_; }

    /// `[position][d_vocab]`.
    Matrix contribution(const Path& path) const {
        std::vector<Head> heads = path.heads;
        const Source& source = path.source;
        if (source.kind == SourceKind::UnembedBias) return repeated(all("b_U", -1));
        if (source.kind == SourceKind::FinalNormBias) return final_bias();
        Matrix x;
        if (source.kind == SourceKind::ValueBias) {
            x = moved({source.layer, source.head},
                      repeated(part("b_V", source.layer, kv(source.head), n(c_.d_head))));
        } else if (source.kind == SourceKind::NormBias) {
            x = moved(heads.front(), bias_image(heads.front()));
            heads.erase(heads.begin());
        } else {
            x = written(source);
        }
        for (const Head& head : heads) x = through(head, x);
        return unembedded(x);
    }

    /// What `source` contributes to the query (or key) of a head: `[position][d_head]`, turned by position.
    Matrix score_side(Head head, bool query, const Source& source) const {
        const std::string letter = query ? "Q" : "K";
        const int own = query ? head.index : kv(head.index);
        const Vector weight = part("W_" + letter, head.layer, own, n(c_.d_model) * n(c_.d_head));
        Matrix side;
        if (source.kind == SourceKind::QueryBias || source.kind == SourceKind::KeyBias) {
            side = repeated(part("b_" + letter, head.layer, own, n(c_.d_head)));
        } else if (source.kind == SourceKind::NormBias) {
            side = c_.folding.gains ? repeated(part("ln1.b." + letter, head.layer, own, n(c_.d_head)))
                                    : times(repeated(all("ln1.b", head.layer)), weight, n(c_.d_head));
        } else if (source.kind == SourceKind::Pos && c_.positions == Positions::Shortformer) {
            side = times(written(source), weight, n(c_.d_head));  // behind the norm
        } else {
            Matrix x = source.kind == SourceKind::HeadOutput ? head_output({source.layer, source.head})
                                                             : written(source);
            const auto layer = n(head.layer);
            side = times(normed(x, "ln1", head.layer, run_.layers[layer].rstd1), weight, n(c_.d_head));
        }
        rotate(side);
        return side;
    }

    double score_term(Head head, const Source& query, const Source& key, int q, int k) const {
        const Matrix a = score_side(head, true, query), b = score_side(head, false, key);
        double sum = 0;
        for (std::size_t e = 0; e < a[n(q)].size(); ++e) sum += a[n(q)][e] * b[n(k)][e];
        return sum * all("scale", head.layer).at(0);
    }

private:
    static std::size_t n(int i) { return static_cast<std::size_t>(i); }
    int kv(int head) const { return head / c_.group_size(); }

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

    /// A part of the stream as the norm's readers see it: centred, scaled as in the run, times the gain; no
    /// bias.
    Matrix normed(Matrix x, const std::string& norm, int layer, const Vector& rstd) const {
        if (c_.norm == Norm::None) return x;
        const Vector gain = c_.folding.gains ? Vector(n(c_.d_model), 1.0) : all(norm + ".w", layer);
        for (std::size_t q = 0; q < x.size(); ++q) {
            double mean = 0;
            if (c_.norm == Norm::LayerNorm && !c_.folding.centring)
                for (double value : x[q]) mean += value / c_.d_model;
            for (std::size_t d = 0; d < x[q].size(); ++d) x[q][d] = (x[q][d] - mean) * rstd[q] * gain[d];
        }
        return x;
    }

    Matrix written(const Source& source) const {
        Matrix x(tokens_.size(), Vector(n(c_.d_model), 0.0));
        if (source.kind == SourceKind::OutBias) return repeated(all("b_O", source.layer));
        if (source.kind == SourceKind::Mlp) return run_.layers[n(source.layer)].mlp;
        const bool embed = source.kind == SourceKind::Embed;
        const Vector table = all(embed ? "W_E" : "W_pos", -1);
        for (std::size_t q = 0; q < x.size(); ++q)
            for (std::size_t d = 0; d < x[q].size(); ++d)
                x[q][d] = table[(embed ? n(tokens_[q]) : q) * x[q].size() + d];
        return x;
    }

    /// A^h z W_O^h.
    Matrix moved(Head head, const Matrix& values) const {
        const Matrix& pattern = run_.layers[n(head.layer)].pattern[n(head.index)];
        Matrix z(values.size(), Vector(n(c_.d_head), 0.0));
        for (std::size_t q = 0; q < z.size(); ++q)
            for (std::size_t k = 0; k < z.size(); ++k)
                for (std::size_t e = 0; e < z[q].size(); ++e) z[q][e] += pattern[q][k] * values[k][e];
        return times(z, part("W_O", head.layer, head.index, n(c_.d_head) * n(c_.d_model)), n(c_.d_model));
    }

    /// A^h norm(x) W_V^h W_O^h.
    Matrix through(Head head, const Matrix& x) const {
        const Matrix y = normed(x, "ln1", head.layer, run_.layers[n(head.layer)].rstd1);
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
    Matrix head_output(Head head) const {
        Matrix out = through(head, run_.stream[n(head.layer)]);
        const auto add = [&](const Matrix& more) {
            for (std::size_t q = 0; q < out.size(); ++q)
                for (std::size_t d = 0; d < out[q].size(); ++d) out[q][d] += more[q][d];
        };
        if (c_.norm == Norm::LayerNorm && c_.biases.norm) add(moved(head, bias_image(head)));
        if (c_.biases.query_key_value)
            add(moved(head, repeated(part("b_V", head.layer, kv(head.index), n(c_.d_head)))));
        return out;
    }

    Matrix final_bias() const {
        if (c_.folding.gains) return repeated(all("ln_final.b.U", -1));
        return times(repeated(all("ln_final.b", -1)), all("W_U", -1), n(c_.d_vocab));
    }

    Matrix unembedded(const Matrix& x) const {
        return times(c_.final_norm ? normed(x, "ln_final", -1, run_.rstd_final) : x, all("W_U", -1),
                     n(c_.d_vocab));
    }

    void rotate(Matrix& x) const {
        if (c_.positions != Positions::Rotary) return;
        const int half = c_.rotary.dims / 2;
        for (std::size_t q = 0; q < x.size(); ++q)
            for (int i = 0; i < half; ++i) {
                const double angle =
                    static_cast<double>(q) * std::pow(c_.rotary.theta, -2.0 * i / c_.rotary.dims);
                double& a = x[q][n(c_.rotary.adjacent_pairs ? 2 * i : i)];
                double& b = x[q][n(c_.rotary.adjacent_pairs ? 2 * i + 1 : i + half)];
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
};

/// Of a Model.
template <class Model>
PathOracle path_oracle(const Model& model, const std::vector<int>& tokens) {
    return PathOracle(model.config(), weights_of(model), tokens);
}

}  // namespace headway::oracle
