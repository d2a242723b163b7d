// A command as data: its name, its help, its flags, and the function that does it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headway {

class Arguments;

/// A flag. `value` is what its argument is called in the help; without one the flag is a switch.
struct Flag {
    std::string_view name;  ///< `--top`
    std::string_view value;
    std::string_view help;
    std::string_view alias = {};  ///< `-o`
    bool repeatable = false;      ///< may stand there more than once
};

/// Flags that commands share; the help prints each group under its title.
struct FlagGroup {
    std::string_view title;
    std::vector<Flag> flags;
};

struct Verb {
    std::string_view name;
    std::string_view summary;  ///< one line
    std::string_view usage;    ///< what stands behind the name: `MODEL [options]`
    std::vector<std::string_view> positionals;
    std::size_t required = 1;  ///< how many of them
    std::vector<FlagGroup> groups;
    std::vector<std::string_view> examples;
    std::string_view notes;  ///< paragraphs of --help
    int (*run)(const Arguments&);
    std::string_view picture = {};  ///< what `-o FILE.svg` draws, as a clause; empty: it has no picture
};

/// All commands, in the order of the help.
const std::vector<Verb>& verbs();

/// The commands, one a file.
Verb ablate_verb();
Verb bigram_verb();
Verb channels_verb();
Verb circuit_verb();
Verb completion_verb();
Verb compose_verb();
Verb contract_verb();
Verb convert_verb();
Verb diagram_verb();
Verb example_verb();
Verb heads_verb();
Verb inspect_verb();
Verb network_verb();
Verb neurons_verb();
Verb ov_verb();
Verb paths_verb();
Verb plan_verb();
Verb qk_verb();
Verb run_verb();
Verb skip_trigrams_verb();
Verb verify_verb();

/// Flags of every command: threads, memory, seed, quiet, help.
FlagGroup general_flags();
/// How a model is read: folding, unknown tensors, precision.
FlagGroup model_flags();
/// Format, output file, and what of a table is shown.
FlagGroup output_flags();
/// The same without filters on heads.
FlagGroup file_flags();

/// The help of one command; `examples`: the long form.
std::string help(const Verb& verb, bool examples);
/// The help of `headway` itself.
std::string help();

}  // namespace headway
