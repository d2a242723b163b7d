// SPDX-License-Identifier: Apache-2.0
#include "expand/flat.hpp"

#include "expand/rewrite.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace headway {

namespace {

constexpr std::size_t max_factors = 1'000'000;
constexpr int most_orders = 720;

std::int64_t checked_product(std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    require(!__builtin_mul_overflow(a, b, &result), ErrorKind::Limit, "a coefficient overflows 64 bits");
    return result;
}

// Labels joined by copy tensors. The root of a class is its smallest label: a port where the class has one.
class Classes {
public:
    explicit Classes(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0); }
    int root(int label) {
        int& parent = parent_[static_cast<std::size_t>(label)];
        return parent == label ? label : parent = root(parent);
    }
    void join(int a, int b) {
        a = root(a);
        b = root(b);
        parent_[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    }

private:
    std::vector<int> parent_;
};

// The greatest common divisor of the coefficients, with the sign of the first: 2 a + 4 b is 2 (a + 2 b).
std::int64_t content(const Sum& node) {
    std::int64_t divisor = 0;
    for (const Term& term : node.terms) divisor = std::gcd(divisor, term.coefficient);
    return node.terms.front().coefficient < 0 ? -divisor : divisor;
}

// Heads first, as weights have them, and the vocabulary last.
int rank(Space space) {
    switch (space) {
        case Space::Layer:
            return 0;
        case Space::Head:
            return 1;
        case Space::Member:
            return 2;
        case Space::Vocab:
            return n_spaces + 3;
        default:
            return 3 + static_cast<int>(space);
    }
}

// The sum with its ports in the order `order`: the new port i is the old port order[i].
Use reordered(const Use& use, const std::vector<int>& order, Copies copies) {
    const std::vector<Space>& ports = use.node->ports();
    std::vector<Space> spaces;
    std::vector<int> place(ports.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        spaces.push_back(ports[static_cast<std::size_t>(order[i])]);
        place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    }
    std::vector<Term> terms;
    add_term(terms, 1, {use.node, place}, spaces, copies);
    return {sum(std::move(terms), spaces), through(order, use.labels)};
}

// The next order in which ports of one space change places; false behind the last.
bool next_order(std::vector<int>& order, const std::vector<Space>& ports) {
    const auto space = [&](std::ptrdiff_t i) {
        return ports[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
    };
    for (auto end = static_cast<std::ptrdiff_t>(order.size()); end > 0;) {
        std::ptrdiff_t begin = end - 1;
        while (begin > 0 && space(begin - 1) == space(end - 1)) --begin;
        if (std::next_permutation(order.begin() + begin, order.begin() + end)) return true;
        end = begin;
    }
    return false;
}

struct Primitive {
    Use use;
    std::int64_t content = 1;
};

Primitive primitive(const Use& use) {
    const Sum& node = *use.node->as<Sum>();
    const std::int64_t divisor = content(node);
    if (divisor == 1) return {use, 1};
    std::vector<Term> divided = node.terms;
    for (Term& term : divided) term.coefficient /= divisor;
    return {{sum(std::move(divided), use.node->ports()), use.labels}, divisor};
}

// A sum that is a factor has no common divisor, and its ports by space; those of one space in the order
// of the smallest hash, so that it does not matter in which order they were written. Of more orders than
// `most_orders` the first are tried.
Primitive oriented(const Use& use, Copies copies) {
    const std::vector<Space>& ports = use.node->ports();
    std::vector<int> order = straight(ports.size());
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        return rank(ports[static_cast<std::size_t>(a)]) < rank(ports[static_cast<std::size_t>(b)]);
    });
    Primitive best = primitive(order == straight(ports.size()) ? use : reordered(use, order, copies));
    for (int tried = 1; tried < most_orders && next_order(order, ports); ++tried)
        if (Primitive other = primitive(reordered(use, order, copies));
            other.use.node->hash() < best.use.node->hash())
            best = std::move(other);
    return best;
}

}  // namespace

int Flat::fresh(Space space) {
    spaces_.push_back(space);
    return static_cast<int>(spaces_.size()) - 1;
}

void Flat::scale(std::int64_t factor) { coefficient_ = checked_product(coefficient_, factor); }

void Flat::add(const Expr& node, std::vector<int> labels) {
    require(factors_.size() < max_factors, ErrorKind::Limit, "a flat product would have more than {} factors",
            max_factors);
    factors_.push_back({node, std::move(labels)});
}

void Flat::add_apart(const Expr& node, const std::vector<int>& labels) {
    if (const auto* inner = node->as<Product>()) {
        std::vector<int> all = labels;
        for (Space space : inner->bound) all.push_back(fresh(space));
        for (const Use& factor : inner->factors) add_apart(factor.node, through(factor.labels, all));
        return;
    }
    const auto* terms = node->as<Sum>();
    if (terms == nullptr) return add(node, labels);
    if (terms->terms.size() > 1) {
        Primitive factor = oriented({node, labels}, copies_);
        scale(factor.content);
        return add(factor.use.node, std::move(factor.use.labels));
    }
    if (terms->terms.empty()) {
        scale(0);
        return add(node, labels);
    }
    const Term& only = terms->terms.front();
    scale(only.coefficient);
    add_apart(only.use.node, through(only.use.labels, labels));
}

void Flat::merge_copies() {
    copies_ = Copies::Merge;
    Classes classes(spaces_.size());
    std::vector<int> copied;
    std::vector<Use> kept;
    for (Use& factor : factors_) {
        if (factor.node->as<Copy>() == nullptr) {
            kept.push_back(std::move(factor));
            continue;
        }
        copied.insert(copied.end(), factor.labels.begin(), factor.labels.end());
        for (int label : factor.labels) classes.join(label, factor.labels.front());
    }
    std::vector<char> carried(spaces_.size());
    for (Use& factor : kept)
        for (int& label : factor.labels) {
            label = classes.root(label);
            carried[static_cast<std::size_t>(label)] = 1;
        }
    std::map<int, std::vector<int>> ports_of;
    for (int label : copied) {
        std::vector<int>& ports = ports_of[classes.root(label)];
        if (label < static_cast<int>(n_ports_)) ports.push_back(label);
    }
    for (auto& [root, ports] : ports_of) {
        std::sort(ports.begin(), ports.end());
        ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
        const Space space = spaces_[static_cast<std::size_t>(root)];
        if (ports.size() > 1)
            kept.push_back({copy(space, static_cast<int>(ports.size())), ports});
        else if (carried[static_cast<std::size_t>(root)] == 0)
            kept.push_back({copy(space, 1), {root}});
    }
    factors_ = std::move(kept);
}

Expr Flat::close() {
    const std::vector<Space> ports(spaces_.begin(), spaces_.begin() + static_cast<std::ptrdiff_t>(n_ports_));
    if (coefficient_ == 0) return zero(ports);
    std::vector<int> number(spaces_.size(), -1);
    std::iota(number.begin(), number.begin() + static_cast<std::ptrdiff_t>(n_ports_), 0);
    std::vector<Space> bound;
    for (Use& factor : factors_)
        for (int& label : factor.labels) {
            int& fresh_number = number[static_cast<std::size_t>(label)];
            if (fresh_number < 0) {
                fresh_number = static_cast<int>(n_ports_ + bound.size());
                bound.push_back(spaces_[static_cast<std::size_t>(label)]);
            }
            label = fresh_number;
        }
    if (factors_.size() == 1 && factors_.front().labels.size() == n_ports_ && bound.empty() &&
        factors_.front().node->as<Sum>() != nullptr) {
        std::vector<Term> terms;  // a sum with its ports in another order is a sum
        add_term(terms, coefficient_, factors_.front(), ports, copies_);
        return sum(std::move(terms), ports);
    }
    const Expr result = product(std::move(factors_), ports, bound);
    return coefficient_ == 1 ? result : sum({{coefficient_, {result, straight(n_ports_)}}}, ports);
}

void add_term(std::vector<Term>& terms, std::int64_t coefficient, const Use& use,
              const std::vector<Space>& ports, Copies copies) {
    if (const auto* inner = use.node->as<Sum>()) {
        for (const Term& term : inner->terms)
            add_term(terms, checked_product(coefficient, term.coefficient),
                     {term.use.node, through(term.use.labels, use.labels)}, ports, copies);
        return;
    }
    const std::vector<int> in_order = straight(ports.size());
    if (use.labels == in_order || use.node->as<Copy>() != nullptr) {
        terms.push_back({coefficient, {use.node, in_order}});
    } else if (use.node->as<Product>() != nullptr) {
        Flat rewired(ports, copies);
        rewired.add_apart(use.node, use.labels);
        if (copies == Copies::Merge) rewired.merge_copies();
        const Expr node = rewired.close();
        if (node->as<Sum>() == nullptr)
            terms.push_back({coefficient, {node, in_order}});
        else
            add_term(terms, coefficient, {node, in_order}, ports, copies);
    } else {
        terms.push_back({coefficient, use});
    }
}

}  // namespace headway
