// SPDX-License-Identifier: Apache-2.0
#include "contract/array.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace headway {
namespace {

std::int64_t checked_multiply(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    require(!__builtin_mul_overflow(a, b, &product), ErrorKind::Limit,
            "array: a size of {} times {} elements overflows", a, b);
    return product;
}

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

}  // namespace

std::int64_t Layout::size() const {
    if (std::ranges::find(shape, 0) != shape.end()) return 0;
    std::int64_t n = 1;
    for (const std::int64_t extent : shape) n = checked_multiply(n, extent);
    return n;
}

bool Layout::contiguous() const {
    std::int64_t expected = 1;
    for (int axis = rank() - 1; axis >= 0; --axis) {
        const std::int64_t extent = shape[at(axis)];
        if (extent == 0) return true;
        if (extent != 1 && strides[at(axis)] != expected) return false;
        expected *= extent;
    }
    return true;
}

Layout row_major(Dims shape) {
    Layout layout{std::move(shape), {}};
    layout.strides.resize(layout.shape.size());
    std::int64_t step = 1;
    for (int axis = layout.rank() - 1; axis >= 0; --axis) {
        invariant(layout.shape[at(axis)] >= 0, "array: negative extent");
        layout.strides[at(axis)] = step;
        step = checked_multiply(step, std::max<std::int64_t>(layout.shape[at(axis)], 1));
    }
    return layout;
}

template <class T>
Array<T> Array<T>::uninitialised(Dims shape, Workspace& workspace) {
    Array array;
    array.layout_ = row_major(std::move(shape));
    const std::int64_t bytes = checked_multiply(array.layout_.size(), sizeof(T));
    const std::shared_ptr<void> buffer = workspace.arena().take(static_cast<std::size_t>(bytes));
    array.writable_ = static_cast<T*>(buffer.get());
    array.data_ = array.writable_;
    array.owner_ = buffer;
    return array;
}

template <class T>
Array<T> Array<T>::zeros(Dims shape, Workspace& workspace) {
    Array array = uninitialised(std::move(shape), workspace);
    std::fill_n(array.writable_, array.size(), T{0});
    return array;
}

template <class T>
Array<T> Array<T>::scalar(T value, Workspace& workspace) {
    return from(std::span<const T>(&value, 1), {}, workspace);
}

template <class T>
Array<T> Array<T>::from(std::span<const T> values, Dims shape, Workspace& workspace) {
    Array array = uninitialised(std::move(shape), workspace);
    invariant(std::cmp_equal(values.size(), array.size()), "array: as many values as elements");
    std::ranges::copy(values, array.writable_);
    return array;
}

template <class T>
Array<T> Array<T>::view(const T* data, Layout layout, std::shared_ptr<const void> owner) {
    invariant(layout.shape.size() == layout.strides.size(), "array: one stride per axis");
    Array array;
    array.owner_ = std::move(owner);
    array.data_ = data;
    array.layout_ = std::move(layout);
    return array;
}

template <class T>
Array<T> Array<T>::moved(std::int64_t offset, Layout layout) const {
    Array array = *this;
    array.layout_ = std::move(layout);
    if (array.size() == 0) return array;  // a null or empty buffer has no elements to step over
    array.data_ += offset;
    if (writable_ != nullptr) array.writable_ += offset;
    return array;
}

template <class T>
Array<T> Array<T>::permuted(std::span<const int> axes) const {
    invariant(std::cmp_equal(axes.size(), rank()), "array: a permutation names every axis");
    Layout layout;
    std::vector<bool> used(axes.size(), false);
    for (const int axis : axes) {
        invariant(axis >= 0 && axis < rank() && !used[at(axis)],
                  "array: a permutation names every axis once");
        used[at(axis)] = true;
        layout.shape.push_back(extent(axis));
        layout.strides.push_back(stride(axis));
    }
    return moved(0, std::move(layout));
}

template <class T>
Array<T> Array<T>::slice(int axis, std::int64_t begin, std::int64_t end) const {
    invariant(axis >= 0 && axis < rank(), "array: no such axis");
    invariant(0 <= begin && begin <= end && end <= extent(axis), "array: slice out of range");
    Layout layout = layout_;
    layout.shape[at(axis)] = end - begin;
    return moved(begin * stride(axis), std::move(layout));
}

template <class T>
Array<T> Array<T>::fixed(int axis, std::int64_t index) const {
    Array array = slice(axis, index, index + 1);
    array.layout_.shape.erase(array.layout_.shape.begin() + axis);
    array.layout_.strides.erase(array.layout_.strides.begin() + axis);
    return array;
}

template <class T>
Array<T> Array<T>::diagonal(int first, int second) const {
    invariant(first != second && extent(first) == extent(second), "array: a diagonal of two equal axes");
    Layout layout = layout_;
    layout.strides[at(first)] += layout.strides[at(second)];
    layout.shape.erase(layout.shape.begin() + second);
    layout.strides.erase(layout.strides.begin() + second);
    return moved(0, std::move(layout));
}

template <class T>
Array<T> Array<T>::broadcast(int axis, std::int64_t extent) const {
    invariant(axis >= 0 && axis <= rank() && extent >= 0, "array: no such axis");
    Layout layout = layout_;
    layout.shape.insert(layout.shape.begin() + axis, extent);
    layout.strides.insert(layout.strides.begin() + axis, 0);
    return moved(0, std::move(layout));
}

template class Array<float>;
template class Array<double>;

}  // namespace headway
