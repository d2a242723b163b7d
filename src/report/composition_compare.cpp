// SPDX-License-Identifier: Apache-2.0
#include "headway/report/composition_compare.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>

namespace headway {

namespace {

std::string array_name(const std::string& prefix, Composition kind) { return prefix + input_letter(kind); }

const NpyArray* find(const OtherScores& other, const std::string& name) {
    const auto found = std::ranges::find(other.arrays, name, &NpyArray::name);
    return found == other.arrays.end() ? nullptr : &*found;
}

std::string names_of(const OtherScores& other) {
    std::vector<std::string> names;
    for (const NpyArray& array : other.arrays) names.push_back(quote(array.name));
    return fmt::format("it has {}", names.empty() ? "no arrays" : fmt::format("{}", fmt::join(names, ", ")));
}

std::string prefix_of(const OtherScores& other, const std::vector<Composition>& kinds, bool folded) {
    const auto has_all = [&](const std::string& prefix) {
        return std::ranges::all_of(
            kinds, [&](Composition kind) { return find(other, array_name(prefix, kind)) != nullptr; });
    };
    if (other.prefix) {
        for (const Composition kind : kinds)
            if (const std::string name = array_name(*other.prefix, kind); find(other, name) == nullptr)
                throw Error(ErrorKind::Unsupported,
                            fmt::format("{}: there is no array {}", escaped(other.name), quote(name)),
                            names_of(other));
        return *other.prefix;
    }
    const std::string own = folded ? "folded_" : "raw_";
    if (has_all("")) return "";
    if (has_all(own)) return own;
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: there are neither arrays {} nor {}", escaped(other.name),
                            quote(array_name("", kinds.front())), quote(array_name(own, kinds.front()))),
                names_of(other) + "; --compare-prefix says which to take");
}

void check_shape(const OtherScores& other, const NpyArray& array, const Config& config) {
    const std::int64_t layers = config.n_layers, heads = config.n_heads, all = layers * heads;
    const std::vector<std::int64_t> four{layers, heads, layers, heads}, two{all, all};
    require(array.shape == four || array.shape == two, ErrorKind::Unsupported,
            "{}: array {} has shape {}, expected [n_layers={}, n_heads={}, {}, {}] or [{}, {}]",
            escaped(other.name), quote(array.name), shape_text(array.shape), layers, heads, layers, heads,
            all, all);
}

bool is_score(double value) { return std::isfinite(value) && value != 0; }

struct Comparison {
    std::int64_t both = 0, only_ours = 0, only_theirs = 0;
    double largest = std::nan("");
    std::size_t worst = 0;  // index of the pair
};

Comparison compare(const std::vector<double>& ours, const std::vector<double>& theirs) {
    Comparison result;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        result.only_ours += is_score(ours[i]) && !is_score(theirs[i]);
        result.only_theirs += !is_score(ours[i]) && is_score(theirs[i]);
        if (!is_score(ours[i]) || !is_score(theirs[i])) continue;
        ++result.both;
        const double difference = std::abs(ours[i] - theirs[i]);
        if (difference <= result.largest) continue;  // the first comparison is with NaN
        result.largest = difference;
        result.worst = i;
    }
    return result;
}

std::string head_label(std::size_t i, const Config& config) {
    const int number = static_cast<int>(i);
    return label(Head{number / config.n_heads, number % config.n_heads});
}

}  // namespace

Table compare_rows(const CompositionTable& scores, const std::vector<Composition>& kinds,
                   const Config& config, const OtherScores& other) {
    const std::string prefix =
        prefix_of(other, kinds, config.folding.gains || passes_stream_norms(config, scores.score));
    Table table;
    table.caption = {
        fmt::format("Compared with {}: the largest |difference| of a score, and the pair where it is.",
                    escaped(std::filesystem::path(other.name).filename().native())),
        "Pairs that one of the two has no score for (absent, undefined or 0) are counted, not compared."};
    table.columns = {{"kind", ColumnKind::Text},         {"array", ColumnKind::Text},
                     {"pairs", ColumnKind::Integer},     {"largest_difference", ColumnKind::Number, 10},
                     {"writer", ColumnKind::Text},       {"reader", ColumnKind::Text},
                     {"ours", ColumnKind::Number, 7},    {"theirs", ColumnKind::Number, 7},
                     {"only_ours", ColumnKind::Integer}, {"only_theirs", ColumnKind::Integer}};
    const auto heads = static_cast<std::size_t>(config.n_layers) * static_cast<std::size_t>(config.n_heads);
    for (const Composition kind : kinds) {
        const NpyArray& array = *find(other, array_name(prefix, kind));
        check_shape(other, array, config);
        const xt::xarray<double> values = as_array(scores, kind, config);
        const std::vector<double> ours(values.begin(), values.end()), theirs = array.as_double();
        const Comparison found = compare(ours, theirs);
        std::vector<Cell> row{std::string(1, letter(kind)), array.name, found.both};
        if (found.both > 0) {
            row.insert(row.end(),
                       {found.largest, head_label(found.worst / heads, config),
                        head_label(found.worst % heads, config), ours[found.worst], theirs[found.worst]});
        } else {
            row.resize(8);
        }
        row.insert(row.end(), {found.only_ours, found.only_theirs});
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace headway
