// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/expand/edit_text.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace headway {

namespace {

void require_layer(const Config& config, int layer) {
    require(layer >= 0 && layer < config.n_layers, ErrorKind::Unsupported,
            "there is no layer {}: the model has layers 0 to {}", layer, config.n_layers - 1);
}

void require_head(const Config& config, Head head) {
    require_layer(config, head.layer);
    require(head.index >= 0 && head.index < config.n_heads, ErrorKind::Unsupported,
            "there is no head {}: layer {} has heads 0 to {}", label(head), head.layer, config.n_heads - 1);
}

void require_mlp(const Config& config, int layer) {
    require_layer(config, layer);
    require(config.has_mlp(), ErrorKind::Unsupported, "there is no mlp{}: the model has attention only",
            layer);
}

// Each head, component and edge has one factor.
class GivenFactors {
public:
    void give(const std::string& what, double factor) {
        require(std::isfinite(factor), ErrorKind::Usage, "the factor of {} is not finite", what);
        const auto [known, fresh] = known_.emplace(what, factor);
        require(fresh, ErrorKind::Usage, "{} is given twice, with the factors {} and {}", what, known->second,
                factor);
    }

private:
    std::map<std::string, double> known_;
};

void check_heads(const Config& config, const Edits& edits) {
    GivenFactors factors;
    for (const ScaledHead& each : edits.heads) {
        require_head(config, each.head);
        factors.give(label(each.head), each.factor);
    }
    std::set<Head> patterns;
    for (const Head head : edits.given_patterns) {
        require_head(config, head);
        require(patterns.insert(head).second, ErrorKind::Usage, "the pattern of {} is given twice",
                label(head));
    }
    for (const ScaledComponents& each : edits.components) {
        require_head(config, each.head);
        for (const int component : each.components) {
            require(component >= 0 && component < config.d_head, ErrorKind::Usage,
                    "{} has no component {}: a head has components 0 to {}", label(each.head), component,
                    config.d_head - 1);
            factors.give(label(ScaledComponents{each.head, {component}}), each.factor);
        }
    }
    if (!edits.components.empty() && config.norms_after() && config.folding.gains)
        throw Error(ErrorKind::Unsupported,
                    "components of a head are not edited in a model with norms behind its branches: folded, "
                    "the components have the norm's gain in them, which stands between W_O and the stream",
                    "--no-fold: the components of W_V W_O alone");
}

void check_edge(const Config& config, const ScaledEdge& edge) {
    const bool from_head = edge.writer.kind == SourceKind::HeadOutput;
    require(from_head || edge.writer.kind == SourceKind::Mlp, ErrorKind::Usage,
            "{}: edges of heads and MLPs can be edited", label(edge));
    if (from_head)
        require_head(config, {edge.writer.layer, edge.writer.head});
    else
        require_mlp(config, edge.writer.layer);
    if (edge.input == Reader::Unembed) return;
    const bool to_mlp = edge.input == Reader::Mlp;
    if (to_mlp)
        require_mlp(config, edge.reader.layer);
    else
        require_head(config, edge.reader);
    // An MLP reads the heads of its own layer, but in a parallel block.
    const bool own = from_head && to_mlp && !config.parallel_block;
    require(edge.writer.layer < edge.reader.layer + (own ? 1 : 0), ErrorKind::Usage,
            "{}: the reader does not see what the writer writes", label(edge));
}

// Heads that share keys and values share the edges into them, with one factor.
void check_edges(const Config& config, const std::vector<ScaledEdge>& edges) {
    GivenFactors factors;
    std::map<ScaledEdge, ScaledEdge> shared;
    for (const ScaledEdge& edge : edges) {
        check_edge(config, edge);
        factors.give(label(edge), edge.factor);
        if (edge.input != Reader::K && edge.input != Reader::V) continue;
        ScaledEdge of_group = edge;
        of_group.reader.index /= config.group_size();
        of_group.factor = 0;
        const ScaledEdge& first = shared.emplace(of_group, edge).first->second;
        require(first.factor == edge.factor, ErrorKind::Usage,
                "{} and {} share {}: one edge, which is given the factors {} and {}", label(first.reader),
                label(edge.reader), edge.input == Reader::K ? "keys" : "values", first.factor, edge.factor);
    }
}

// Groups of heads that share keys and values into which an edge is edited: `L1H{4,5}`.
std::string shared_readers(const Config& config, const Edits& edits) {
    std::set<std::pair<int, int>> groups;
    for (const ScaledEdge& edge : edits.edges)
        if (edge.input == Reader::K || edge.input == Reader::V)
            groups.insert({edge.reader.layer, edge.reader.index / config.group_size()});
    std::string text;
    for (const auto& [layer, group] : groups) {
        std::vector<int> heads;
        for (int member = 0; member < config.group_size(); ++member)
            heads.push_back(group * config.group_size() + member);
        text += fmt::format("{}L{}H{}", text.empty() ? "" : ", ", layer, number_set(heads));
    }
    return text;
}

template <class List, class Text>
std::string joined(const List& list, const Text& text) {
    std::string result;
    for (const auto& each : list) result += (result.empty() ? "" : ", ") + text(each);
    return result;
}

template <class T>
std::vector<T> those(const std::vector<T>& all, bool removed) {
    std::vector<T> result;
    for (const T& each : all)
        if ((each.factor == 0) == removed) result.push_back(each);
    return result;
}

std::string scaled_by(const auto& each, const std::string& what) {
    return fmt::format("{} by {}", what, each.factor);
}

void add_heads_in_words(const Config& config, const Edits& edits, std::vector<std::string>& notes) {
    const std::string_view bias = !config.biases.query_key_value ? ""
                                  : config.folding.value_bias    ? " but for b_V, which is folded into b_O"
                                                                 : ", b_V included";
    if (const auto removed = those(edits.heads, true); !removed.empty())
        notes.push_back(fmt::format("Removed: {}: all that the head writes{}.",
                                    joined(removed, [](const auto& each) { return label(each.head); }),
                                    bias));
    if (const auto scaled = those(edits.heads, false); !scaled.empty())
        notes.push_back(fmt::format(
            "Scaled: {}: all that the head writes{}.",
            joined(scaled, [](const auto& each) { return scaled_by(each, label(each.head)); }), bias));
}

void add_components_in_words(const Edits& edits, std::vector<std::string>& notes) {
    constexpr const char* directions =
        "v the singular directions that W_V W_O writes, numbered from the largest";
    if (const auto removed = those(edits.components, true); !removed.empty())
        notes.push_back(fmt::format("Components removed: {}: W_O becomes W_O (1 - Σ v vᵀ), {}.",
                                    joined(removed, [](const auto& each) { return label(each); }),
                                    directions));
    if (const auto scaled = those(edits.components, false); !scaled.empty())
        notes.push_back(fmt::format(
            "Components scaled: {}: W_O becomes W_O (1 - Σ (1 - f) v vᵀ), f the factor, {}.",
            joined(scaled, [](const auto& each) { return scaled_by(each, label(each)); }), directions));
}

void add_edges_in_words(const Edits& edits, std::vector<std::string>& notes) {
    const auto itself = [](const std::string& text) { return text; };
    const auto number = [](const auto& edges) {
        return fmt::format("{} edge{}", edges.size(), edges.size() == 1 ? "" : "s");
    };
    if (const auto closed = those(edits.edges, true); !closed.empty())
        notes.push_back(fmt::format(
            "Closed ({}): {}. The input is read from the stream without what the writer writes there in "
            "this run; all that follows is recomputed.",
            number(closed), joined(edge_texts(closed), itself)));
    if (const auto scaled = those(edits.edges, false); !scaled.empty())
        notes.push_back(fmt::format(
            "Scaled ({}): {}. The input is read from the stream with the factor on what the writer writes "
            "there in this run; all that follows is recomputed.",
            number(scaled), joined(edge_texts(scaled), itself)));
}

}  // namespace

std::vector<std::string> edit_conditions(const Config& config, const Edits& edits) {
    std::vector<std::string> notes;
    if (edits.edges.empty()) return notes;
    const char* how = those(edits.edges, false).empty()  ? "closed"
                      : those(edits.edges, true).empty() ? "scaled"
                                                         : "closed or scaled";
    const bool reads_norm = std::any_of(edits.edges.begin(), edits.edges.end(), [&](const auto& edge) {
        return edge.input == Reader::Unembed ? config.norm != Norm::None && config.final_norm
                                             : config.norms_before();
    });
    if (reads_norm)
        notes.push_back(
            edits.frozen_norm_scales
                ? fmt::format("Norm scales in front of {} inputs: those of the whole stream.", how)
                : fmt::format("Norm scales in front of {} inputs are recomputed.", how));
    const bool read_heads = std::any_of(edits.edges.begin(), edits.edges.end(), [](const auto& edge) {
        return edge.input == Reader::Q || edge.input == Reader::K;
    });
    if (read_heads && config.query_key_norm != QueryKeyNorm::None)
        notes.push_back("The norms of queries and keys are recomputed.");
    const std::string shared = config.group_size() > 1 ? shared_readers(config, edits) : std::string();
    if (!shared.empty())
        notes.push_back(fmt::format(
            "Heads that share keys and values, {}: an edge into K or V of one is {} for all of them.", shared,
            how));
    return notes;
}

void check_edits(const Config& config, const Edits& edits) {
    check_heads(config, edits);
    require(
        edits.edges.empty() || !config.norms_stream(), ErrorKind::Unsupported,
        "edges are not edited in a model with norms on its residual stream: behind them what a head wrote "
        "is no summand of the stream");
    check_edges(config, edits.edges);
}

std::vector<std::string> edit_notes(const Config& config, const Edits& edits) {
    std::vector<std::string> notes;
    add_heads_in_words(config, edits, notes);
    add_components_in_words(edits, notes);
    add_edges_in_words(edits, notes);
    for (std::string& condition : edit_conditions(config, edits)) notes.push_back(std::move(condition));
    if (!edits.given_patterns.empty())
        notes.push_back(fmt::format("Attention pattern given: {}.",
                                    joined(edits.given_patterns, [](Head head) { return label(head); })));
    return notes;
}

}  // namespace headway
