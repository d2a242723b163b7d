// SPDX-License-Identifier: Apache-2.0
#include "model/head_components.hpp"

#include "headway/base/error.hpp"
#include "headway/base/head.hpp"
#include "headway/linalg/spectra.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace headway {

namespace {

constexpr std::array matrices{
    ComponentMatrix{"U_OV", "s_OV", "V_OV", {"W_V", "W_O"}, {"", "ln1_post.w"}},
    ComponentMatrix{"U_QK", "s_QK", "V_QK", {"W_Q", "W_K"}, {"q_norm.w", "k_norm.w"}},
};
constexpr const ComponentMatrix& ov = matrices[0];

using Matrix = xt::xtensor<double, 2>;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Block `index` of a weight `[blocks, rows, columns]`.
Matrix block(const WeightArray<double>& weight, int index) {
    const std::size_t rows = static_cast<std::size_t>(weight.shape[1]),
                      columns = static_cast<std::size_t>(weight.shape[2]);
    Matrix result = xt::empty<double>({rows, columns});
    std::copy_n(weight.data.get() + at(index) * rows * columns, rows * columns, result.data());
    return result;
}

/// What a norm behind a branch does to what the branch writes, its scale aside: `W C diag(γ)`.
void pass_norm(Matrix& written, const double* gains, bool centre) {
    for (std::size_t i = 0; i < written.shape(0); ++i) {
        double mean = 0;
        for (std::size_t j = 0; centre && j < written.shape(1); ++j) mean += written(i, j);
        mean /= static_cast<double>(written.shape(1));
        for (std::size_t j = 0; j < written.shape(1); ++j) written(i, j) = (written(i, j) - mean) * gains[j];
    }
}

/// The two factors of a head's matrix.
class Factors {
public:
    Factors(const ComponentMatrix& matrix, const Config& config,
            const std::function<WeightArray<double>(std::string_view)>& weight)
        : config_(config), of_ov_(&matrix == &ov) {
        for (std::size_t side = 0; side < 2; ++side) {
            weights_[side] = weight(matrix.weights[side]);
            if (has_gain(matrix, side, config)) gains_[side] = weight(matrix.gains[side]);
        }
    }

    static bool has_gain(const ComponentMatrix& matrix, std::size_t side, const Config& config) {
        if (matrix.gains[side].empty() || !config.folding.gains) return false;
        return &matrix == &ov ? config.norms_after() : config.query_key_norm != QueryKeyNorm::None;
    }

    /// `[d_model, d_head]`
    Matrix left(int head) const { return of_ov_ ? block(weights_[0], group(head)) : projection(0, head); }
    /// `[d_head, d_model]`
    Matrix right(int head) const {
        if (!of_ov_) return xt::transpose(projection(1, group(head)));
        Matrix written = block(weights_[1], head);
        if (gains_[1].data) pass_norm(written, gains_[1].data.get(), config_.norm == Norm::LayerNorm);
        return written;
    }

private:
    int group(int head) const { return head / config_.group_size(); }

    /// Of queries or keys, with the gain of their norm.
    Matrix projection(std::size_t side, int index) const {
        Matrix result = block(weights_[side], index);
        if (gains_[side].data)
            pass_norm(result, gains_[side].data.get() + at(index) * result.shape(1), false);
        return result;
    }

    const Config& config_;
    bool of_ov_;
    std::array<WeightArray<double>, 2> weights_, gains_;
};

Matrix dense(const Matrix& left, const Matrix& right) {
    Matrix product = xt::zeros<double>({left.shape(0), right.shape(1)});
    for (std::size_t i = 0; i < left.shape(0); ++i)
        for (std::size_t k = 0; k < left.shape(1); ++k)
            for (std::size_t j = 0; j < right.shape(1); ++j) product(i, j) += left(i, k) * right(k, j);
    return product;
}

/// A head wider than the stream has no more than d_model components.
Svd decomposed(const Matrix& left, const Matrix& right) {
    return left.shape(1) <= left.shape(0) ? svd_of_product(left, right) : svd(dense(left, right));
}

void put(const Svd& svd, int head, const Config& config, Components& all) {
    const std::size_t d = at(config.d_model), n = at(config.d_head), count = svd.s.size();
    for (std::size_t c = 0; c < count; ++c) {
        all.s[at(head) * n + c] = svd.s(c);
        for (std::size_t i = 0; i < d; ++i) {
            all.u[(at(head) * d + i) * n + c] = svd.u(i, c);
            all.v[(at(head) * n + c) * d + i] = svd.v(c, i);
        }
    }
}

}  // namespace

std::vector<Leaf> component_leaves(const Config& config) {
    std::vector<Leaf> leaves;
    const auto add = [&](std::string_view symbol, int layer, std::string_view axes) {
        Leaf leaf{{std::string(symbol), layer}, axes, {}};
        for (const char axis : axes) leaf.shape.push_back(axis_size(axis, config));
        leaves.push_back(std::move(leaf));
    };
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (const ComponentMatrix& matrix : matrices) {
            add(matrix.u, layer, "hdc");
            add(matrix.s, layer, "hc");
            add(matrix.v, layer, "hcd");
        }
    return leaves;
}

const ComponentMatrix* component_matrix_of(std::string_view symbol) {
    const auto* const found = std::ranges::find_if(matrices, [&](const ComponentMatrix& matrix) {
        return symbol == matrix.u || symbol == matrix.s || symbol == matrix.v;
    });
    return found == matrices.end() ? nullptr : found;
}

std::vector<std::string_view> weights_of(const ComponentMatrix& matrix, const Config& config) {
    std::vector<std::string_view> weights(matrix.weights.begin(), matrix.weights.end());
    for (std::size_t side = 0; side < 2; ++side)
        if (Factors::has_gain(matrix, side, config)) weights.push_back(matrix.gains[side]);
    return weights;
}

Components components_of(const ComponentMatrix& matrix, const Config& config, int layer,
                         const std::function<WeightArray<double>(std::string_view)>& weight) {
    const Factors factors(matrix, config, weight);
    const std::size_t heads = at(config.n_heads), d = at(config.d_model), n = at(config.d_head);
    Components all{std::vector<double>(heads * d * n), std::vector<double>(heads * n),
                   std::vector<double>(heads * n * d)};
    for (int head = 0; head < config.n_heads; ++head) {
        try {
            put(decomposed(factors.left(head), factors.right(head)), head, config, all);
        } catch (const Error& error) {
            throw Error(error.kind(),
                        fmt::format("{}[{}]: {}", matrix.s, label(Head{layer, head}), error.what()));
        }
    }
    return all;
}

}  // namespace headway
