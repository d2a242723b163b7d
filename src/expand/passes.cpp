// SPDX-License-Identifier: Apache-2.0
#include "expand/passes.hpp"

#include "expand/rewrite.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/fold.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/select.hpp"

namespace headway {

namespace {

constexpr std::uint64_t most_terms = 200;

template <Expr (*pass)(const Expr&)>
std::optional<Rewrite> plain(const RandomNetwork& random) {
    return Rewrite{random.network.output, pass(random.network.output)};
}

template <Expr (*pass)(const Expr&, int)>
std::optional<Rewrite> grouped(const RandomNetwork& random) {
    return Rewrite{random.network.output, pass(random.network.output, random.group_size)};
}

std::optional<Rewrite> distributed(const RandomNetwork& random) {
    const Expr& before = random.network.output;
    if (count_terms(before) > most_terms) return std::nullopt;
    return Rewrite{before, distribute(before, most_terms)};
}

// The expression with `one_hot` on some of its ports: what a selection must be equal to.
Expr held(const Expr& node, const std::vector<FixedPort>& fixed) {
    const std::vector<Space>& ports = node->ports();
    std::vector<int> place(ports.size(), -1), labels(ports.size());
    for (const FixedPort& each : fixed) place[static_cast<std::size_t>(each.port)] = each.place;
    std::vector<Space> open, bound;
    for (std::size_t i = 0; i < ports.size(); ++i) (place[i] < 0 ? open : bound).push_back(ports[i]);
    int next_open = 0, next_bound = static_cast<int>(open.size());
    std::vector<Use> factors;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        labels[i] = place[i] < 0 ? next_open++ : next_bound++;
        if (place[i] >= 0) factors.push_back({one_hot(ports[i], place[i]), {labels[i]}});
    }
    factors.push_back({node, labels});
    return product(std::move(factors), open, bound);
}

// All head and layer ports are held at a place that the expression's hash chooses.
std::optional<Rewrite> selected(const RandomNetwork& random) {
    const Expr& before = random.network.output;
    const std::vector<Space>& ports = before->ports();
    std::vector<FixedPort> fixed;
    for (std::size_t i = 0; i < ports.size(); ++i)
        if (ports[i] == Space::Head || ports[i] == Space::Member || ports[i] == Space::Layer)
            fixed.push_back({static_cast<int>(i), static_cast<int>((before->hash() >> i) & 1)});
    if (fixed.empty()) return std::nullopt;
    return Rewrite{held(before, fixed), select(before, fixed, random.group_size)};
}

std::optional<Rewrite> split(const RandomNetwork& random) {
    return Rewrite{random.network.output, split_heads(random.network.output, random.config())};
}

std::optional<Rewrite> froze(const RandomNetwork& random) {
    return Rewrite{random.network.output, freeze(random.network).output};
}

}  // namespace

const std::array<Pass, 9> passes{{{"flatten", plain<flatten>},
                                  {"merge_copies", plain<merge_copies>},
                                  {"normalise", plain<normalise>},
                                  {"distribute", distributed},
                                  {"fold", grouped<fold>},
                                  {"unfold", grouped<unfold>},
                                  {"select", selected},
                                  {"split_heads", split},
                                  {"freeze", froze}}};

}  // namespace headway
