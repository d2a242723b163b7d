// headway circuit: the graph of components that a model's weights suggest, as a table, a picture, a file.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/circuit/graphml.hpp"
#include "headway/circuit/select.hpp"
#include "headway/draw/circuit_diagram.hpp"
#include "headway/draw/dot.hpp"
#include "headway/report/circuit_table.hpp"
#include "headway/report/selection.hpp"

#include <algorithm>

namespace headway {

namespace {

// `L0H0=previous token,L1H4=induction`.
std::map<Head, std::string> parse_roles(const std::string& text, const Config& config) {
    std::map<Head, std::string> roles;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string item = text.substr(at, end - at);
        const std::size_t equals = item.find('=');
        require(equals != std::string::npos, ErrorKind::Usage, "--roles: {} is no HEAD=ROLE", quote(item));
        roles[parse_head_of(item.substr(0, equals), config)] = item.substr(equals + 1);
        at = end + 1;
    }
    return roles;
}

Selection selection(const Arguments& arguments) {
    const bool stated = arguments.has("--threshold") || arguments.has("--top");
    Selection chosen = stated ? Selection{} : default_selection();
    if (arguments.has("--threshold")) chosen.thresholds = parse_thresholds(arguments.text("--threshold"));
    chosen.top = arguments.top(stated ? chosen.top : default_selection().top);
    if (arguments.has("--rank")) chosen.rank = parse_edge_measure(arguments.text("--rank"));
    chosen.on_path = arguments.has("--on-path");
    return chosen;
}

enum class CircuitOutput { Table, Picture, GraphMl };

// What the file of --output is, by --format or by its extension.
CircuitOutput output_kind(const Arguments& arguments) {
    const std::string extension = std::filesystem::path(arguments.text("--output")).extension().native();
    const std::string name = arguments.text("--format", extension.empty() ? "" : extension.substr(1));
    if (name == "graphml") return CircuitOutput::GraphMl;
    const bool picture = name == "dot" || name == "svg" || name == "png" || name == "pdf";
    return picture ? CircuitOutput::Picture : CircuitOutput::Table;
}

int circuit(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const CircuitOutput kind = output_kind(arguments);
    Destination to;
    if (kind == CircuitOutput::Table)
        to = destination(arguments, {where});
    else
        check_text_output(arguments, {where});
    const Selection chosen = selection(arguments);
    const EvaluateOptions options = evaluate_options(arguments);
    const Model model = open_model(arguments, where);
    const Circuit whole = circuit_of(model, {.heads_only = arguments.has("--heads-only"),
                                             .roles = parse_roles(arguments.text("--roles"), model.config()),
                                             .evaluate = options,
                                             .score = {.stream_norms = !arguments.has("--no-fold")}});
    const Circuit part = arguments.has("--all") ? whole : keep(whole, chosen);
    Result result = result_of(arguments, model);
    add_rows(result.table, circuit_rows(part));
    result.data = circuit_json(part);
    const std::string file = arguments.text("--output");
    if (kind == CircuitOutput::GraphMl) write_bytes(file, graphml(part));
    if (kind == CircuitOutput::Picture) {
        const Picture format = picture_format(arguments);
        write_bytes(file, render(dot(circuit_diagram(part)), format));
    }
    // With a picture in a file the table of its edges is the result on stdout.
    if (kind == CircuitOutput::Table || (kind == CircuitOutput::Picture && !file.empty())) write(result, to);
    return 0;
}

}  // namespace

Verb circuit_verb() {
    return {.name = "circuit",
            .summary = "The circuit graph: edges from writers to readers, selected; table, picture, GraphML",
            .usage = "MODEL [-o FILE] [options]",
            .positionals = {"MODEL"},
            .groups = {{"Circuit",
                        {{"--threshold", "LIST", "edges above these only: 0.2 or score>0.2,robust-z>3"},
                         {"--top", "N", "then the N largest"},
                         {"--rank", "MEASURE", "largest by: score, ratio, excess, z, robust-z, percentile"},
                         {"--on-path", "", "then those on a path from embed to unembed"},
                         {"--all", "", "every edge"},
                         {"--heads-only", "", "edges between heads only"},
                         {"--roles", "LIST", "what heads are called: L0H0=previous token,L1H4=induction"}}},
                       {"Output",
                        {{"--output", "FILE",
                          "picture (.svg .png .pdf .dot), .graphml, or table (.csv .json ...)", "-o"},
                         {"--format", "F", "one of these, whatever the file is called"},
                         {"--json", "", "components and edges as JSON"}}},
                       model_flags(),
                       general_flags()},
            .examples = {"headway circuit example:attn-only-2l -o circuit.svg",
                         "headway circuit gpt2/ --threshold 'robust-z>4' --top 60 -o circuit.pdf",
                         "headway circuit gpt2/ --on-path --json",
                         "headway circuit gpt2/ --all -o circuit.graphml"},
            .notes =
                "Without --threshold and --top: score > 1.75 x baseline, at most 80 edges (those that stand "
                "out most by\n"
                "robust z). Edges are composition scores, computed from the weights alone; for embeddings, "
                "MLPs and the\n"
                "unembedding the same ratio of their matrices.",
            .run = circuit};
}

}  // namespace headway
