// SPDX-License-Identifier: Apache-2.0
#include "cli/head_spectra.hpp"

#include "cli/edit_arguments.hpp"
#include "cli/head_options.hpp"
#include "cli/view.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/measure/embedding.hpp"
#include "headway/report/pair_table.hpp"
#include "headway/report/selection.hpp"
#include "headway/report/spectra_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace headway {

namespace {

SpectraOptions spectra_of(const Arguments& arguments, const EvaluateOptions& evaluate, const Config& config) {
    constexpr int most = 1 << 16;
    require(!arguments.has("--rope-offset") || config.positions == Positions::Rotary, ErrorKind::Usage,
            "--rope-offset: the model has no rotary positions");
    return {.evaluate = evaluate,
            .rotary_offset = static_cast<int>(arguments.integer("--rope-offset", 0, 0, most))};
}

// The model, its weights edited as the flags say; the same behind the embedding of --embed; and the caption
// begun.
struct Opened {
    Model model;
    Model embedded;
    Result result;
};

Opened open_edited(const Arguments& arguments, const EvaluateOptions& evaluate) {
    const Embedding embedding = parse_embedding(arguments.text("--embed", "raw"));
    const Model model = open_model(arguments, arguments.positional(0));
    const Edits edits = edits_of(arguments, model.config());
    require(edits.only_weights(), ErrorKind::Usage,
            "edges (--close, --scale) and --pattern edit a run; eigenvalues are of weights");
    const Model edited = edits.empty() ? model : with_edited_weights(model, edits);
    Result result = result_of(arguments, model);
    std::vector<std::string>& caption = result.table.caption;
    const std::vector<std::string> notes = edited_model(arguments, model).notes;
    caption.insert(caption.end(), notes.begin(), notes.end());
    caption.push_back(embedding_sentence(model.config(), embedding));
    result.rows_are_data = true;
    return {edited, embed_through(edited, embedding, evaluate), std::move(result)};
}

// What pairs of heads are judged by.
struct Pairs {
    std::vector<PairMatching> matching;
    CompositionTable scores;
};

Pairs pairs_of(const Model& model, const Model& embedded, const SpectraOptions& options) {
    return {pair_matching(embedded, {.spectra = options}),
            composition(model, {Composition::K}, options.evaluate, {.offset = options.rotary_offset})};
}

int table_of_pairs(const Arguments& arguments) {
    const EvaluateOptions evaluate = evaluate_options(arguments);
    const Destination to = destination(arguments, {arguments.positional(0)});
    auto [model, embedded, result] = open_edited(arguments, evaluate);
    const PairView view = view_of<PairView>(arguments, model.config());
    const Pairs pairs = pairs_of(model, embedded, spectra_of(arguments, evaluate, model.config()));
    add_rows(result.table, pair_rows(pairs.matching, pairs.scores, model.config(), view));
    if (to.format == Format::Svg)
        result.picture = svg(corner_plot(
            result.table, fmt::format("{}: induction from the weights alone", escaped(model.name()))));
    write(result, to);
    return 0;
}

int judgement(const Arguments& arguments) {
    const EvaluateOptions evaluate = evaluate_options(arguments);
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where, arguments.text("--probe-tokens")});
    auto [model, embedded, result] = open_edited(arguments, evaluate);
    const SpectraOptions spectra = spectra_of(arguments, evaluate, model.config());
    const ProbeTokens tokens =
        probe_tokens(arguments, model.config(), {.step = 0, .where = where, .config = {}});
    const Probe found = probe(model, tokens.rows, evaluate);
    const Pairs pairs = pairs_of(model, embedded, spectra);
    const JudgeOptions options;
    add_rows(result.table,
             verdict_rows(judge_induction(pairs.matching, pairs.scores, found, options), found, options));
    result.table.caption.push_back(tokens.about);
    write(result, to);
    return 0;
}

// A circuit of one head by the name that `--circuit` gives it.
struct CircuitName {
    const char* name;
    const char* title;
    CircuitKind kind;
    CircuitEnds ends;
};
constexpr std::array circuit_names{
    CircuitName{"full-ov", "full OV of ", CircuitKind::OV, CircuitEnds::Vocabulary},
    CircuitName{"ov", "OV of ", CircuitKind::OV, CircuitEnds::Stream},
    CircuitName{"full-qk", "full QK of ", CircuitKind::QK, CircuitEnds::Vocabulary},
    CircuitName{"qk", "QK of ", CircuitKind::QK, CircuitEnds::Stream}};

const CircuitName& circuit_named(const std::string& word) {
    for (const CircuitName& each : circuit_names)
        if (each.name == word) return each;
    throw Error(ErrorKind::Usage, fmt::format("--circuit: {} is no circuit of a head", quote(word)),
                "the circuits are full-ov, ov, full-qk and qk; or --eigenvalues \"qk:L0H3>L1H4.K\"");
}

std::vector<NamedSpectrum> spectra_named(const Arguments& arguments, const Model& model,
                                         const SpectraOptions& options) {
    const std::string text = arguments.text("--eigenvalues");
    if (text.find(':') != std::string::npos) {
        require(!arguments.has("--circuit"), ErrorKind::Usage,
                "{} names its circuit: --circuit is one too many", quote(text));
        const HeadCircuit circuit = parse_head_circuit(text, model.config());
        return {{label(circuit), spectral_score(model, circuit, CircuitEnds::Vocabulary, options)}};
    }
    const CircuitName& of = circuit_named(arguments.text("--circuit", "full-ov"));
    std::vector<NamedSpectrum> spectra;
    for (const Head head : parse_heads(text, model.config())) {
        const int offset = of.kind == CircuitKind::QK ? options.rotary_offset : 0;
        const HeadCircuit circuit{.kind = of.kind, .heads = {head}, .rotary_offset = offset};
        spectra.push_back({of.title + label(head), spectral_score(model, circuit, of.ends, options)});
    }
    return spectra;
}

int table_of_eigenvalues(const Arguments& arguments) {
    const EvaluateOptions evaluate = evaluate_options(arguments);
    const Destination to = destination(arguments, {arguments.positional(0)});
    auto [model, embedded, result] = open_edited(arguments, evaluate);
    SpectraOptions options = spectra_of(arguments, evaluate, model.config());
    options.keep_eigenvalues = true;
    const std::vector<NamedSpectrum> spectra = spectra_named(arguments, embedded, options);
    add_rows(result.table, eigenvalue_rows(spectra));
    if (to.format == Format::Svg)
        result.picture = svg(eigenvalue_plot(spectra, fmt::format("{}: eigenvalues", escaped(model.name()))));
    write(result, to);
    return 0;
}

// A command, and whether it has rows to choose from.
struct Command {
    const char* flag;
    int (*run)(const Arguments&);
    bool chooses;
};
constexpr std::array commands{Command{"--pairs", table_of_pairs, true}, Command{"--judge", judgement, false},
                              Command{"--eigenvalues", table_of_eigenvalues, false}};

}  // namespace

FlagGroup spectra_flags() {
    return {
        "Copying and matching",
        {{"--pairs", "", "a row a pair: K-composed matching, copying of the reader, the induction corner"},
         {"--judge", "", "precision and recall of K score, matching and corner against the probe's heads"},
         {"--eigenvalues", "LIST", "eigenvalues of these heads, or of a circuit \"qk:L0H3>L1H4.K\""},
         {"--circuit", "C", "of --eigenvalues: full-ov (default), ov, full-qk or qk"},
         {"--embed", "E", "what stands for W_E: raw (default), mlp0 or layer0"},
         {"--rope-offset", "N", "rotary models: query minus key position of QK (default 0)"}}};
}

bool asks_for_spectra(const Arguments& arguments) {
    const bool asks =
        std::ranges::any_of(commands, [&](const Command& each) { return arguments.has(each.flag); });
    require(asks || !arguments.has("--rope-offset"), ErrorKind::Usage,
            "--rope-offset needs --pairs, --judge or --eigenvalues");
    require(asks || !arguments.has("--embed") || (!arguments.has("--over") && !arguments.has("--offsets")),
            ErrorKind::Usage, "--embed is of copying and matching of one model");
    require(arguments.has("--eigenvalues") || !arguments.has("--circuit"), ErrorKind::Usage,
            "--circuit needs --eigenvalues HEADS");
    return asks;
}

int heads_spectra(const Arguments& arguments) {
    const Command* chosen = nullptr;
    for (const Command& each : commands) {
        if (!arguments.has(each.flag)) continue;
        require(chosen == nullptr, ErrorKind::Usage, "{} and {} are both there: one is enough",
                chosen == nullptr ? "" : chosen->flag, each.flag);
        chosen = &each;
    }
    invariant(chosen != nullptr, "heads_spectra without a flag of its own");
    require(!arguments.has("--over"), ErrorKind::Usage, "{} is of one model: --over is one too many",
            chosen->flag);
    for (const char* flag : {"--top", "--sort", "--threshold", "--heads", "--layers"})
        require(chosen->chooses || !arguments.has(flag), ErrorKind::Usage,
                "{} shows all its rows: {} is one "
                "too many",
                chosen->flag, flag);
    return chosen->run(arguments);
}

}  // namespace headway
