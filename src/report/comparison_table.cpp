// SPDX-License-Identifier: Apache-2.0
#include "headway/report/comparison_table.hpp"

#include "headway/base/text.hpp"
#include "report/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace headway {

namespace {

// `layers.1.window` and its value, of every number, word and truth value.
std::map<std::string, OrderedJson> flat(const Config& config) {
    OrderedJson object = json_of(config);
    object.erase("folding");
    object.erase("tied_unembed");
    const OrderedJson flattened = object.flatten();
    std::map<std::string, OrderedJson> values;
    for (const auto& [pointer, value] : flattened.items()) {
        std::string name = pointer.substr(1);
        std::ranges::replace(name, '/', '.');
        values[name] = value;
    }
    return values;
}

bool same(const OrderedJson& a, const OrderedJson& b) {
    if (a.is_number() && b.is_number()) return a.get<float>() == b.get<float>();
    return a == b;
}

std::string shown(const std::map<std::string, OrderedJson>& values, const std::string& name) {
    const auto found = values.find(name);
    if (found == values.end()) return {};
    return found->second.is_string() ? found->second.get<std::string>() : found->second.dump();
}

Cell shape_cell(bool present, const std::vector<std::int64_t>& shape) {
    return present ? shape_text(shape) : std::string("absent");
}

Cell text_cell(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

}  // namespace

std::vector<ConfigDifference> compare_configs(const Config& a, const Config& b) {
    const std::map<std::string, OrderedJson> left = flat(a), right = flat(b);
    std::vector<ConfigDifference> result;
    for (const auto& [name, value] : left) {
        const auto other = right.find(name);
        if (other == right.end() || !same(value, other->second))
            result.push_back({name, shown(left, name), shown(right, name)});
    }
    for (const auto& [name, value] : right)
        if (!left.contains(name)) result.push_back({name, {}, shown(right, name)});
    return result;
}

bool ModelComparison::agrees(const LeafDifference& leaf) const {
    return leaf.equal() || (leaf.same_shape() && leaf.relative <= tolerance);
}

bool ModelComparison::agree() const {
    return config.empty() &&
           std::ranges::all_of(leaves, [this](const LeafDifference& leaf) { return agrees(leaf); });
}

Table comparison_rows(const ModelComparison& comparison, const Model& model, const Model& against) {
    Table table;
    table.columns = {{"what", ColumnKind::Text},         {"name", ColumnKind::Text},
                     {"model", ColumnKind::Text},        {"against", ColumnKind::Text},
                     {"differing", ColumnKind::Integer}, {"largest", ColumnKind::Number, 6},
                     {"at", ColumnKind::Text},           {"relative", ColumnKind::Number, 6}};
    for (const ConfigDifference& each : comparison.config)
        table.rows.push_back({std::string("kind"), each.name, text_cell(each.a), text_cell(each.b), Cell(),
                              Cell(), Cell(), Cell()});
    std::size_t agreeing = 0;
    for (const LeafDifference& leaf : comparison.leaves) {
        agreeing += comparison.agrees(leaf) ? 1 : 0;
        if (comparison.agrees(leaf)) continue;
        std::vector<Cell> row{std::string("leaf"), label(leaf.name), shape_cell(leaf.in_a, leaf.shape_a),
                              shape_cell(leaf.in_b, leaf.shape_b)};
        row.resize(8);
        if (leaf.same_shape()) {
            row[4] = leaf.differing;
            row[5] = leaf.largest;
            row[6] = shape_text(leaf.at);
            row[7] = leaf.relative;
        }
        table.rows.push_back(std::move(row));
    }
    table.caption = {
        fmt::format("{} ({}) against {} ({}), nothing folded.", escaped(model.name()),
                    model.config().architecture, escaped(against.name()), against.config().architecture),
        fmt::format("{} of {} leaves agree{}; {} sizes or kinds differ.", agreeing, comparison.leaves.size(),
                    comparison.tolerance > 0 ? fmt::format(" within {}", comparison.tolerance)
                                             : std::string(" in every number"),
                    comparison.config.size()),
        "largest: of |model - against|. relative: Frobenius norm of the difference over that of model."};
    return table;
}

}  // namespace headway
