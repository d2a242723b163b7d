// headway channels: through which singular components heads talk to heads.
// SPDX-License-Identifier: Apache-2.0
#include "cli/head_options.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/model/tokens.hpp"
#include "headway/network/text.hpp"
#include "headway/report/channel_table.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/selection.hpp"

namespace headway {

namespace {

constexpr int most_tokens = 1000;

std::vector<Head> heads_of(const Arguments& arguments, std::string_view flag, const Config& config) {
    return arguments.has(flag) ? parse_heads(arguments.text(flag), config) : std::vector<Head>{};
}

ChannelOptions options_of(const Arguments& arguments, const Config& config) {
    ChannelOptions options{.score = rotary_score(arguments, config)};
    options.score.stream_norms = false;
    options.gap = arguments.number("--gap", options.gap);
    require(options.gap >= 0 && options.gap < 1, ErrorKind::Usage, "--gap {}: expected 0 to 1", options.gap);
    return options;
}

ChannelSearch search_of(const Arguments& arguments, const Config& config) {
    ChannelSearch search{.kinds = parse_kinds(arguments.text("--kind", "all")),
                         .from = heads_of(arguments, "--from", config),
                         .to = heads_of(arguments, "--to", config)};
    search.order = parse_channel_order(arguments.text("--sort", "excess"));
    search.least_weight = arguments.number("--min-weight", 0);
    search.top = arguments.top(search.top);
    search.channel = options_of(arguments, config);
    return search;
}

ChannelView view_of(const Arguments& arguments, const std::string& where) {
    ChannelView view{.side = parse_channel_side(arguments.text("--of", "writer"))};
    view.tokens = static_cast<std::size_t>(arguments.integer("--tokens", 0, 0, most_tokens));
    if (view.tokens > 0) view.text = token_text_of(where);
    view.embedding = parse_embedding(arguments.text("--embed", "raw"));
    view.evaluate = evaluate_options(arguments);
    return view;
}

// The network of the scores of a pair, as `headway contract` reads it.
Expr network_of(const Config& config, const ChannelPair& pair, ChannelSide side, const ScoreOptions& score) {
    require(side != ChannelSide::Both || score.positions() == 0, ErrorKind::Unsupported,
            "--formula of both ends at an offset: the reader's components there are no leaves of the model");
    if (side == ChannelSide::Both) return channel_overlaps(config, pair);
    return channel_squares(config, pair, side == ChannelSide::Reader ? ScoreEnd::Reader : ScoreEnd::Writer,
                           score);
}

int one_pair(const Arguments& arguments, const Model& model, const ChannelPair& pair, ChannelView view) {
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    const ChannelOptions options = options_of(arguments, model.config());
    require(view.side == ChannelSide::Writer || !options.score.mean_over_offsets, ErrorKind::Usage,
            "--rope-mean: a reader of several offsets has no components: --of writer");
    require(!arguments.has("--sort") && !arguments.has("--min-weight"), ErrorKind::Usage,
            "--sort and --min-weight are of rankings: the channels of one pair are listed by singular value");
    view.top = arguments.top(view.side == ChannelSide::Both ? 20 : view.top);
    const Channels found = channels(model, std::vector{pair}, view.evaluate, options).front();
    Result result = result_of(arguments, model);
    add_rows(result.table, channel_rows(model, found, options, view));
    if (to.format == Format::Npz) result.arrays = channel_arrays(found);
    if (to.format == Format::Svg) {
        SpectrumPlot plot = channel_plot(found, view.side);
        plot.caption = result.table.caption;
        result.picture = svg(plot);
    }
    write(result, to);
    return 0;
}

int ranking(const Arguments& arguments, const Model& model, const ChannelView& view) {
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    require(to.format != Format::Svg, ErrorKind::Usage,
            "a ranking has no picture: name one pair by --from, --to and --kind");
    require(view.side == ChannelSide::Writer, ErrorKind::Usage,
            "a ranking is of the writers' components: for --of name one pair by --from, --to and --kind");
    const ChannelSearch search = search_of(arguments, model.config());
    const ChannelRanking found = strongest_channels(model, search, view.evaluate);
    Result result = result_of(arguments, model);
    add_rows(result.table, channel_ranking_rows(model, found, search, view));
    write(result, to);
    return 0;
}

int run_channels(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const std::vector<Composition> kinds = parse_kinds(arguments.text("--kind", "all"));
    const ChannelView view = view_of(arguments, where);
    const Model model = open_model(arguments, where);
    const std::vector<Head> from = heads_of(arguments, "--from", model.config()),
                            to = heads_of(arguments, "--to", model.config());
    const bool pair = from.size() == 1 && to.size() == 1 && kinds.size() == 1;
    require(pair || !arguments.has("--formula"), ErrorKind::Usage,
            "--formula is of one pair: name it by --from, --to and --kind");
    if (!pair) return ranking(arguments, model, view);
    const ChannelPair chosen{from.front(), to.front(), kinds.front()};
    if (!arguments.has("--formula")) return one_pair(arguments, model, chosen, view);
    check_text_output(arguments, {where});
    write_bytes(arguments.text("--output"), to_text(network_of(model.config(), chosen, view.side,
                                                               options_of(arguments, model.config()).score)));
    return 0;
}

}  // namespace

Verb channels_verb() {
    return {
        .name = "channels",
        .summary = "Through which singular components of their OV heads write what other heads read",
        .usage = "MODEL [options]",
        .positionals = {"MODEL"},
        .groups = {{"Channels",
                    {{"--from", "LIST", "writers: L0H3, L0H*; default all"},
                     {"--to", "LIST", "readers"},
                     {"--kind", "KIND", "what the reader reads with: q, k, v or all (default all)"},
                     {"--of", "END", "of one pair: components of the writer (default), the reader, or both"},
                     {"--tokens", "N", "tokens at the ends of the singular directions, N of each"},
                     {"--embed", "E", "what stands for a token: raw (W_E, default), mlp0 or layer0"},
                     {"--sort", "COLUMN", "rank by excess (default), score, z or contribution"},
                     {"--min-weight", "X", "rank channels of at least this weight only"},
                     rope_offset_flag(),
                     rope_mean_flag(),
                     {"--gap", "X", "singular values closer than this, relatively, are one subspace (1e-4)"},
                     {"--top", "N", "the first N rows only (default of a ranking: 20)"},
                     {"--formula", "",
                      "of one pair: the network of score^2 |M|^2 (--of both: of the cosines)"}}},
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway channels example:attn-only-2l --from L0H3 --to L1H4 --kind k",
                     "headway channels example:attn-only-2l --from L0H3 --to L1H4 --kind k --of both --top 5",
                     "headway channels example:attn-only-2l --kind k --top 10 --min-weight 0.05",
                     "headway channels gpt2/ --to L5H1 --kind k --tokens 5",
                     "headway channels llama/ --from L3H1 --to L7H2 --kind k --rope-offset 1",
                     "headway channels example:attn-only-2l --from L0H3 --to L1H4 --kind k -o channels.svg"},
        .notes =
            "With one head in --from, one in --to and one --kind: all channels of that pair, by singular "
            "value.\n"
            "Otherwise a ranking over all chosen pairs. weight score^2 adds up to the composition score^2.\n"
            "In models with MLPs directions often say more by --embed mlp0 than by the raw rows of W_E.",
        .run = run_channels,
        .picture = "the singular values of one pair, and how much of each component the other end takes"};
}

}  // namespace headway
