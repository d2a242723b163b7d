// SPDX-License-Identifier: Apache-2.0
#include "contract/dense.hpp"

#include "contract/kernels.hpp"

#include <cmath>

namespace headway {

namespace {

double entry(const Structure& structure, const Dims& at, std::int64_t d_model, std::span<const int> tokens) {
    const auto hit = [](bool yes) { return yes ? 1.0 : 0.0; };
    switch (structure.relation) {
        case Relation::Token:
            return hit(tokens[static_cast<std::size_t>(at[0])] == at[1]);
        case Relation::Causal:
            return hit(at[1] <= at[0] && (structure.value == 0 || at[0] - at[1] < structure.value));
        case Relation::Before:
            return hit(at[0] < at[1]);
        case Relation::Shift:
            return hit(at[1] == at[0] - structure.value);
        case Relation::OneHot:
            return hit(at[0] == structure.value);
        case Relation::Centre:
            return hit(at[0] == at[1]) - 1.0 / static_cast<double>(d_model);
        case Relation::Distance:
            return static_cast<double>(at[1] - at[0]);
        case Relation::Rope:
            break;
    }
    const std::int64_t dims = structure.rotary.dims, from = at[1], to = at[2];
    if (from >= dims || to >= dims) return hit(from == to);
    const bool adjacent = structure.rotary.adjacent_pairs;
    const auto pair = [&](std::int64_t i) { return adjacent ? i / 2 : i % (dims / 2); };
    const auto second = [&](std::int64_t i) { return adjacent ? i % 2 == 1 : i >= dims / 2; };
    if (pair(from) != pair(to)) return 0;
    const double angle =
        static_cast<double>(at[0]) * structure.rotary.frequency(static_cast<int>(pair(from)));
    if (from == to) return std::cos(angle);
    return second(to) ? std::sin(angle) : -std::sin(angle);
}

}  // namespace

template <class T>
Array<T> dense(const Node& node, const Dims& shape, std::span<const int> tokens, Workspace& workspace) {
    const auto* structure = node.as<Structure>();
    Array<T> result = Array<T>::uninitialised(shape, workspace);
    Dims at(shape.size());
    T* out = result.mutable_data();
    for (std::int64_t i = 0; i < result.size(); ++i) {
        bool equal = true;
        for (std::int64_t index : at) equal = equal && index == at.front();
        out[i] = static_cast<T>(structure != nullptr ? entry(*structure, at, shape.back(), tokens)
                                                     : (equal ? 1.0 : 0.0));
        for (std::size_t axis = at.size(); axis-- > 0;) {
            if (++at[axis] < shape[axis]) break;
            at[axis] = 0;
        }
    }
    return result;
}

template Array<float> dense<float>(const Node&, const Dims&, std::span<const int>, Workspace&);
template Array<double> dense<double>(const Node&, const Dims&, std::span<const int>, Workspace&);

}  // namespace headway
