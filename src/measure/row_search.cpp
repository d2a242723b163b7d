// SPDX-License-Identifier: Apache-2.0
#include "measure/row_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

namespace headway {

namespace {

/// A side: rows of `bond` numbers.
template <class T>
using Side = std::span<const T>;

template <class T>
Side<T> left_side(const FactoredMatrix<T>& matrix) {
    return {matrix.left.get(), static_cast<std::size_t>(matrix.rows * matrix.bond)};
}
template <class T>
Side<T> right_side(const FactoredMatrix<T>& matrix) {
    return {matrix.right.get(), static_cast<std::size_t>(matrix.columns * matrix.bond)};
}

template <class T>
std::vector<double> mean_of(Side<T> side, std::size_t bond) {
    std::vector<double> mean(bond, 0.0);
    for (std::size_t at = 0; at < side.size(); at += bond)
        for (std::size_t e = 0; e < bond; ++e) mean[e] += static_cast<double>(side[at + e]);
    const auto count = static_cast<double>(side.size() / bond);
    for (double& value : mean) value /= count;
    return mean;
}

template <class T>
std::shared_ptr<const T[]> minus_mean(Side<T> side, std::size_t bond, double factor) {
    const std::vector<double> mean = mean_of(side, bond);
    const auto rest = std::make_shared<T[]>(side.size());
    for (std::size_t at = 0; at < side.size(); at += bond)
        for (std::size_t e = 0; e < bond; ++e)
            rest[at + e] = static_cast<T>(factor * (static_cast<double>(side[at + e]) - mean[e]));
    return rest;
}

double scalar_product(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (std::size_t e = 0; e < a.size(); ++e) sum += a[e] * b[e];
    return sum;
}

/// The largest norm of a row of `side` minus `from`.
template <class T>
double largest_norm(Side<T> side, std::span<const double> from) {
    double largest = 0;
    for (std::size_t at = 0; at < side.size(); at += from.size()) {
        double square = 0;
        for (std::size_t e = 0; e < from.size(); ++e) {
            const double difference = static_cast<double>(side[at + e]) - from[e];
            square += difference * difference;
        }
        largest = std::max(largest, square);
    }
    return std::sqrt(largest);
}

template <class T>
T largest(std::span<const T> values) {
    constexpr std::size_t lanes = 8;  // independent, so that a comparison does not wait for the one before
    std::array<T, lanes> most;
    most.fill(-std::numeric_limits<T>::infinity());
    std::size_t i = 0;
    for (; i + lanes <= values.size(); i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane) most[lane] = std::max(most[lane], values[i + lane]);
    for (; i < values.size(); ++i) most[0] = std::max(most[0], values[i]);
    return *std::ranges::max_element(most);
}

bool before(const TokenValue& a, const TokenValue& b) {
    return a.value != b.value ? a.value > b.value : a.token < b.token;
}

/// Keeps the `most` best of a growing list, the worst of them in front.
void offer(std::vector<TokenValue>& heap, std::size_t most, TokenValue value) {
    if (heap.size() < most) {
        heap.push_back(value);
        std::ranges::push_heap(heap, before);
    } else if (before(value, heap.front())) {
        std::ranges::pop_heap(heap, before);
        heap.back() = value;
        std::ranges::push_heap(heap, before);
    }
}

/// Offers the values above 0 of consecutive columns; most of them are passed over in pieces whose largest
/// value is too small.
template <class T>
void offer_all(std::vector<TokenValue>& heap, std::size_t most, std::span<const T> values,
               std::span<const int> tokens) {
    constexpr std::size_t piece = 64;
    for (std::size_t at = 0; at < values.size(); at += piece) {
        const std::span<const T> part = values.subspan(at, std::min(piece, values.size() - at));
        const double floor = heap.size() < most ? 0.0 : heap.front().value;
        const auto best = static_cast<double>(largest(part));
        if (best <= 0 || best < floor) continue;
        for (std::size_t i = 0; i < part.size(); ++i)
            if (part[i] > 0) offer(heap, most, {tokens[at + i], static_cast<double>(part[i])});
    }
}

template <class T>
FactoredMatrix<T> rows_of(const FactoredMatrix<T>& matrix, std::span<const int> which) {
    const auto bond = static_cast<std::size_t>(matrix.bond);
    const auto left = std::make_shared<T[]>(which.size() * bond);
    for (std::size_t i = 0; i < which.size(); ++i)
        std::ranges::copy(matrix.row(which[i]), left.get() + i * bond);
    FactoredMatrix<T> result = matrix;
    result.rows = static_cast<std::int64_t>(which.size());
    result.left = left;
    return result;
}

template <class T>
double norm_of(std::span<const T> values) {
    double square = 0;
    for (const T value : values) square += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(square);
}

/// A dot product of n terms is off by at most n eps ‖x‖ ‖y‖.
template <class T>
double rounding_of(const FactoredMatrix<T>& matrix) {
    return static_cast<double>(matrix.bond) * static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// Shows each row's values to `look` with the columns' tokens, until no column that is left can reach what
/// the row needs: x·y <= ‖x‖ ‖y‖.
template <class T, class Look>
void look_through(const SortedMatrix<T>& matrix, RowSearch& search, const Look& look) {
    const FactoredMatrix<T> rows = rows_of(matrix.matrix, search.rows);
    const double slack = 1 + rounding_of(rows);
    std::vector<double> norms;
    for (std::int64_t i = 0; i < rows.rows; ++i) norms.push_back(slack * norm_of(rows.row(i)));
    const TileCount count =
        visit_tiles<T>(rows, search.tiles, [&](const Tile<T>& tile, std::span<char> finished) {
            const auto first = static_cast<std::size_t>(tile.first_column);
            const auto columns = static_cast<std::size_t>(tile.columns);
            const std::span<const int> tokens = std::span(matrix.tokens).subspan(first, columns);
            const bool more = first + columns < matrix.norms.size() && !search.needs.empty();
            for (std::size_t i = 0; i < tile.rows.size(); ++i) {
                const auto row = static_cast<std::size_t>(tile.rows[i]);
                look(row, tile.row(i), tokens);
                if (more && norms[row] * matrix.norms[first + columns] < search.needs[row]) finished[i] = 1;
            }
        });
    search.entries += count.entries;
}

}  // namespace

template <class T>
FactoredMatrix<T> transposed(const FactoredMatrix<T>& matrix) {
    return {.rows = matrix.columns,
            .columns = matrix.rows,
            .bond = matrix.bond,
            .left = matrix.right,
            .right = matrix.left};
}

template <class T>
FactoredMatrix<T> without_mean_row(const FactoredMatrix<T>& matrix, double factor) {
    FactoredMatrix<T> result = matrix;
    result.left = minus_mean(left_side(matrix), static_cast<std::size_t>(matrix.bond), factor);
    return result;
}

template <class T>
FactoredMatrix<T> without_mean_column(const FactoredMatrix<T>& matrix) {
    FactoredMatrix<T> result = matrix;
    result.right = minus_mean(right_side(matrix), static_cast<std::size_t>(matrix.bond), 1.0);
    return result;
}

template <class T>
SortedMatrix<T> sort_columns(const FactoredMatrix<T>& matrix, std::vector<int> kept) {
    if (kept.empty()) {
        kept.resize(static_cast<std::size_t>(matrix.columns));
        std::iota(kept.begin(), kept.end(), 0);
    }
    std::ranges::sort(kept);
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    std::vector<double> norms(static_cast<std::size_t>(matrix.columns));
    for (const int token : kept) norms[static_cast<std::size_t>(token)] = norm_of(matrix.column(token));
    const auto norm = [&](int token) { return norms[static_cast<std::size_t>(token)]; };
    std::ranges::stable_sort(kept, std::greater(), norm);
    SortedMatrix<T> sorted{transposed(rows_of(transposed(matrix), kept)), std::move(kept), {}};
    for (const int token : sorted.tokens) sorted.norms.push_back(norm(token));
    return sorted;
}

// max_y x·y <= min(‖x‖ max ‖y‖, x·m + ‖x‖ max ‖y - m‖), m the mean column; the second is the smaller where
// the columns lie to one side of the origin.
template <class T>
std::vector<double> row_bounds(const FactoredMatrix<T>& matrix) {
    const auto bond = static_cast<std::size_t>(matrix.bond);
    const std::vector<double> zero(bond, 0.0);
    const std::vector<double> mean = mean_of(right_side(matrix), bond);
    const double from_zero = largest_norm(right_side(matrix), zero);
    const double from_mean = largest_norm(right_side(matrix), mean);
    const double rounding = rounding_of(matrix);
    std::vector<double> bounds;
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
        const std::vector<double> row(matrix.row(i).begin(), matrix.row(i).end());
        const double norm = std::sqrt(scalar_product(row, row));
        bounds.push_back(std::min(norm * from_zero, scalar_product(row, mean) + norm * from_mean) +
                         rounding * norm * from_zero);
    }
    return bounds;
}

template <class T>
std::vector<std::vector<TokenValue>> row_tops(const SortedMatrix<T>& matrix, std::size_t most,
                                              RowSearch& search) {
    std::vector<std::vector<TokenValue>> tops(search.rows.size());
    look_through(matrix, search,
                 [&](std::size_t row, std::span<const T> values, std::span<const int> tokens) {
                     offer_all(tops[row], most, values, tokens);
                 });
    for (std::vector<TokenValue>& heap : tops) std::ranges::sort(heap, before);
    return tops;
}

template <class T>
std::vector<std::vector<TokenValue>> row_entries(const SortedMatrix<T>& matrix,
                                                 std::span<const double> factors,
                                                 std::span<const double> floors, RowSearch& search) {
    std::vector<std::vector<TokenValue>> entries(search.rows.size());
    look_through(matrix, search,
                 [&](std::size_t row, std::span<const T> values, std::span<const int> tokens) {
                     for (std::size_t i = 0; i < values.size(); ++i) {
                         const auto value = static_cast<double>(values[i]);
                         if (value > 0 && value * factors[row] > floors[static_cast<std::size_t>(tokens[i])])
                             entries[row].push_back({tokens[i], value});
                     }
                 });
    return entries;
}

template FactoredMatrix<float> transposed(const FactoredMatrix<float>&);
template FactoredMatrix<float> without_mean_row(const FactoredMatrix<float>&, double);
template FactoredMatrix<float> without_mean_column(const FactoredMatrix<float>&);
template SortedMatrix<float> sort_columns(const FactoredMatrix<float>&, std::vector<int>);
template std::vector<double> row_bounds(const FactoredMatrix<float>&);
template std::vector<std::vector<TokenValue>> row_tops(const SortedMatrix<float>&, std::size_t, RowSearch&);
template std::vector<std::vector<TokenValue>> row_entries(const SortedMatrix<float>&, std::span<const double>,
                                                          std::span<const double>, RowSearch&);
template FactoredMatrix<double> transposed(const FactoredMatrix<double>&);
template FactoredMatrix<double> without_mean_row(const FactoredMatrix<double>&, double);
template FactoredMatrix<double> without_mean_column(const FactoredMatrix<double>&);
template SortedMatrix<double> sort_columns(const FactoredMatrix<double>&, std::vector<int>);
template std::vector<double> row_bounds(const FactoredMatrix<double>&);
template std::vector<std::vector<TokenValue>> row_tops(const SortedMatrix<double>&, std::size_t, RowSearch&);
template std::vector<std::vector<TokenValue>> row_entries(const SortedMatrix<double>&,
                                                          std::span<const double>, std::span<const double>,
                                                          RowSearch&);

}  // namespace headway
