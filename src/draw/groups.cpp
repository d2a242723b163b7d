// Parts of a layered picture that nothing joins, pushed together.
// SPDX-License-Identifier: Apache-2.0
#include "draw/layers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace headway {

namespace {

struct Span {
    double left = std::numeric_limits<double>::max();
    double right = std::numeric_limits<double>::lowest();
    void hold(const Span& other) {
        left = std::min(left, other.left);
        right = std::max(right, other.right);
    }
    double middle() const { return (left + right) / 2; }
};

/// Items that links join, and the room that they take in each row. A row's room holds that of the rows next
/// to it too: edges run there.
struct Group {
    std::vector<std::size_t> items;
    std::map<std::size_t, Span> rows;
    Span all;
};

std::size_t root_of(std::vector<std::size_t>& parent, std::size_t item) {
    while (parent[item] != item) item = parent[item] = parent[parent[item]];
    return item;
}

Group group_of(const std::vector<LayerItem>& items, std::vector<std::size_t> members) {
    Group group{std::move(members), {}, {}};
    std::map<std::size_t, Span> own;
    for (const std::size_t i : group.items) {
        const Span span{items[i].x - items[i].width / 2, items[i].x + items[i].width / 2};
        own[items[i].row].hold(span);
        group.all.hold(span);
    }
    for (const auto& [row, span] : own) {
        group.rows[row].hold(span);
        if (own.contains(row + 1)) {
            group.rows[row].hold(own[row + 1]);
            group.rows[row + 1].hold(span);
        }
    }
    return group;
}

std::vector<Group> groups_of(const std::vector<LayerItem>& items, const std::vector<LayerLink>& links,
                             const std::vector<char>& apart) {
    std::vector<std::size_t> parent(items.size());
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    for (const LayerLink& link : links)
        if (!apart[link.low] && !apart[link.high])
            parent[root_of(parent, link.low)] = root_of(parent, link.high);
    std::map<std::size_t, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < items.size(); ++i)
        if (!apart[i]) members[root_of(parent, i)].push_back(i);
    std::vector<Group> groups;
    for (auto& [root, list] : members) groups.push_back(group_of(items, std::move(list)));
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.items.size() > b.items.size(); });
    return groups;
}

using Taken = std::map<std::size_t, std::vector<Span>>;

bool fits(const Group& group, double shift, const Taken& taken, double gap) {
    for (const auto& [row, span] : group.rows) {
        const auto others = taken.find(row);
        if (others == taken.end()) continue;
        for (const Span& other : others->second)
            if (span.left + shift < other.right + gap - 1e-6 && other.left < span.right + shift + gap - 1e-6)
                return false;
    }
    return true;
}

/// The shift that makes the whole least wide, then the one nearest to the middle.
double best_shift(const Group& group, const Taken& taken, const Span& whole, double gap) {
    std::vector<double> shifts{whole.middle() - group.all.middle()};
    for (const auto& [row, span] : group.rows) {
        const auto others = taken.find(row);
        if (others == taken.end()) continue;
        for (const Span& other : others->second) {
            shifts.push_back(other.right + gap - span.left);
            shifts.push_back(other.left - gap - span.right);
        }
    }
    const auto cost = [&](double shift) {
        Span grown = whole;
        grown.hold({group.all.left + shift, group.all.right + shift});
        return std::pair{std::round(grown.right - grown.left),
                         std::abs(group.all.middle() + shift - whole.middle())};
    };
    double best = std::numeric_limits<double>::infinity();
    for (const double shift : shifts)
        if (fits(group, shift, taken, gap) && (std::isinf(best) || cost(shift) < cost(best))) best = shift;
    return best;
}

}  // namespace

void pack_groups(std::vector<LayerItem>& items, const std::vector<LayerLink>& links,
                 const std::vector<char>& apart, double gap) {
    const std::vector<Group> groups = groups_of(items, links, apart);
    if (groups.size() < 2) return;
    Taken taken;
    Span whole;
    for (const Group& group : groups) {
        const double shift = taken.empty() ? 0 : best_shift(group, taken, whole, gap);
        for (const std::size_t i : group.items) items[i].x += shift;
        for (const auto& [row, span] : group.rows)
            taken[row].push_back({span.left + shift, span.right + shift});
        whole.hold({group.all.left + shift, group.all.right + shift});
    }
}

}  // namespace headway
