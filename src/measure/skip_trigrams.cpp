// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/skip_trigrams.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/head_circuit.hpp"
#include "measure/bigrams.hpp"
#include "measure/row_search.hpp"
#include "measure/trigram_rows.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <numeric>
#include <span>
#include <utility>

namespace headway {

namespace {

constexpr std::size_t block_rows = 256;  // sources whose rows are made together
constexpr std::size_t most_triples = 100000;

std::array<Expr, 2> circuits_of(const Config& config, Head head, int rotary_offset) {
    return {circuit_matrix(config, {.kind = CircuitKind::OV, .heads = {head}}, CircuitEnds::Vocabulary),
            circuit_matrix(config, {.kind = CircuitKind::QK, .heads = {head}, .rotary_offset = rotary_offset},
                           CircuitEnds::Vocabulary)};
}

std::vector<int> whole_vocabulary(const Config& config) {
    std::vector<int> tokens(static_cast<std::size_t>(config.d_vocab));
    std::iota(tokens.begin(), tokens.end(), 0);
    return tokens;
}

/// The search in one head.
template <class T>
class Search {
public:
    Search(const Model& model, Head head, const SkipTrigramOptions& options) : options_(options) {
        const Config& config = model.config();
        const std::vector<int> tokens = whole_vocabulary(config);
        const std::vector<FactoredMatrix<T>> matrices = factor_matrices<T>(
            model, circuits_of(config, head, options.rotary_offset), tokens, tokens, options.evaluate);
        logits_ = sort_columns(without_mean_column(matrices[0]), options.outputs);
        attention_ = sort_columns(without_mean_row(transposed(matrices[1]), config.score_scale(head.layer)),
                                  options.destinations);
        logit_bounds_ = row_bounds(logits_.matrix);
        attention_bounds_ = row_bounds(attention_.matrix);
        order_ = options.sources.empty() ? tokens : options.sources;
        std::ranges::sort(order_);
        order_.erase(std::unique(order_.begin(), order_.end()), order_.end());
        std::ranges::stable_sort(order_, std::greater(), [this](int source) { return bound(source); });
        tiles_.threads = options.evaluate.threads;
    }

    void run(TrigramRows& best, SkipTrigramTable& count) {
        count.sources += order_.size();
        count.all_entries += order_.size() * (logits_.tokens.size() + attention_.tokens.size());
        for (std::size_t at = 0; at < order_.size(); at += block_rows) {
            if (!may_enter(bound(order_[at]), best.threshold())) return;
            const std::size_t end = std::min(at + block_rows, order_.size());
            visit(std::span(order_).subspan(at, end - at), best, count);
            best.settle();
        }
    }

    /// Makes the lists of rows whole: those of the search are of what may have changed the rows.
    void complete(std::vector<SkipTrigramRow>& rows) const {
        for (SkipTrigramRow& row : rows) {
            RowSearch search{.rows = {}, .needs = {}, .tiles = tiles_};
            for (const TokenValue& source : row.sources) search.rows.push_back(source.token);
            const auto destinations = row_tops(attention_, options_.each, search);
            for (const std::vector<TokenValue>& strongest : destinations) {
                std::vector<int>& tokens = row.strongest.emplace_back();
                for (const TokenValue& destination : strongest) tokens.push_back(destination.token);
            }
            if (options_.key != SkipTrigramKey::Source) continue;
            row.destinations = destinations.front();
            row.outputs = row_tops(logits_, options_.each, search).front();
        }
    }

private:
    double bound(int source) const {
        const auto i = static_cast<std::size_t>(source);
        return std::max(attention_bounds_[i], 0.0) * std::max(logit_bounds_[i], 0.0);
    }

    static bool may_enter(double bound, double threshold) { return bound > 0 && bound >= threshold; }

    /// Less than that changes no row. By destination, a row that comes to be good may need any source.
    double needed(const TrigramRows& best) const {
        return options_.key == SkipTrigramKey::Destination ? 0.0 : best.threshold();
    }

    /// What entries of rows must reach, where those of the other circuit reach `others` at most.
    RowSearch asked(std::vector<int> rows, const std::vector<double>& others, double threshold) const {
        RowSearch search{.rows = std::move(rows), .needs = {}, .tiles = tiles_};
        for (const double other : others) search.needs.push_back(other > 0 ? threshold / other : 0.0);
        return search;
    }

    /// OV rows of the block, then QK rows of those that their largest logit still lets in.
    void visit(std::span<const int> block, TrigramRows& best, SkipTrigramTable& count) {
        const double threshold = needed(best);
        std::vector<double> reach;
        for (const int source : block) reach.push_back(attention_bounds_[static_cast<std::size_t>(source)]);
        RowSearch logits = asked({block.begin(), block.end()}, reach, threshold);
        auto outputs = row_tops(logits_, best.wanted(), logits);
        std::vector<TrigramSource> left;
        std::vector<int> tokens;
        std::vector<double> most;
        for (std::size_t i = 0; i < block.size(); ++i) {
            if (outputs[i].empty() || !may_enter(outputs[i].front().value * reach[i], threshold)) continue;
            tokens.push_back(block[i]);
            most.push_back(outputs[i].front().value);
            left.push_back({block[i], {}, std::move(outputs[i])});
        }
        RowSearch attention = asked(std::move(tokens), most, threshold);
        if (!left.empty()) add(left, most, attention, best);
        count.ov_rows += block.size();
        count.qk_rows += left.size();
        count.entries += logits.entries + attention.entries;
    }

    void add(std::vector<TrigramSource>& sources, const std::vector<double>& logits, RowSearch& search,
             TrigramRows& best) const {
        auto destinations = options_.key == SkipTrigramKey::Destination
                                ? row_entries(attention_, logits, best.floors(), search)
                                : row_tops(attention_, best.wanted(), search);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            sources[i].destinations = std::move(destinations[i]);
            best.add(sources[i]);
        }
    }

    const SkipTrigramOptions& options_;
    SortedMatrix<T> logits_;     // a row a source, a column an output
    SortedMatrix<T> attention_;  // a column a destination
    std::vector<double> logit_bounds_, attention_bounds_;
    std::vector<int> order_;
    TileOptions tiles_;
};

template <class T>
SkipTrigramTable search_heads(const Model& model, const std::vector<Head>& heads,
                              const SkipTrigramOptions& options) {
    SkipTrigramTable table;
    for (const Head head : heads) {
        const bool full = !options.per_head && table.rows.size() == options.rows;
        TrigramRows best(options, head, model.config().d_vocab, full ? table.rows.back().score : 0);
        Search<T> search(model, head, options);
        search.run(best, table);
        std::vector<SkipTrigramRow> rows = best.take();
        search.complete(rows);
        std::ranges::move(rows, std::back_inserter(table.rows));
        if (!options.per_head) keep_best(table.rows, options.rows);
    }
    return table;
}

void check_tokens(const Config& config, const std::vector<int>& tokens) {
    for (const int token : tokens)
        require(token >= 0 && token < config.d_vocab, ErrorKind::Usage,
                "there is no token {}: ids are 0 to {}", token, config.d_vocab - 1);
}

std::vector<Head> all_heads(const Config& config) {
    std::vector<Head> heads;
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head) heads.push_back({layer, head});
    return heads;
}

}  // namespace

SkipTrigramTable skip_trigrams(const Model& model, const SkipTrigramOptions& options) {
    require(options.rows > 0 && options.each > 0, ErrorKind::Usage,
            "skip-trigrams: a table has at least one row and names at least one partner");
    require(options.key != SkipTrigramKey::Triple || options.rows <= most_triples, ErrorKind::Limit,
            "skip-trigrams: {} triples are asked for, at most {} are listed", options.rows, most_triples);
    check_tokens(model.config(), options.sources);
    check_tokens(model.config(), options.destinations);
    check_tokens(model.config(), options.outputs);
    const std::vector<Head> heads = options.heads.empty() ? all_heads(model.config()) : options.heads;
    const Model read = embed_through(model, options.embedding, options.evaluate);
    const bool wide = options.evaluate.precision == Precision::Double;
    SkipTrigramTable table =
        wide ? search_heads<double>(read, heads, options) : search_heads<float>(read, heads, options);
    add_bigrams(model, table.rows, options.evaluate);
    return table;
}

std::vector<Expr> skip_trigram_networks(const Config& config, Head head, int rotary_offset) {
    const std::array<Expr, 2> circuits = circuits_of(config, head, rotary_offset);
    return {circuits[0], circuits[1],
            circuit_matrix(config, {.kind = CircuitKind::Direct}, CircuitEnds::Vocabulary)};
}

SkipTrigramKey parse_skip_trigram_key(std::string_view word) {
    const std::vector<std::string> words{"source", "destination", "triple"};
    const auto found = std::ranges::find(words, word);
    if (found != words.end()) return static_cast<SkipTrigramKey>(found - words.begin());
    const std::string near = nearest(word, words);
    throw Error(
        ErrorKind::Usage,
        fmt::format("skip-trigrams are keyed by source, destination or triple, not by {}", quote(word)),
        near.empty() ? "" : fmt::format("did you mean {}?", near));
}

}  // namespace headway
