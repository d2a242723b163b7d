// The value of any expression by nested loops over all of its labels, in double: what every node means,
// written down once more and apart from the planner, the evaluator and the modular evaluator. Exponential,
// and obviously correct.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

namespace headway::naive {

using Shape = std::vector<std::int64_t>;

/// Row-major values, and for each a bound on the sum of the absolute products that went into it: the scale of
/// its rounding.
struct Value {
    Shape shape;
    std::vector<double> values, magnitude;

    static Value zeros(Shape shape) {
        std::size_t size = 1;
        for (std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
        return {std::move(shape), std::vector<double>(size), std::vector<double>(size)};
    }
    std::size_t offset(std::span<const std::int64_t> at) const {
        std::size_t result = 0;
        for (std::size_t i = 0; i < shape.size(); ++i)
            result = result * static_cast<std::size_t>(shape[i]) + static_cast<std::size_t>(at[i]);
        return result;
    }
};

/// Calls body(index) for every index of `shape`, the last axis fastest.
template <class Body>
void for_each_index(const Shape& shape, const Body& body) {
    for (std::int64_t extent : shape)
        if (extent == 0) return;
    Shape at(shape.size(), 0);
    for (;;) {
        body(at);
        std::size_t i = at.size();
        while (i > 0 && ++at[i - 1] == shape[i - 1]) at[--i] = 0;
        if (i == 0) return;
    }
}

class Evaluator {
public:
    /// The values of a weight of the given shape, row-major.
    using Weights = std::function<std::vector<double>(const Tensor&, const Shape&)>;

    Evaluator(const Sizes& sizes, int group_size, Weights weights, std::vector<int> tokens)
        : sizes_(sizes), group_(group_size), weights_(std::move(weights)), tokens_(std::move(tokens)) {}

    const Value& value(const Expr& node) {
        const auto known = known_.find(node);
        if (known != known_.end()) return known->second;
        Value made = std::visit([&](const auto& kind) { return make(kind, *node); }, node->kind());
        return known_.emplace(node, std::move(made)).first->second;
    }

private:
    Shape shape_of(const std::vector<Space>& spaces) const {
        Shape shape;
        for (Space space : spaces) shape.push_back(sizes_[space]);
        return shape;
    }

    template <class Entry>
    Value from_entries(const Node& node, const Entry& entry) const {
        Value result = Value::zeros(shape_of(node.ports()));
        for_each_index(result.shape, [&](const Shape& at) {
            const double x = entry(at);
            result.values[result.offset(at)] = x;
            result.magnitude[result.offset(at)] = std::abs(x);
        });
        return result;
    }

    Value make(const Tensor& leaf, const Node& node) {
        if (leaf.head >= 0 && (leaf.symbol == "W_OV" || leaf.symbol == "W_QK")) return of_weights(leaf, node);
        Value result = Value::zeros(shape_of(node.ports()));
        result.values = weights_(leaf, result.shape);
        for (std::size_t i = 0; i < result.values.size(); ++i)
            result.magnitude[i] = std::abs(result.values[i]);
        return result;
    }

    // W_OV = W_V W_O and W_QK = W_Q W_Kᵀ of one head.
    Value of_weights(const Tensor& leaf, const Node& node) {
        const bool ov = leaf.symbol == "W_OV";
        const Value& left = value(head_leaf(ov ? "W_V" : "W_Q", {leaf.layer, leaf.head}, group_));
        const Value& right = value(head_leaf(ov ? "W_O" : "W_K", {leaf.layer, leaf.head}, group_));
        Value result = Value::zeros(shape_of(node.ports()));
        for_each_index(result.shape, [&](const Shape& at) {
            for (std::int64_t e = 0; e < sizes_[Space::HeadInner]; ++e) {
                const Shape l{at[0], e}, r = ov ? Shape{e, at[1]} : Shape{at[1], e};
                const double x = left.values[left.offset(l)] * right.values[right.offset(r)];
                result.values[result.offset(at)] += x;
                result.magnitude[result.offset(at)] += std::abs(x);
            }
        });
        return result;
    }

    Value make(const Copy&, const Node& node) const {
        return from_entries(node, [](const Shape& at) {
            for (std::int64_t index : at)
                if (index != at.front()) return 0.0;
            return 1.0;
        });
    }

    Value make(const Structure& structure, const Node& node) const {
        return from_entries(node, [&](const Shape& at) { return entry(structure, node, at); });
    }

    double entry(const Structure& structure, const Node& node, const Shape& at) const {
        switch (structure.relation) {
            case Relation::Token:
                return tokens_.at(static_cast<std::size_t>(at[0])) == at[1] ? 1 : 0;
            case Relation::Causal:
                return at[1] <= at[0] && (structure.value == 0 || at[0] - at[1] < structure.value) ? 1 : 0;
            case Relation::Before:
                return at[0] < at[1] ? 1 : 0;
            case Relation::Shift:
                return at[1] == at[0] - structure.value ? 1 : 0;
            case Relation::OneHot:
                return at[0] == structure.value ? 1 : 0;
            case Relation::Centre:
                return (at[0] == at[1] ? 1.0 : 0.0) - 1.0 / static_cast<double>(sizes_[node.ports()[0]]);
            case Relation::Distance:
                return static_cast<double>(at[1] - at[0]);
            case Relation::Rope:
                return rope(structure.rotary, at[0], at[1], at[2]);
        }
        return 0;
    }

    // Row `from`, column `to` of the rotation by position q: (x, y) -> (x cos - y sin, x sin + y cos).
    static double rope(const Rotary& rotary, std::int64_t q, std::int64_t from, std::int64_t to) {
        const std::int64_t half = rotary.dims / 2;
        if (from >= rotary.dims || to >= rotary.dims) return from == to ? 1 : 0;
        const auto pair = [&](std::int64_t e) { return rotary.adjacent_pairs ? e / 2 : e % half; };
        const auto second = [&](std::int64_t e) { return rotary.adjacent_pairs ? e % 2 == 1 : e >= half; };
        if (pair(from) != pair(to)) return 0;
        const double angle = static_cast<double>(q) * frequency(rotary, static_cast<double>(pair(from)));
        if (second(from) == second(to)) return std::cos(angle);
        return second(from) ? -std::sin(angle) : std::sin(angle);
    }

    // Radians a position, as the scalings are published: Llama3 keeps wavelengths below context / high,
    // stretches those above context / low, and goes smoothly between.
    static double frequency(const Rotary& rotary, double pair) {
        const double plain = 1 / std::pow(rotary.theta, 2 * pair / rotary.dims);
        if (rotary.scaling == RotaryScaling::None) return plain;
        const double slow = plain / rotary.factor;
        if (rotary.scaling == RotaryScaling::Linear) return slow;
        const double turns = rotary.original_ctx * plain / (2 * std::numbers::pi);
        if (turns > rotary.high_factor) return plain;
        if (turns < rotary.low_factor) return slow;
        const double share = (turns - rotary.low_factor) / (rotary.high_factor - rotary.low_factor);
        return share * plain + (1 - share) * slow;
    }

    Value make(const Product& product, const Node& node) {
        std::vector<Space> spaces = node.ports();
        spaces.insert(spaces.end(), product.bound.begin(), product.bound.end());
        std::vector<const Value*> factors;
        for (const Use& use : product.factors) factors.push_back(&value(use.node));
        Value result = Value::zeros(shape_of(node.ports()));
        std::vector<long double> totals(result.values.size());  // many equal terms: double would drift
        for_each_index(shape_of(spaces), [&](const Shape& at) {
            double x = 1, magnitude = 1;
            for (std::size_t f = 0; f < factors.size() && magnitude != 0; ++f) {
                Shape own;
                for (int label : product.factors[f].labels)
                    own.push_back(at[static_cast<std::size_t>(label)]);
                x *= factors[f]->values[factors[f]->offset(own)];
                magnitude *= factors[f]->magnitude[factors[f]->offset(own)];
            }
            totals[result.offset(at)] += x;
            result.magnitude[result.offset(at)] += magnitude;
        });
        std::transform(totals.begin(), totals.end(), result.values.begin(),
                       [](long double total) { return static_cast<double>(total); });
        return result;
    }

    Value make(const Sum& sum, const Node& node) {
        Value result = Value::zeros(shape_of(node.ports()));
        for (const Term& term : sum.terms) {
            const Value& part = value(term.use.node);
            const auto c = static_cast<double>(term.coefficient);
            for_each_index(result.shape, [&](const Shape& at) {
                Shape own;
                for (int label : term.use.labels) own.push_back(at[static_cast<std::size_t>(label)]);
                result.values[result.offset(at)] += c * part.values[part.offset(own)];
                result.magnitude[result.offset(at)] += std::abs(c) * part.magnitude[part.offset(own)];
            });
        }
        return result;
    }

    Value make(const Family& family, const Node& node) {
        Value result = Value::zeros(shape_of(node.ports()));
        std::size_t i = 0;
        for (const Expr& member : family.members) {
            const Value& part = value(member);
            for (std::size_t j = 0; j < part.values.size(); ++j, ++i) {
                result.values[i] = part.values[j];
                result.magnitude[i] = part.magnitude[j];
            }
        }
        return result;
    }

    Value make(const Apply& apply, const Node& node) {
        const Value& x = value(apply.argument);
        if (apply.function == Function::Softmax) return softmax(apply, x);
        Value result = Value::zeros(shape_of(node.ports()));
        const std::size_t line = x.values.size() / std::max<std::size_t>(1, result.values.size());
        for (std::size_t i = 0; i < result.values.size(); ++i) {
            if (apply.function == Function::Rstd) {
                scale(apply.parameter, x, i * line, line, result.values[i], result.magnitude[i]);
            } else {
                result.values[i] = apply.function == Function::SoftCap
                                       ? apply.parameter * std::tanh(x.values[i] / apply.parameter)
                                       : pointwise(apply.function, x.values[i]);
                result.magnitude[i] = 2 * x.magnitude[i];  // these functions have slopes below 2
            }
        }
        return result;
    }

    static void scale(double eps, const Value& x, std::size_t first, std::size_t n, double& value,
                      double& magnitude) {
        double squares = 0, largest = 0;
        for (std::size_t i = first; i < first + n; ++i) {
            squares += x.values[i] * x.values[i] / static_cast<double>(n);
            largest += x.magnitude[i] * x.magnitude[i] / static_cast<double>(n);
        }
        value = 1 / std::sqrt(squares + eps);
        magnitude = value * (1 + largest * value * value);
    }

    static double pointwise(Function function, double x) {
        switch (function) {
            case Function::Relu:
                return x > 0 ? x : 0;
            case Function::Gelu:
                return x * 0.5 * std::erfc(-x / std::numbers::sqrt2);
            case Function::GeluNew:
                return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
            case Function::Silu:
                return x / (1 + std::exp(-x));
            default:
                return std::nan("");
        }
    }

    Value softmax(const Apply& apply, const Value& x) {
        Value result = Value::zeros(x.shape);
        const Value* mask = apply.mask ? &value(apply.mask->node) : nullptr;
        const auto axis = static_cast<std::size_t>(apply.axis);
        const auto counts = [&](const Shape& at) {
            if (mask == nullptr) return true;
            Shape own;
            for (int label : apply.mask->labels) own.push_back(at[static_cast<std::size_t>(label)]);
            return mask->values[mask->offset(own)] != 0;
        };
        for_each_index(x.shape, [&](const Shape& at) {
            double total = 0, rounding = 1;
            Shape other = at;
            for (other[axis] = 0; other[axis] < x.shape[axis]; ++other[axis]) {
                if (!counts(other)) continue;
                total += std::exp(x.values[x.offset(other)] - x.values[x.offset(at)]);
                rounding = std::max(rounding, x.magnitude[x.offset(other)]);
            }
            result.values[result.offset(at)] = counts(at) ? 1 / total : 0;
            result.magnitude[result.offset(at)] = counts(at) ? 2 * rounding : 0;
        });
        return result;
    }

    Value make(const Frozen& frozen, const Node& node) {
        const Value& link = value(frozen.link);
        if (frozen.head < 0) return link;
        const std::size_t size = Value::zeros(shape_of(node.ports())).values.size();
        const auto first = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(frozen.head) * size);
        const auto last = first + static_cast<std::ptrdiff_t>(size);
        return {shape_of(node.ports()),
                {link.values.begin() + first, link.values.begin() + last},
                {link.magnitude.begin() + first, link.magnitude.begin() + last}};
    }

    Sizes sizes_;
    int group_;
    Weights weights_;
    std::vector<int> tokens_;
    std::map<Expr, Value> known_;
};

}  // namespace headway::naive
