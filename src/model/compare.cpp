// SPDX-License-Identifier: Apache-2.0
#include "headway/model/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::vector<std::int64_t> index_of(std::size_t flat, const std::vector<std::int64_t>& shape) {
    std::vector<std::int64_t> index(shape.size());
    auto rest = static_cast<std::int64_t>(flat);
    for (std::size_t i = shape.size(); i-- > 0; rest /= shape[i]) index[i] = rest % shape[i];
    return index;
}

// |a - b|: 0 for the same number, NaN between a finite number and another.
double distance(double a, double b) {
    if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
    return std::isfinite(a) && std::isfinite(b) ? std::abs(a - b) : not_a_number;
}

template <class T>
void compare_values(std::span<const T> a, std::span<const T> b, LeafDifference& difference) {
    double square_a = 0, square = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double value = static_cast<double>(a[i]);
        square_a += value * value;
        const double d = distance(value, static_cast<double>(b[i]));
        if (d == 0) continue;
        ++difference.differing;
        square += d * d;
        const bool larger = std::isnan(d) ? !std::isnan(difference.largest) : d > difference.largest;
        if (!larger) continue;
        difference.largest = d;
        at = i;
    }
    difference.norm_a = std::sqrt(square_a);
    if (difference.differing == 0) return;
    difference.at = index_of(at, difference.shape_a);
    difference.relative = std::sqrt(square) / difference.norm_a;
}

template <class T>
void compare_leaf(const Model& a, const Model& b, LeafDifference& difference) {
    const LeafName& name = difference.name;
    const WeightArray<T> left = a.leaf<T>(name.symbol, name.layer);
    a.release();
    const WeightArray<T> right = b.leaf<T>(name.symbol, name.layer);
    b.release();
    compare_values<T>(left.values(), right.values(), difference);
}

std::vector<LeafDifference> pairs(const Model& a, const Model& b) {
    std::vector<LeafDifference> result;
    for (const Leaf& leaf : a.leaves()) {
        LeafDifference pair{.name = leaf.name, .in_a = true, .shape_a = leaf.shape};
        pair.in_b = b.has(leaf.name.symbol, leaf.name.layer);
        if (pair.in_b) pair.shape_b = b.at(leaf.name.symbol, leaf.name.layer).shape;
        result.push_back(std::move(pair));
    }
    for (const Leaf& leaf : b.leaves())
        if (!a.has(leaf.name.symbol, leaf.name.layer))
            result.push_back({.name = leaf.name, .in_b = true, .shape_b = leaf.shape});
    return result;
}

std::uint64_t bytes_of(const std::vector<std::int64_t>& shape, bool in_double) {
    std::uint64_t bytes = in_double ? 8 : 4;
    for (const std::int64_t extent : shape) bytes *= static_cast<std::uint64_t>(extent);
    return 2 * bytes;  // of both
}

}  // namespace

std::vector<LeafDifference> compare_leaves(const Model& a, const Model& b, bool in_double,
                                           Progress* progress) {
    std::vector<LeafDifference> result = pairs(a, b);
    for (const LeafDifference& pair : result)
        if (pair.same_shape()) advance(progress, &Progress::all_work, bytes_of(pair.shape_a, in_double));
    for (LeafDifference& pair : result) {
        if (!pair.same_shape()) continue;
        if (in_double)
            compare_leaf<double>(a, b, pair);
        else
            compare_leaf<float>(a, b, pair);
        advance(progress, &Progress::work, bytes_of(pair.shape_a, in_double));
    }
    return result;
}

}  // namespace headway
