// How often the diagonal is the largest entry of its row: rows leave as soon as they are decided.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "measure/token_matrix.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

namespace headway {

namespace {

// Every product of two floats is exact in double, so this sum is the entry to 1e-15 of |l| |r|.
template <class T>
double dot(std::span<const T> a, std::span<const T> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

template <class T>
std::vector<double> norms(const T* side, std::int64_t n, std::int64_t bond) {
    std::vector<double> result(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
        const std::span<const T> row(side + i * bond, static_cast<std::size_t>(bond));
        result[static_cast<std::size_t>(i)] = std::sqrt(dot(row, row));
    }
    return result;
}

std::vector<std::int64_t> descending(const std::vector<double>& values) {
    std::vector<std::int64_t> order(values.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return values[static_cast<std::size_t>(a)] > values[static_cast<std::size_t>(b)];
    });
    return order;
}

// One matrix with its columns in descending norm.
template <class T>
class Ranking {
public:
    Ranking(const FactoredMatrix<T>& matrix, bool early_exit)
        : matrix_(matrix),
          sorted_(matrix),
          early_exit_(early_exit),
          left_norms_(norms(matrix.left.get(), matrix.rows, matrix.bond)),
          right_norms_(norms(matrix.right.get(), matrix.columns, matrix.bond)),
          order_(descending(right_norms_)),
          diagonal_(static_cast<std::size_t>(matrix.rows)),
          beaten_(static_cast<std::size_t>(matrix.rows)) {
        const auto right = std::make_shared<T[]>(static_cast<std::size_t>(matrix.columns * matrix.bond));
        T* out = right.get();
        for (const std::int64_t column : order_)
            out = std::copy_n(matrix.column(column).data(), matrix.bond, out);
        sorted_.right = right;
        for (std::int64_t i = 0; i < matrix.rows; ++i)
            diagonal_[static_cast<std::size_t>(i)] = dot(matrix.row(i), matrix.column(i));
    }

    DiagonalAccuracy run(const TileOptions& options) {
        const TileCount count = visit_tiles<T>(
            sorted_, options, [&](const Tile<T>& tile, std::span<char> finished) { visit(tile, finished); });
        const auto rows = static_cast<double>(matrix_.rows);
        const auto fraction = [&](int below) {
            return static_cast<double>(std::count_if(beaten_.begin(), beaten_.end(),
                                                     [&](std::int64_t n) { return n < below; })) /
                   rows;
        };
        return {.top1 = fraction(1),
                .top5 = fraction(5),
                .rows = matrix_.rows,
                .columns_mean = static_cast<double>(count.entries) / rows,
                .columns_most = count.widest,
                .decided_twice = static_cast<std::int64_t>(decided_twice_)};
    }

private:
    void visit(const Tile<T>& tile, std::span<char> finished) {
        const double largest = norm_at(tile.first_column), next = norm_at(tile.first_column + tile.columns);
        for (std::size_t i = 0; i < tile.rows.size(); ++i) {
            const auto row = static_cast<std::size_t>(tile.rows[i]);
            if (beaten_[row] < 5) beaten_[row] += beats(tile, i, largest);  // else it is decided
            // The margin covers the rounding of both norms.
            const bool unbeatable = left_norms_[row] * next * (1 + 1e-9) < diagonal_[row];
            finished[i] = early_exit_ && (beaten_[row] >= 5 || unbeatable);
        }
    }

    double norm_at(std::int64_t place) const {
        return place < matrix_.columns
                   ? right_norms_[static_cast<std::size_t>(order_[static_cast<std::size_t>(place)])]
                   : 0;
    }

    // How many columns of a tile beat the diagonal. |fl(l · r) - l · r| <= n u |l| |r| for n products in any
    // order (u: half an epsilon); twice that is taken.
    std::int64_t beats(const Tile<T>& tile, std::size_t i, double largest) {
        const auto row = static_cast<std::size_t>(tile.rows[i]);
        const double d = diagonal_[row];
        const double slack = static_cast<double>(matrix_.bond + 1) *
                                 static_cast<double>(std::numeric_limits<T>::epsilon()) * left_norms_[row] *
                                 largest +
                             static_cast<double>(std::numeric_limits<T>::min());
        constexpr T infinity = std::numeric_limits<T>::infinity();
        const T low = std::nextafter(static_cast<T>(d - slack), -infinity),
                high = std::nextafter(static_cast<T>(d + slack), infinity);
        std::int32_t above = 0, not_below = 0;
        for (const T value : tile.row(i)) not_below += value >= low;
        if (not_below == 0) return 0;  // of a diagonal that wins, in nearly all tiles
        for (const T value : tile.row(i)) above += value > high;
        return above + (above == not_below ? 0 : beats_exactly(tile, i, low, high));
    }

    std::int64_t beats_exactly(const Tile<T>& tile, std::size_t i, T low, T high) {
        const std::int64_t row = tile.rows[i];
        const double d = diagonal_[static_cast<std::size_t>(row)];
        const std::span<const T> values = tile.row(i);
        std::int64_t beating = 0;
        std::uint64_t looked = 0;
        for (std::size_t j = 0; j < values.size(); ++j) {
            if (values[j] < low || values[j] > high) continue;
            const std::int64_t column = order_[static_cast<std::size_t>(tile.first_column) + j];
            if (column == row) continue;
            ++looked;
            const double value = dot(matrix_.row(row), matrix_.column(column));
            beating += value > d || (value == d && column < row);
        }
        decided_twice_ += looked;
        return beating;
    }

    const FactoredMatrix<T>& matrix_;
    FactoredMatrix<T> sorted_;
    bool early_exit_;
    std::vector<double> left_norms_, right_norms_;
    std::vector<std::int64_t> order_;  ///< of columns
    std::vector<double> diagonal_;
    std::vector<std::int64_t> beaten_;  ///< columns that beat the diagonal, as far as looked at
    std::atomic<std::uint64_t> decided_twice_{0};
};

// How many of the matrices are taken together.
template <class T>
std::size_t group_size(const Model& model, const Expr& matrix, const AccuracyOptions& accuracy) {
    const std::int64_t rows = matrix_extent(model.config(), matrix, 0);
    const double bytes = tile_cost(model.config(), std::span(&matrix, 1), rows, rows).bytes * sizeof(T) / 4;
    return static_cast<std::size_t>(std::max(1.0, static_cast<double>(accuracy.group_bytes) / bytes));
}

template <class T>
std::vector<DiagonalAccuracy> accuracies(const Model& model, std::span<const Expr> matrices,
                                         const EvaluateOptions& options, const AccuracyOptions& accuracy) {
    std::vector<DiagonalAccuracy> results;
    const std::size_t group = group_size<T>(model, matrices.front(), accuracy);
    for (std::size_t first = 0; first < matrices.size(); first += group) {
        std::vector<FactoredMatrix<T>> sides = whole_matrices<T>(
            model, matrices.subspan(first, std::min(group, matrices.size() - first)), options);
        for (FactoredMatrix<T>& matrix : sides) {
            results.push_back(Ranking<T>(matrix, accuracy.early_exit).run(tile_options(options)));
            matrix = {};
            if (accuracy.done) accuracy.done(results.size() - 1, results.back());
        }
    }
    return results;
}

}  // namespace

std::vector<DiagonalAccuracy> diagonal_accuracy(const Model& model, std::span<const Expr> matrices,
                                                const EvaluateOptions& options,
                                                const AccuracyOptions& accuracy) {
    if (matrices.empty()) return {};
    for (const Expr& matrix : matrices)
        require(matrix_extent(model.config(), matrix, 0) == matrix_extent(model.config(), matrix, 1),
                ErrorKind::Usage, "the diagonal is of a square matrix");
    return in_precision(options, [&](auto number) {
        return accuracies<decltype(number)>(model, matrices, options, accuracy);
    });
}

}  // namespace headway
