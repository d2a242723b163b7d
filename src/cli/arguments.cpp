// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/report/selection.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace headway {

namespace {

std::vector<Flag> flags_of(const Verb& verb) {
    std::vector<Flag> flags;
    for (const FlagGroup& group : verb.groups)
        flags.insert(flags.end(), group.flags.begin(), group.flags.end());
    return flags;
}

std::string cli_name(const Flag& flag) {
    return flag.alias.empty() ? std::string(flag.name) : fmt::format("{},{}", flag.alias, flag.name);
}

Error unknown_flag(const Verb& verb, const std::string& word) {
    std::vector<std::string> names;
    for (const Flag& flag : flags_of(verb)) names.emplace_back(flag.name);
    const std::string name = word.substr(0, word.find('='));
    const std::string near = nearest(name, names);
    return Error(ErrorKind::Usage, fmt::format("{} has no flag {}", verb.name, quote(name)),
                 near.empty() ? fmt::format("headway {} --help lists the flags", verb.name)
                              : fmt::format("did you mean {}?", near));
}

// What CLI11 found wrong, in our words. Its message begins with the flag.
Error bad_flag(const Verb& verb, const CLI::ParseError& error) {
    const std::string message = error.what();
    std::string flag = message.substr(0, message.find_first_of(": "));
    if (!flag.starts_with('-')) flag = "--" + flag;
    const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
    std::string what = escaped(message);
    if (says("flag override")) what = flag + " takes no value";
    if (says("missing") || says("At least")) what = flag + " needs a value";
    if (says("At Most")) what = flag + " stands there more than once";
    return Error(ErrorKind::Usage, fmt::format("{}: {}", verb.name, what),
                 fmt::format("headway {} --help shows how it is called", verb.name));
}

bool looks_like_flag(const std::string& word) {
    return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

}  // namespace

Arguments::Arguments(const Verb& verb, std::span<const std::string> words) : verb_(verb) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    app.allow_windows_style_options(false);
    std::map<std::string, std::vector<std::string>, std::less<>> values;
    std::map<std::string, bool, std::less<>> switches;
    std::vector<std::pair<std::string, CLI::Option*>> options;
    for (const Flag& flag : flags_of(verb)) {
        const std::string name(flag.name);
        CLI::Option* option = flag.value.empty()
                                  ? app.add_flag(cli_name(flag), switches[name])->disable_flag_override()
                                  : app.add_option(cli_name(flag), values[name])->allow_extra_args(false);
        option->multi_option_policy(flag.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                    : CLI::MultiOptionPolicy::Throw);
        if (!flag.repeatable && !flag.value.empty()) option->expected(1);
        options.emplace_back(name, option);
    }
    // Behind "--" nothing is a flag. CLI11 takes its words last to first.
    const auto end = std::find(words.begin(), words.end(), "--");
    std::vector<std::string> reversed(words.begin(), end);
    std::reverse(reversed.begin(), reversed.end());
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
        throw bad_flag(verb, error);
    }
    for (const std::string& word : app.remaining()) {
        if (looks_like_flag(word)) throw unknown_flag(verb, word);
        positionals_.push_back(word);
    }
    if (end != words.end()) positionals_.insert(positionals_.end(), end + 1, words.end());
    for (const auto& [name, option] : options)
        if (option->count() > 0) values_[name] = values[name];
}

std::string Arguments::positional(std::size_t place) const {
    return place < positionals_.size() ? positionals_[place] : std::string();
}

bool Arguments::has(std::string_view flag) const { return values_.contains(flag); }

std::string Arguments::text(std::string_view flag, std::string_view otherwise) const {
    const auto found = values_.find(flag);
    if (found == values_.end()) return std::string(otherwise);
    return found->second.empty() ? std::string() : found->second.back();
}

std::vector<std::string> Arguments::texts(std::string_view flag) const {
    const auto found = values_.find(flag);
    return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::int64_t Arguments::integer(std::string_view flag, std::int64_t otherwise, std::int64_t least,
                                std::int64_t most) const {
    if (!has(flag)) return otherwise;
    const std::int64_t value = parse_integer(text(flag), flag);
    require(value >= least, ErrorKind::Usage, "{}: {} is less than {}", flag, escaped(text(flag)), least);
    require(value <= most, ErrorKind::Usage, "{}: {} is more than {}", flag, escaped(text(flag)), most);
    return value;
}

double Arguments::number(std::string_view flag, double otherwise) const {
    if (!has(flag)) return otherwise;
    const std::string word = text(flag);
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    require(error == std::errc() && end == word.data() + word.size() && std::isfinite(value),
            ErrorKind::Usage, "{}: {} is no number", flag, quote(word));
    return value;
}

std::size_t Arguments::top(std::size_t otherwise) const {
    if (!has("--top")) return otherwise;
    return static_cast<std::size_t>(integer("--top", 0, 1, std::numeric_limits<std::int64_t>::max()));
}

std::vector<std::pair<std::string, std::string>> Arguments::given() const {
    std::vector<std::pair<std::string, std::string>> result;
    for (const Flag& flag : flags_of(verb_))
        if (has(flag.name))
            result.emplace_back(
                flag.name.substr(2),
                flag.value.empty() ? "true" : fmt::format("{}", fmt::join(texts(flag.name), "; ")));
    return result;
}

}  // namespace headway
