// SPDX-License-Identifier: Apache-2.0
#include "draw/chains.hpp"

#include <algorithm>

namespace headway {

bool is_feature(Space space) {
    return space == Space::Vocab || space == Space::Residual || space == Space::HeadInner ||
           space == Space::Neuron || space == Space::Channel;
}

Wiring wiring_of(const Product& product, const std::vector<Space>& ports) {
    Wiring wiring{product.factors, ports.size(), ports, {}};
    wiring.spaces.insert(wiring.spaces.end(), product.bound.begin(), product.bound.end());
    wiring.ends.resize(wiring.spaces.size());
    for (std::size_t f = 0; f < product.factors.size(); ++f) {
        for (std::size_t leg = 0; leg < product.factors[f].labels.size(); ++leg) {
            wiring.ends[static_cast<std::size_t>(product.factors[f].labels[leg])].push_back(
                {static_cast<int>(f), static_cast<int>(leg)});
        }
    }
    return wiring;
}

namespace {

class Walker {
public:
    explicit Walker(const Wiring& wiring)
        : wiring_(wiring), seen_(wiring.factors.size()), served_(wiring.spaces.size()) {}

    void take(int factor) { seen_[static_cast<std::size_t>(factor)] = 1; }

    std::vector<Chain> run() {
        for (const bool positions : {true, false}) {
            for (std::size_t port = 0; port < wiring_.n_ports; ++port) {
                const Space space = wiring_.spaces[port];
                if ((space == Space::Position) == positions && (positions || is_feature(space)))
                    start_at(static_cast<int>(port));
            }
        }
        for (std::size_t port = 0; port < wiring_.n_ports; ++port) start_at(static_cast<int>(port));
        for (bool grown = true; grown;) {
            grown = false;
            for (std::size_t label = 0; label < wiring_.spaces.size() && !grown; ++label) {
                if (touched(label) && next_factor(static_cast<int>(label)) >= 0) {
                    walk(static_cast<int>(label));
                    grown = true;
                }
            }
            for (std::size_t f = 0; f < seen_.size() && !grown; ++f) {
                if (seen_[f] || wiring_.factors[f].labels.empty()) continue;
                walk_from(static_cast<int>(f));
                grown = true;
            }
        }
        return std::move(chains_);
    }

private:
    bool touched(std::size_t label) const {
        return std::any_of(wiring_.ends[label].begin(), wiring_.ends[label].end(), [&](const LegEnd& end) {
            return seen_[static_cast<std::size_t>(end.factor)] != 0;
        });
    }

    void start_at(int label) {
        if (served_[static_cast<std::size_t>(label)] == 0 && next_factor(label) >= 0) walk(label);
    }

    /// An unseen factor at the label; one that leads on is preferred.
    int next_factor(int label) const {
        int best = -1;
        for (const LegEnd& end : wiring_.ends[static_cast<std::size_t>(label)]) {
            const auto f = static_cast<std::size_t>(end.factor);
            if (seen_[f]) continue;
            if (best < 0 || (wiring_.factors[static_cast<std::size_t>(best)].labels.size() < 2 &&
                             wiring_.factors[f].labels.size() >= 2)) {
                best = end.factor;
            }
        }
        return best;
    }

    /// The label by which the walk leaves: positions go on as positions, else features, never heads while
    /// something else is left.
    int exit_of(int factor, int entry) const {
        int best = -1;
        int best_rank = 0;
        for (const int label : wiring_.factors[static_cast<std::size_t>(factor)].labels) {
            if (label == entry || served_[static_cast<std::size_t>(label)] != 0) continue;
            const bool leads_on = next_factor(label) >= 0;
            if (!leads_on && !wiring_.open(label)) continue;
            const Space space = wiring_.space(label);
            const bool from_position = entry >= 0 && wiring_.space(entry) == Space::Position;
            const int rank = space == Space::Position ? (from_position ? 5 : 3) : is_feature(space) ? 4 : 1;
            const int full = 2 * rank + (leads_on ? 1 : 0);
            if (full > best_rank) {
                best = label;
                best_rank = full;
            }
        }
        return best;
    }

    void walk(int label) {
        Chain chain;
        chain.start = label;
        served_[static_cast<std::size_t>(label)] = 1;
        extend(chain, next_factor(label), label);
    }

    void walk_from(int factor) {
        Chain chain;
        extend(chain, factor, -1);
    }

    void extend(Chain& chain, int factor, int entry) {
        while (factor >= 0) {
            chain.factors.push_back(factor);
            seen_[static_cast<std::size_t>(factor)] = 1;
            const int exit = exit_of(factor, entry);
            if (exit < 0) break;
            served_[static_cast<std::size_t>(exit)] = 1;
            factor = next_factor(exit);
            if (factor >= 0) {
                chain.links.push_back(exit);
            } else {
                chain.end = exit;
            }
            entry = exit;
        }
        if (chain.end < 0) chain.end = closing(chain, entry);
        chains_.push_back(std::move(chain));
    }

    /// A label from the last factor back to the first one closes the chain to a loop.
    int closing(const Chain& chain, int entry) const {
        if (chain.start >= 0) return -1;
        for (const int label : wiring_.factors[static_cast<std::size_t>(chain.factors.back())].labels) {
            const auto& ends = wiring_.ends[static_cast<std::size_t>(label)];
            const bool first = std::any_of(ends.begin(), ends.end(), [&](const LegEnd& end) {
                return end.factor == chain.factors.front();
            });
            if (label != entry && first && ends.size() == 2) return label;
        }
        return -1;
    }

    const Wiring& wiring_;
    std::vector<char> seen_;
    std::vector<char> served_;
    std::vector<Chain> chains_;
};

}  // namespace

std::vector<Chain> chains_of(const Wiring& wiring, const std::vector<int>& taken) {
    Walker walker(wiring);
    for (const int factor : taken) walker.take(factor);
    return walker.run();
}

namespace {

struct Walk {
    std::vector<int> factors;
    std::vector<int> links;
};

/// From an open label along labels that `follow` accepts, never twice to the same factor. At a hyper-index
/// the factor that leads on goes first.
template <class Follow>
Walk walk_rail(const Wiring& wiring, int label, const Follow& follow) {
    Walk walk;
    const auto exit_of = [&](int factor, int entry) {
        for (const int out : wiring.factors[static_cast<std::size_t>(factor)].labels) {
            if (out != entry && follow(wiring.space(out)) && !wiring.open(out)) return out;
        }
        return -1;
    };
    while (label >= 0) {
        int next = -1;
        std::size_t most = 0;
        for (const LegEnd& end : wiring.ends[static_cast<std::size_t>(label)]) {
            const bool seen =
                std::find(walk.factors.begin(), walk.factors.end(), end.factor) != walk.factors.end();
            const std::size_t legs = wiring.factors[static_cast<std::size_t>(end.factor)].labels.size();
            const std::size_t rank = legs + (exit_of(end.factor, label) >= 0 ? 100 : 0);
            if (!seen && rank > most) {
                most = rank;
                next = end.factor;
            }
        }
        if (next < 0) break;
        if (!walk.factors.empty()) walk.links.push_back(label);
        walk.factors.push_back(next);
        label = exit_of(next, label);
    }
    return walk;
}

bool same_order(const std::vector<int>& top, const std::vector<int>& bottom) {
    std::vector<int> common_top;
    std::vector<int> common_bottom;
    for (const int f : top) {
        if (std::find(bottom.begin(), bottom.end(), f) != bottom.end()) common_top.push_back(f);
    }
    for (const int f : bottom) {
        if (std::find(top.begin(), top.end(), f) != top.end()) common_bottom.push_back(f);
    }
    return !common_top.empty() && common_top == common_bottom;
}

}  // namespace

Rails rails_of(const Wiring& wiring) {
    Rails rails;
    int positions = 0;
    for (std::size_t port = wiring.n_ports; port-- > 0;) {
        if (wiring.spaces[port] == Space::Position) {
            rails.top_port = static_cast<int>(port);
            ++positions;
        }
        if (is_feature(wiring.spaces[port])) rails.bottom_port = static_cast<int>(port);
    }
    if (positions != 1 || rails.bottom_port < 0) return {};
    Walk top = walk_rail(wiring, rails.top_port, [](Space space) { return space == Space::Position; });
    Walk bottom = walk_rail(wiring, rails.bottom_port, is_feature);
    if (!same_order(top.factors, bottom.factors)) return {};
    rails.top = std::move(top.factors);
    rails.top_links = std::move(top.links);
    rails.bottom = std::move(bottom.factors);
    rails.bottom_links = std::move(bottom.links);
    return rails;
}

}  // namespace headway
