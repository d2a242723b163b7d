// SPDX-License-Identifier: Apache-2.0
#include "measure/token_matrix.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace headway {

namespace {

bool has_tokens(const Expr& node, std::unordered_set<const Node*>& seen) {
    if (!seen.insert(node.get()).second) return false;
    const auto* structure = node->as<Structure>();
    if (structure != nullptr) return structure->relation == Relation::Token;
    const std::vector<Expr> inner = children(*node);
    return std::any_of(inner.begin(), inner.end(),
                       [&](const Expr& child) { return has_tokens(child, seen); });
}

// The list of tokens that stands for a port: none of other spaces, any tokens for positions.
std::vector<int> tokens_of(const Config& config, const Expr& matrix, std::size_t port) {
    if (matrix->ports().at(port) != Space::Position) return {};
    std::unordered_set<const Node*> seen;
    if (has_tokens(matrix, seen)) return numbers_of({}, config.d_vocab);
    return std::vector<int>(static_cast<std::size_t>(config.n_ctx));
}

void check_numbers(const std::vector<int>& chosen, std::int64_t n, const char* what) {
    for (const int number : chosen)
        require(number >= 0 && number < n, ErrorKind::Usage, "there is no {} {}: they are 0 to {}", what,
                number, n - 1);
}

template <class T>
std::shared_ptr<const T[]> chosen_rows(const std::shared_ptr<const T[]>& side, std::int64_t bond,
                                       const std::vector<int>& chosen) {
    const auto rows = std::make_shared<T[]>(chosen.size() * static_cast<std::size_t>(bond));
    T* out = rows.get();
    for (const int row : chosen) out = std::copy_n(side.get() + row * bond, bond, out);
    return rows;
}

}  // namespace

std::vector<int> numbers_of(const std::vector<int>& chosen, std::int64_t n) {
    if (!chosen.empty()) return chosen;
    std::vector<int> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

TileOptions tile_options(const EvaluateOptions& options) {
    return {.threads = options.threads, .progress = options.progress};
}

std::int64_t matrix_extent(const Config& config, const Expr& matrix, std::size_t port) {
    const Space space = matrix->ports().at(port);
    if (space != Space::Position) return sizes_of(config, 0)[space];
    return static_cast<std::int64_t>(tokens_of(config, matrix, port).size());
}

template <class T>
std::vector<FactoredMatrix<T>> whole_matrices(const Model& model, std::span<const Expr> matrices,
                                              const EvaluateOptions& options) {
    if (matrices.empty()) return {};
    return factor_matrices<T>(model, matrices, tokens_of(model.config(), matrices.front(), 0),
                              tokens_of(model.config(), matrices.front(), 1), options);
}

template <class T>
FactoredMatrix<T> window_of(const Model& model, const Expr& matrix, const MatrixWindow& window,
                            const EvaluateOptions& options) {
    const Config& config = model.config();
    check_numbers(window.rows, matrix_extent(config, matrix, 0), "row");
    check_numbers(window.columns, matrix_extent(config, matrix, 1), "column");
    // Rows that are tokens are chosen by their list, others from all of them.
    std::unordered_set<const Node*> seen;
    const bool tokens = has_tokens(matrix, seen);
    const auto by_list = [&](const std::vector<int>& chosen, std::size_t port) {
        return tokens && !chosen.empty() && matrix->ports().at(port) == Space::Position;
    };
    const bool rows_by_list = by_list(window.rows, 0), columns_by_list = by_list(window.columns, 1);
    FactoredMatrix<T> result =
        factor_matrices<T>(model, std::span(&matrix, 1),
                           rows_by_list ? window.rows : tokens_of(config, matrix, 0),
                           columns_by_list ? window.columns : tokens_of(config, matrix, 1), options)
            .front();
    if (!window.rows.empty() && !rows_by_list) {
        result.left = chosen_rows(result.left, result.bond, window.rows);
        result.rows = static_cast<std::int64_t>(window.rows.size());
    }
    if (!window.columns.empty() && !columns_by_list) {
        result.right = chosen_rows(result.right, result.bond, window.columns);
        result.columns = static_cast<std::int64_t>(window.columns.size());
    }
    return result;
}

template std::vector<FactoredMatrix<float>> whole_matrices(const Model&, std::span<const Expr>,
                                                           const EvaluateOptions&);
template std::vector<FactoredMatrix<double>> whole_matrices(const Model&, std::span<const Expr>,
                                                            const EvaluateOptions&);
template FactoredMatrix<float> window_of(const Model&, const Expr&, const MatrixWindow&,
                                         const EvaluateOptions&);
template FactoredMatrix<double> window_of(const Model&, const Expr&, const MatrixWindow&,
                                          const EvaluateOptions&);

}  // namespace headway
