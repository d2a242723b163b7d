// headway completion: what a shell needs to complete commands and flags; and the manual page. Both from the table of commands.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/base/version.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>
#include <string>

namespace headway {

namespace {

std::string replaced(std::string_view text, char what, std::string_view with) {
    std::string result;
    for (const char c : text) c == what ? result += with : result += c;
    return result;
}

// In single quotes, as every shell reads them.
std::string in_quotes(std::string_view text) { return "'" + replaced(text, '\'', "'\\''") + "'"; }

std::string names_of_verbs() {
    std::string names;
    for (const Verb& verb : verbs()) names += fmt::format("{}{}", names.empty() ? "" : " ", verb.name);
    return names;
}

std::string names_of_flags(const Verb& verb) {
    std::string names;
    for (const FlagGroup& group : verb.groups)
        for (const Flag& flag : group.flags)
            names += fmt::format("{}{}", names.empty() ? "" : " ", flag.name);
    return names;
}

std::string bash() {
    std::string text = fmt::format(
        "# bash completion of headway: source it\n"
        "_headway() {{\n"
        "  local word=${{COMP_WORDS[COMP_CWORD]}} flags\n"
        "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
        "    COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n"
        "    return\n"
        "  fi\n"
        "  case ${{COMP_WORDS[1]}} in\n",
        names_of_verbs());
    for (const Verb& verb : verbs())
        text += fmt::format("    {}) flags='{}' ;;\n", verb.name, names_of_flags(verb));
    return text +
           "  esac\n"
           "  case $word in\n"
           "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
           "    *) COMPREPLY=() ;;\n"
           "  esac\n"
           "}\n"
           "complete -o default -F _headway headway\n";
}

std::string zsh() {
    const auto described = [](std::string_view text) {
        return replaced(replaced(replaced(text, '[', "("), ']', ")"), ':', "\\:");
    };
    std::string text = "#compdef headway\n_headway() {\n  local -a commands=(\n";
    for (const Verb& verb : verbs())
        text += fmt::format("    {}\n", in_quotes(fmt::format("{}:{}", verb.name, described(verb.summary))));
    text +=
        "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n  case "
        "$words[2] in\n";
    for (const Verb& verb : verbs()) {
        text += fmt::format("    {})\n      _arguments", verb.name);
        for (const FlagGroup& group : verb.groups)
            for (const Flag& flag : group.flags)
                text += fmt::format(
                    " \\\n        {}",
                    in_quotes(fmt::format("{}[{}]{}", flag.name, described(flag.help),
                                          flag.value.empty() ? "" : fmt::format(":{}:_files", flag.value))));
        text += " \\\n        '*:file:_files'\n      ;;\n";
    }
    return text + "  esac\n}\n_headway \"$@\"\n";
}

std::string fish() {
    std::string text = "# fish completion of headway\n";
    for (const Verb& verb : verbs()) {
        text += fmt::format("complete -c headway -n __fish_use_subcommand -f -a {} -d {}\n", verb.name,
                            in_quotes(verb.summary));
        for (const FlagGroup& group : verb.groups)
            for (const Flag& flag : group.flags)
                text += fmt::format("complete -c headway -n '__fish_seen_subcommand_from {}' -l {} {}-d {}\n",
                                    verb.name, flag.name.substr(2), flag.value.empty() ? "" : "-r ",
                                    in_quotes(flag.help));
    }
    return text;
}

// Text for roff: no line begins with a command, and a hyphen stays one.
std::string roff(std::string_view text) {
    std::string result = replaced(replaced(text, '\\', "\\e"), '-', "\\-");
    if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
    return result;
}

std::string manual() {
    std::string text = fmt::format(
        ".TH HEADWAY 1 \"\" \"headway {}\" \"\"\n.SH NAME\nheadway \\- reads a transformer's weights and "
        "tells which circuits "
        "are in them\n.SH SYNOPSIS\n.B headway\nCOMMAND MODEL [options]\n.SH COMMANDS\n",
        version());
    for (const Verb& verb : verbs()) {
        text +=
            fmt::format(".SS headway {} {}\n{}.\n", roff(verb.name), roff(verb.usage), roff(verb.summary));
        std::istringstream notes{std::string(verb.notes)};
        for (std::string line; std::getline(notes, line);) text += roff(line) + "\n";
        for (const FlagGroup& group : verb.groups) {
            if (group.title == general_flags().title) continue;
            for (const Flag& flag : group.flags)
                text +=
                    fmt::format(".TP\n.B {} {}\n{}\n", roff(flag.name), roff(flag.value), roff(flag.help));
        }
        text += ".PP\nExamples:\n.nf\n";
        for (const std::string_view example : verb.examples) text += roff(example) + "\n";
        text += ".fi\n";
    }
    text += ".SH OPTIONS OF EVERY COMMAND\n";
    for (const Flag& flag : general_flags().flags)
        text += fmt::format(".TP\n.B {} {}\n{}\n", roff(flag.name), roff(flag.value), roff(flag.help));
    return text;
}

struct Form {
    std::string_view name;
    std::string (*text)();
};
constexpr std::array forms{Form{"bash", bash}, Form{"zsh", zsh}, Form{"fish", fish}, Form{"man", manual}};

int completion(const Arguments& arguments) {
    const std::string name = arguments.positional(0);
    for (const Form& form : forms)
        if (form.name == name) return print(form.text()), 0;
    throw Error(ErrorKind::Usage,
                fmt::format("completion: {} is no shell: bash, zsh, fish, or man", quote(name)));
}

}  // namespace

Verb completion_verb() {
    return {.name = "completion",
            .summary = "What bash, zsh or fish needs to complete commands and flags; the manual page",
            .usage = "bash|zsh|fish|man",
            .positionals = {"SHELL"},
            .groups = {general_flags()},
            .examples = {"source <(headway completion bash)",
                         "headway completion fish > ~/.config/fish/completions/headway.fish",
                         "headway completion man | man -l -"},
            .notes = "",
            .run = completion};
}

}  // namespace headway
