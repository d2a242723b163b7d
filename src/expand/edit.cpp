// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/edit.hpp"

#include "expand/replace.hpp"
#include "headway/base/error.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace headway {

namespace {

using namespace indices;

// Factors of heads or of components, by number; null: nothing is kept, and nothing is multiplied.
using Kept = std::map<int, Expr>;

// Heads of a layer by their place: query heads on [head(, member)], key-value heads on [head].
class Places {
public:
    Places(const Config& config, PerHead heads)
        : members_(heads == PerHead::Query ? config.group_size() : 1),
          count_(heads == PerHead::Query ? config.n_heads : config.n_kv_heads) {}

    Indices ports() const { return members_ > 1 ? Indices{h, r} : Indices{h}; }
    bool all(const std::set<int>& heads) const { return static_cast<int>(heads.size()) == count_; }
    // All heads, and nothing is kept of them.
    bool whole(const Kept& heads) const {
        return static_cast<int>(heads.size()) == count_ &&
               std::all_of(heads.begin(), heads.end(), [](const auto& each) { return !each.second; });
    }

    // 1 at one head.
    std::vector<Wired> at(int head) const {
        std::vector<Wired> factors{{one_hot(Space::Head, head / members_), {h}}};
        if (members_ > 1) factors.push_back({one_hot(Space::Member, head % members_), {r}});
        return factors;
    }
    // 1 at each of the heads.
    Wired mask(const std::set<int>& heads) const {
        Kept nothing;
        for (const int head : heads) nothing.emplace(head, nullptr);
        return taken(nothing);
    }
    // At each of the heads 1 minus what is kept of it.
    Wired taken(const Kept& heads) const {
        std::vector<WiredTerm> terms;
        for (const auto& [head, factor] : heads) {
            std::vector<Wired> here = at(head);
            terms.push_back({1, {product(here, ports()), ports()}});
            if (factor == nullptr) continue;
            here.push_back({factor, {}});
            terms.push_back({-1, {product(here, ports()), ports()}});
        }
        return {sum(terms, ports()), ports()};
    }
    std::set<int> others(const std::set<int>& heads) const {
        std::set<int> rest;
        for (int head = 0; head < count_; ++head)
            if (!heads.contains(head)) rest.insert(head);
        return rest;
    }
    // `node`, on [head(, member), inner ...], where the head is one of `heads`, and 0 elsewhere.
    WiredTerm only(const std::set<int>& heads, const Expr& node, const Indices& inner) const {
        const Indices whole = ports() + inner;
        if (all(heads)) return {1, {node, whole}};
        return {1, {product({mask(heads), {node, whole}}, whole), whole}};
    }

private:
    int members_;
    int count_;
};

// At each component 1 minus its factor, which is an entry of `factors`: [channel].
Expr taken_components(const std::set<int>& all, const std::set<int>& with_factor, const Expr& factors) {
    const auto at_each = [](const std::set<int>& components) {
        std::vector<WiredTerm> terms;
        for (const int component : components)
            terms.push_back({1, {one_hot(Space::Channel, component), {c}}});
        return sum(terms, {c});
    };
    if (with_factor.empty()) return at_each(all);
    const Expr kept = product({{at_each(with_factor), {c}}, {factors, {c}}}, {c});
    return sum({{1, {at_each(all), {c}}}, {-1, {kept, {c}}}}, {c});
}

// W_O of one head with its components scaled: W_O - W_O V^T diag(1 - f) V.
Expr with_components(const Config& config, Head head, const Edits& edits) {
    std::set<int> all, with_factor;
    for (const ScaledComponents& each : edits.components) {
        if (each.head != head) continue;
        all.insert(each.components.begin(), each.components.end());
        if (each.factor != 0) with_factor.insert(each.components.begin(), each.components.end());
    }
    const Expr weight = head_leaf("W_O", head, config.group_size());
    if (all.empty()) return weight;
    const Expr directions = head_leaf("V_OV", head, config.group_size());
    const Expr chosen =
        taken_components(all, with_factor, head_leaf("component_scale", head, config.group_size()));
    const Expr taken =
        product({{weight, {e, d1}}, {directions, {c, d1}}, {directions, {c, d}}, {chosen, {c}}}, {e, d});
    return sum({{1, {weight, {e, d}}}, {-1, {taken, {e, d}}}}, {e, d});
}

// W_O of the heads of a layer that are touched; of removed ones it is zero.
std::map<int, Expr> touched_weights(const Config& config, int layer, const Edits& edits) {
    std::map<int, Expr> weights;
    for (const ScaledComponents& each : edits.components)
        if (each.head.layer == layer)
            weights.insert_or_assign(each.head.index, with_components(config, each.head, edits));
    for (const ScaledHead& each : edits.heads) {
        if (each.head.layer != layer) continue;
        const Expr weight = with_components(config, each.head, edits);
        const Expr factor = head_leaf("head_scale", each.head, config.group_size());
        weights.insert_or_assign(each.head.index, each.factor == 0
                                                      ? zero({Space::HeadInner, Space::Residual})
                                                      : product({{weight, {e, d}}, {factor, {}}}, {e, d}));
    }
    return weights;
}

PerHead heads_that_read(Reader input) { return input == Reader::Q ? PerHead::Query : PerHead::KeyValue; }

class Editor {
public:
    Editor(const Network& network, const Config& config, const Edits& edits)
        : network_(network), config_(config), edits_(edits) {
        for (const Definition& definition : network.definitions)
            named_.emplace(definition.name, definition.node);
    }

    Network run() {
        for (int layer = 0; layer < config_.n_layers; ++layer) {
            for (const Reader input : {Reader::Q, Reader::K, Reader::V}) change_input(layer, input);
            give_patterns(layer);
            change_weights(layer);
            if (config_.has_mlp()) change_mlp_input(layer);
        }
        return finish();
    }

private:
    // Writers that an input does not read whole, each with the reader whose factor is kept of it; nothing: it
    // is closed.
    using Writers = std::map<Source, std::optional<Head>>;

    const Expr* find(const std::string& name, int layer) const {
        const auto found = named_.find(layer < 0 ? name : fmt::format("{}[L{}]", name, layer));
        return found == named_.end() ? nullptr : &found->second;
    }
    const Expr& at(const std::string& name, int layer = -1) const {
        const Expr* node = find(name, layer);
        require(node != nullptr, ErrorKind::Usage, "the network to be edited does not define {}", name);
        return *node;
    }
    const Expr& stream(int layer) const { return at(fmt::format("x{}", layer)); }

    // `reader`: of K and V the first of the heads that share them.
    Writers writers_to(Reader input, Head reader) const {
        Writers writers;
        const bool shared = input == Reader::K || input == Reader::V;
        for (const ScaledEdge& edge : edits_.edges) {
            Head read_by = edge.reader;
            if (shared) read_by.index -= read_by.index % config_.group_size();
            if (edge.input != input || read_by != reader) continue;
            writers.emplace(edge.writer, edge.factor == 0 ? std::nullopt : std::optional(reader));
        }
        return writers;
    }

    // What is taken from the stream that `input` reads: what the writers of the edited run add to it, or the
    // part of it that is not kept. Ports [position, residual].
    std::vector<WiredTerm> taken(const Writers& writers, Reader input) {
        std::map<int, Kept> heads;
        std::vector<WiredTerm> terms;
        for (const auto& [writer, reader] : writers) {
            const Expr factor = reader ? edge_scale(config_, {writer, input, *reader}) : nullptr;
            if (writer.kind == SourceKind::HeadOutput) {
                heads[writer.layer].emplace(writer.head, factor);
                continue;
            }
            const Expr written = edits_of_.run(at("mlp", writer.layer));
            terms.push_back({1, {written, {q, d}}});
            if (factor != nullptr)
                terms.push_back({-1, {product({{written, {q, d}}, {factor, {}}}, {q, d}), {q, d}}});
        }
        for (const auto& [layer, of_layer] : heads)
            terms.push_back({1, {taken_from_heads(layer, of_layer), {q, d}}});
        return terms;
    }

    // The sum over heads that `attn` makes, over these heads only, each times 1 minus its factor.
    Expr taken_from_heads(int layer, const Kept& heads) {
        const Places places(config_, PerHead::Query);
        Expr written = edits_of_.run(at("attn", layer));
        const auto* sum_over_heads = written->as<Product>();
        if (sum_over_heads != nullptr && !places.whole(heads)) {
            std::vector<Use> factors = sum_over_heads->factors;
            factors.push_back(
                {places.taken(heads).node, head_labels(*sum_over_heads, written->ports().size())});
            written = product(std::move(factors), written->ports(), sum_over_heads->bound);
        }
        if (!config_.norms_after()) return written;
        return product({{written, {q, d}},
                        {edits_of_.run(at("rstd1_post", layer)), {q}},
                        {leaf("ln1_post.w", layer), {d}}},
                       {q, d});
    }

    std::vector<int> head_labels(const Product& product, std::size_t n_ports) const {
        std::vector<int> labels;
        for (const Space space : {Space::Head, Space::Member})
            for (std::size_t i = 0; i < product.bound.size(); ++i)
                if (product.bound[i] == space) labels.push_back(static_cast<int>(n_ports + i));
        invariant(labels.size() == (config_.group_size() > 1 ? 2U : 1U),
                  "attention sums over one head index");
        return labels;
    }

    // What `input` reads in place of `stream`, behind a norm of this scale.
    Replacer reading(const Expr& stream, const Expr* scale, const Writers& writers, Reader input) {
        std::vector<WiredTerm> terms{{1, {edits_of_.run(stream), {q, d}}}};
        for (WiredTerm& term : taken(writers, input))
            terms.push_back({-term.coefficient, std::move(term.wired)});
        Replacer result;
        if (edits_.frozen_norm_scales && scale != nullptr) result.replace(*scale, edits_of_.run(*scale));
        result.replace(stream, sum(terms, {q, d}));
        return result;
    }

    // Queries, keys or values of a layer: each head's own from its own stream. Heads that close the same
    // edges are made together.
    void change_input(int layer, Reader input) {
        const PerHead kind = heads_that_read(input);
        const Places places(config_, kind);
        const int step = kind == PerHead::Query ? 1 : config_.group_size();
        std::map<Writers, std::set<int>> readers;
        for (int head = 0; head < config_.n_heads; head += step)
            if (Writers writers = writers_to(input, {layer, head}); !writers.empty())
                readers[std::move(writers)].insert(head / step);
        if (readers.empty()) return;
        const Expr& side = side_of(input, layer);
        const Indices inner{q, e}, ports = places.ports() + inner;
        std::vector<WiredTerm> terms;
        std::set<int> touched;
        for (const auto& [writers, heads] : readers) {
            const Expr other = reading(stream(layer), find("rstd1", layer), writers, input).run(side);
            terms.push_back(places.only(heads, other, inner));
            touched.insert(heads.begin(), heads.end());
        }
        if (!places.all(touched))
            terms.push_back(places.only(places.others(touched), edits_of_.run(side), inner));
        edits_of_.replace(side, sum(terms, ports));
    }

    // Before a norm of queries and keys, which may be one of all heads together.
    const Expr& side_of(Reader input, int layer) const {
        const char* letter = input == Reader::Q ? "Q" : input == Reader::K ? "K" : "V";
        const Expr* linear = find(std::string(letter) + "_linear", layer);
        return linear != nullptr ? *linear : at(letter, layer);
    }

    void give_patterns(int layer) {
        std::set<int> given;
        for (const Head head : edits_.given_patterns)
            if (head.layer == layer) given.insert(head.index);
        if (given.empty()) return;
        const Places places(config_, PerHead::Query);
        const Expr& pattern = at("A", layer);
        const Indices inner{q, k}, ports = places.ports() + inner;
        std::vector<WiredTerm> terms;
        for (const int head : given) {
            std::vector<Wired> factors = places.at(head);
            factors.push_back({head_leaf("given_pattern", {layer, head}, config_.group_size()), inner});
            terms.push_back({1, {product(factors, ports), ports}});
        }
        if (!places.all(given))
            terms.push_back(places.only(places.others(given), edits_of_.run(pattern), inner));
        edits_of_.replace(pattern, sum(terms, ports));
    }

    void change_weights(int layer) {
        const std::map<int, Expr> touched = touched_weights(config_, layer, edits_);
        for (const auto& [head, weight] : touched)
            edits_of_.replace(head_leaf("W_O", {layer, head}, config_.group_size()), weight);
        if (!touched.empty())
            edits_of_.replace(leaf("W_O", layer, config_.group_size()),
                              edited_output_weight(config_, layer, edits_));
    }

    void change_mlp_input(int layer) {
        const Writers writers = writers_to(Reader::Mlp, {layer, -1});
        if (writers.empty()) return;
        const Expr& read = config_.parallel_block ? stream(layer) : at("mid", layer);
        const Expr* scale = find(config_.shared_norm ? "rstd1" : "rstd2", layer);
        edits_of_.replace(at("mlp", layer), reading(read, scale, writers, Reader::Mlp).run(at("mlp", layer)));
    }

    // The last stream keeps its name and its value, and what is behind it reads another.
    Network finish() {
        Network result;
        const Expr& last = stream(config_.n_layers);
        const Writers writers = writers_to(Reader::Unembed, {-1, -1});
        Replacer behind =
            writers.empty() ? edits_of_ : reading(last, find("rstd_final", -1), writers, Reader::Unembed);
        bool is_behind = false;
        for (const Definition& definition : network_.definitions) {
            Replacer& edits = is_behind ? behind : edits_of_;
            result.definitions.push_back({definition.name, edits.run(definition.node)});
            is_behind = is_behind || definition.node == last;
        }
        result.output = behind.run(network_.output);
        return result;
    }

    const Network& network_;
    const Config& config_;
    const Edits& edits_;
    std::map<std::string, Expr> named_;
    Replacer edits_of_;
};

}  // namespace

bool Edits::empty() const {
    return heads.empty() && components.empty() && edges.empty() && given_patterns.empty();
}

Expr edge_scale(const Config& config, const ScaledEdge& edge) {
    const std::string symbol = fmt::format("edge_scale.{}.{}", label(edge.writer), name(edge.input));
    return edge.reader.index < 0 ? leaf(symbol, edge.reader.layer)
                                 : head_leaf(symbol, edge.reader, config.group_size());
}

Expr edited_output_weight(const Config& config, int layer, const Edits& edits) {
    const Places places(config, PerHead::Query);
    const Expr weight = leaf("W_O", layer, config.group_size());
    const std::map<int, Expr> touched = touched_weights(config, layer, edits);
    if (touched.empty()) return weight;
    std::set<int> heads;
    const Indices inner{e, d}, ports = places.ports() + inner;
    std::vector<WiredTerm> terms;
    for (const auto& [head, own] : touched) {
        std::vector<Wired> factors = places.at(head);
        factors.push_back({own, inner});
        terms.push_back({1, {product(factors, ports), ports}});
        heads.insert(head);
    }
    if (!places.all(heads)) terms.push_back(places.only(places.others(heads), weight, inner));
    return sum(terms, ports);
}

Network edit(const Network& network, const Config& config, const Edits& edits) {
    check_edits(config, edits);
    return edits.empty() ? network : Editor(network, config, edits).run();
}

}  // namespace headway
