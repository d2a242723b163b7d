// headway skip-trigrams: [source] ... [destination] -> [output] of heads, from their weights.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/head_circuit.hpp"
#include "headway/model/tokens.hpp"
#include "headway/report/skip_trigram_table.hpp"

namespace headway {

namespace {

/// Chooses the tokens of each place; returns what is said of those that are left out.
std::string choose_tokens(const Arguments& arguments, const TokenText& text, int d_vocab,
                          SkipTrigramOptions& options) {
    std::string left_out;
    const bool words = arguments.has("--words");
    require(!words || !text.empty(), ErrorKind::Usage, "--words: the model has no vocabulary with texts");
    if (words) {
        options.sources = options.outputs = words_of(text, d_vocab);
        options.destinations = words_and_marks_of(text, d_vocab);
        left_out =
            "Sources and outputs are whole words (a blank and letters), destinations words or no letters.";
    } else if (!text.empty() && !arguments.has("--all-tokens")) {
        options.sources = options.destinations = options.outputs = readable_tokens(text, d_vocab);
        left_out = fmt::format("{} of {} tokens are left out: special ones, and those without readable text.",
                               static_cast<std::size_t>(d_vocab) - options.sources.size(), d_vocab);
    }
    const auto given = [&](std::string_view flag, std::vector<int>& tokens) {
        if (!arguments.has(flag)) return;
        tokens = parse_token_list(arguments.text(flag), text, d_vocab);
        left_out += fmt::format("{}Only given tokens in the place of {}.", left_out.empty() ? "" : " ",
                                flag.substr(2));
    };
    given("--sources", options.sources);
    given("--destinations", options.destinations);
    given("--outputs", options.outputs);
    if (!text.note().empty()) left_out += " " + text.note();
    return left_out;
}

int skip_trigram_command(const Arguments& arguments) {
    constexpr int most = 1 << 16;
    SkipTrigramOptions options{
        .key = parse_skip_trigram_key(arguments.text("--by", "source")),
        .rows = arguments.top(20),
        .per_head = arguments.has("--per-head"),
        .each = static_cast<std::size_t>(arguments.integer("--each", 4, 1, 1000)),
        .rotary_offset = static_cast<int>(arguments.integer("--rope-offset", 0, 0, most)),
        .evaluate = evaluate_options(arguments)};
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    const Model model = open_model(arguments, where);
    if (arguments.has("--head")) options.heads = parse_head_set(arguments.text("--head"), model.config());
    const TokenText text = token_text_of(where);
    const std::string tokens = embedding_sentence(model.config(), options.embedding) + " " +
                               choose_tokens(arguments, text, model.config().d_vocab, options);
    Result result = result_of(arguments, model);
    add_rows(result.table, skip_trigram_rows(skip_trigrams(model, options), options, text, tokens));
    write(result, to);
    return 0;
}

}  // namespace

Verb skip_trigrams_verb() {
    return {
        .name = "skip-trigrams",
        .summary = "What heads do with two tokens: [source] ... [destination] -> [output]",
        .usage = "MODEL [options]",
        .positionals = {"MODEL"},
        .groups = {{"Skip-trigrams",
                    {{"--head", "LIST", "of these heads: L0H3, L0H{1,4}, L1H* (default all)"},
                     {"--by", "KEY", "a row a source, destination or triple (default source)"},
                     {"--top", "N", "the best N rows (default 20)"},
                     {"--per-head", "", "N rows of each head, not of all together"},
                     {"--each", "K", "partners that a row names (default 4)"},
                     {"--words", "", "whole words only, and marks as destinations"},
                     {"--sources", "LIST", "only these sources: ids or texts, as in 12,' keep',·keep"},
                     {"--destinations", "LIST", "only these destinations"},
                     {"--outputs", "LIST", "only these outputs"},
                     {"--rope-offset", "N", "rotary models: destination minus source position (default 0)"}}},
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway skip-trigrams example:attn-only-2l --head L0H3",
                     "headway skip-trigrams gpt2/ --words --top 50 -o trigrams.csv",
                     "headway skip-trigrams gpt2/ --head L0H* --per-head --top 5",
                     "headway skip-trigrams gpt2/ --by destination --destinations ' in, at'"},
        .notes =
            "A head that looks from the destination back at the source raises the output there. The score\n"
            "is attention times logit, each above its mean, read from the QK and OV circuits over the\n"
            "vocabulary. The best rows are found without looking at all triples, and are exact.",
        .run = skip_trigram_command};
}

}  // namespace headway
