// Skip-trigrams by looking at every triple: plain loops in double over a model's own weights. Slow. For
// models without norms of queries and keys and without norms behind branches.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/model.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace headway::test {

using Matrix = std::vector<std::vector<double>>;

struct NaiveTriple {
    int head = 0, source = 0, destination = 0, output = 0;
    double score = 0;
};

/// `index` counts the matrices of a leaf that is a stack of them.
inline Matrix matrix_of(const Model& model, const char* symbol, int layer, int index = 0) {
    const WeightArray<double> leaf = model.leaf<double>(symbol, layer);
    const auto columns = static_cast<std::size_t>(leaf.shape.back());
    const auto rows = static_cast<std::size_t>(leaf.shape[leaf.shape.size() - 2]);
    Matrix matrix(rows, std::vector<double>(columns));
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
            matrix[i][j] = leaf.values()[(static_cast<std::size_t>(index) * rows + i) * columns + j];
    return matrix;
}

inline Matrix times(const Matrix& a, const Matrix& b) {
    Matrix c(a.size(), std::vector<double>(b.front().size(), 0.0));
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t k = 0; k < b.size(); ++k)
            for (std::size_t j = 0; j < c[i].size(); ++j) c[i][j] += a[i][k] * b[k][j];
    return c;
}

/// Rows turned by `offset` positions; pairs (i, i + dims/2).
inline void turn(Matrix& rows, const Rotary& rotary, int offset) {
    const auto half = static_cast<std::size_t>(rotary.dims / 2);
    for (std::vector<double>& row : rows)
        for (std::size_t i = 0; i < half; ++i) {
            const double angle = offset * rotary.frequency(static_cast<int>(i));
            const double a = row[i], b = row[i + half];
            row[i] = a * std::cos(angle) - b * std::sin(angle);
            row[i + half] = a * std::sin(angle) + b * std::cos(angle);
        }
}

struct NaiveHead {
    Matrix attention;  ///< [source][destination], above the mean over sources
    Matrix logits;     ///< [source][output], above the mean over outputs
};

inline NaiveHead naive_head(const Model& model, int layer, int head, int offset) {
    const Config& config = model.config();
    Matrix embed = matrix_of(model, "W_E", -1);
    for (std::vector<double>& row : embed)
        for (double& value : row) value *= config.embed_scale;
    const int group = head / config.group_size();
    Matrix queries = times(embed, matrix_of(model, "W_Q", layer, head));
    if (config.positions == Positions::Rotary) turn(queries, config.rotary_of(layer), offset);
    const Matrix keys = times(embed, matrix_of(model, "W_K", layer, group));
    const Matrix values = times(embed, matrix_of(model, "W_V", layer, group));
    NaiveHead result{{},
                     times(times(values, matrix_of(model, "W_O", layer, head)), matrix_of(model, "W_U", -1))};
    const std::size_t n = embed.size();
    result.attention.assign(n, std::vector<double>(n, 0.0));
    for (std::size_t t = 0; t < n; ++t) {
        double mean = 0;
        for (std::size_t s = 0; s < n; ++s) {
            double& score = result.attention[s][t];
            for (std::size_t e = 0; e < keys[s].size(); ++e) score += queries[t][e] * keys[s][e];
            score *= config.score_scale(layer);
            mean += score / static_cast<double>(n);
        }
        for (std::size_t s = 0; s < n; ++s) result.attention[s][t] -= mean;
    }
    for (std::vector<double>& row : result.logits) {
        double mean = 0;
        for (const double logit : row) mean += logit / static_cast<double>(n);
        for (double& logit : row) logit -= mean;
    }
    return result;
}

/// All triples of a head whose two factors are above 0, best first.
inline std::vector<NaiveTriple> naive_triples(const Model& model, int layer, int head, int offset = 0) {
    const NaiveHead naive = naive_head(model, layer, head, offset);
    std::vector<NaiveTriple> triples;
    const int n = static_cast<int>(naive.attention.size());
    for (int s = 0; s < n; ++s)
        for (int t = 0; t < n; ++t)
            for (int o = 0; o < n; ++o) {
                const auto at = [](int i) { return static_cast<std::size_t>(i); };
                const double a = naive.attention[at(s)][at(t)], b = naive.logits[at(s)][at(o)];
                if (a > 0 && b > 0) triples.push_back({head, s, t, o, a * b});
            }
    std::ranges::sort(triples, [](const NaiveTriple& x, const NaiveTriple& y) { return x.score > y.score; });
    return triples;
}

}  // namespace headway::test
