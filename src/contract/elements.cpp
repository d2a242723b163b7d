// SPDX-License-Identifier: Apache-2.0
#include "contract/elements.hpp"

#include <algorithm>
#include <array>

namespace headway {
namespace {

constexpr std::int64_t kTile = 32;  ///< edge of a transposed block: two blocks stay in the first-level cache
constexpr std::int64_t kPiece = 1 << 14;     ///< elements of a sum that one task adds up
constexpr std::int64_t kColumns = 256;       ///< neighbouring sums that are added up together
constexpr std::int64_t kTaskWork = 1 << 15;  ///< elements worth a task

template <class T, class Write>
void copy_row(T* out, const T* x, const Axis<2>& row, std::int64_t n, const Write& write) {
    const auto [so, sx] = row.strides;
    if (so == 1 && sx == 1) {
        for (std::int64_t i = 0; i < n; ++i) write(out[i], x[i]);
    } else {
        for (std::int64_t i = 0; i < n; ++i) write(out[i * so], x[i * sx]);
    }
}

/// The outer axis along which x is denser than along the row, or -1.
int transposed_axis(const Nest<2>& nest) {
    int found = -1;
    std::int64_t least = nest.row().strides[1];
    for (std::size_t i = 0; i < nest.outer().size(); ++i) {
        const std::int64_t stride = nest.outer()[i].strides[1];
        if (stride == 0 || stride >= least) continue;
        found = static_cast<int>(i);
        least = stride;
    }
    return found;
}

/// Copies blocks of kTile x kTile along the row axis and the axis that is dense in x.
template <class T>
void copy_transposed(T* out, const T* x, const Nest<2>& nest, int dense, const Update<T>& write,
                     Threads& threads) {
    const Axis<2> row = nest.row();
    const Axis<2> column = nest.outer()[static_cast<std::size_t>(dense)];
    std::vector<Axis<2>> rest = nest.outer();
    rest.erase(rest.begin() + dense);
    const auto tiles = [](const Axis<2>& axis) { return (axis.extent + kTile - 1) / kTile; };
    rest.push_back({tiles(column), {kTile * column.strides[0], kTile * column.strides[1]}});
    rest.push_back({tiles(row), {kTile * row.strides[0], kTile * row.strides[1]}});
    std::int64_t count = 1;
    for (const Axis<2>& axis : rest) count *= axis.extent;
    const std::int64_t row_tiles = tiles(row);
    const std::int64_t column_tiles = tiles(column);
    for_blocks(threads, count, kTaskWork / (kTile * kTile), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t index = begin; index < end; ++index) {
            const auto [at_out, at_x] = offsets_of(rest, index);
            const std::int64_t n = std::min(kTile, row.extent - index % row_tiles * kTile);
            const std::int64_t m = std::min(kTile, column.extent - index / row_tiles % column_tiles * kTile);
            for (std::int64_t j = 0; j < m; ++j) {
                copy_row(out + at_out + j * column.strides[0], x + at_x + j * column.strides[1], row, n,
                         write);
            }
        }
    });
}

template <class T, class Write>
void multiply_row(T* out, const T* a, const T* b, const Axis<3>& row, std::int64_t n, const Write& write) {
    const auto [so, sa, sb] = row.strides;
    if (so == 1 && sa == 1 && sb == 1) {
        for (std::int64_t i = 0; i < n; ++i) write(out[i], a[i] * b[i]);
    } else if (so == 1 && sa == 1 && sb == 0) {
        for (std::int64_t i = 0; i < n; ++i) write(out[i], a[i] * *b);
    } else if (so == 1 && sa == 0 && sb == 1) {
        for (std::int64_t i = 0; i < n; ++i) write(out[i], *a * b[i]);
    } else {
        for (std::int64_t i = 0; i < n; ++i) write(out[i * so], a[i * sa] * b[i * sb]);
    }
}

/// Eight partial sums, so that additions need not wait for each other.
template <class T>
double dot_row(const T* a, const T* b, std::int64_t sa, std::int64_t sb, std::int64_t n) {
    constexpr std::int64_t lanes = 8;
    std::array<double, lanes> sum{};
    std::int64_t i = 0;
    if (sa == 1 && sb == 1) {
        for (; i + lanes <= n; i += lanes) {
            for (std::int64_t j = 0; j < lanes; ++j) {
                sum[static_cast<std::size_t>(j)] +=
                    static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
            }
        }
    }
    for (; i < n; ++i) {
        sum[static_cast<std::size_t>(i % lanes)] +=
            static_cast<double>(a[i * sa]) * static_cast<double>(b[i * sb]);
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/// One piece of the sum of a nest: rows are cut into pieces of kPiece, or put together until they are as
/// long.
struct Pieces {
    explicit Pieces(const Nest<3>& nest) : row(nest.row()), outer(nest.outer()) {
        const std::int64_t rows = nest.size() / std::max<std::int64_t>(row.extent, 1);
        if (row.extent >= kPiece) {
            cuts = (row.extent + kPiece - 1) / kPiece;
            count = rows * cuts;
        } else {
            rows_each = std::max<std::int64_t>(1, kPiece / std::max<std::int64_t>(row.extent, 1));
            count = (rows + rows_each - 1) / rows_each;
        }
        total_rows = rows;
    }

    template <class T>
    double sum(const T* a, const T* b, std::int64_t index) const {
        double total = 0;
        const std::int64_t first_row = cuts > 1 ? index / cuts : index * rows_each;
        const std::int64_t last_row = std::min(total_rows, first_row + rows_each);
        const std::int64_t begin = cuts > 1 ? index % cuts * kPiece : 0;
        const std::int64_t n = cuts > 1 ? std::min(kPiece, row.extent - begin) : row.extent;
        StridedCursor<3> cursor(outer, first_row);
        for (std::int64_t r = first_row; r < last_row; ++r, cursor.next()) {
            const Offsets<3>& at = cursor.at();
            total += dot_row(a + at[1] + begin * row.strides[1], b + at[2] + begin * row.strides[2],
                             row.strides[1], row.strides[2], n);
        }
        return total;
    }

    Axis<3> row;
    std::vector<Axis<3>> outer;
    std::int64_t total_rows = 1;
    std::int64_t cuts = 1;
    std::int64_t rows_each = 1;
    std::int64_t count = 1;
};

std::int64_t extent_of_all(const std::vector<Axis<3>>& axes) {
    std::int64_t n = 1;
    for (const Axis<3>& axis : axes) n *= axis.extent;
    return n;
}

void order_by_operands(std::vector<Axis<3>>& axes) {
    for (Axis<3>& axis : axes) axis.strides[0] = axis.strides[1];
}

/// Sums whose elements lie next to each other: kColumns of them at a time, adding row to row.
template <class T>
void sum_columns(T* out, const T* a, const T* b, const Nest<3>& kept, const std::vector<Axis<3>>& summed,
                 const Update<T>& write, Threads& threads) {
    const Axis<3> row = kept.row();
    const auto [so, sa, sb] = row.strides;
    const std::int64_t blocks = (row.extent + kColumns - 1) / kColumns;
    const std::int64_t depth = extent_of_all(summed);
    const std::int64_t tasks = kept.size() / row.extent * blocks;
    threads.run(tasks, [&, so = so, sa = sa, sb = sb](std::int64_t task) {
        const Offsets<3> at = offsets_of(kept.outer(), task / blocks);
        const std::int64_t first = task % blocks * kColumns;
        const std::int64_t n = std::min(kColumns, row.extent - first);
        std::array<double, kColumns> sum{};
        StridedCursor<3> cursor(summed, 0);
        for (std::int64_t p = 0; p < depth; ++p, cursor.next()) {
            const Offsets<3>& step = cursor.at();
            const T* x = a + at[1] + step[1] + first * sa;
            const T* y = b + at[2] + step[2] + first * sb;
            for (std::int64_t i = 0; i < n; ++i) {
                sum[static_cast<std::size_t>(i)] +=
                    static_cast<double>(x[i * sa]) * static_cast<double>(y[i * sb]);
            }
        }
        for (std::int64_t i = 0; i < n; ++i) {
            write(out[at[0] + (first + i) * so], static_cast<T>(sum[static_cast<std::size_t>(i)]));
        }
    });
}

}  // namespace

template <class T>
void copy_elements(T* out, const T* x, std::vector<Axis<2>> axes, const Update<T>& update, Threads& threads) {
    const Nest<2> nest(std::move(axes));
    if (nest.size() == 0) return;
    const int dense = transposed_axis(nest);
    if (dense >= 0) {
        copy_transposed(out, x, nest, dense, update, threads);
        return;
    }
    nest.run(threads, [&](const Offsets<2>& at, std::int64_t n) {
        copy_row(out + at[0], x + at[1], nest.row(), n, update);
    });
}

template <class T>
void multiply_elements(T* out, const T* a, const T* b, std::vector<Axis<3>> axes, const Update<T>& update,
                       Threads& threads) {
    const Nest<3> nest(std::move(axes));
    nest.run(threads, [&](const Offsets<3>& at, std::int64_t n) {
        multiply_row(out + at[0], a + at[1], b + at[2], nest.row(), n, update);
    });
}

template <class T>
void sum_products(T* out, const T* a, const T* b, std::vector<Axis<3>> kept, std::vector<Axis<3>> summed,
                  const Update<T>& update, Threads& threads) {
    const Nest<3> outside(std::move(kept));
    if (outside.size() == 0) return;
    order_by_operands(summed);
    const Nest<3> inside(summed);
    const bool dense_inside = inside.row().strides[1] <= outside.row().strides[1] || outside.row().extent < 8;
    if (!dense_inside && inside.size() > 0) {
        sum_columns(out, a, b, outside, summed, update, threads);
        return;
    }
    const Pieces pieces(inside);
    const std::int64_t sums = outside.size();
    std::vector<double> partial(static_cast<std::size_t>(sums * pieces.count));
    const std::int64_t grain = std::max<std::int64_t>(1, kPiece / std::max<std::int64_t>(1, inside.size()));
    std::vector<Axis<3>> all = outside.outer();
    all.push_back(outside.row());
    for_blocks(threads, sums * pieces.count, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const Offsets<3> at = offsets_of(all, i / pieces.count);
            partial[static_cast<std::size_t>(i)] = pieces.sum(a + at[1], b + at[2], i % pieces.count);
        }
    });
    for (std::int64_t i = 0; i < sums; ++i) {
        double total = 0;
        for (std::int64_t p = 0; p < pieces.count; ++p)
            total += partial[static_cast<std::size_t>(i * pieces.count + p)];
        update(out[offsets_of(all, i)[0]], static_cast<T>(total));
    }
}

template <class T>
double dot(const T* a, const T* b, std::vector<Axis<3>> axes, Threads& threads) {
    order_by_operands(axes);
    const Pieces pieces{Nest<3>(std::move(axes))};
    std::vector<double> partial(static_cast<std::size_t>(pieces.count));
    threads.run(pieces.count,
                [&](std::int64_t i) { partial[static_cast<std::size_t>(i)] = pieces.sum(a, b, i); });
    double total = 0;
    for (const double sum : partial) total += sum;
    return total;
}

template void copy_elements(float*, const float*, std::vector<Axis<2>>, const Update<float>&, Threads&);
template void copy_elements(double*, const double*, std::vector<Axis<2>>, const Update<double>&, Threads&);
template void multiply_elements(float*, const float*, const float*, std::vector<Axis<3>>,
                                const Update<float>&, Threads&);
template void multiply_elements(double*, const double*, const double*, std::vector<Axis<3>>,
                                const Update<double>&, Threads&);
template void sum_products(float*, const float*, const float*, std::vector<Axis<3>>, std::vector<Axis<3>>,
                           const Update<float>&, Threads&);
template void sum_products(double*, const double*, const double*, std::vector<Axis<3>>, std::vector<Axis<3>>,
                           const Update<double>&, Threads&);
template double dot(const float*, const float*, std::vector<Axis<3>>, Threads&);
template double dot(const double*, const double*, std::vector<Axis<3>>, Threads&);

}  // namespace headway
