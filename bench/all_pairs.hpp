// ‖W_OV^a M_b‖² of all pairs of heads without the library's networks: what composition is measured against.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include <cblas.h>

#include "contract/parallel.hpp"
#include "headway/measure/composition.hpp"
#include "headway/model/model.hpp"

extern "C" {
void sgeqrf_(const int* m, const int* n, float* a, const int* lda, float* tau, float* work, const int* lwork,
             int* info);
}

namespace headway::bench {

inline std::vector<Composition> kinds() { return {Composition::Q, Composition::K, Composition::V}; }

/// Squared norms in double; NaN for pairs that were not computed.
struct Squares {
    std::size_t heads = 0;
    std::array<std::vector<double>, 3> pairs{};    ///< by kind, [writer, reader]
    std::array<std::vector<double>, 3> readers{};  ///< by kind
    std::vector<double> writers{};
};

inline double sum_of_squares(const float* x, std::int64_t n) {
    std::array<double, 8> lanes{};
    for (std::int64_t i = 0; i + 8 <= n; i += 8)
        for (std::int64_t j = 0; j < 8; ++j) {
            const double value = x[i + j];
            lanes[static_cast<std::size_t>(j)] += value * value;
        }
    double sum = 0;
    for (const double lane : lanes) sum += lane;
    return sum;
}

/// All pairs on float32 factors reduced to d_head: ‖W_V W_O M‖ = ‖R_V W_O W_1 R_2ᵀ‖, R of the QR of the outer
/// factors.
/// Requires: as many key-value heads as query heads; d_head a multiple of 8.
class AllPairs {
public:
    AllPairs(const Model& model, Threads& threads)
        : model_(model),
          threads_(threads),
          layers_(model.config().n_layers),
          heads_(model.config().n_heads),
          d_(model.config().d_model),
          e_(model.config().d_head) {
        const auto n = static_cast<std::size_t>(layers_ * heads_);
        squares_.heads = n;
        for (auto& pairs : squares_.pairs) pairs.assign(n * n, std::numeric_limits<double>::quiet_NaN());
    }

    /// The QRs, and the reduced factors of all heads.
    void reduce_factors() {
        squares_.writers = reduce(writers_, "W_V", "W_O", false);
        squares_.readers[0] = reduce(readers_[0], "W_K", "W_Q", true);
        squares_.readers[1] = reduce(readers_[1], "W_Q", "W_K", true);
        squares_.readers[2] = reduce(readers_[2], "W_O", "W_V", true);
    }

    /// One product for each pair of layers that can compose, of every `step`-th writer layer. Returns the
    /// share of the
    /// multiply-adds that were done.
    double pairwise(int step) {
        struct Task {
            std::int64_t writer, reader;
        };
        std::vector<Task> tasks;
        for (std::int64_t writer = 0; writer < layers_; writer += step)
            for (std::int64_t reader = writer + 1; reader < layers_; ++reader)
                tasks.push_back({writer, reader});
        threads_.run(static_cast<std::int64_t>(tasks.size()), [&](std::int64_t i) {
            const auto [writer, reader] = tasks[static_cast<std::size_t>(i)];
            thread_local std::vector<float> block;
            block.resize(static_cast<std::size_t>(heads_ * e_ * heads_ * e_));
            for (std::size_t kind = 0; kind < 3; ++kind) {
                multiply(heads_ * e_, factor(writers_, writer * heads_),
                         factor(readers_[kind], reader * heads_), block.data());
                take_squares(block.data(), writer, reader, kind);
            }
        });
        return static_cast<double>(tasks.size()) / (static_cast<double>(layers_ * (layers_ - 1)) / 2);
    }

    /// One product for each pair of heads, whether they can compose or not; of every `step`-th writer layer.
    double usual(int step) {
        std::vector<std::int64_t> writers;
        for (std::int64_t layer = 0; layer < layers_; layer += step)
            for (std::int64_t head = 0; head < heads_; ++head) writers.push_back(layer * heads_ + head);
        const std::int64_t n = layers_ * heads_;
        threads_.run(static_cast<std::int64_t>(writers.size()), [&](std::int64_t i) {
            const std::int64_t a = writers[static_cast<std::size_t>(i)];
            std::vector<float> block(static_cast<std::size_t>(e_ * e_));
            for (std::size_t kind = 0; kind < 3; ++kind)
                for (std::int64_t b = 0; b < n; ++b) {
                    multiply(e_, factor(writers_, a), factor(readers_[kind], b), block.data());
                    squares_.pairs[kind][static_cast<std::size_t>(a * n + b)] =
                        sum_of_squares(block.data(), e_ * e_);
                }
        });
        return static_cast<double>(writers.size()) / static_cast<double>(n);
    }

    const Squares& squares() const { return squares_; }

private:
    const float* factor(const std::vector<float>& factors, std::int64_t head) const {
        return factors.data() + head * e_ * d_;
    }

    /// block = left rightᵀ, of `n` rows each.
    void multiply(std::int64_t n, const float* left, const float* right, float* block) const {
        const auto rows = static_cast<int>(n), d = static_cast<int>(d_);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, rows, d, 1, left, d, right, d, 0, block,
                    rows);
    }

    /// R of the QR of an outer factor `[d_model, d_head]`, or of its transpose, row-major.
    std::vector<float> triangle(const float* outer, bool transposed) const {
        const auto d = static_cast<int>(d_), e = static_cast<int>(e_);
        std::vector<float> columns(static_cast<std::size_t>(d_ * e_)), tau(static_cast<std::size_t>(e_)),
            r(static_cast<std::size_t>(e_ * e_)), work(static_cast<std::size_t>(64 * e_));
        for (std::int64_t i = 0; i < d_; ++i)
            for (std::int64_t j = 0; j < e_; ++j)
                columns[static_cast<std::size_t>(j * d_ + i)] =
                    transposed ? outer[j * d_ + i] : outer[i * e_ + j];
        const int length = static_cast<int>(work.size());
        int info = 0;
        sgeqrf_(&d, &e, columns.data(), &d, tau.data(), work.data(), &length, &info);
        for (std::int64_t i = 0; i < e_; ++i)
            for (std::int64_t j = i; j < e_; ++j)
                r[static_cast<std::size_t>(i * e_ + j)] = columns[static_cast<std::size_t>(j * d_ + i)];
        return r;
    }

    /// R inner, `[d_head, d_model]` for every head, and the squared norms.
    std::vector<double> reduce(std::vector<float>& reduced, const char* outer, const char* inner,
                               bool inner_transposed) {
        reduced.resize(static_cast<std::size_t>(layers_ * heads_ * e_ * d_));
        std::vector<double> norms(static_cast<std::size_t>(layers_ * heads_));
        const auto d = static_cast<int>(d_), e = static_cast<int>(e_);
        const bool outer_transposed = outer[2] == 'O';
        threads_.run(layers_, [&](std::int64_t layer) {
            const auto outers = model_.leaf<float>(outer, static_cast<int>(layer));
            const auto inners = model_.leaf<float>(inner, static_cast<int>(layer));
            for (std::int64_t head = 0; head < heads_; ++head) {
                const std::vector<float> r = triangle(outers.data.get() + head * d_ * e_, outer_transposed);
                float* const target = reduced.data() + (layer * heads_ + head) * e_ * d_;
                cblas_sgemm(CblasRowMajor, CblasNoTrans, inner_transposed ? CblasTrans : CblasNoTrans, e, d,
                            e, 1, r.data(), e, inners.data.get() + head * d_ * e_, inner_transposed ? e : d,
                            0, target, d);
                norms[static_cast<std::size_t>(layer * heads_ + head)] = sum_of_squares(target, e_ * d_);
            }
        });
        return norms;
    }

    void take_squares(const float* block, std::int64_t writer_layer, std::int64_t reader_layer,
                      std::size_t kind) {
        const std::int64_t n = layers_ * heads_;
        for (std::int64_t a = 0; a < heads_; ++a)
            for (std::int64_t b = 0; b < heads_; ++b) {
                double sum = 0;
                for (std::int64_t row = 0; row < e_; ++row)
                    sum += sum_of_squares(block + (a * e_ + row) * heads_ * e_ + b * e_, e_);
                squares_.pairs[kind][static_cast<std::size_t>((writer_layer * heads_ + a) * n +
                                                              reader_layer * heads_ + b)] = sum;
            }
    }

    const Model& model_;
    Threads& threads_;
    std::int64_t layers_, heads_, d_, e_;
    std::vector<float> writers_{};                 ///< R_V W_O
    std::array<std::vector<float>, 3> readers_{};  ///< R_2 W_1ᵀ, by kind
    Squares squares_{};
};

}  // namespace headway::bench
