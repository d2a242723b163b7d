// Loops over several strided operands at once: axes are put in the order of the first operand, joined where
// every operand allows it, and walked row by row. What all kernels here are written with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "contract/parallel.hpp"

namespace headway {

/// An axis that R operands walk together: its extent and each operand's stride.
template <std::size_t R>
struct Axis {
    std::int64_t extent;
    std::array<std::int64_t, R> strides;
};

template <std::size_t R>
using Offsets = std::array<std::int64_t, R>;

/// Where element number `index` of the axes (last fastest) lies in each operand.
template <std::size_t R>
Offsets<R> offsets_of(const std::vector<Axis<R>>& axes, std::int64_t index) {
    Offsets<R> at{};
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
        const std::int64_t i = index % axis->extent;
        index /= axis->extent;
        for (std::size_t r = 0; r < R; ++r) at[r] += i * axis->strides[r];
    }
    return at;
}

/// Walks the elements of axes in order, from a given one, without dividing at every step.
template <std::size_t R>
class StridedCursor {
public:
    StridedCursor(const std::vector<Axis<R>>& axes, std::int64_t index)
        : axes_(axes), at_(offsets_of(axes, index)) {
        indices_.resize(axes.size());
        for (std::size_t i = axes.size(); i-- > 0; index /= axes[i].extent)
            indices_[i] = index % axes[i].extent;
    }

    const Offsets<R>& at() const { return at_; }

    void next() {
        for (std::size_t i = axes_.size(); i-- > 0;) {
            const bool carries = ++indices_[i] == axes_[i].extent;
            if (carries) indices_[i] = 0;
            const std::int64_t steps = carries ? 1 - axes_[i].extent : 1;
            for (std::size_t r = 0; r < R; ++r) at_[r] += steps * axes_[i].strides[r];
            if (!carries) return;
        }
    }

private:
    const std::vector<Axis<R>>& axes_;
    std::vector<std::int64_t> indices_;
    Offsets<R> at_;
};

/// A nest of loops over R operands; the last axis is the row.
template <std::size_t R>
class Nest {
public:
    explicit Nest(std::vector<Axis<R>> axes) : axes_(std::move(axes)) {
        std::erase_if(axes_, [](const Axis<R>& axis) { return axis.extent == 1; });
        std::ranges::stable_sort(axes_,
                                 [](const Axis<R>& x, const Axis<R>& y) { return x.strides > y.strides; });
        join();
        if (axes_.empty()) axes_.push_back({1, {}});
        row_ = axes_.back();
        axes_.pop_back();
        for (const Axis<R>& axis : axes_) rows_ *= axis.extent;
    }

    const Axis<R>& row() const { return row_; }
    std::int64_t size() const { return rows_ * row_.extent; }
    const std::vector<Axis<R>>& outer() const { return axes_; }

    /// Calls body(offsets, count) for pieces of rows that cover everything, in parallel.
    template <class Body>
    void run(Threads& threads, const Body& body) const {
        if (size() == 0) return;
        constexpr std::int64_t grain = 1 << 15;
        const std::int64_t piece = std::min(row_.extent, grain);
        const std::int64_t pieces = (row_.extent + piece - 1) / piece;
        std::vector<Axis<R>> all = axes_;
        Axis<R> cut{pieces, row_.strides};
        for (std::int64_t& stride : cut.strides) stride *= piece;
        if (pieces > 1) all.push_back(cut);
        const std::int64_t last = row_.extent - (pieces - 1) * piece;
        for_blocks(threads, rows_ * pieces, std::max<std::int64_t>(1, grain / piece),
                   [&](std::int64_t begin, std::int64_t end) {
                       StridedCursor<R> cursor(all, begin);
                       for (std::int64_t i = begin; i < end; ++i, cursor.next()) {
                           body(cursor.at(), (i + 1) % pieces == 0 ? last : piece);
                       }
                   });
    }

private:
    void join() {
        for (std::size_t i = axes_.size(); i-- > 1;) {
            const Axis<R>& inner = axes_[i];
            Axis<R>& outer = axes_[i - 1];
            bool joins = true;
            for (std::size_t r = 0; r < R; ++r) joins &= outer.strides[r] == inner.extent * inner.strides[r];
            if (!joins) continue;
            outer = {outer.extent * inner.extent, inner.strides};
            axes_.erase(axes_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }

    std::vector<Axis<R>> axes_;
    Axis<R> row_{1, {}};
    std::int64_t rows_ = 1;
};

}  // namespace headway
