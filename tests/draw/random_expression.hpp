// Random expressions: products with hyper-indices and repeated legs, sums, functions, nested a few levels
// deep.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <algorithm>
#include <random>

namespace headway::test {

class RandomExpression {
public:
    explicit RandomExpression(unsigned seed) : random_(seed) {}

    Expr make(int depth) {
        const std::vector<Space> ports = some_ports(3);
        return node(ports, depth);
    }

private:
    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    Space some_space() {
        static constexpr Space spaces[] = {Space::Position, Space::Residual, Space::HeadInner, Space::Head,
                                           Space::Vocab};
        return spaces[below(5)];
    }
    std::vector<Space> some_ports(int most) {
        std::vector<Space> ports;
        for (int n = below(most + 1); n > 0; --n) ports.push_back(some_space());
        return ports;
    }

    Expr leaf(const std::vector<Space>& ports) {
        static constexpr const char* names[] = {"W", "M", "N", "T", "x"};
        return tensor({names[below(5)], below(3), below(2) == 0 ? below(4) : -1, -1}, ports);
    }

    Expr node(const std::vector<Space>& ports, int depth) {
        if (depth == 0) return leaf(ports);
        const int kind = below(6);
        if (kind == 0) return sum_of(ports, depth);
        if (kind == 1) return pointwise(Function::Gelu, node(ports, depth - 1));
        if (kind == 2) {
            std::vector<Space> more = ports;
            more.push_back(Space::Residual);
            return rstd(node(more, depth - 1), 1e-5);
        }
        return product_of(ports, depth);
    }

    Expr sum_of(const std::vector<Space>& ports, int depth) {
        std::vector<Term> terms;
        for (int n = 2 + below(2); n > 0; --n) {
            std::vector<int> labels;
            for (std::size_t i = 0; i < ports.size(); ++i) labels.push_back(static_cast<int>(i));
            std::shuffle(labels.begin(), labels.end(), random_);
            std::vector<Space> inner;
            for (const int label : labels) inner.push_back(ports[static_cast<std::size_t>(label)]);
            terms.push_back({1 + below(2) - 3 * below(2), {node(inner, depth - 1), labels}});
        }
        return sum(terms, ports);
    }

    Expr product_of(const std::vector<Space>& ports, int depth) {
        std::vector<Space> bound;
        for (int n = 1 + below(5); n > 0; --n) bound.push_back(some_space());
        const int n_labels = static_cast<int>(ports.size() + bound.size());
        std::vector<std::vector<int>> labels(static_cast<std::size_t>(1 + below(5)));
        for (int label = 0; label < n_labels; ++label) {
            for (int ends = 1 + below(3); ends > 0; --ends) {
                labels[static_cast<std::size_t>(below(static_cast<int>(labels.size())))].push_back(label);
            }
        }
        std::vector<Use> factors;
        for (const std::vector<int>& mine : labels) {
            std::vector<Space> spaces;
            for (const int label : mine) {
                const auto l = static_cast<std::size_t>(label);
                spaces.push_back(l < ports.size() ? ports[l] : bound[l - ports.size()]);
            }
            factors.push_back({below(4) == 0 ? node(spaces, depth - 1) : leaf(spaces), mine});
        }
        return product(factors, ports, bound);
    }

    std::mt19937 random_;
};

}  // namespace headway::test
