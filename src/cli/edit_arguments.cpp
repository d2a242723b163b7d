// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/edit_text.hpp"
#include "headway/io/npy.hpp"
#include "headway/report/selection.hpp"

#include <utility>

namespace headway {

namespace {

// The edits of one flag, all of them of the kind that `belongs` says.
template <class Belongs>
void add(Edits& edits, const Arguments& arguments, const Config& config, std::string_view flag,
         EditFactor factor, const char* expected, const Belongs& belongs) {
    for (const std::string& text : arguments.texts(flag)) {
        const Edits more = parse_edits(text, config, factor);
        require(!more.empty() && belongs(more), ErrorKind::Usage, "{}: {} is not what it takes: expected {}",
                flag, quote(text), expected);
        add_edits(edits, more, config);
    }
}

// `L0H3=FILE.npy`.
std::pair<std::string, std::string> pattern_item(const std::string& text) {
    const std::size_t equals = text.find('=');
    require(equals != std::string::npos && equals + 1 < text.size(), ErrorKind::Usage,
            "--pattern: {} is no HEAD=FILE.npy", quote(text));
    return {text.substr(0, equals), text.substr(equals + 1)};
}

GivenPattern read_pattern(const std::string& text, const Config& config) {
    const auto [head, file] = pattern_item(text);
    const NpyArray array = read_npy(file);
    require(array.shape.size() == 2 && array.shape[0] == array.shape[1], ErrorKind::Unsupported,
            "{}: the array has shape {}, expected a pattern [n, n] by query and key", escaped(file),
            shape_text(array.shape));
    return {parse_head_of(head, config), array.shape[0], array.as_double()};
}

}  // namespace

std::vector<Flag> weight_edit_flags() {
    return {
        {"--zero", "LIST", "heads L0H3 or components of their OV L0H3.V:0-2 that write nothing", {}, true},
        {"--scale", "LIST", "the same times a factor: L0H3=0.5, L0H3.V:0-2=0.5", {}, true}};
}

FlagGroup edit_flags() {
    std::vector<Flag> flags = weight_edit_flags();
    flags.back().help = "the same, or an edge, times a factor: L0H3=0.5, L0H3.V:0-2=0.5, L0H3>L1H4.K=0.5";
    flags.push_back(
        {"--close", "LIST", "edges: L0H3>L1H4.K, L0H{0,2}>L1H*.K, mlp0>L1H4.Q, L0H3>unembed", {}, true});
    flags.push_back(
        {"--pattern", "HEAD=FILE", "the attention of a head, a .npy [n, n] by query and key", {}, true});
    flags.push_back({"--norm-scale", "HOW", "in front of closed inputs: recomputed (default) or frozen"});
    return {"Edits", flags};
}

Edits edits_of(const Arguments& arguments, const Config& config) {
    Edits edits;
    add(edits, arguments, config, "--zero", EditFactor::Absent, "L0H3 or L0H3.V:0-2",
        [](const Edits& more) { return more.edges.empty(); });
    add(edits, arguments, config, "--scale", EditFactor::Required, "L0H3=0.5",
        [](const Edits&) { return true; });
    add(edits, arguments, config, "--close", EditFactor::Absent, "L0H3>L1H4.K",
        [](const Edits& more) { return more == Edits{.edges = more.edges}; });
    const std::string how = arguments.text("--norm-scale", "recomputed");
    require(how == "recomputed" || how == "frozen", ErrorKind::Usage,
            "--norm-scale: {} is neither recomputed nor frozen", quote(how));
    edits.frozen_norm_scales = how == "frozen";
    for (const std::string& text : arguments.texts("--pattern"))
        edits.given_patterns.push_back(parse_head_of(pattern_item(text).first, config));
    check_edits(config, edits);
    return edits;
}

EditedModel edited_model(const Arguments& arguments, const Model& model) {
    std::vector<GivenPattern> patterns;
    for (const std::string& text : arguments.texts("--pattern"))
        patterns.push_back(read_pattern(text, model.config()));
    return edited(model, edits_of(arguments, model.config()), patterns);
}

std::vector<std::string> edit_files(const Arguments& arguments) {
    std::vector<std::string> files;
    for (const std::string& text : arguments.texts("--pattern")) files.push_back(pattern_item(text).second);
    return files;
}

}  // namespace headway
