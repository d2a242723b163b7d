// SPDX-License-Identifier: Apache-2.0
#include "draw/layers.hpp"

#include <algorithm>
#include <numeric>

namespace headway {

namespace {

using Rows = std::vector<std::vector<std::size_t>>;

struct Neighbour {
    std::size_t item;
    double weight;
    double offset;  ///< where the link meets me, seen from where the neighbour's end is
};

struct Layout {
    std::vector<LayerItem>& items;
    const std::vector<LayerLink>& links;
    double gap;
    Rows rows;
    std::vector<std::vector<Neighbour>> below;
    std::vector<std::vector<Neighbour>> above;
};

Layout layout_of(std::vector<LayerItem>& items, const std::vector<LayerLink>& links, double gap) {
    Layout layout{items, links, gap, {}, {}, {}};
    std::size_t n_rows = 0;
    for (const LayerItem& item : items) n_rows = std::max(n_rows, item.row + 1);
    layout.rows.resize(n_rows);
    for (std::size_t i = 0; i < items.size(); ++i) layout.rows[items[i].row].push_back(i);
    layout.below.resize(items.size());
    layout.above.resize(items.size());
    for (const LayerLink& link : links) {
        layout.above[link.low].push_back({link.high, link.weight, link.high_offset - link.low_offset});
        layout.below[link.high].push_back({link.low, link.weight, link.low_offset - link.high_offset});
    }
    return layout;
}

/// Isotonic regression: the places nearest to `wish` (weighted squares) with at least `apart[i]` between i
/// and i + 1.
std::vector<double> apart_nearest(const std::vector<double>& wish, const std::vector<double>& weight,
                                  const std::vector<double>& apart) {
    struct Block {
        double sum, weight;
        std::size_t count;
    };
    std::vector<double> shift(wish.size(), 0);
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < wish.size(); ++i) {
        if (i > 0) shift[i] = shift[i - 1] + apart[i - 1];
        blocks.push_back({(wish[i] - shift[i]) * weight[i], weight[i], 1});
        while (blocks.size() > 1) {
            const Block last = blocks.back();
            Block& before = blocks[blocks.size() - 2];
            if (before.sum / before.weight <= last.sum / last.weight) break;
            before = {before.sum + last.sum, before.weight + last.weight, before.count + last.count};
            blocks.pop_back();
        }
    }
    std::vector<double> places;
    for (const Block& block : blocks) places.insert(places.end(), block.count, block.sum / block.weight);
    for (std::size_t i = 0; i < places.size(); ++i) places[i] += shift[i];
    return places;
}

double wished(const Layout& layout, std::size_t item, bool from_below, bool from_above) {
    double sum = 0;
    double weight = 0;
    const auto take = [&](const std::vector<Neighbour>& neighbours) {
        for (const Neighbour& n : neighbours) {
            sum += n.weight * (layout.items[n.item].x + n.offset);
            weight += n.weight;
        }
    };
    if (from_below) take(layout.below[item]);
    if (from_above) take(layout.above[item]);
    return weight > 0 ? sum / weight : layout.items[item].x;
}

/// Moves the items of a row to their wished places as far as they fit, in the row's order.
void settle(Layout& layout, const std::vector<std::size_t>& row, bool from_below, bool from_above) {
    std::vector<double> wish;
    std::vector<double> weight;
    std::vector<double> apart;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const LayerItem& item = layout.items[row[i]];
        wish.push_back(wished(layout, row[i], from_below, from_above));
        weight.push_back(item.stiffness);
        if (i > 0) apart.push_back((layout.items[row[i - 1]].width + item.width) / 2 + layout.gap);
    }
    const std::vector<double> places = apart_nearest(wish, weight, apart);
    for (std::size_t i = 0; i < row.size(); ++i) layout.items[row[i]].x = places[i];
}

double crossings(const Layout& layout) {
    double count = 0;
    const auto end = [&](std::size_t item, double offset) { return layout.items[item].x + offset; };
    for (std::size_t i = 0; i < layout.links.size(); ++i) {
        const LayerLink& a = layout.links[i];
        for (std::size_t j = i + 1; j < layout.links.size(); ++j) {
            const LayerLink& b = layout.links[j];
            if (layout.items[a.low].row != layout.items[b.low].row) continue;
            const double low = end(a.low, a.low_offset) - end(b.low, b.low_offset);
            const double high = end(a.high, a.high_offset) - end(b.high, b.high_offset);
            if (low * high < 0) count += 1;
        }
    }
    return count;
}

/// One sweep: each row is ordered by the barycentres of its neighbours, then settled.
void sweep(Layout& layout, bool upwards) {
    const std::size_t n = layout.rows.size();
    for (std::size_t step = 0; step < n; ++step) {
        std::vector<std::size_t>& row = layout.rows[upwards ? step : n - 1 - step];
        std::vector<double> key(layout.items.size(), 0);
        for (const std::size_t item : row) key[item] = wished(layout, item, upwards, !upwards);
        std::stable_sort(row.begin(), row.end(),
                         [&](std::size_t a, std::size_t b) { return key[a] < key[b] - 1e-9; });
        settle(layout, row, upwards, !upwards);
    }
}

void spread(Layout& layout) {
    for (const std::vector<std::size_t>& row : layout.rows) {
        double x = 0;
        for (const std::size_t item : row) {
            layout.items[item].x = x + layout.items[item].width / 2;
            x += layout.items[item].width + layout.gap;
        }
        for (const std::size_t item : row) layout.items[item].x -= (x - layout.gap) / 2;
    }
}

}  // namespace

void place_layers(std::vector<LayerItem>& items, const std::vector<LayerLink>& links, double gap) {
    Layout layout = layout_of(items, links, gap);
    spread(layout);
    const bool countable = links.size() <= 2000;
    double fewest = countable ? crossings(layout) : 0;
    Rows best = layout.rows;
    for (int round = 0; round < 12; ++round) {
        sweep(layout, round % 2 == 0);
        const double now = countable ? crossings(layout) : 0;
        if (now < fewest || (!countable && round == 11)) {
            fewest = now;
            best = layout.rows;
        }
    }
    layout.rows = best;
    spread(layout);
    for (int round = 0; round < 16; ++round) {
        for (std::size_t i = 0; i < layout.rows.size(); ++i) settle(layout, layout.rows[i], i > 0, round > 0);
        for (std::size_t i = layout.rows.size(); i-- > 0;) settle(layout, layout.rows[i], true, true);
    }
}

}  // namespace headway
