// headway circuit: the graph of components that a model's weights suggest, as a table, a picture, a file.
// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"
#include "cli/head_options.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/circuit/graphml.hpp"
#include "headway/circuit/marks.hpp"
#include "headway/circuit/select.hpp"
#include "headway/draw/circuit_diagram.hpp"
#include "headway/draw/dot.hpp"
#include "headway/network/transformer.hpp"
#include "headway/report/circuit_table.hpp"
#include "headway/report/head_table.hpp"
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

// What heads do on repeated random tokens, in place of roles that are not given; a sentence that says so.
std::string add_probed_roles(const Arguments& arguments, const Model& model, const EvaluateOptions& evaluate,
                             std::map<Head, std::string>& roles) {
    const ProbeTokens tokens =
        probe_tokens(arguments, model.config(), {.step = 0, .where = arguments.positional(0), .config = {}});
    if (tokens.rows.empty()) return {};
    const HeadMeasures measures = measure_heads(model, {.evaluate = evaluate,
                                                        .spectra = false,
                                                        .facts = false,
                                                        .positional = false,
                                                        .partners = false,
                                                        .probe_rows = tokens.rows});
    for (std::size_t i = 0; i < measures.probe->heads.size(); ++i)
        if (std::string words = head_labels(measures, i, {}); !words.empty())
            roles.try_emplace(measures.probe->heads[i].head, std::move(words));
    return tokens.about;
}

void mark(const Arguments& arguments, Circuit& circuit) {
    const Edits edits = edits_of(arguments, circuit.config);
    require(edits.components.empty(), ErrorKind::Usage,
            "--zero, --scale: components have no box in the picture of a circuit: name whole heads");
    const std::size_t marked = mark_edits(circuit, edits);
    require(marked == edits.edges.size(), ErrorKind::Usage,
            "--close, --scale: {} of {} edges are not in the circuit", edits.edges.size() - marked,
            edits.edges.size());
}

// The circuit with everything that the flags ask for; `about`: a sentence on where roles come from.
Circuit circuit_with_marks(const Arguments& arguments, const Model& model, const Selection& chosen,
                           const EvaluateOptions& evaluate, std::string& about) {
    CircuitOptions options{.heads_only = arguments.has("--heads-only"),
                           .roles = parse_roles(arguments.text("--roles"), model.config()),
                           .evaluate = evaluate,
                           .score = {.stream_norms = !arguments.has("--no-fold")}};
    about = add_probed_roles(arguments, model, evaluate, options.roles);
    Circuit whole = circuit_of(model, options);
    mark(arguments, whole);
    Circuit part = arguments.has("--all") ? std::move(whole) : keep(whole, chosen);
    if (const auto most = arguments.integer("--channels", 0, 0, 1 << 16); most > 0)
        split_edges(part, model, static_cast<std::size_t>(most), evaluate);
    return part;
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
    const EvaluateOptions evaluate = evaluate_options(arguments);
    const Model model = open_model(arguments, where);
    std::string about;
    const Circuit part = circuit_with_marks(arguments, model, chosen, evaluate, about);
    Result result = result_of(arguments, model);
    add_rows(result.table, circuit_rows(part));
    if (!about.empty()) result.table.caption.push_back("Roles: " + about);
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
                         {"--roles", "LIST", "what heads are called: L0H0=previous token,L1H4=induction"},
                         {"--channels", "N", "edges between heads in their N strongest components"},
                         {"--zero", "LIST", "heads that are shown as removed", {}, true},
                         {"--close", "LIST", "edges that are shown as closed: L0H3>L1H4.K", {}, true},
                         {"--scale", "LIST", "heads and edges with a factor: L0H3>L1H4.K=0.5", {}, true}}},
                       probe_flags(),
                       {"Output",
                        {{"--output", "FILE",
                          "picture (.svg .png .pdf .dot), .graphml, or table (.csv .json ...)", "-o"},
                         {"--format", "F", "one of these, whatever the file is called"},
                         {"--json", "", "components and edges as JSON"}}},
                       model_flags(),
                       general_flags()},
            .examples = {"headway circuit example:attn-only-2l -o circuit.svg",
                         "headway circuit gpt2/ --threshold 'robust-z>4' --top 60 -o circuit.pdf",
                         "headway circuit example:attn-only-2l --heads-only --probe --channels 3 -o c.svg",
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
