// SPDX-License-Identifier: Apache-2.0
#include "headway/report/composition_plot.hpp"

#include "headway/base/error.hpp"
#include "headway/base/head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace headway {

namespace {

struct Pairs {
    std::map<std::pair<Head, Head>, double> scores;
    std::set<Head> writers, readers;
};

std::map<std::string, Pairs> pairs_by_kind(const Table& rows) {
    const std::size_t kind = rows.column("kind"), writer = rows.column("writer");
    const std::size_t reader = rows.column("reader"), score = rows.column("score");
    std::map<std::string, Pairs> kinds;
    for (const std::vector<Cell>& row : rows.rows) {
        Pairs& pairs = kinds[std::get<std::string>(row[kind])];
        const Head from = parse_head(std::get<std::string>(row[writer]));
        const Head to = parse_head(std::get<std::string>(row[reader]));
        pairs.scores[{from, to}] = std::get<double>(row[score]);
        pairs.writers.insert(from);
        pairs.readers.insert(to);
    }
    return kinds;
}

/// The labels of heads in order, and where their layers begin.
std::pair<std::vector<std::string>, std::vector<std::size_t>> named(const std::set<Head>& heads) {
    std::pair<std::vector<std::string>, std::vector<std::size_t>> names;
    int layer = -1;
    for (const Head& head : heads) {
        if (head.layer != layer) names.second.push_back(names.first.size());
        layer = head.layer;
        names.first.push_back(label(head));
    }
    return names;
}

Heatmap heatmap_of(const std::string& kind, const Pairs& pairs) {
    static const std::map<std::string, std::string> inputs{{"q", "query"}, {"k", "key"}, {"v", "value"}};
    Heatmap map;
    map.title = std::string(1, static_cast<char>(std::toupper(kind[0]))) + "-composition";
    map.row_title = "writer";
    map.column_title = fmt::format("reader ({} input)", inputs.at(kind));
    std::tie(map.rows, map.row_groups) = named(pairs.writers);
    std::tie(map.columns, map.column_groups) = named(pairs.readers);
    map.value_title = "score";
    map.values.reserve(map.rows.size() * map.columns.size());
    for (const Head& writer : pairs.writers)
        for (const Head& reader : pairs.readers) {
            const auto at = pairs.scores.find({writer, reader});
            const bool absent = at == pairs.scores.end();
            if (!absent && std::isnan(at->second)) map.undefined.push_back(map.values.size());
            map.values.push_back(absent ? std::numeric_limits<double>::quiet_NaN() : at->second);
        }
    return map;
}

}  // namespace

PlotSheet composition_plot(const Table& rows, const std::string& title) {
    require(!rows.rows.empty(), ErrorKind::Usage, "no pair of heads is left to draw");
    PlotSheet sheet{.title = title, .caption = rows.caption, .plots = {}, .columns = 3};
    const double baseline = std::get<double>(rows.rows.front()[rows.column("baseline")]);
    std::vector<Heatmap> maps;
    double low = baseline, high = baseline;
    std::size_t longest = 0;
    const std::map<std::string, Pairs> kinds = pairs_by_kind(rows);
    for (const char* kind : {"q", "k", "v"}) {
        if (!kinds.contains(kind)) continue;
        maps.push_back(heatmap_of(kind, kinds.at(kind)));
        for (const double value : maps.back().values)
            if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
        longest = std::max(longest, maps.back().columns.size());
    }
    for (Heatmap& map : maps) {
        map.centre = PlotReference{baseline, "baseline"};
        map.low = low;
        map.high = high;
        sheet.plots.emplace_back(std::move(map));
    }
    if (longest > 150) sheet.columns = 1;
    return sheet;
}

}  // namespace headway
