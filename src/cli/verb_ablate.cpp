// headway ablate: what behaviour and loss become when edges, heads or components are removed or scaled.
// SPDX-License-Identifier: Apache-2.0
#include "cli/head_options.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/draw/case_picture.hpp"
#include "headway/draw/dot.hpp"
#include "headway/expand/edit_text.hpp"
#include "headway/report/ablation_table.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace headway {

namespace {

constexpr double inductive = 0.3;  // attention of the heads that are shown without --heads

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// `L0H0>L1H{2,4}.K # name`; without a name the edits are it.
AblationCase parse_case(std::string_view line, const Config& config) {
    const std::size_t mark = line.find('#');
    const Edits edits = parse_edits(trimmed(line.substr(0, mark)), config);
    const std::string name = mark == std::string_view::npos ? "" : trimmed(line.substr(mark + 1));
    if (!name.empty()) return {name, edits};
    return {edits.empty() ? "none" : to_text(edits), edits};
}

// Those of --cases and --case, and in front of them the model as it is.
std::vector<AblationCase> cases_of(const Arguments& arguments, const Config& config) {
    std::vector<AblationCase> cases;
    const std::string file = arguments.text("--cases");
    const std::string text = file.empty() ? std::string() : text_argument("@" + file);
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!trimmed(line).empty()) cases.push_back(parse_case(line, config));
    }
    for (const std::string& line : arguments.texts("--case")) cases.push_back(parse_case(line, config));
    const std::string how = arguments.text("--norm-scale", "recomputed");
    require(how == "recomputed" || how == "frozen", ErrorKind::Usage,
            "--norm-scale: {} is neither recomputed nor frozen", quote(how));
    for (AblationCase& each : cases) each.edits.frozen_norm_scales = how == "frozen";
    const auto is_none = [](const AblationCase& each) { return each.edits.empty(); };
    if (std::none_of(cases.begin(), cases.end(), is_none)) cases.insert(cases.begin(), {"none", {}});
    std::stable_partition(cases.begin(), cases.end(), is_none);
    return cases;
}

// Those of --heads; or those that look for what followed their token; or all.
std::vector<Head> heads_of(const Arguments& arguments, const Config& config, const Probe& untouched) {
    if (arguments.has("--heads")) return parse_head_sets(arguments.text("--heads"), config);
    std::vector<Head> heads;
    for (const HeadProbe& head : untouched.heads)
        if (head.induction >= inductive) heads.push_back(head.head);
    for (const HeadProbe& head : untouched.heads)
        if (heads.empty()) heads.push_back(head.head);
    return heads;
}

std::string file_of(std::size_t number) { return fmt::format("case-{}.svg", number); }

// A picture a case, in the folder of --pictures, which is made when it is not there.
void draw_cases(const Arguments& arguments, const Model& model, const std::vector<AblationRow>& rows,
                const std::vector<Head>& heads, const EvaluateOptions& options) {
    const std::filesystem::path folder = arguments.text("--pictures");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    require(!error, ErrorKind::Io, "{}: cannot be made: {}", escaped(folder.native()), error.message());
    const bool heads_only = std::all_of(rows.begin(), rows.end(), [](const AblationRow& row) {
        return std::all_of(row.of.edits.edges.begin(), row.of.edits.edges.end(), [](const ScaledEdge& edge) {
            return edge.writer.kind == SourceKind::HeadOutput && edge.reader.index >= 0;
        });
    });
    const Circuit whole = circuit_of(model, {.heads_only = heads_only, .roles = {}, .evaluate = options});
    for (std::size_t i = 0; i < rows.size(); ++i)
        write_bytes(folder / file_of(i),
                    render(dot(circuit_diagram(case_picture(whole, rows, i, heads))), Picture::Svg));
}

int run(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const Destination to =
        destination(arguments, {where, arguments.text("--probe-tokens"), arguments.text("--text-tokens"),
                                arguments.text("--cases")});
    const EvaluateOptions options = evaluate_options(arguments);
    const Model model = open_model(arguments, where);
    const std::vector<AblationCase> cases = cases_of(arguments, model.config());
    const ProbeTokens tokens =
        tokens_to_probe(arguments, model.config(), {.step = 0, .where = where, .config = {}});
    AblationData data{.probe = tokens.rows, .text = {}};
    if (arguments.has("--text-tokens")) data.text = read_tokens(arguments.text("--text-tokens")).rows;
    const std::vector<AblationRow> rows = ablate(model, cases, data, options);
    const std::vector<Head> heads = heads_of(arguments, model.config(), rows.front().probe);
    Result result = result_of(arguments, model);
    result.rows_are_data = true;
    add_rows(result.table, ablation_rows(rows, heads, !data.text.empty()));
    result.table.caption.push_back(tokens.about);
    if (arguments.has("--pictures")) {
        draw_cases(arguments, model, rows, heads, options);
        result.table.caption.push_back(fmt::format("Circuit diagrams of the cases, in this order: {} to {}.",
                                                   file_of(0), file_of(rows.size() - 1)));
    }
    write(result, to);
    return 0;
}

}  // namespace

Verb ablate_verb() {
    return {
        .name = "ablate",
        .summary =
            "Causes: induction and loss with edges, heads or components removed or scaled, case by case",
        .usage = "MODEL --case EDITS [--case EDITS] [options]",
        .positionals = {"MODEL"},
        .groups = {{"Cases",
                    {{"--case",
                      "EDITS",
                      "one row: L0H3, L0H3.V:0-2, L0H0>L1H{2,4}.K, each also L0H3=0.5; # NAME",
                      {},
                      true},
                     {"--cases", "FILE", "the same, one a line"},
                     {"--probe-tokens", "FILE",
                      "a .npy of [b, r, r], a row or several (default: drawn by --seed)"},
                     {"--probe-rows", "N", "rows that are drawn (default 8)"},
                     {"--probe-length", "T", "tokens of r (default 50)"},
                     {"--text-tokens", "FILE", "a .npy of token ids: the loss on them is a column"},
                     {"--heads", "LIST", "whose induction is shown: L1H{2,4-7} (default: those above 0.3)"},
                     {"--pictures", "FOLDER", "a circuit diagram of each case: case-0.svg, case-1.svg, ..."},
                     {"--norm-scale", "HOW", "in front of closed inputs: recomputed (default) or frozen"}}},
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway ablate example:attn-only-2l --case 'L0H{0,2,4}>L1H{2,4-7}.K'",
                     "headway ablate gpt2/ --case L4H11 --case 'L4H11>L5H{1,5}.K' --text-tokens text.npy",
                     "headway ablate example:attn-only-2l --case 'L0H0>L1H*.K=0.25' --case 'L0H0>L1H*.K=0.5'",
                     "headway ablate gpt2/ --cases cases.txt --probe-tokens probe.npy --json"},
        .notes =
            "The model as it is comes first. A case is a list of edits with commas between: heads and\n"
            "components of their OV that write nothing, and edges that are closed: what the writer wrote is\n"
            "taken from the stream that the reader's input reads, in the edited run. With a factor, as in\n"
            "L0H3=0.5, L0H3.V:0-2=0.5 or L0H0>L1H{2,4}.K=0.5, that part of it is left: a dose-response is\n"
            "one case for each factor.",
        .run = run};
}

}  // namespace headway
