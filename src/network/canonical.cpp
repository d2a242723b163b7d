// SPDX-License-Identifier: Apache-2.0
#include "network/canonical.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace headway {

namespace {

using Colours = std::vector<std::uint64_t>;

// Individualising every member of every tie is factorial; products with more symmetric choices than this
// share less, never wrongly.
constexpr int max_choices = 720;

class Canonicaliser {
public:
    Canonicaliser(const std::vector<Use>& factors, const std::vector<Space>& ports,
                  const std::vector<Space>& bound)
        : factors_(factors),
          ports_(ports),
          n_ports_(ports.size()),
          bound_(bound),
          first_end_(ports.size() + bound.size() + 1) {
        for (const Use& use : factors)
            for (int label : use.labels) ++first_end_[static_cast<std::size_t>(label) + 1];
        std::partial_sum(first_end_.begin(), first_end_.end(), first_end_.begin());
        ends_.resize(first_end_.back());
        std::vector<std::size_t> next = first_end_;
        for (std::size_t f = 0; f < factors.size(); ++f)
            for (std::size_t p = 0; p < factors[f].labels.size(); ++p)
                ends_[next[static_cast<std::size_t>(factors[f].labels[p])]++] = {static_cast<int>(f),
                                                                                 static_cast<int>(p)};
    }

    // The ports in an order that their wiring gives, not their numbers. Ports that nothing tells apart keep
    // theirs.
    std::vector<int> port_order() const {
        Colours colours = node_colours();
        const Colours labels = refine(colours, false);
        std::vector<int> order(n_ports_);
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
            return labels[static_cast<std::size_t>(a)] < labels[static_cast<std::size_t>(b)];
        });
        return order;
    }

    Product run() {
        Colours colours = node_colours();
        if (has_tie(colours)) {
            refine(colours);
            search(colours);
        } else {
            keep_if_smaller(colours);
        }
        return std::move(best_);
    }

private:
    static bool counts_heads(Space space) {
        return space == Space::Head || space == Space::Member || space == Space::Layer;
    }

    struct End {
        int factor;
        int port;
    };

    std::size_t n_labels() const { return first_end_.size() - 1; }

    std::span<const End> ends(std::size_t label) const {
        return std::span(ends_).subspan(first_end_[label], first_end_[label + 1] - first_end_[label]);
    }

    Colours node_colours() const {
        Colours colours(factors_.size());
        for (std::size_t f = 0; f < factors_.size(); ++f) colours[f] = factors_[f].node->hash();
        return colours;
    }

    static bool has_tie(Colours colours) {
        std::sort(colours.begin(), colours.end());
        return std::adjacent_find(colours.begin(), colours.end()) != colours.end();
    }

    static std::size_t distinct(const Colours& colours, Colours& scratch) {
        scratch = colours;
        std::sort(scratch.begin(), scratch.end());
        return static_cast<std::size_t>(std::unique(scratch.begin(), scratch.end()) - scratch.begin());
    }

    // Colour refinement (Weisfeiler-Leman) until the number of colours stands still.
    Colours refine(Colours& colours, bool numbered = true) const {
        Colours labels(n_labels()), scratch;
        for (std::size_t l = 0; l < labels.size(); ++l) {
            const Space space = l < n_ports_ ? ports_[l] : bound_[l - n_ports_];
            labels[l] = l < n_ports_ && numbered
                            ? mix(1, l)
                            : mix(l < n_ports_ ? 4 : 2, static_cast<std::uint64_t>(space));
        }
        for (std::size_t before = 0, now = distinct(colours, scratch); now > before;) {
            before = now;
            for (std::size_t l = 0; l < labels.size(); ++l) {
                scratch.clear();
                for (const End& end : ends(l))
                    scratch.push_back(mix(colours[static_cast<std::size_t>(end.factor)],
                                          static_cast<std::uint64_t>(end.port)));
                std::sort(scratch.begin(), scratch.end());
                for (std::uint64_t colour : scratch) labels[l] = mix(labels[l], colour);
            }
            for (std::size_t f = 0; f < colours.size(); ++f)
                for (int label : factors_[f].labels)
                    colours[f] = mix(colours[f], labels[static_cast<std::size_t>(label)]);
            now = distinct(colours, scratch);
        }
        return labels;
    }

    void search(const Colours& colours) {
        Colours sorted = colours;
        std::sort(sorted.begin(), sorted.end());
        const auto tie = std::adjacent_find(sorted.begin(), sorted.end());
        if (tie == sorted.end()) {
            ++choices_;
            keep_if_smaller(colours);
            return;
        }
        for (std::size_t f = 0; f < colours.size(); ++f) {
            if (colours[f] != *tie) continue;
            Colours chosen = colours;
            chosen[f] = mix(chosen[f], 3);
            refine(chosen);
            search(chosen);
            if (choices_ >= max_choices) return;
        }
    }

    std::vector<int> walk(const Colours& colours) const {
        std::vector<int> order, next;  // `next`: a stack of the factors that each label leads to
        order.reserve(factors_.size());
        std::vector<char> seen_factor(factors_.size()), seen_label(n_labels());
        const auto less = [&](int a, int b) {
            return colours[static_cast<std::size_t>(a)] < colours[static_cast<std::size_t>(b)];
        };
        const auto visit = [&](const auto& self, std::size_t label) -> void {
            if (seen_label[label]) return;
            seen_label[label] = 1;
            const std::size_t base = next.size();
            for (const End& end : ends(label))
                if (!seen_factor[static_cast<std::size_t>(end.factor)]) next.push_back(end.factor);
            std::sort(next.begin() + static_cast<std::ptrdiff_t>(base), next.end(), less);
            const std::size_t top = next.size();
            for (std::size_t i = base; i < top; ++i) enter(self, next[i], order, seen_factor);
            next.resize(base);
        };
        for (const bool heads : {false, true})
            for (std::size_t port = 0; port < n_ports_; ++port)
                if (counts_heads(ports_[port]) == heads) visit(visit, port);
        std::vector<int> rest(factors_.size());
        std::iota(rest.begin(), rest.end(), 0);
        std::sort(rest.begin(), rest.end(), less);
        for (int factor : rest) enter(visit, factor, order, seen_factor);
        return order;
    }

    // Plain wires first, hyper-indices after them: the order then follows a path from output to input.
    template <class Visit>
    void enter(const Visit& visit, int factor, std::vector<int>& order,
               std::vector<char>& seen_factor) const {
        if (seen_factor[static_cast<std::size_t>(factor)]) return;
        seen_factor[static_cast<std::size_t>(factor)] = 1;
        order.push_back(factor);
        for (const bool hyper : {false, true})
            for (int label : factors_[static_cast<std::size_t>(factor)].labels)
                if ((ends(static_cast<std::size_t>(label)).size() > 2) == hyper)
                    visit(visit, static_cast<std::size_t>(label));
    }

    void keep_if_smaller(const Colours& colours) {
        Product product;
        std::vector<std::uint64_t> encoding;
        std::vector<int> number(n_labels(), -1);
        encoding.reserve(factors_.size() + ends_.size());
        product.bound.reserve(bound_.size());
        std::iota(number.begin(), number.begin() + static_cast<std::ptrdiff_t>(n_ports_), 0);
        product.factors.reserve(factors_.size());
        for (int f : walk(colours)) {
            Use use = factors_[static_cast<std::size_t>(f)];
            encoding.push_back(use.node->hash());
            for (int& label : use.labels) {
                int& fresh = number[static_cast<std::size_t>(label)];
                if (fresh < 0) {
                    fresh = static_cast<int>(n_ports_ + product.bound.size());
                    product.bound.push_back(bound_[static_cast<std::size_t>(label) - n_ports_]);
                }
                label = fresh;
                encoding.push_back(static_cast<std::uint64_t>(label));
            }
            product.factors.push_back(std::move(use));
        }
        if (best_encoding_.empty() || encoding < best_encoding_) {
            best_ = std::move(product);
            best_encoding_ = std::move(encoding);
        }
    }

    const std::vector<Use>& factors_;
    const std::vector<Space>& ports_;
    std::size_t n_ports_;
    const std::vector<Space>& bound_;
    std::vector<std::size_t> first_end_;  // label -> its first end; the last entry is their number
    std::vector<End> ends_;
    Product best_;
    std::vector<std::uint64_t> best_encoding_;
    int choices_ = 0;
};

// The legs of a copy have no order: ports first, then bound labels by what else carries them.
void order_copies(std::vector<Use>& factors, std::size_t n_ports, std::size_t n_labels) {
    const auto is_copy = [](const Use& use) { return use.node->as<Copy>() != nullptr; };
    std::vector<Colours> carriers(n_labels);
    for (const Use& use : factors)
        for (std::size_t p = 0; p < use.labels.size(); ++p)
            carriers[static_cast<std::size_t>(use.labels[p])].push_back(
                mix(use.node->hash(), is_copy(use) ? 0 : p));
    for (Colours& colours : carriers) std::sort(colours.begin(), colours.end());
    const auto key = [&](int label) {
        const auto place = static_cast<std::size_t>(label);
        return place < n_ports ? std::pair(place, Colours()) : std::pair(n_ports, carriers[place]);
    };
    for (Use& use : factors)
        if (is_copy(use))
            std::stable_sort(use.labels.begin(), use.labels.end(),
                             [&](int a, int b) { return key(a) < key(b); });
}

}  // namespace

Product canonical_product(const std::vector<Use>& factors, const std::vector<Space>& ports,
                          const std::vector<Space>& bound) {
    const auto is_copy = [](const Use& use) { return use.node->as<Copy>() != nullptr; };
    if (std::none_of(factors.begin(), factors.end(), is_copy))
        return Canonicaliser(factors, ports, bound).run();
    std::vector<Use> ordered = factors;
    order_copies(ordered, ports.size(), ports.size() + bound.size());
    return Canonicaliser(ordered, ports, bound).run();
}

std::vector<int> canonical_port_order(const std::vector<Use>& factors, const std::vector<Space>& ports,
                                      const std::vector<Space>& bound) {
    return Canonicaliser(factors, ports, bound).port_order();
}

}  // namespace headway
