// SPDX-License-Identifier: Apache-2.0
#include "contract/kernels.hpp"

#include <algorithm>
#include <utility>

#include "contract/elements.hpp"

namespace headway {
namespace {

template <class T>
Array<T> diagonals(Array<T> a, std::vector<int>& labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        for (std::size_t j = labels.size(); --j > i;) {
            if (labels[j] != labels[i]) continue;
            a = a.diagonal(static_cast<int>(i), static_cast<int>(j));
            labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(j));
        }
    }
    return a;
}

std::size_t place_of(std::span<const int> labels, int label) {
    const auto found = std::ranges::find(labels, label);
    invariant(found != labels.end(), "array: no such label");
    return static_cast<std::size_t>(found - labels.begin());
}

Dims with_extent(Dims shape, int axis, std::int64_t extent) {
    shape[static_cast<std::size_t>(axis)] = extent;
    return shape;
}

template <class T>
std::vector<Axis<2>> axes_of(const Array<T>& out, const Array<T>& x) {
    invariant(out.shape() == x.shape(), "array: equal shapes");
    std::vector<Axis<2>> axes;
    for (int i = 0; i < out.rank(); ++i) axes.push_back({out.extent(i), {out.stride(i), x.stride(i)}});
    return axes;
}

template <class T>
void copy_into(const Array<T>& out, const Array<T>& x, Workspace& workspace, const Update<T>& update = {}) {
    copy_elements(out.mutable_data(), x.data(), axes_of(out, x), update, workspace.threads());
}

void check_axis(bool holds) { invariant(holds, "array: no such axis"); }

}  // namespace

template <class T>
Array<T> reduce(const Array<T>& a, std::span<const int> a_labels, std::span<const int> out_labels,
                Workspace& workspace) {
    std::vector<int> labels(a_labels.begin(), a_labels.end());
    const Array<T> x = diagonals(a, labels);
    Dims shape;
    for (const int label : out_labels) shape.push_back(x.shape()[place_of(labels, label)]);
    Array<T> out = Array<T>::uninitialised(std::move(shape), workspace);
    std::vector<Axis<3>> kept;
    std::vector<Axis<3>> summed;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto found = std::ranges::find(out_labels, labels[i]);
        const bool is_kept = found != out_labels.end();
        const std::int64_t step =
            is_kept ? out.strides()[static_cast<std::size_t>(found - out_labels.begin())] : 0;
        (is_kept ? kept : summed).push_back({x.shape()[i], {step, x.strides()[i], 0}});
    }
    if (summed.empty()) {
        std::vector<Axis<2>> axes;
        for (const Axis<3>& axis : kept) axes.push_back({axis.extent, {axis.strides[0], axis.strides[1]}});
        copy_elements(out.mutable_data(), x.data(), std::move(axes), Update<T>{}, workspace.threads());
    } else {
        const T one{1};
        sum_products(out.mutable_data(), x.data(), &one, std::move(kept), std::move(summed), Update<T>{},
                     workspace.threads());
    }
    return out;
}

template <class T>
void copy_to(const Array<T>& out, const Array<T>& a, Workspace& workspace) {
    invariant(out.shape() == a.shape(), "array: a copy has the shape of what it is copied into");
    std::vector<Axis<2>> axes;
    for (int i = 0; i < a.rank(); ++i) axes.push_back({a.extent(i), {out.stride(i), a.stride(i)}});
    copy_elements(out.mutable_data(), a.data(), std::move(axes), Update<T>{}, workspace.threads());
}

template <class T>
Array<T> copy(const Array<T>& a, Workspace& workspace) {
    Array<T> out = Array<T>::uninitialised(a.shape(), workspace);
    copy_into(out, a, workspace);
    return out;
}

template <class To, class From>
Array<To> convert(const Array<From>& a, Workspace& workspace) {
    Array<To> out = Array<To>::uninitialised(a.shape(), workspace);
    std::vector<Axis<2>> axes;
    for (int i = 0; i < out.rank(); ++i) axes.push_back({out.extent(i), {out.stride(i), a.stride(i)}});
    const Nest<2> nest(std::move(axes));
    const auto [so, sa] = nest.row().strides;
    To* const target = out.mutable_data();
    nest.run(workspace.threads(), [&, so = so, sa = sa](const Offsets<2>& at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i)
            target[at[0] + i * so] = static_cast<To>(a.data()[at[1] + i * sa]);
    });
    return out;
}

template <class T>
void add_to(const Array<T>& out, std::span<const int> out_labels, T c, const Array<T>& a,
            std::span<const int> a_labels, Workspace& workspace) {
    std::vector<Axis<2>> axes;
    for (std::size_t i = 0; i < out_labels.size(); ++i)
        axes.push_back({out.shape()[i], {out.strides()[i], 0}});
    for (std::size_t i = 0; i < a_labels.size(); ++i) {
        Axis<2>& axis = axes[place_of(out_labels, a_labels[i])];
        invariant(axis.extent == a.shape()[i], "array: a label has two sizes");
        axis.strides[1] = a.strides()[i];
    }
    copy_elements(out.mutable_data(), a.data(), std::move(axes), Update<T>{c, true}, workspace.threads());
}

template <class T>
Array<T> gather(const Array<T>& a, int axis, std::span<const int> index, Workspace& workspace) {
    check_axis(axis >= 0 && axis < a.rank());
    const auto extent = static_cast<std::int64_t>(index.size());
    Array<T> out = Array<T>::zeros(with_extent(a.shape(), axis, extent), workspace);
    for (std::int64_t i = 0; i < extent; ++i) {
        const int from = index[static_cast<std::size_t>(i)];
        if (from != -1) copy_into(out.fixed(axis, i), a.fixed(axis, from), workspace);
    }
    return out;
}

template <class T>
Array<T> gather_each(const Array<T>& a, int by, int axis, std::span<const int> index, Workspace& workspace) {
    check_axis(by >= 0 && by < a.rank() && axis >= 0 && axis < a.rank() && axis != by);
    invariant(std::cmp_equal(index.size(), a.extent(by)), "gather: one index for each element");
    Dims shape = a.shape();
    shape.erase(shape.begin() + axis);
    Array<T> out = Array<T>::zeros(std::move(shape), workspace);
    const int by_out = by < axis ? by : by - 1;
    for (std::int64_t i = 0; i < a.extent(by); ++i) {
        const int from = index[static_cast<std::size_t>(i)];
        if (from != -1) copy_into(out.fixed(by_out, i), a.fixed(axis, from).fixed(by_out, i), workspace);
    }
    return out;
}

template <class T>
Array<T> scatter_add(const Array<T>& a, int axis, std::span<const int> index, std::int64_t extent,
                     Workspace& workspace) {
    check_axis(axis >= 0 && axis < a.rank());
    invariant(std::cmp_equal(index.size(), a.extent(axis)), "scatter: one index for each element");
    Array<T> out = Array<T>::zeros(with_extent(a.shape(), axis, extent), workspace);
    for (std::int64_t i = 0; i < a.extent(axis); ++i) {
        const int to = index[static_cast<std::size_t>(i)];
        if (to != -1) copy_into(out.fixed(axis, to), a.fixed(axis, i), workspace, Update<T>{T{1}, true});
    }
    return out;
}

template <class T>
double sum_of_squares(const Array<T>& a, Workspace& workspace) {
    std::vector<Axis<3>> axes;
    for (int i = 0; i < a.rank(); ++i) axes.push_back({a.extent(i), {0, a.stride(i), a.stride(i)}});
    return dot(a.data(), a.data(), std::move(axes), workspace.threads());
}

#define HEADWAY_INSTANTIATE(T)                                                                            \
    template Array<T> reduce(const Array<T>&, std::span<const int>, std::span<const int>, Workspace&);    \
    template void copy_to(const Array<T>&, const Array<T>&, Workspace&);                                  \
    template Array<T> copy(const Array<T>&, Workspace&);                                                  \
    template Array<float> convert(const Array<T>&, Workspace&);                                           \
    template Array<double> convert(const Array<T>&, Workspace&);                                          \
    template void add_to(const Array<T>&, std::span<const int>, T, const Array<T>&, std::span<const int>, \
                         Workspace&);                                                                     \
    template Array<T> gather(const Array<T>&, int, std::span<const int>, Workspace&);                     \
    template Array<T> gather_each(const Array<T>&, int, int, std::span<const int>, Workspace&);           \
    template Array<T> scatter_add(const Array<T>&, int, std::span<const int>, std::int64_t, Workspace&);  \
    template double sum_of_squares(const Array<T>&, Workspace&);
HEADWAY_INSTANTIATE(float)
HEADWAY_INSTANTIATE(double)
#undef HEADWAY_INSTANTIATE

}  // namespace headway
