// The table of commands, the flags that they share, and the help.
// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.hpp"
#include "headway/base/version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headway {

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> table{
        inspect_verb(),       network_verb(), paths_verb(),   compose_verb(), heads_verb(),
        channels_verb(),      ov_verb(),      qk_verb(),      bigram_verb(),  neurons_verb(),
        skip_trigrams_verb(), circuit_verb(), run_verb(),     ablate_verb(),  contract_verb(),
        verify_verb(),        plan_verb(),    diagram_verb(), convert_verb(), example_verb(),
        completion_verb()};
    return table;
}

FlagGroup general_flags() {
    return {"Everywhere",
            {{"--threads", "N", "threads to compute with (default: all cores); results do not depend on it"},
             {"--max-memory", "SIZE", "most memory beyond the weights: 4G, 512M (default: no limit)"},
             {"--seed", "N", "seed of what is random: random: models, drawn tokens (default 0)"},
             {"--quiet", "", "no warnings and no progress"},
             {"--verbose", "", "say on stderr what took how long", "-v"},
             {"--error-format", "F", "errors on stderr as text (default) or json, one object a line"},
             {"--help", "", "examples and all flags; -h: the flags"},
             {"--version", "", "the version, and those of the libraries built with"}}};
}

FlagGroup model_flags() {
    return {
        "Model",
        {{"--precision", "P", "float or double (default float)"},
         {"--no-fold", "", "keep the file's own weights: norm gains and centring are not folded"},
         {"--fold", "LIST", "fold these and nothing else: norm, center, value-bias (default norm,center)"},
         {"--allow-unknown", "", "go on past tensors that the architecture does not have"},
         {"--allow-nonfinite", "", "go on with weights that are not finite"},
         {"--no-hash", "", "no SHA-256 of the model's files in JSON: for it they are read whole"}}};
}

FlagGroup output_flags() {
    return {"Output",
            {{"--output", "FILE", "write there, whole or not at all; the format is the extension's", "-o"},
             {"--format", "F", "table, csv, tsv, json, jsonl, md or npz"},
             {"--json", "", "the same as --format json"},
             {"--top", "N", "the first N rows only"},
             {"--sort", "COLUMN", "largest first by this column"},
             {"--threshold", "X", "rows of at least this score only"},
             {"--heads", "LIST", "rows of these heads only: L0H3,L1H*"},
             {"--layers", "LIST", "rows within these layers only: 0-3,5"}}};
}

FlagGroup file_flags() {
    return {"Output",
            {{"--output", "FILE", "write there, whole or not at all; the format is the extension's", "-o"},
             {"--format", "F", "table, csv, tsv, json, jsonl, md or npz"},
             {"--json", "", "the same as --format json"}}};
}

namespace {

std::string flag_line(const Flag& flag) {
    std::string name =
        flag.alias.empty() ? std::string(flag.name) : fmt::format("{}, {}", flag.alias, flag.name);
    if (!flag.value.empty()) name += fmt::format(" {}", flag.value);
    return fmt::format("  {:<24} {}\n", name, flag.help);
}

}  // namespace

std::string help(const Verb& verb, bool examples) {
    std::string text;
    if (examples && !verb.examples.empty()) {
        text += "Examples:\n";
        for (const std::string_view example : verb.examples) text += fmt::format("  {}\n", example);
        text += "\n";
    }
    text += fmt::format("headway {} {}\n\n{}.\n", verb.name, verb.usage, verb.summary);
    if (examples && !verb.notes.empty()) text += fmt::format("\n{}\n", verb.notes);
    if (!verb.picture.empty()) text += fmt::format("\n-o FILE.svg draws {}.\n", verb.picture);
    for (const FlagGroup& group : verb.groups) {
        text += fmt::format("\n{}:\n", group.title);
        for (const Flag& flag : group.flags) text += flag_line(flag);
    }
    return text;
}

std::string help() {
    std::string text =
        "Headway reads a transformer's weights and tells which circuits are in them.\n\n"
        "headway COMMAND MODEL [options]\n\nCommands:\n";
    std::size_t widest = 0;
    for (const Verb& verb : verbs()) widest = std::max(widest, verb.name.size());
    for (const Verb& verb : verbs()) text += fmt::format("  {:<{}}  {}\n", verb.name, widest, verb.summary);
    text +=
        "\nMODEL is a checkpoint's folder or file, a model's name in the local Hugging Face cache (gpt2),\n"
        "example:NAME (built in: headway example), or random:SHAPE (random:gpt2, "
        "random:layers=2,heads=4,d_model=64).\n\n"
        "headway COMMAND --help begins with examples.\n\n"
        "Exit codes: 0 done, 1 the check asked for says no, 2 usage, 3 malformed file, 4 unsupported model, "
        "5 files,\n"
        "6 numbers not finite, 7 a limit, 8 the output is an input, 70 a bug of ours.\n";
    return text;
}

}  // namespace headway
