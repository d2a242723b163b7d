// The oracle: a transformer's forward pass in plain loops, in double, written from the definitions and nothing else. Slow and
// obviously correct; whatever Headway computes cleverly is compared with it. It knows Config and arrays, no network, no BLAS.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace headway::oracle {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;  ///< [row][column]

/// The weights as the network reads them, row-major: symbol and layer (-1: none).
using Weights = std::function<Vector(const std::string& symbol, int layer)>;

/// Weights of a Model.
template <class Model>
Weights weights_of(const Model& model) {
    return [&model](const std::string& symbol, int layer) {
        const auto array = model.template leaf<double>(symbol, layer);
        const auto values = array.values();
        return Vector(values.begin(), values.end());
    };
}

/// A norm's input `x` becomes `(x - mean) * rstd * gain + bias`.
struct LayerRun {
    std::vector<Matrix> scores;   ///< [head][query][key], scaled, before mask and softmax
    std::vector<Matrix> pattern;  ///< [head][query][key]
    Vector rstd1;                 ///< [position], of the norm before attention; 1 without norm
    Vector rstd2;                 ///< [position], of the norm before the MLP; empty without MLP
    Matrix attention;             ///< [position][d_model], heads and b_O
    Matrix mlp;                   ///< [position][d_model], with b_out; empty without MLP
};

struct Run {
    std::vector<Matrix> stream;  ///< [layer][position][d_model]: before layer 0, after each layer
    std::vector<LayerRun> layers;
    Vector rstd_final;  ///< [position]; 1 without norm
    Matrix logits;      ///< [position][d_vocab]
};

class Forward {
public:
    Forward(const Config& config, Weights weights) : c_(config), weights_(std::move(weights)) {}

    Run run(const std::vector<int>& tokens) {
        Run run;
        Matrix x = embed(tokens);
        run.stream.push_back(x);
        for (int layer = 0; layer < c_.n_layers; ++layer) {
            run.layers.push_back(block(x, layer));
            run.stream.push_back(x);
        }
        run.logits = unembed(x, run.rstd_final);
        return run;
    }

private:
    static Matrix zeros(std::size_t rows, std::size_t columns) { return Matrix(rows, Vector(columns, 0.0)); }
    static void add(Matrix& to, const Matrix& from) {
        for (std::size_t i = 0; i < to.size(); ++i) {
            for (std::size_t j = 0; j < to[i].size(); ++j) to[i][j] += from[i][j];
        }
    }
    static void add_to_rows(Matrix& to, const Vector& bias) {
        for (Vector& row : to) {
            for (std::size_t j = 0; j < row.size(); ++j) row[j] += bias[j];
        }
    }
    /// x W + b, W `[x columns, columns]` a block of `weight` that begins at `offset`.
    static Matrix times(const Matrix& x, const Vector& weight, std::size_t columns, std::size_t offset = 0) {
        Matrix y = zeros(x.size(), columns);
        for (std::size_t i = 0; i < x.size(); ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
                for (std::size_t k = 0; k < x[i].size(); ++k)
                    y[i][j] += x[i][k] * weight.at(offset + k * columns + j);
            }
        }
        return y;
    }
    static std::size_t size(int n) { return static_cast<std::size_t>(n); }

    Matrix embed(const std::vector<int>& tokens) const {
        const Vector embedding = weights_("W_E", -1);
        Matrix x = zeros(tokens.size(), size(c_.d_model));
        for (std::size_t q = 0; q < tokens.size(); ++q) {
            for (std::size_t d = 0; d < x[q].size(); ++d)
                x[q][d] = embedding.at(size(tokens[q]) * x[q].size() + d);
        }
        if (c_.positions == Positions::Learned) add_positions(x);
        return x;
    }

    void add_positions(Matrix& x) const {
        const Vector positions = weights_("W_pos", -1);
        for (std::size_t q = 0; q < x.size(); ++q) {
            for (std::size_t d = 0; d < x[q].size(); ++d) x[q][d] += positions.at(q * x[q].size() + d);
        }
    }

    /// What the readers of a norm see: without its gain and bias where they are folded.
    Matrix normed(const Matrix& x, const std::string& norm, int layer, Vector& rstd) const {
        rstd.assign(x.size(), 1.0);
        if (c_.norm == Norm::None) return x;
        Matrix y = x;
        const bool centred = c_.norm == Norm::LayerNorm && !c_.folding.centring;
        for (std::size_t q = 0; q < y.size(); ++q) {
            double mean = 0.0;
            for (const double value : y[q]) mean += value / c_.d_model;
            double square = 0.0;
            for (double& value : y[q]) {
                if (centred) value -= mean;
                square += value * value / c_.d_model;
            }
            rstd[q] = 1.0 / std::sqrt(square + c_.norm_eps);
            for (double& value : y[q]) value *= rstd[q];
        }
        if (c_.folding.gains) return y;
        const Vector gain = weights_(norm + ".w", layer);
        for (Vector& row : y) {
            for (std::size_t d = 0; d < row.size(); ++d) row[d] *= gain[d];
        }
        if (has_norm_bias()) add_to_rows(y, weights_(norm + ".b", layer));
        return y;
    }

    bool has_norm_bias() const { return c_.norm == Norm::LayerNorm && c_.biases.norm; }

    /// One head's queries, keys or values: n W + b, and the image of the norm's bias.
    Matrix project(const Matrix& n, const std::string& letter, int head, int layer) const {
        const std::size_t e = size(c_.d_head);
        Matrix y = times(n, weights_("W_" + letter, layer), e, size(head) * size(c_.d_model) * e);
        const auto add_bias = [&](const std::string& symbol) {
            const Vector all = weights_(symbol, layer);
            const auto first = all.begin() + static_cast<std::ptrdiff_t>(size(head) * e);
            add_to_rows(y, Vector(first, first + c_.d_head));
        };
        if (c_.biases.query_key_value) add_bias("b_" + letter);
        if (has_norm_bias() && c_.folding.gains) add_bias("ln1.b." + letter);
        return y;
    }

    /// Turns pair i of row q by the angle q theta^(-2i/dims).
    void rotate(Matrix& x) const {
        if (c_.positions != Positions::Rotary) return;
        const int half = c_.rotary.dims / 2;
        for (std::size_t q = 0; q < x.size(); ++q) {
            for (int i = 0; i < half; ++i) {
                const double frequency = std::pow(c_.rotary.theta, -2.0 * i / c_.rotary.dims);
                const double angle = static_cast<double>(q) * frequency;
                double& first = x[q][size(c_.rotary.adjacent_pairs ? 2 * i : i)];
                double& second = x[q][size(c_.rotary.adjacent_pairs ? 2 * i + 1 : i + half)];
                const double a = first;
                const double b = second;
                first = a * std::cos(angle) - b * std::sin(angle);
                second = a * std::sin(angle) + b * std::cos(angle);
            }
        }
    }

    Matrix scores(const Matrix& query, const Matrix& key, int layer) const {
        const double scale = weights_("scale", layer).at(0);
        Matrix s = zeros(query.size(), key.size());
        for (std::size_t q = 0; q < s.size(); ++q) {
            for (std::size_t k = 0; k < s.size(); ++k) {
                for (std::size_t e = 0; e < query[q].size(); ++e) s[q][k] += query[q][e] * key[k][e] * scale;
            }
        }
        return s;
    }

    Matrix softmax(const Matrix& s) const {
        Matrix a = zeros(s.size(), s.size());
        for (std::size_t q = 0; q < s.size(); ++q) {
            const std::size_t n_keys = c_.causal ? q + 1 : s.size();
            double largest = -std::numeric_limits<double>::infinity();
            for (std::size_t k = 0; k < n_keys; ++k) largest = std::max(largest, s[q][k]);
            double total = 0.0;
            for (std::size_t k = 0; k < n_keys; ++k) total += a[q][k] = std::exp(s[q][k] - largest);
            for (std::size_t k = 0; k < n_keys; ++k) a[q][k] /= total;
        }
        return a;
    }

    Matrix attention(const Matrix& n, const Matrix& n_qk, int layer, LayerRun& run) const {
        Matrix out = zeros(n.size(), size(c_.d_model));
        const Vector output = weights_("W_O", layer);
        for (int head = 0; head < c_.n_heads; ++head) {
            const int kv_head = head / c_.group_size();
            Matrix query = project(n_qk, "Q", head, layer);
            Matrix key = project(n_qk, "K", kv_head, layer);
            const Matrix value = project(n, "V", kv_head, layer);
            rotate(query);
            rotate(key);
            run.scores.push_back(scores(query, key, layer));
            run.pattern.push_back(softmax(run.scores.back()));
            Matrix z = zeros(n.size(), size(c_.d_head));
            for (std::size_t q = 0; q < z.size(); ++q) {
                for (std::size_t k = 0; k < z.size(); ++k) {
                    for (std::size_t e = 0; e < z[q].size(); ++e)
                        z[q][e] += run.pattern.back()[q][k] * value[k][e];
                }
            }
            add(out, times(z, output, size(c_.d_model), size(head) * size(c_.d_head) * size(c_.d_model)));
        }
        if (c_.biases.attention_out) add_to_rows(out, weights_("b_O", layer));
        return out;
    }

    static double activate(Activation activation, double x) {
        switch (activation) {
            case Activation::Relu:
                return x > 0.0 ? x : 0.0;
            case Activation::Gelu:
                return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
            case Activation::GeluNew:
                return 0.5 * x *
                       (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
            case Activation::Silu:
                return x / (1.0 + std::exp(-x));
        }
        return std::numeric_limits<double>::quiet_NaN();
    }

    Matrix mlp_input(const Matrix& n, const std::string& which, int layer) const {
        Matrix y = times(n, weights_("W_" + which, layer), size(c_.d_mlp));
        if (has_norm_bias() && c_.folding.gains) add_to_rows(y, weights_("ln2.b." + which, layer));
        if (c_.biases.mlp && which == "in") add_to_rows(y, weights_("b_in", layer));
        if (c_.biases.gate && which == "gate") add_to_rows(y, weights_("b_gate", layer));
        return y;
    }

    Matrix mlp(const Matrix& n, int layer) const {
        Matrix inner = mlp_input(n, "in", layer);
        const Matrix gate = c_.gated_mlp ? mlp_input(n, "gate", layer) : inner;
        for (std::size_t q = 0; q < inner.size(); ++q) {
            for (std::size_t m = 0; m < inner[q].size(); ++m) {
                const double active = activate(c_.activation, gate[q][m]);
                inner[q][m] = c_.gated_mlp ? active * inner[q][m] : active;
            }
        }
        Matrix out = times(inner, weights_("W_out", layer), size(c_.d_model));
        if (c_.biases.mlp) add_to_rows(out, weights_("b_out", layer));
        return out;
    }

    LayerRun block(Matrix& x, int layer) const {
        LayerRun run;
        const Matrix n1 = normed(x, "ln1", layer, run.rstd1);
        Matrix n_qk = n1;
        if (c_.positions == Positions::Shortformer) add_positions(n_qk);  // behind the norm
        run.attention = attention(n1, n_qk, layer, run);
        Matrix after = x;
        add(after, run.attention);
        if (c_.has_mlp()) {
            const Matrix& read = c_.parallel_block ? x : after;
            Matrix n2 = normed(read, c_.shared_norm ? "ln1" : "ln2", layer, run.rstd2);
            run.mlp = mlp(n2, layer);
            add(after, run.mlp);
        }
        x = after;
        return run;
    }

    Matrix unembed(const Matrix& x, Vector& rstd) const {
        const bool has_norm = c_.norm != Norm::None && c_.final_norm;
        rstd.assign(x.size(), 1.0);
        const Matrix n = has_norm ? normed(x, "ln_final", -1, rstd) : x;
        Matrix logits = times(n, weights_("W_U", -1), size(c_.d_vocab));
        if (has_norm && has_norm_bias() && c_.folding.gains)
            add_to_rows(logits, weights_("ln_final.b.U", -1));
        if (c_.biases.unembed) add_to_rows(logits, weights_("b_U", -1));
        return logits;
    }

    Config c_;
    Weights weights_;
};

inline Run forward(const Config& config, const Weights& weights, const std::vector<int>& tokens) {
    return Forward(config, weights).run(tokens);
}

/// The forward pass of a Model.
template <class Model>
Run forward(const Model& model, const std::vector<int>& tokens) {
    return forward(model.config(), weights_of(model), tokens);
}

}  // namespace headway::oracle
