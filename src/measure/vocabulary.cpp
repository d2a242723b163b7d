// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/vocabulary.hpp"

#include "headway/base/error.hpp"
#include "measure/token_matrix.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>

namespace headway {

namespace {

// Larger first; equal ones by row, then column.
bool stronger_entry(const MatrixEntry& a, const MatrixEntry& b) {
    if (a.value != b.value) return a.value > b.value;
    return a.row != b.row ? a.row < b.row : a.column < b.column;
}

// The strongest of what it is shown; the weakest of them is on top of a heap.
class Strong {
public:
    explicit Strong(std::size_t count) : count_(count) {}

    void add(const MatrixEntry& entry) {
        if (entries_.size() < count_) {
            entries_.push_back(entry);
            std::push_heap(entries_.begin(), entries_.end(), stronger_entry);
        } else if (stronger_entry(entry, entries_.front())) {
            std::pop_heap(entries_.begin(), entries_.end(), stronger_entry);
            entries_.back() = entry;
            std::push_heap(entries_.begin(), entries_.end(), stronger_entry);
        }
    }
    /// No entry below it comes in.
    double least() const {
        return entries_.size() < count_ ? -std::numeric_limits<double>::infinity() : entries_.front().value;
    }
    std::vector<MatrixEntry> sorted() && {
        std::sort(entries_.begin(), entries_.end(), stronger_entry);
        return std::move(entries_);
    }
    const std::vector<MatrixEntry>& entries() const { return entries_; }

private:
    std::size_t count_;
    std::vector<MatrixEntry> entries_;
};

template <class T>
void add_row(std::span<const T> values, int row, std::int64_t first_column, Strong& strong) {
    for (std::size_t j = 0; j < values.size(); ++j)
        if (static_cast<double>(values[j]) >= strong.least())
            strong.add(
                {row, static_cast<int>(first_column) + static_cast<int>(j), static_cast<double>(values[j])});
}

// One list for each row of the matrix, or for each block of rows, which one thread fills from left to right.
template <class T>
std::vector<Strong> strongest(const FactoredMatrix<T>& matrix, std::size_t count, std::int64_t rows_a_list,
                              const TileOptions& options) {
    std::vector<Strong> lists(static_cast<std::size_t>((matrix.rows + rows_a_list - 1) / rows_a_list),
                              Strong(count));
    visit_tiles<T>(matrix, options, [&](const Tile<T>& tile, std::span<char>) {
        for (std::size_t i = 0; i < tile.rows.size(); ++i)
            add_row(tile.row(i), static_cast<int>(tile.rows[i]), tile.first_column,
                    lists[static_cast<std::size_t>(tile.rows[i] / rows_a_list)]);
    });
    return lists;
}

template <class T>
std::vector<MatrixEntry> strongest_of(const Model& model, const Expr& matrix, std::size_t count, Strongest of,
                                      const MatrixWindow& window, const EvaluateOptions& options) {
    const FactoredMatrix<T> sides = window_of<T>(model, matrix, window, options);
    const TileOptions tiles = tile_options(options);
    const bool each = of == Strongest::OfEachRow;
    std::vector<Strong> lists = strongest(sides, count, each ? 1 : tiles.rows, tiles);
    std::vector<MatrixEntry> result;
    if (each) {
        for (Strong& list : lists)
            for (const MatrixEntry& entry : std::move(list).sorted()) result.push_back(entry);
        return result;
    }
    Strong all(count);
    for (const Strong& list : lists)
        for (const MatrixEntry& entry : list.entries()) all.add(entry);
    return std::move(all).sorted();
}

template <class T>
xt::xtensor<double, 2> values_of(const Model& model, const Expr& matrix, const MatrixWindow& window,
                                 const EvaluateOptions& options) {
    constexpr std::int64_t most = std::int64_t{1} << 27;
    const auto extent = [&](const std::vector<int>& chosen, std::size_t port) {
        return chosen.empty() ? matrix_extent(model.config(), matrix, port)
                              : static_cast<std::int64_t>(chosen.size());
    };
    const std::int64_t rows = extent(window.rows, 0), columns = extent(window.columns, 1);
    require(rows <= most / std::max<std::int64_t>(columns, 1), ErrorKind::Limit,
            "a window of {} x {} values is more than is kept at once ({}): choose rows and columns", rows,
            columns, most);
    const FactoredMatrix<T> sides = window_of<T>(model, matrix, window, options);
    xt::xtensor<double, 2> values = xt::xtensor<double, 2>::from_shape(
        {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
    visit_tiles<T>(sides, tile_options(options), [&](const Tile<T>& tile, std::span<char>) {
        for (std::size_t i = 0; i < tile.rows.size(); ++i)
            std::copy_n(tile.row(i).data(), tile.columns,
                        values.data() + tile.rows[i] * columns + tile.first_column);
    });
    return values;
}

// Sums of a block of rows, so that their order does not depend on threads.
struct BlockSums {
    double sum = 0;
    double smallest = std::numeric_limits<double>::infinity();
    double largest = -std::numeric_limits<double>::infinity();
};

template <class T>
EntryHistogram histogram_of(const Model& model, const Expr& matrix, EntryHistogram result,
                            const EvaluateOptions& options) {
    const FactoredMatrix<T> sides = window_of<T>(model, matrix, {}, options);
    const TileOptions tiles = tile_options(options);
    std::vector<BlockSums> blocks(static_cast<std::size_t>((sides.rows + tiles.rows - 1) / tiles.rows));
    const std::size_t bins = result.counts.size();
    const T least = static_cast<T>(result.least), last = static_cast<T>(bins - 1),
            scale = static_cast<T>(static_cast<double>(bins) / (result.most - result.least));
    std::mutex adding;
    visit_tiles<T>(sides, tiles, [&](const Tile<T>& tile, std::span<char>) {
        std::vector<std::uint64_t> counts(bins);
        BlockSums& block = blocks[static_cast<std::size_t>(tile.rows.front() / tiles.rows)];
        for (std::size_t i = 0; i < tile.rows.size(); ++i)
            for (const T value : tile.row(i)) {
                const T bin = std::clamp((value - least) * scale, T{0}, last);
                ++counts[static_cast<std::size_t>(bin)];
                block.sum += static_cast<double>(value);
                block.smallest = std::min(block.smallest, static_cast<double>(value));
                block.largest = std::max(block.largest, static_cast<double>(value));
            }
        const std::lock_guard lock(adding);
        for (std::size_t bin = 0; bin < bins; ++bin) result.counts[bin] += counts[bin];
    });
    BlockSums all;
    for (const BlockSums& block : blocks) {
        all.sum += block.sum;
        all.smallest = std::min(all.smallest, block.smallest);
        all.largest = std::max(all.largest, block.largest);
    }
    result.smallest = all.smallest;
    result.largest = all.largest;
    result.mean = all.sum / (static_cast<double>(sides.rows) * static_cast<double>(sides.columns));
    return result;
}

}  // namespace

std::vector<MatrixEntry> strongest_entries(const Model& model, const Expr& matrix, std::size_t count,
                                           Strongest of, const MatrixWindow& window,
                                           const EvaluateOptions& options) {
    require(count > 0, ErrorKind::Usage, "at least one entry is asked for");
    std::vector<MatrixEntry> entries = in_precision(options, [&](auto number) {
        return strongest_of<decltype(number)>(model, matrix, count, of, window, options);
    });
    for (MatrixEntry& entry : entries) {  // from places of the window to numbers
        if (!window.rows.empty()) entry.row = window.rows[static_cast<std::size_t>(entry.row)];
        if (!window.columns.empty()) entry.column = window.columns[static_cast<std::size_t>(entry.column)];
    }
    return entries;
}

xt::xtensor<double, 2> window_values(const Model& model, const Expr& matrix, const MatrixWindow& window,
                                     const EvaluateOptions& options) {
    return in_precision(
        options, [&](auto number) { return values_of<decltype(number)>(model, matrix, window, options); });
}

EntryHistogram entry_histogram(const Model& model, const Expr& matrix, double least, double most,
                               std::size_t bins, const EvaluateOptions& options) {
    require(bins > 0 && least < most, ErrorKind::Usage,
            "a histogram has bins, and a range that is not empty");
    EntryHistogram empty{.least = least, .most = most, .counts = std::vector<std::uint64_t>(bins)};
    return in_precision(options, [&](auto number) {
        return histogram_of<decltype(number)>(model, matrix, std::move(empty), options);
    });
}

}  // namespace headway
