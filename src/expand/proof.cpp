// SPDX-License-Identifier: Apache-2.0
#include "expand/proof.hpp"

#include "expand/field.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <cmath>

namespace headway {

double Degrees::of(const Expr& expression) {
    if (const auto known = known_.find(expression); known != known_.end()) return known->second;
    const double degree = compute(expression);
    largest_ = std::max(largest_, degree);
    known_.emplace(expression, degree);
    return degree;
}

double Degrees::compute(const Expr& expression) {
    const Node& node = *expression;
    if (const auto* leaf = node.as<Tensor>()) return leaf->symbol == "W_OV" || leaf->symbol == "W_QK" ? 2 : 1;
    // (c, s)^q over the common denominator (1 + t²)^q, multiplied out on both sides.
    if (const auto* relation = node.as<Structure>())
        return relation->relation == Relation::Rope ? 4 * positions_ : 0;
    if (node.as<Apply>() != nullptr) {
        for (const Expr& child : children(node)) of(child);
        return 1;
    }
    double degree = 0;
    const bool adds = node.as<Product>() != nullptr;
    for (const Expr& child : children(node)) degree = adds ? degree + of(child) : std::max(degree, of(child));
    return degree;
}

void ModularSum::add(const ModularArray& value, std::uint64_t coefficient) {
    if (total_.values.empty()) total_ = {value.shape, std::vector<std::uint64_t>(value.values.size(), 0)};
    invariant(total_.shape == value.shape, "arrays of different shapes are added");
    for (std::size_t i = 0; i < value.values.size(); ++i)
        total_.values[i] = add_mod(total_.values[i], multiply_mod(coefficient, value.values[i]));
}

Trials::Trials(const VerifyOptions& options, const std::function<ModularModel(std::uint64_t seed)>& model) {
    require(options.trials > 0, ErrorKind::Usage, "a proof needs at least one trial, got {}", options.trials);
    for (int trial = 0; trial < options.trials; ++trial)
        runs_.emplace_back(model(FieldHash(options.seed).add(std::string_view("trial")).add(trial).word()));
}

std::uint64_t Trials::scalar(std::size_t trial, const std::vector<Expr>& factors) {
    std::uint64_t product = 1;
    for (const Expr& factor : factors)
        product = multiply_mod(product, runs_[trial].value(factor).values.front());
    return product;
}

void Trials::describe(Verification& result, double degree) const {
    result.trials = static_cast<int>(runs_.size());
    result.collision_bound = 1;
    for (const ModularRun& run : runs_) {
        result.extents.push_back(run.model().sizes);
        // Either the sides agree by accident, or two different arguments of a function do.
        const auto atoms = static_cast<double>(run.atoms());
        const double chance = degree * (1 + atoms * atoms / 2) / static_cast<double>(modulus);
        result.collision_bound *= std::min(1.0, chance);
    }
}

Verification prove_equal(const Expr& left, const Expr& right, Trials& trials) {
    require(left->ports() == right->ports(), ErrorKind::Usage,
            "two expressions with different ports cannot be equal");
    Verification result;
    Degrees degrees(trials[0].model().sizes[Space::Position]);
    degrees.of(left);
    degrees.of(right);
    for (std::size_t t = 0; t < trials.size() && result.failure.empty(); ++t) {
        result.failure = first_difference(trials[t].value(left), trials[t].value(right));
        if (!result.failure.empty()) result.failure = fmt::format("trial {}: {}", t, result.failure);
    }
    result.terms = 1;
    result.holds = result.failure.empty();
    trials.describe(result, degrees.largest());
    return result;
}

std::string first_difference(const ModularArray& left, const ModularArray& right) {
    if (left.shape != right.shape) return "the two sides have different shapes";
    for (std::size_t i = 0; i < left.values.size(); ++i) {
        if (left.values[i] == right.values[i]) continue;
        std::string place;
        for (std::size_t axis = left.shape.size(), rest = i; axis-- > 0;) {
            const auto extent = static_cast<std::size_t>(left.shape[axis]);
            place = fmt::format("{}{}{}", rest % extent, place.empty() ? "" : ", ", place);
            rest /= extent;
        }
        return fmt::format("entry [{}] is {} on the left and {} on the right", place, left.values[i],
                           right.values[i]);
    }
    return {};
}

void Links::collect(const Expr& node) {
    if (!nodes_.insert(node).second) return;
    for (const Expr& child : children(*node)) collect(child);
}

std::string Links::stray(const Expr& expression) {
    if (!checked_.insert(expression).second) return {};
    if (const auto* value = expression->as<Frozen>())
        return nodes_.contains(value->link) ? std::string() : leaf_name(*expression);
    for (const Expr& child : children(*expression))
        if (std::string name = stray(child); !name.empty()) return name;
    return {};
}

}  // namespace headway
