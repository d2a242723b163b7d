// SPDX-License-Identifier: Apache-2.0
#include "expand/rewrite.hpp"
#include "expand/selector.hpp"
#include "headway/base/error.hpp"

namespace headway {

namespace {

class Splitter {
public:
    Splitter(const Config& config, std::uint64_t max_terms)
        : config_(config), max_terms_(max_terms), selector_(config.group_size()) {}

    Expr run(const Expr& node) {
        return memo_.at(node, [&] {
            const Expr inner = rebuild(node, [&](const Expr& child) { return run(child); });
            const auto* factors = inner->as<Product>();
            return factors == nullptr ? inner : split(inner, *factors);
        });
    }

private:
    int extent(Space space) const {
        return space == Space::Head ? config_.n_kv_heads : space == Space::Member ? config_.group_size() : 1;
    }

    Expr split(const Expr& node, const Product& factors) {
        const std::vector<Space>& ports = node->ports();
        FixedPorts places;
        std::uint64_t count = 1;
        for (std::size_t i = 0; i < factors.bound.size(); ++i) {
            const Space space = factors.bound[i];
            if (space != Space::Head && space != Space::Member) continue;
            places.push_back({static_cast<int>(ports.size() + i), 0});
            const auto n = static_cast<std::uint64_t>(extent(space));
            require(n <= max_terms_ / count, ErrorKind::Limit,
                    "a product over heads splits into more than {} terms", max_terms_);
            count *= n;
        }
        if (places.empty()) return node;
        std::vector<Term> terms;
        do terms.push_back({1, {selector_.of_product(factors, ports, places), straight(ports.size())}});
        while (next(places, factors, ports.size()));
        return sum(std::move(terms), ports);
    }

    bool next(FixedPorts& places, const Product& factors, std::size_t n_ports) const {
        for (auto place = places.rbegin(); place != places.rend(); ++place) {
            const Space space = factors.bound[static_cast<std::size_t>(place->port) - n_ports];
            if (++place->place < extent(space)) return true;
            place->place = 0;
        }
        return false;
    }

    const Config& config_;
    std::uint64_t max_terms_;
    Selector selector_;
    Memo memo_;
};

}  // namespace

Expr split_heads(const Expr& expression, const Config& config, std::uint64_t max_terms) {
    return Splitter(config, max_terms).run(expression);
}

}  // namespace headway
