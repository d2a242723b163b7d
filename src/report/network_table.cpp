// SPDX-License-Identifier: Apache-2.0
#include "headway/report/network_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/notation.hpp"
#include "report/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace headway {

namespace {

constexpr std::array<std::pair<std::string_view, Notation>, 5> notation_names{{{"text", Notation::Text},
                                                                               {"einsum", Notation::Einsum},
                                                                               {"index", Notation::Index},
                                                                               {"latex", Notation::Latex},
                                                                               {"json", Notation::Json}}};

OrderedJson json_of(const SnapshotNode& node) {
    OrderedJson object{{"id", node.id}, {"kind", node.kind}};
    if (!node.name.empty()) object["name"] = node.name;
    object["ports"] = OrderedJson::array();
    for (const Space space : node.ports) object["ports"].push_back(std::string(name(space)));
    if (!node.parts.empty()) object["parts"] = node.parts;
    if (!node.coefficients.empty()) object["coefficients"] = node.coefficients;
    for (const SnapshotWire& wire : node.wires) {
        OrderedJson ends = OrderedJson::array();
        for (const WireEnd& end : wire.ends) ends.push_back({end.part, end.port});
        object["wires"].push_back({{"space", std::string(name(wire.space))},
                                   {"port", wire.port < 0 ? OrderedJson(nullptr) : OrderedJson(wire.port)},
                                   {"ends", std::move(ends)}});
    }
    for (const auto& [key, value] : node.attributes) object[key] = value;
    return object;
}

std::string to_json(const Snapshot& snapshot) {
    OrderedJson nodes = OrderedJson::array();
    for (const SnapshotNode& node : snapshot.nodes) nodes.push_back(json_of(node));
    OrderedJson names = OrderedJson::object();
    for (const auto& [name, id] : snapshot.names) names[name] = id;
    return json_text({{"nodes", std::move(nodes)}, {"names", std::move(names)}, {"output", snapshot.output}},
                     1) +
           "\n";
}

std::string without_line_end(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

// The cells of one term: a formula, or an equation and its operands.
std::vector<Cell> formula_cells(const Expr& term, Notation notation) {
    if (notation == Notation::Einsum) {
        const std::vector<EinsumLine> lines = einsum_lines({{}, term});
        if (lines.size() == 1 && lines[0].function.empty() && lines[0].terms.size() == 1)
            return {lines[0].terms[0].equation,
                    fmt::format("{}", fmt::join(lines[0].terms[0].operands, " "))};
        return {without_line_end(einsum(term)), std::string()};
    }
    if (notation == Notation::Index) return {without_line_end(index_notation(term))};
    if (notation == Notation::Latex) return {without_line_end(latex(term))};
    return {without_line_end(to_line(term))};
}

void add_formula_columns(Table& table, Notation notation) {
    require(notation != Notation::Json, ErrorKind::Usage,
            "an expansion is written as text, einsum, index or latex; --format json makes the table JSON");
    if (notation == Notation::Einsum) {
        table.columns.push_back({"equation", ColumnKind::Text});
        table.columns.push_back({"operands", ColumnKind::Text});
    } else {
        table.columns.push_back({"formula", ColumnKind::Text});
    }
}

}  // namespace

Notation parse_notation(std::string_view word) {
    std::vector<std::string> names;
    for (const auto& [name, notation] : notation_names) {
        if (name == word) return notation;
        names.emplace_back(name);
    }
    const std::string near = nearest(word, names);
    throw Error(ErrorKind::Usage, fmt::format("{} is no notation", quote(word)),
                near.empty() ? fmt::format("the notations are {}", fmt::join(names, ", "))
                             : fmt::format("did you mean {}?", near));
}

std::string written(const Network& network, Notation notation) {
    switch (notation) {
        case Notation::Text:
            return to_text(network);
        case Notation::Einsum:
            return einsum(network);
        case Notation::Index:
            return index_notation(network);
        case Notation::Latex:
            return latex(network);
        case Notation::Json:
            return to_json(snapshot(network));
    }
    throw InvariantFailure("a notation has a writer");
}

std::vector<PathTerm> list_path_terms(const FrozenModel& model, const PathOptions& options) {
    Paths paths(model.config(), options);
    std::vector<PathTerm> terms;
    terms.reserve(paths.count());
    while (std::optional<Path> path = paths.next()) {
        Expr term = path_term(model, *path);
        terms.push_back({std::move(*path), std::move(term)});
    }
    return terms;
}

Table path_term_rows(const FrozenModel& model, const PathOptions& options, const std::vector<PathTerm>& terms,
                     Notation notation, const PathView& view) {
    Table table = path_list(model.config(), options, view);
    add_formula_columns(table, notation);
    auto term = terms.begin();
    // The rows are the listed paths without those that the view leaves out, in the same order.
    for (std::vector<Cell>& row : table.rows) {
        std::vector<Cell> cells(notation == Notation::Einsum ? 2 : 1);
        const std::string& name = std::get<std::string>(row.front());
        term =
            std::find_if(term, terms.end(), [&](const PathTerm& each) { return label(each.path) == name; });
        if (term != terms.end()) cells = formula_cells(term->term, notation);
        row.insert(row.end(), cells.begin(), cells.end());
    }
    return table;
}

Table score_formula_rows(const ScoreExpansion& expansion, Notation notation, const PathView& view) {
    Table table;
    const std::size_t pairs = expansion.query.size() * expansion.key.size();
    const std::size_t all = pairs + (expansion.alibi != nullptr ? 1 : 0);
    table.columns = {
        {"query_source", ColumnKind::Text}, {"key_source", ColumnKind::Text}, {"class", ColumnKind::Text}};
    add_formula_columns(table, notation);
    const auto add = [&](const Source& query, const Source& key, const Expr& term) {
        std::vector<Cell> row{label(query), label(key), std::string(name(score_class(query, key)))};
        const std::vector<Cell> cells = formula_cells(normalise(term), notation);
        row.insert(row.end(), cells.begin(), cells.end());
        table.rows.push_back(std::move(row));
    };
    for (std::size_t i = 0; i < pairs && i < view.top; ++i) {
        const std::size_t q = i / expansion.key.size(), k = i % expansion.key.size();
        add(expansion.query[q].source, expansion.key[k].source, score_term(expansion, q, k));
    }
    if (all > pairs && pairs < view.top) add({SourceKind::Alibi}, {SourceKind::Alibi}, expansion.alibi);
    table.caption = {
        fmt::format("Attention score of {} before softmax: {} sources of the query times {} of the key.",
                    label(expansion.head), expansion.query.size(), expansion.key.size()),
        fmt::format("Showing {} of {} terms.", table.rows.size(), all)};
    return table;
}

}  // namespace headway
