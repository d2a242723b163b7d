// A strided array: shared storage, a shape and element strides. Views (permuted, sliced, diagonal, broadcast)
// cost nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "contract/workspace.hpp"
#include "headway/base/error.hpp"

namespace headway {

using Dims = std::vector<std::int64_t>;

/// Where the elements of an array are: element (i, j, ...) at i * strides[0] + j * strides[1] + ...; a stride
/// may be 0.
struct Layout {
    Dims shape;
    Dims strides;  ///< in elements

    int rank() const { return static_cast<int>(shape.size()); }
    /// Number of elements; 1 for a scalar. Throws Error(Limit) when it does not fit into 63 bits.
    std::int64_t size() const;
    /// True when the elements lie in row-major order without gaps.
    bool contiguous() const;
    bool operator==(const Layout&) const = default;
};

/// Last axis fastest, no gaps.
Layout row_major(Dims shape);

/// An array of float or double. A copy of an Array is another view of the same elements.
template <class T>
class Array {
public:
    Array() = default;

    /// Row-major, elements not set.
    static Array uninitialised(Dims shape, Workspace& workspace);
    static Array zeros(Dims shape, Workspace& workspace);
    static Array scalar(T value, Workspace& workspace);
    /// Row-major copy of `values`. Requires: as many values as the shape has elements.
    static Array from(std::span<const T> values, Dims shape, Workspace& workspace);
    /// A read-only view of elements owned elsewhere, which `owner` (may be null) keeps alive.
    static Array view(const T* data, Layout layout, std::shared_ptr<const void> owner = nullptr);

    const T* data() const { return data_; }
    /// Requires: the elements are not a view of somebody else's.
    T* mutable_data() const {
        invariant(writable_ != nullptr || size() == 0, "array: write to a read-only view");
        return writable_;
    }
    const Layout& layout() const { return layout_; }
    const Dims& shape() const { return layout_.shape; }
    const Dims& strides() const { return layout_.strides; }
    std::int64_t extent(int axis) const { return layout_.shape[static_cast<std::size_t>(axis)]; }
    std::int64_t stride(int axis) const { return layout_.strides[static_cast<std::size_t>(axis)]; }
    int rank() const { return layout_.rank(); }
    std::int64_t size() const { return layout_.size(); }
    bool contiguous() const { return layout_.contiguous(); }

    /// Axis i of the result is axis axes[i] of this one.
    Array permuted(std::span<const int> axes) const;
    /// Elements begin ... end - 1 of an axis.
    Array slice(int axis, std::int64_t begin, std::int64_t end) const;
    /// Element `index` of an axis, which disappears.
    Array fixed(int axis, std::int64_t index) const;
    /// The elements whose two indices are equal: `second` disappears. Requires: equal extents.
    Array diagonal(int first, int second) const;
    /// A new axis of `extent` equal copies, at position `axis` of the result.
    Array broadcast(int axis, std::int64_t extent) const;

private:
    Array moved(std::int64_t offset, Layout layout) const;

    std::shared_ptr<const void> owner_;
    const T* data_ = nullptr;
    T* writable_ = nullptr;  ///< equal to data_, or null for a read-only view
    Layout layout_{{0}, {1}};
};

}  // namespace headway
