// Arrays for tests: seeded random ones in odd layouts, and einsum of two of them by plain loops in long
// double.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <span>
#include <vector>

#include "contract/array.hpp"

namespace headway::testing {

using Random = std::mt19937_64;

inline int pick(Random& random, int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
}

template <class T>
Array<T> random_array(Dims shape, Random& random, Workspace& workspace) {
    Array<T> array = Array<T>::uninitialised(std::move(shape), workspace);
    std::uniform_real_distribution<T> uniform(T{-1}, T{1});
    for (std::int64_t i = 0; i < array.size(); ++i) array.mutable_data()[i] = uniform(random);
    return array;
}

/// The same shape, but with axes stored in any order, cut out of a bigger array, or repeated (stride 0).
template <class T>
Array<T> random_view(const Dims& shape, Random& random, Workspace& workspace) {
    const int rank = static_cast<int>(shape.size());
    std::vector<int> stored(shape.size());
    for (int i = 0; i < rank; ++i) stored[static_cast<std::size_t>(i)] = i;
    if (pick(random, 0, 1) == 1) std::shuffle(stored.begin(), stored.end(), random);
    Dims extents;
    for (const int axis : stored)
        extents.push_back(shape[static_cast<std::size_t>(axis)] + pick(random, 0, 3) / 3);
    Array<T> array = random_array<T>(extents, random, workspace);
    std::vector<int> back(shape.size());
    for (int i = 0; i < rank; ++i) back[static_cast<std::size_t>(stored[static_cast<std::size_t>(i)])] = i;
    array = array.permuted(back);
    for (int axis = 0; axis < rank; ++axis) {
        const std::int64_t extent = shape[static_cast<std::size_t>(axis)];
        array = array.slice(axis, 0, extent);
        if (extent > 0 && pick(random, 0, 9) == 0) array = array.fixed(axis, 0).broadcast(axis, extent);
    }
    return array;
}

/// An array with its labels.
template <class T>
struct Operand {
    Array<T> array;
    std::vector<int> labels;
};

/// The element at the given value of every label.
template <class T>
T element(const Operand<T>& x, const std::map<int, std::int64_t>& at) {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < x.labels.size(); ++i) offset += at.at(x.labels[i]) * x.array.strides()[i];
    return x.array.data()[offset];
}

/// Calls body(label values) for every combination.
template <class Body>
void for_all(const std::map<int, std::int64_t>& extents, const Body& body) {
    std::map<int, std::int64_t> at;
    for (const auto& [label, extent] : extents) {
        if (extent == 0) return;
        at[label] = 0;
    }
    while (true) {
        body(at);
        auto label = at.begin();
        while (label != at.end() && ++label->second == extents.at(label->first)) (label++)->second = 0;
        if (label == at.end()) return;
    }
}

/// The result of a slow einsum, row-major, and the sum of the absolute products (the scale of its rounding).
struct Slow {
    std::vector<long double> value, magnitude;
};

template <class T>
Slow slow_einsum(const Operand<T>& a, const Operand<T>& b, const std::vector<int>& out_labels) {
    std::map<int, std::int64_t> extents;
    for (const Operand<T>* x : {&a, &b}) {
        for (std::size_t i = 0; i < x->labels.size(); ++i) extents[x->labels[i]] = x->array.shape()[i];
    }
    Dims shape;
    for (const int label : out_labels) shape.push_back(extents.at(label));
    const Layout out = row_major(shape);
    const auto size = static_cast<std::size_t>(out.size());
    Slow result{std::vector<long double>(size), std::vector<long double>(size)};
    for_all(extents, [&](const std::map<int, std::int64_t>& at) {
        std::int64_t offset = 0;
        for (std::size_t i = 0; i < out_labels.size(); ++i) offset += at.at(out_labels[i]) * out.strides[i];
        const long double product = static_cast<long double>(element(a, at)) * element(b, at);
        result.value[static_cast<std::size_t>(offset)] += product;
        result.magnitude[static_cast<std::size_t>(offset)] += product < 0 ? -product : product;
    });
    return result;
}

/// All elements in row-major order.
template <class T>
std::vector<T> values(const Array<T>& array) {
    std::map<int, std::int64_t> extents;
    Operand<T> operand{array, {}};
    const int rank = array.rank();
    for (int i = 0; i < rank; ++i) {
        operand.labels.push_back(rank - i);  // the last axis has the smallest label and runs fastest
        extents[rank - i] = array.extent(i);
    }
    std::vector<T> all;
    for_all(extents, [&](const std::map<int, std::int64_t>& at) { all.push_back(element(operand, at)); });
    return all;
}

}  // namespace headway::testing
