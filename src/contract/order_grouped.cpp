// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "contract/order_search.hpp"

namespace headway {
namespace {

using Hash = std::uint64_t;

Hash mixed(Hash h) {  // the finaliser of splitmix64
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
    return h ^ (h >> 31);
}

Hash hash_of(Hash seed, std::vector<Hash> multiset) {
    std::sort(multiset.begin(), multiset.end());
    Hash h = mixed(seed + 0x9e3779b97f4a7c15U);
    for (Hash element : multiset) h = mixed(h * 3 + element);
    return h;
}

/// Colours of factors, refined by the colours of the indices they carry, and those by their carriers'.
class Colouring {
public:
    explicit Colouring(const GroupedProblem& problem) : problem_(problem) {
        for (const auto& factor : problem.factors) colours_.push_back(factor.symbolic ? 2 : 1);
        for (const auto& group : problem.groups) {
            group_seeds_.push_back(mixed(std::bit_cast<Hash>(group.extent) + (group.open ? 1 : 0)));
        }
        refine();
    }

    std::vector<int> numbering() {
        Hash fresh = 3;
        for (int f = first_tied(); f >= 0; f = first_tied()) {
            colours_[f] = mixed(colours_[f] + fresh++);
            refine();
        }
        std::vector<int> result(colours_.size());
        std::iota(result.begin(), result.end(), 0);
        std::sort(result.begin(), result.end(), [&](int a, int b) { return colours_[a] < colours_[b]; });
        return result;
    }

private:
    std::size_t classes() const { return std::set<Hash>(colours_.begin(), colours_.end()).size(); }

    void refine() {
        for (std::size_t before = 0, now = classes(); now > before && now <= colours_.size();) {
            step();
            before = std::exchange(now, classes());
        }
    }

    void step() {
        std::vector<Hash> groups(problem_.groups.size());
        for (std::size_t g = 0; g < groups.size(); ++g) {
            std::vector<Hash> carriers;
            for (int f : problem_.groups[g].carriers) carriers.push_back(colours_[f]);
            groups[g] = hash_of(group_seeds_[g], std::move(carriers));
        }
        const auto gathered = [&](Hash seed, const std::vector<int>& set) {
            std::vector<Hash> elements;
            for (int g : set) elements.push_back(groups[g]);
            return hash_of(seed, std::move(elements));
        };
        for (std::size_t f = 0; f < colours_.size(); ++f) {
            std::vector<Hash> needs;
            for (const auto& need : problem_.factors[f].needs) needs.push_back(gathered(5, need));
            colours_[f] = hash_of(gathered(colours_[f], problem_.factors[f].groups), std::move(needs));
        }
    }

    int first_tied() const {  // of the tied colours the smallest, of its factors the first
        std::map<Hash, std::pair<int, int>> count_and_first;
        for (std::size_t f = 0; f < colours_.size(); ++f) {
            auto& entry = count_and_first.try_emplace(colours_[f], 0, static_cast<int>(f)).first->second;
            ++entry.first;
        }
        for (const auto& [colour, entry] : count_and_first) {
            if (entry.first > 1) return entry.second;
        }
        return -1;
    }

    const GroupedProblem& problem_;
    std::vector<Hash> colours_, group_seeds_;
};

/// The factors that carry each index, ascending.
std::vector<std::vector<int>> carriers_of(const OrderProblem& problem) {
    std::vector<std::vector<int>> carriers(problem.sizes.size());
    for (std::size_t f = 0; f < problem.factors.size(); ++f) {
        for (int i : problem.factors[f].indices) carriers[i].push_back(static_cast<int>(f));
    }
    return carriers;
}

std::vector<bool> open_indices(const OrderProblem& problem) {
    std::vector<bool> open(problem.sizes.size());
    for (int i : problem.output) open[i] = true;
    return open;
}

constexpr int kLone = -1;

/// Fills in the groups; returns the group of each index, or kLone.
std::vector<int> group_indices(const OrderProblem& problem, std::vector<GroupedProblem::Group>& groups) {
    const auto carriers = carriers_of(problem);
    const auto open = open_indices(problem);
    std::map<std::pair<std::vector<int>, bool>, int> place;
    for (std::size_t i = 0; i < carriers.size(); ++i) {
        if (open[i] || carriers[i].size() > 1) place.try_emplace({carriers[i], open[i]});
    }
    for (auto& [key, group] : place) {
        group = static_cast<int>(groups.size());
        groups.push_back({1, key.second, key.first});
    }
    std::vector<int> group_of(carriers.size(), kLone);
    for (std::size_t i = 0; i < carriers.size(); ++i) {
        const auto found = place.find({carriers[i], open[i]});
        if (found == place.end()) continue;
        group_of[i] = found->second;
        groups[found->second].extent *= static_cast<double>(problem.sizes[i]);
    }
    return group_of;
}

/// The groups of some indices, lone ones left out.
std::vector<int> groups_of(const std::vector<int>& indices, const std::vector<int>& group_of) {
    std::set<int> groups;
    for (int i : indices) {
        if (group_of[i] != kLone) groups.insert(group_of[i]);
    }
    return {groups.begin(), groups.end()};
}

}  // namespace

GroupedProblem grouped(const OrderProblem& problem) {
    GroupedProblem result;
    const std::vector<int> group_of = group_indices(problem, result.groups);
    const auto lone = [&](int i) { return group_of[i] == kLone; };
    for (const OrderFactor& factor : problem.factors) {
        GroupedProblem::Factor& out = result.factors.emplace_back();
        out.groups = groups_of(factor.indices, group_of);
        out.symbolic = factor.symbolic;
        for (const std::vector<int>& need : factor.needs) {
            if (std::none_of(need.begin(), need.end(), lone)) out.needs.push_back(groups_of(need, group_of));
        }
        if (factor.symbolic || std::none_of(factor.indices.begin(), factor.indices.end(), lone)) continue;
        out.held = 1;
        for (int g : out.groups) out.held *= result.groups[g].extent;
    }
    return result;
}

std::vector<int> canonical_numbering(const OrderProblem& problem) {
    const GroupedProblem groups = grouped(problem);
    return Colouring(groups).numbering();
}

OrderProblem renumbered(const OrderProblem& problem, const std::vector<int>& numbering) {
    OrderProblem result{{}, problem.sizes, {}};
    for (int f : numbering) result.factors.push_back(problem.factors[f]);
    const auto carriers = carriers_of(result);
    const auto open = open_indices(problem);
    std::vector<int> by_carriers(problem.sizes.size()), name(problem.sizes.size());
    std::iota(by_carriers.begin(), by_carriers.end(), 0);
    std::sort(by_carriers.begin(), by_carriers.end(), [&](int a, int b) {
        return std::tuple(carriers[a], problem.sizes[a], open[a], a) <
               std::tuple(carriers[b], problem.sizes[b], open[b], b);
    });
    for (std::size_t i = 0; i < by_carriers.size(); ++i) {
        name[by_carriers[i]] = static_cast<int>(i);
        result.sizes[i] = problem.sizes[by_carriers[i]];
    }
    const auto rename = [&](std::vector<int>& indices) {
        for (int& i : indices) i = name[i];
        std::sort(indices.begin(), indices.end());
    };
    for (OrderFactor& factor : result.factors) {
        rename(factor.indices);
        std::for_each(factor.needs.begin(), factor.needs.end(), rename);
    }
    for (int i : problem.output) result.output.push_back(name[i]);
    return result;
}

}  // namespace headway
