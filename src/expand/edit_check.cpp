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

// Each head once.
class Once {
public:
    void operator()(Head head, const char* what) {
        require(seen_.insert(head).second, ErrorKind::Usage, "{} of {} is given twice", what, label(head));
    }

private:
    std::set<Head> seen_;
};

void check_heads(const Config& config, const Edits& edits) {
    Once factor, components, pattern;
    for (const Head head : edits.removed) {
        require_head(config, head);
        factor(head, "the factor");
    }
    for (const ScaledHead& each : edits.scaled) {
        require_head(config, each.head);
        require(std::isfinite(each.factor), ErrorKind::Usage, "the factor of {} is not finite",
                label(each.head));
        factor(each.head, "the factor");
    }
    for (const Head head : edits.given_patterns) {
        require_head(config, head);
        pattern(head, "the pattern");
    }
    for (const RemovedComponents& each : edits.components) {
        require_head(config, each.head);
        components(each.head, "the components");
        for (const int component : each.components)
            require(component >= 0 && component < config.d_head, ErrorKind::Usage,
                    "{} has no component {}: a head has components 0 to {}", label(each.head), component,
                    config.d_head - 1);
        const auto repeated = std::set<int>(each.components.begin(), each.components.end());
        require(repeated.size() == each.components.size(), ErrorKind::Usage,
                "a component of {} is given twice", label(each.head));
    }
    require(edits.components.empty() || !config.norms_after(), ErrorKind::Unsupported,
            "components of a head are not removed from a model with norms behind its branches: their gain "
            "stands between W_O and the stream");
}

void check_edge(const Config& config, const ClosedEdge& edge) {
    const bool from_head = edge.writer.kind == SourceKind::HeadOutput;
    require(from_head || edge.writer.kind == SourceKind::Mlp, ErrorKind::Usage,
            "{}: edges of heads and MLPs can be closed", label(edge));
    if (from_head)
        require_head(config, {edge.writer.layer, edge.writer.head});
    else
        require_mlp(config, edge.writer.layer);
    if (edge.input == EdgeInput::Unembed) return;
    const bool to_mlp = edge.input == EdgeInput::Mlp;
    if (to_mlp)
        require_mlp(config, edge.reader.layer);
    else
        require_head(config, edge.reader);
    // An MLP reads the heads of its own layer, but in a parallel block.
    const bool own = from_head && to_mlp && !config.parallel_block;
    require(edge.writer.layer < edge.reader.layer + (own ? 1 : 0), ErrorKind::Usage,
            "{}: the reader does not see what the writer writes", label(edge));
}

// Groups of heads that share keys and values into which an edge is closed: `L1H{4,5}`.
std::string shared_readers(const Config& config, const Edits& edits) {
    std::set<std::pair<int, int>> groups;
    for (const ClosedEdge& edge : edits.closed)
        if (edge.input == EdgeInput::K || edge.input == EdgeInput::V)
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

std::string closed_in_words(const Edits& edits) {
    return fmt::format(
        "Closed ({} edge{}): {}. The input is read from the stream without what the writer writes there in "
        "this run; all that follows is recomputed.",
        edits.closed.size(), edits.closed.size() == 1 ? "" : "s",
        joined(edge_texts(edits.closed), [](const std::string& text) { return text; }));
}

}  // namespace

std::vector<std::string> edit_conditions(const Config& config, const Edits& edits) {
    std::vector<std::string> notes;
    if (edits.closed.empty()) return notes;
    const bool reads_norm = std::any_of(edits.closed.begin(), edits.closed.end(), [&](const auto& edge) {
        return edge.input == EdgeInput::Unembed ? config.norm != Norm::None && config.final_norm
                                                : config.norms_before();
    });
    if (reads_norm)
        notes.push_back(edits.frozen_norm_scales
                            ? "Norm scales in front of closed inputs: those of the whole stream."
                            : "Norm scales in front of closed inputs are recomputed.");
    const bool read_heads = std::any_of(edits.closed.begin(), edits.closed.end(), [](const auto& edge) {
        return edge.input == EdgeInput::Q || edge.input == EdgeInput::K;
    });
    if (read_heads && config.query_key_norm != QueryKeyNorm::None)
        notes.push_back("The norms of queries and keys are recomputed.");
    const std::string shared = config.group_size() > 1 ? shared_readers(config, edits) : std::string();
    if (!shared.empty())
        notes.push_back(fmt::format(
            "Heads that share keys and values, {}: an edge into K or V of one is closed for all of them.",
            shared));
    return notes;
}

void check_edits(const Config& config, const Edits& edits) {
    check_heads(config, edits);
    require(
        edits.closed.empty() || !config.norms_stream(), ErrorKind::Unsupported,
        "edges are not closed in a model with norms on its residual stream: behind them what a head wrote "
        "is no summand of the stream");
    for (const ClosedEdge& edge : edits.closed) check_edge(config, edge);
}

std::vector<std::string> edit_notes(const Config& config, const Edits& edits) {
    std::vector<std::string> notes;
    const auto label_of = [](Head head) { return label(head); };
    const std::string_view bias = !config.biases.query_key_value ? ""
                                  : config.folding.value_bias    ? " but for b_V, which is folded into b_O"
                                                                 : ", b_V included";
    if (!edits.removed.empty())
        notes.push_back(
            fmt::format("Removed: {}: all that the head writes{}.", joined(edits.removed, label_of), bias));
    if (!edits.scaled.empty())
        notes.push_back(fmt::format(
            "Scaled: {}: all that the head writes{}.",
            joined(edits.scaled,
                   [](const auto& each) { return fmt::format("{} by {}", label(each.head), each.factor); }),
            bias));
    if (!edits.components.empty())
        notes.push_back(fmt::format(
            "Components removed: {}: W_O becomes W_O (1 - Σ v vᵀ), v the singular directions that W_V W_O "
            "writes, numbered from the largest.",
            joined(edits.components, [](const auto& each) { return label(each); })));
    if (!edits.closed.empty()) notes.push_back(closed_in_words(edits));
    for (std::string& condition : edit_conditions(config, edits)) notes.push_back(std::move(condition));
    if (!edits.given_patterns.empty())
        notes.push_back(fmt::format("Attention pattern given: {}.", joined(edits.given_patterns, label_of)));
    return notes;
}

}  // namespace headway
