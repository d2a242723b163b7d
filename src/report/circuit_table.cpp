// SPDX-License-Identifier: Apache-2.0
#include "headway/report/circuit_table.hpp"

#include "report/json_text.hpp"
#include "report/number_column.hpp"
#include "report/score_caption.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace headway {

namespace {

constexpr std::array edge_numbers{
    NumberColumn<EdgeWeight>{"score", &EdgeWeight::score, 4, false},
    NumberColumn<EdgeWeight>{"baseline", &EdgeWeight::baseline, 4, false},
    NumberColumn<EdgeWeight>{"excess", &EdgeWeight::excess, 4, false},
    NumberColumn<EdgeWeight>{"z", &EdgeWeight::z, 1, false},
    NumberColumn<EdgeWeight>{"percentile", &EdgeWeight::percentile, 1, false},
    NumberColumn<EdgeWeight>{"robust_z_writer", &EdgeWeight::robust_z_writer, 1, false},
    NumberColumn<EdgeWeight>{"robust_z_reader", &EdgeWeight::robust_z_reader, 1, false},
    NumberColumn<EdgeWeight>{"participation_writer", &EdgeWeight::participation_writer, 2, true},
    NumberColumn<EdgeWeight>{"participation_reader", &EdgeWeight::participation_reader, 2, true}};

const char* kind_name(ComponentKind kind) {
    switch (kind) {
        case ComponentKind::Embed:
            return "embed";
        case ComponentKind::Position:
            return "position";
        case ComponentKind::Head:
            return "head";
        case ComponentKind::Mlp:
            return "mlp";
        case ComponentKind::Unembed:
            return "unembed";
    }
    return "";
}

// To 12 significant digits, so that the last bits decide nothing.
double sort_key(double value) {
    if (!std::isfinite(value)) return -1;
    if (value == 0) return 0;
    const double unit = std::pow(10.0, 11 - std::floor(std::log10(std::abs(value))));
    return std::round(value * unit) / unit;
}

OrderedJson json_of(const Component& component) {
    OrderedJson object{{"label", component.label}, {"kind", kind_name(component.kind)}};
    if (component.layer >= 0) object["layer"] = component.layer;
    if (component.head >= 0) object["head"] = component.head;
    if (!component.role.empty()) object["role"] = component.role;
    if (component.factor == 0) object["removed"] = true;
    if (component.factor != 0 && component.factor != 1) object["factor"] = component.factor;
    return object;
}

// `0: 62.1 %, 3-4: 20.0 %, rest 17.9 %`: shares of the square of the score.
std::string parts_text(const CircuitEdge& edge) {
    std::string text;
    double rest = 1;
    for (const EdgePart& part : edge.parts) {
        const std::string name = part.first == part.last ? fmt::format("{}", part.first)
                                                         : fmt::format("{}-{}", part.first, part.last);
        text += fmt::format("{}: {:.1f} %, ", name, 100 * part.share);
        rest -= part.share;
    }
    return edge.parts.empty() ? "" : text + fmt::format("rest {:.1f} %", 100 * std::max(0.0, rest));
}

std::string edit_text(const CircuitEdge& edge) {
    return edge.factor == 0 ? "closed" : edge.factor == 1 ? "" : fmt::format("by {}", edge.factor);
}

// What the edges that are shown need to be read.
void append_sentences(const Circuit& circuit, const std::vector<const CircuitEdge*>& edges,
                      std::vector<std::string>& caption) {
    const auto any = [&](const auto& holds) { return std::any_of(edges.begin(), edges.end(), holds); };
    const bool both = any([&](const CircuitEdge* edge) { return between_heads(circuit, *edge); }) &&
                      any([&](const CircuitEdge* edge) { return !between_heads(circuit, *edge); });
    if (both)
        caption.emplace_back("Edges between heads come first: scores of other kinds are not on their scale.");
    for (std::string& sentence : score_sentences(circuit.config, circuit.score))
        caption.push_back(std::move(sentence));
    if (any([](const CircuitEdge* edge) { return edge->weight.ignores_nonlinearity; }))
        caption.emplace_back("Edges of MLPs ignore the function between W_in and W_out.");
    if (any([](const CircuitEdge* edge) { return edge->factor != 1; }))
        caption.emplace_back("Edges that are edited have the scores of the untouched model.");
    if (any([](const CircuitEdge* edge) { return !edge->parts.empty(); }))
        caption.emplace_back(
            "channels: components of the writer's W_OV, by their share w_i score_i^2 of score^2 (w_i = s_i^2 "
            "/ sum "
            "s^2).");
    if (!circuit.config.linear_head())
        caption.emplace_back("No edges lead to the unembedding: the head in front of it is not linear.");
    if (any([](const CircuitEdge* edge) {
            const EdgeWeight& w = edge->weight;
            return w.undefined.empty() && (std::isnan(w.robust_z_writer) || std::isnan(w.robust_z_reader));
        }))
        caption.emplace_back("robust_z is - where an end has no other edges of the kind to compare with.");
}

}  // namespace

Table circuit_rows(const Circuit& circuit) {
    std::vector<const CircuitEdge*> edges;
    for (const CircuitEdge& edge : circuit.edges) edges.push_back(&edge);
    std::stable_sort(edges.begin(), edges.end(), [&](const CircuitEdge* a, const CircuitEdge* b) {
        const bool heads = between_heads(circuit, *a);
        if (heads != between_heads(circuit, *b)) return heads;
        return sort_key(a->weight.score) > sort_key(b->weight.score);
    });
    Table table;
    table.caption = {
        "Edge: |A B| / (|A| |B|), Frobenius norms; A = W_E, W_pos, W_OV or W_out of the writer, B = W_QK "
        "(q), W_QK^T "
        "(k), W_OV (v), W_in or W_U of the reader.",
        baseline_sentence(circuit.effective_dimension, circuit.baseline),
        circuit.filter.empty() ? fmt::format("Showing all {} edges.", circuit.edges.size())
                               : "Showing " + circuit.filter + "."};
    append_sentences(circuit, edges, table.caption);
    table.columns = {{"from", ColumnKind::Text}, {"to", ColumnKind::Text}, {"port", ColumnKind::Text}};
    for (const NumberColumn<EdgeWeight>& column : edge_numbers)
        table.columns.push_back({column.name, ColumnKind::Number, column.decimals, column.detail});
    table.columns.push_back({"ignores_nonlinearity", ColumnKind::Integer, 0, true});
    table.columns.push_back({"undefined", ColumnKind::Text, 0, true});
    const bool parts =
        std::any_of(edges.begin(), edges.end(), [](const CircuitEdge* edge) { return !edge->parts.empty(); });
    const bool edited =
        std::any_of(edges.begin(), edges.end(), [](const CircuitEdge* edge) { return edge->factor != 1; });
    if (parts) table.columns.push_back({"channels", ColumnKind::Text});
    if (edited) table.columns.push_back({"edit", ColumnKind::Text});
    for (const CircuitEdge* edge : edges) {
        std::vector<Cell> row{circuit.components[edge->from].label, circuit.components[edge->to].label,
                              std::string(port_name(edge->port))};
        for (const NumberColumn<EdgeWeight>& column : edge_numbers)
            row.emplace_back(edge->weight.*(column.value));
        row.emplace_back(std::int64_t{edge->weight.ignores_nonlinearity});
        row.emplace_back(edge->weight.undefined);
        if (parts) row.emplace_back(parts_text(*edge));
        if (edited) row.emplace_back(edit_text(*edge));
        table.rows.push_back(std::move(row));
    }
    return table;
}

std::string circuit_json(const Circuit& circuit) {
    OrderedJson components = OrderedJson::array();
    for (const Component& component : circuit.components) components.push_back(json_of(component));
    const Table rows = circuit_rows(circuit);
    return json_text({{"components", std::move(components)},
                      {"edges", json_of(rows)["rows"]},
                      {"baseline", circuit.baseline},
                      {"effective_dimension", circuit.effective_dimension},
                      {"filter", circuit.filter},
                      {"caption", rows.caption}},
                     -1);
}

}  // namespace headway
