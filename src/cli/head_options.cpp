// SPDX-License-Identifier: Apache-2.0
#include "cli/head_options.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/measure/probe.hpp"
#include "headway/model/begin_token.hpp"

#include <limits>
#include <optional>

namespace headway {

FlagGroup probe_flags() {
    return {"Probe",
            {{"--probe", "", "behaviour on repeated random tokens [b, r, r]: attention means, loss"},
             {"--probe-rows", "N", "rows of tokens (default 8)"},
             {"--probe-length", "T", "tokens of r (default 50, or as many as the model has room for)"},
             {"--probe-tokens", "FILE", "a .npy of the tokens instead, [1 + 2T] or [rows, 1 + 2T]"}}};
}

FlagGroup over_flags() {
    return {"Checkpoints",
            {{"--over", "DIR", "follow the checkpoints of a training run, by the step in their names"},
             {"--follow", "LIST", "columns to follow (default: what training changes most)"}}};
}

ProbeTokens probe_tokens(const Arguments& arguments, const Config& config, const CheckpointStep& where) {
    if (arguments.has("--probe") || arguments.has("--judge") || arguments.has("--probe-tokens"))
        return tokens_to_probe(arguments, config, where);
    for (const char* flag : {"--probe-rows", "--probe-length"})
        require(!arguments.has(flag), ErrorKind::Usage, "{} needs --probe", flag);
    return {};
}

ProbeTokens tokens_to_probe(const Arguments& arguments, const Config& config, const CheckpointStep& where) {
    constexpr std::int64_t most = 1 << 20;
    if (arguments.has("--probe-tokens")) {
        for (const char* flag : {"--probe-rows", "--probe-length"})
            require(!arguments.has(flag), ErrorKind::Usage, "--probe-tokens has the rows: {} is one too many",
                    flag);
        const std::string file = arguments.text("--probe-tokens");
        return {read_tokens(file).rows, fmt::format("The tokens are those of {}.", escaped(file))};
    }
    const std::optional<int> begin = begin_token_of(where.where, where.config);
    ProbeOptions options;
    options.rows = static_cast<int>(arguments.integer("--probe-rows", options.rows, 1, most));
    options.length = static_cast<int>(arguments.integer("--probe-length", options.length, 2, most));
    options.first = begin.value_or(0);
    options.seed = static_cast<std::uint64_t>(
        arguments.integer("--seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
    return {
        probe_rows(config, options),
        fmt::format("b is token {} ({}); r is drawn from the rest of the vocabulary, seed {}.", options.first,
                    begin ? "it begins sequences, the model's files say"
                          : "the model's files name none that begins sequences",
                    options.seed)};
}

Flag rope_offset_flag() {
    return {"--rope-offset", "N", "rotary models: query minus key position of q and k scores (default 0)"};
}

Flag rope_mean_flag() {
    return {"--rope-mean", "MAX", "rotary models: root mean square over the offsets 0 to MAX"};
}

ScoreOptions rotary_score(const Arguments& arguments, const Config& config) {
    constexpr int most = 1 << 16;
    const bool one = arguments.has("--rope-offset"), mean = arguments.has("--rope-mean");
    require(!one || !mean, ErrorKind::Usage, "--rope-offset and --rope-mean are both there: one is enough");
    if (!one && !mean) return {};
    const char* flag = one ? "--rope-offset" : "--rope-mean";
    require(config.positions == Positions::Rotary, ErrorKind::Usage, "{}: the model has no rotary positions",
            flag);
    return {.offset = static_cast<int>(arguments.integer(flag, 0, 0, most)), .mean_over_offsets = mean};
}

void require_model(const Arguments& arguments) {
    const Verb& verb = arguments.verb();
    if (arguments.positional(0).empty())
        throw Error(ErrorKind::Usage, fmt::format("{}: MODEL is missing", verb.name),
                    fmt::format("headway {} {}", verb.name, verb.usage));
}

std::vector<CheckpointStep> checkpoints_of(const Arguments& arguments) {
    require(arguments.positional(0).empty(), ErrorKind::Usage,
            "--over {} follows checkpoints: the model {} is one too many", quote(arguments.text("--over")),
            quote(arguments.positional(0)));
    return checkpoint_series(arguments.text("--over"));
}

}  // namespace headway
