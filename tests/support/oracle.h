// The oracle: a transformer's forward pass in plain loops, in double, written from the definitions and
// nothing else. Slow and obviously correct; whatever Headway computes cleverly is compared with it. It knows
// Config and arrays, no network, no BLAS.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
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

/// A norm's input `x` becomes `(x - mean) * rstd * gain + bias`. Scales of norms that the model has not are
/// 1, or absent.
struct LayerRun {
    std::vector<Matrix> scores;   ///< [head][query][key], scaled, with ALiBi, before cap, mask and softmax
    std::vector<Matrix> pattern;  ///< [head][query][key]
    Matrix rstd_q;                ///< [head][position]; one row where a norm is of all heads; empty without
    Matrix rstd_k;                ///< [key-value head][position]
    Vector rstd1;                 ///< [position], of ln1; 1 without
    Vector rstd2;                 ///< [position], of ln2; empty without MLP
    Vector rstd1_post;            ///< [position], of ln1_post; 1 without
    Vector rstd2_post;            ///< [position], of ln2_post; empty without MLP
    Matrix branch1;               ///< [position][d_model], heads and b_O
    Matrix branch2;               ///< [position][d_model], MLP and b_out; empty without MLP
    Matrix attention;             ///< [position][d_model], what branch 1 adds to the stream
    std::vector<Matrix> written;  ///< [head][position][d_model], the part of it that a head makes
    Matrix mlp;     ///< [position][d_model], what branch 2 adds to the stream; empty without MLP
    Matrix middle;  ///< [position][d_model], the stream between them; empty in a parallel block
};

struct Run {
    std::vector<Matrix> stream;  ///< [layer][position][d_model]: before layer 0, after each layer
    std::vector<LayerRun> layers;
    Vector rstd_embed;  ///< [position]; 1 without norm
    Vector rstd_final;  ///< [position]; 1 without norm
    Matrix logits;      ///< [position][d_vocab]
};

/// An edge that is closed or scaled: the reader's input is read from the stream in which what the writer added
/// to it is multiplied by the factor.
struct Scaled {
    int writer_layer = 0;
    int writer_head = 0;  ///< -1: the MLP
    char input = 'K';     ///< Q, K, V of a head; M: the MLP; U: the unembedding
    int layer = 0;        ///< of the reader
    int head = 0;         ///< K and V: of all heads that share them
    double factor = 0;
};

/// What is done to a run.
struct Intervention {
    std::vector<Scaled> edges = {};
    bool frozen_scales = false;  ///< norms in front of edited inputs keep the scale of the whole stream
    std::map<std::pair<int, int>, Matrix> patterns = {};  ///< given to a (layer, head)
};

class Forward {
public:
    Forward(const Config& config, Weights weights, Intervention intervention = {})
        : c_(config), weights_(std::move(weights)), what_(std::move(intervention)) {}

    Run run(const std::vector<int>& tokens) {
        Run run;
        Matrix x = embed(tokens, run.rstd_embed);
        run.stream.push_back(x);
        for (int layer = 0; layer < c_.n_layers; ++layer) {
            run.layers.emplace_back();
            block(x, layer, run.layers);
            run.stream.push_back(x);
        }
        run.logits = unembed(x, run);
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

    Matrix embed(const std::vector<int>& tokens, Vector& rstd) const {
        const Vector embedding = weights_("W_E", -1);
        const double scale = c_.embed_scale == 1.0 ? 1.0 : weights_("embed_scale", -1).at(0);
        Matrix x = zeros(tokens.size(), size(c_.d_model));
        for (std::size_t q = 0; q < tokens.size(); ++q) {
            for (std::size_t d = 0; d < x[q].size(); ++d)
                x[q][d] = scale * embedding.at(size(tokens[q]) * x[q].size() + d);
        }
        if (c_.positions == Positions::Learned) add_positions(x);
        if (c_.biases.embed) add_to_rows(x, weights_("b_E", -1));
        rstd.assign(x.size(), 1.0);
        if (c_.norm == Norm::None || !c_.embed_norm) return x;
        x = whole_norm(x, "ln_embed", -1, rstd);
        if (stream_has_no_mean())
            for (Vector& row : x) take_mean_away(row);
        return x;
    }

    void add_positions(Matrix& x) const {
        const Vector positions = weights_("W_pos", -1);
        for (std::size_t q = 0; q < x.size(); ++q) {
            for (std::size_t d = 0; d < x[q].size(); ++d) x[q][d] += positions.at(q * x[q].size() + d);
        }
    }

    /// Folding centred all that writes to the stream of a LayerNorm model, whose norms then need not; a norm
    /// on the stream itself puts a mean back.
    bool stream_has_no_mean() const {
        return c_.norm == Norm::LayerNorm && c_.folding.centring &&
               c_.norm_placement != NormPlacement::Stream;
    }

    static void take_mean_away(Vector& row) {
        double mean = 0.0;
        for (const double value : row) mean += value / static_cast<double>(row.size());
        for (double& value : row) value -= mean;
    }

    /// 1 over the root mean square of a row, by which it is multiplied.
    double scale_row(Vector& row) const {
        double square = 0.0;
        for (const double value : row) square += value * value / static_cast<double>(row.size());
        const double rstd = 1.0 / std::sqrt(square + c_.norm_eps);
        for (double& value : row) value *= rstd;
        return rstd;
    }

    Matrix normed(const Matrix& x, const std::string& norm, int layer, bool centre, bool gain, Vector& rstd,
                  const Vector* given = nullptr) const {
        Matrix y = x;
        rstd.clear();
        for (std::size_t q = 0; q < y.size(); ++q) {
            if (centre) take_mean_away(y[q]);
            if (given == nullptr) {
                rstd.push_back(scale_row(y[q]));
                continue;
            }
            rstd.push_back(given->at(q));
            for (double& value : y[q]) value *= rstd.back();
        }
        if (!gain) return y;
        const Vector factor = weights_(norm + ".w", layer);
        for (Vector& row : y) {
            for (std::size_t d = 0; d < row.size(); ++d) row[d] *= factor[d];
        }
        if (has_norm_bias()) add_to_rows(y, weights_(norm + ".b", layer));
        return y;
    }

    /// A norm with everything that belongs to it.
    Matrix whole_norm(const Matrix& x, const std::string& norm, int layer, Vector& rstd) const {
        return normed(x, norm, layer, c_.norm == Norm::LayerNorm, true, rstd);
    }

    /// What the readers of a norm see: without its gain and bias where they are folded into the readers.
    Matrix read_norm(const Matrix& x, const std::string& norm, int layer, Vector& rstd,
                     const Vector* given = nullptr) const {
        return normed(x, norm, layer, c_.norm == Norm::LayerNorm && !stream_has_no_mean(), !c_.folding.gains,
                      rstd, given);
    }

    /// The input of a branch: behind ln1 or ln2 where these are in front of the branches.
    Matrix branch_input(const Matrix& x, const std::string& norm, int layer, Vector& rstd,
                        const Vector* given = nullptr) const {
        rstd.assign(x.size(), 1.0);
        return in_front() ? read_norm(x, norm, layer, rstd, given) : x;
    }

    /// Whether an edge into this input is edited; takes what its writer wrote from `x`, or a part of it.
    bool rescale(Matrix& x, char input, int layer, int head, const std::vector<LayerRun>& layers) const {
        bool any = false;
        const bool shared = input == 'K' || input == 'V';  // `head` is a key-value head
        std::vector<std::pair<int, int>> writers;
        for (const Scaled& edge : what_.edges) {
            if (edge.input != input || (input != 'U' && edge.layer != layer)) continue;
            const bool of_head = input == 'Q' || shared;
            if (of_head && (shared ? edge.head / c_.group_size() : edge.head) != head) continue;
            const std::pair<int, int> writer{edge.writer_layer, edge.writer_head};
            if (std::find(writers.begin(), writers.end(), writer) != writers.end()) continue;
            writers.push_back(writer);
            const LayerRun& run = layers.at(size(edge.writer_layer));
            const Matrix& wrote = edge.writer_head < 0 ? run.mlp : run.written.at(size(edge.writer_head));
            for (std::size_t q = 0; q < x.size(); ++q)
                for (std::size_t d = 0; d < x[q].size(); ++d) x[q][d] -= (1 - edge.factor) * wrote[q][d];
            any = true;
        }
        return any;
    }

    /// What one input of a branch reads: `n`, or the norm of the stream without what is taken from it.
    Matrix own_input(const Matrix& n, const Matrix& x, char input, const std::string& norm, int layer,
                     int head, const std::vector<LayerRun>& layers, const Vector& rstd) const {
        Matrix own = x;
        Vector scale;
        if (!rescale(own, input, layer, head, layers)) return n;
        return branch_input(own, norm, layer, scale, what_.frozen_scales ? &rstd : nullptr);
    }

    bool in_front() const {
        return c_.norm != Norm::None &&
               (c_.norm_placement == NormPlacement::Before || c_.norm_placement == NormPlacement::Sandwich);
    }
    bool behind() const {
        return c_.norm != Norm::None &&
               (c_.norm_placement == NormPlacement::After || c_.norm_placement == NormPlacement::Sandwich);
    }
    bool on_stream() const { return c_.norm != Norm::None && c_.norm_placement == NormPlacement::Stream; }

    bool has_norm_bias() const { return c_.norm == Norm::LayerNorm && c_.biases.norm; }
    /// A bias of ln1 and ln2 that is folded into their readers.
    bool has_image() const { return in_front() && has_norm_bias() && c_.folding.gains; }

    /// One head's queries, keys or values: n W + b, and the image of the norm's bias.
    Matrix project(const Matrix& n, const std::string& letter, int head, int layer) const {
        const std::size_t e = size(c_.d_head);
        Matrix y = times(n, weights_("W_" + letter, layer), e, size(head) * size(c_.d_model) * e);
        const auto add_bias = [&](const std::string& symbol) {
            const Vector all = weights_(symbol, layer);
            const auto first = all.begin() + static_cast<std::ptrdiff_t>(size(head) * e);
            add_to_rows(y, Vector(first, first + c_.d_head));
        };
        if (c_.biases.query_key_value && !(letter == "V" && c_.folding.value_bias)) add_bias("b_" + letter);
        if (has_image()) add_bias("ln1.b." + letter);
        return y;
    }

    /// Queries or keys of all heads: projected, normalised, rotated.
    std::vector<Matrix> sides(const std::function<Matrix(char, int)>& input, const std::string& letter,
                              int heads, int layer, Matrix& rstd) const {
        std::vector<Matrix> all;
        for (int head = 0; head < heads; ++head) {
            Matrix n = input(letter[0], head);
            if (c_.positions == Positions::Shortformer) add_positions(n);  // behind the norm
            all.push_back(project(n, letter, head, layer));
        }
        if (c_.query_key_norm != QueryKeyNorm::None)
            norm_heads(all, weights_(letter == "Q" ? "q_norm.w" : "k_norm.w", layer), rstd);
        for (Matrix& side : all) rotate(side, layer);
        return all;
    }

    /// RMSNorm of each head's vectors, or of those of all heads laid end to end; gain [head][inner].
    void norm_heads(std::vector<Matrix>& heads, const Vector& gain, Matrix& rstd) const {
        const std::size_t e = size(c_.d_head);
        const bool together = c_.query_key_norm == QueryKeyNorm::Layer;
        rstd = zeros(together ? 1 : heads.size(), heads.front().size());
        for (std::size_t q = 0; q < heads.front().size(); ++q) {
            Vector line;
            for (Matrix& head : heads) {
                if (!together) rstd[size(static_cast<int>(&head - heads.data()))][q] = scale_row(head[q]);
                line.insert(line.end(), head[q].begin(), head[q].end());
            }
            if (together) rstd[0][q] = scale_row(line);
            for (std::size_t i = 0; i < line.size(); ++i) heads[i / e][q][i % e] = line[i] * gain.at(i);
        }
    }

    /// Radians a position of pair i. Llama 3 looks at the wavelength: long ones are stretched by the factor,
    /// short ones kept.
    static double frequency(const Rotary& rotary, int i) {
        const double base = std::pow(rotary.theta, -2.0 * i / rotary.dims);
        if (rotary.scaling == RotaryScaling::Linear) return base / rotary.factor;
        if (rotary.scaling != RotaryScaling::Llama3) return base;
        const double turns =
            rotary.original_ctx * base / (2.0 * std::numbers::pi);  // in the original context
        double kept = (turns - rotary.low_factor) / (rotary.high_factor - rotary.low_factor);
        kept = std::min(1.0, std::max(0.0, kept));
        return kept * base + (1.0 - kept) * base / rotary.factor;
    }

    /// Turns pair i of row q by the angle q frequency(i).
    void rotate(Matrix& x, int layer) const {
        if (c_.positions != Positions::Rotary) return;
        const Rotary rotary =
            c_.layer_attention.empty() ? c_.rotary : c_.layer_attention.at(size(layer)).rotary;
        const int half = rotary.dims / 2;
        for (std::size_t q = 0; q < x.size(); ++q) {
            for (int i = 0; i < half; ++i) {
                const double angle = static_cast<double>(q) * frequency(rotary, i);
                double& first = x[q][size(rotary.adjacent_pairs ? 2 * i : i)];
                double& second = x[q][size(rotary.adjacent_pairs ? 2 * i + 1 : i + half)];
                const double a = first;
                const double b = second;
                first = a * std::cos(angle) - b * std::sin(angle);
                second = a * std::sin(angle) + b * std::cos(angle);
            }
        }
    }

    Matrix scores(const Matrix& query, const Matrix& key, int head, int layer) const {
        const double scale = weights_("scale", layer).at(0);
        const double slope = c_.positions == Positions::Alibi ? weights_("slope", layer).at(size(head)) : 0.0;
        Matrix s = zeros(query.size(), key.size());
        for (std::size_t q = 0; q < s.size(); ++q) {
            for (std::size_t k = 0; k < s.size(); ++k) {
                for (std::size_t e = 0; e < query[q].size(); ++e) s[q][k] += query[q][e] * key[k][e] * scale;
                s[q][k] -= slope * (static_cast<double>(q) - static_cast<double>(k));
            }
        }
        return s;
    }

    static void cap(Matrix& x, double limit) {
        if (limit == 0.0) return;
        for (Vector& row : x) {
            for (double& value : row) value = limit * std::tanh(value / limit);
        }
    }

    bool is_seen(std::size_t k, std::size_t q, int layer) const {
        if (c_.causal && k > q) return false;
        const int window = c_.layer_attention.empty() ? 0 : c_.layer_attention.at(size(layer)).window;
        return window == 0 || k + size(window) > q;
    }

    Matrix softmax(const Matrix& s, int layer) const {
        Matrix a = zeros(s.size(), s.size());
        for (std::size_t q = 0; q < s.size(); ++q) {
            double largest = -std::numeric_limits<double>::infinity();
            double total = 0.0;
            for (std::size_t k = 0; k < s.size(); ++k) {
                if (is_seen(k, q, layer)) largest = std::max(largest, s[q][k]);
            }
            for (std::size_t k = 0; k < s.size(); ++k) {
                if (is_seen(k, q, layer)) total += a[q][k] = std::exp(s[q][k] - largest);
            }
            for (std::size_t k = 0; k < s.size(); ++k) a[q][k] /= total;
        }
        return a;
    }

    /// `input`: what Q, K or V of a head reads.
    Matrix attention(const Matrix& n, const std::function<Matrix(char, int)>& input, int layer,
                     LayerRun& run) const {
        Matrix out = zeros(n.size(), size(c_.d_model));
        const Vector output = weights_("W_O", layer);
        const std::vector<Matrix> queries = sides(input, "Q", c_.n_heads, layer, run.rstd_q);
        const std::vector<Matrix> keys = sides(input, "K", c_.n_kv_heads, layer, run.rstd_k);
        for (int head = 0; head < c_.n_heads; ++head) {
            const int kv_head = head / c_.group_size();
            const Matrix value = project(input('V', kv_head), "V", kv_head, layer);
            run.scores.push_back(scores(queries[size(head)], keys[size(kv_head)], head, layer));
            Matrix capped = run.scores.back();
            cap(capped, c_.score_cap);
            const auto given = what_.patterns.find({layer, head});
            run.pattern.push_back(given == what_.patterns.end() ? softmax(capped, layer) : given->second);
            Matrix z = zeros(n.size(), size(c_.d_head));
            for (std::size_t q = 0; q < z.size(); ++q) {
                for (std::size_t k = 0; k < z.size(); ++k) {
                    for (std::size_t e = 0; e < z[q].size(); ++e)
                        z[q][e] += run.pattern.back()[q][k] * value[k][e];
                }
            }
            run.written.push_back(
                times(z, output, size(c_.d_model), size(head) * size(c_.d_head) * size(c_.d_model)));
            add(out, run.written.back());
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
        if (has_image()) add_to_rows(y, weights_("ln2.b." + which, layer));
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

    /// What a branch adds to the stream.
    Matrix added(const Matrix& branch, const std::string& norm, int layer, Vector& rstd) const {
        rstd.assign(branch.size(), 1.0);
        return behind() ? whole_norm(branch, norm, layer, rstd) : branch;
    }

    /// What heads wrote, behind the norm of the whole branch: its scale and gain.
    void scale_written(LayerRun& run, int layer) const {
        if (!behind()) return;
        const Vector gain = weights_("ln1_post.w", layer);
        for (Matrix& head : run.written)
            for (std::size_t q = 0; q < head.size(); ++q)
                for (std::size_t d = 0; d < gain.size(); ++d) head[q][d] *= run.rstd1_post[q] * gain[d];
    }

    void block(Matrix& x, int layer, std::vector<LayerRun>& layers) const {
        LayerRun& run = layers.back();
        const Matrix n1 = branch_input(x, "ln1", layer, run.rstd1);
        const auto input = [&](char letter, int head) {
            return own_input(n1, x, letter, "ln1", layer, head, layers, run.rstd1);
        };
        run.branch1 = attention(n1, input, layer, run);
        run.attention = added(run.branch1, "ln1_post", layer, run.rstd1_post);
        scale_written(run, layer);
        Matrix after = x;
        add(after, run.attention);
        if (on_stream()) after = whole_norm(after, "ln1", layer, run.rstd1);
        if (c_.has_mlp()) {
            if (!c_.parallel_block) run.middle = after;
            const Matrix& read = c_.parallel_block ? x : after;
            const std::string norm = c_.shared_norm ? "ln1" : "ln2";
            const Matrix n2 = branch_input(read, norm, layer, run.rstd2);
            run.branch2 = mlp(own_input(n2, read, 'M', norm, layer, -1, layers, run.rstd2), layer);
            run.mlp = added(run.branch2, "ln2_post", layer, run.rstd2_post);
            add(after, run.mlp);
            if (on_stream()) after = whole_norm(after, "ln2", layer, run.rstd2);
        }
        x = after;
    }

    /// The transform of a masked language model between the last stream and its norm.
    Matrix masked_head(const Matrix& x) const {
        Matrix y = times(x, weights_("W_head", -1), size(c_.d_model));
        add_to_rows(y, weights_("b_head", -1));
        for (Vector& row : y) {
            for (double& value : row) value = activate(c_.activation, value);
        }
        return y;
    }

    Matrix unembed(const Matrix& x, Run& run) const {
        const bool has_norm = c_.norm != Norm::None && c_.final_norm;
        Matrix read = x;
        const bool edited = rescale(read, 'U', -1, -1, run.layers);
        Matrix n = c_.masked_head ? masked_head(read) : read;
        run.rstd_final.assign(x.size(), 1.0);
        if (has_norm) {
            const bool mean = c_.norm == Norm::LayerNorm && (c_.masked_head || !stream_has_no_mean());
            Vector whole;
            if (edited && what_.frozen_scales)
                normed(c_.masked_head ? masked_head(x) : x, "ln_final", -1, mean, false, whole);
            n = normed(n, "ln_final", -1, mean, !c_.folding.gains, run.rstd_final,
                       whole.empty() ? nullptr : &whole);
        }
        Matrix logits = times(n, weights_("W_U", -1), size(c_.d_vocab));
        if (has_norm && has_norm_bias() && c_.folding.gains)
            add_to_rows(logits, weights_("ln_final.b.U", -1));
        if (c_.biases.unembed) add_to_rows(logits, weights_("b_U", -1));
        cap(logits, c_.logit_cap);
        return logits;
    }

    Config c_;
    Weights weights_;
    Intervention what_;
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
