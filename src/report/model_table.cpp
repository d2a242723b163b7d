// SPDX-License-Identifier: Apache-2.0
#include "headway/report/model_table.hpp"

#include "headway/base/config_names.hpp"
#include "headway/base/text.hpp"
#include "headway/model/load.hpp"
#include "headway/report/tensor_table.hpp"
#include "report/layer_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace headway {

namespace {

std::int64_t parameters(const Model& model) {
    std::int64_t count = 0;
    for (const Leaf& leaf : stored_leaves(model.config())) count += leaf.size();
    return count;
}

std::string rotary_fact(const Rotary& rotary, const Config& config) {
    if (rotary.dims == 0) return "no rotation";
    std::string text = fmt::format("{} of {} dimensions, base {}, pairs {}", rotary.dims, config.d_head,
                                   rotary.theta, rotary.adjacent_pairs ? "(2i, 2i+1)" : "(i, i+d/2)");
    if (rotary.scaling != RotaryScaling::None)
        text += fmt::format(", {} scaling by {}", name(rotary.scaling), rotary.factor);
    if (rotary.scaling == RotaryScaling::Llama3)
        text += fmt::format(" (low {}, high {}, of {} positions)", rotary.low_factor, rotary.high_factor,
                            rotary.original_ctx);
    return text;
}

// What `fact` says of each layer, in one line.
template <class Fact>
std::string of_layers(const Config& config, const Fact& fact) {
    std::vector<std::string> texts;
    for (int layer = 0; layer < config.n_layers; ++layer) texts.push_back(fact(layer));
    return by_layer(texts);
}

std::string positions_fact(const Config& config) {
    if (config.positions == Positions::Alibi) return "alibi: scores fall with distance, slope by head";
    if (config.positions != Positions::Rotary) return std::string(name(config.positions));
    return "rotary: " +
           of_layers(config, [&](int layer) { return rotary_fact(config.rotary_of(layer), config); });
}

std::string window_fact(const Config& config) {
    return of_layers(config, [&](int layer) {
        const int window = config.window_of(layer);
        return window == 0 ? std::string("all positions") : fmt::format("window {}", window);
    });
}

std::string placement_fact(const Config& config) {
    switch (config.norm_placement) {
        case NormPlacement::Before:
            return config.shared_norm ? "one before attention and MLP" : "before each branch";
        case NormPlacement::After:
            return "behind each branch";
        case NormPlacement::Sandwich:
            return "before and behind each branch";
        case NormPlacement::Stream:
            return "on the residual stream, behind each sum";
    }
    return "";
}

std::string norm_fact(const Config& config) {
    if (config.norm == Norm::None) return "none";
    return fmt::format("{} {}, eps {:.6g}{}{}{}", name(config.norm), placement_fact(config), config.norm_eps,
                       config.biases.norm ? ", with bias" : "",
                       config.embed_norm ? ", also behind the embedding" : "",
                       config.final_norm ? ", also before the unembedding" : "");
}

std::string attention_fact(const Config& config) {
    std::string text = fmt::format("{}, scores times {:.6g}", config.causal ? "causal" : "both directions",
                                   config.score_scale(0));
    if (config.scale_by_inverse_layer) text += " / (layer + 1)";
    if (config.score_cap > 0) text += fmt::format(", capped: {0} tanh(score / {0})", config.score_cap);
    if (config.query_key_norm == QueryKeyNorm::Head) text += ", queries and keys normed head by head";
    if (config.query_key_norm == QueryKeyNorm::Layer) text += ", queries and keys normed across the layer";
    return text;
}

// Which query heads read the same keys and values.
std::string sharing_fact(const Config& config) {
    if (config.n_kv_heads == 1) return "all heads of a layer share one";
    constexpr int shown = 4;
    std::string text = "shared by heads";
    for (int group = 0; group < std::min(config.n_kv_heads, shown); ++group)
        text += fmt::format("{} {}-{}", group > 0 ? "," : "", group * config.group_size(),
                            (group + 1) * config.group_size() - 1);
    return config.n_kv_heads > shown ? fmt::format("{}, and so on to {}", text, config.n_heads - 1) : text;
}

std::string unembedding_fact(const Config& config) {
    std::string text = config.tied_unembed ? "tied to the embedding" : "its own";
    if (config.masked_head) text += fmt::format(", behind {} and a norm", name(config.activation));
    if (config.logit_cap > 0) text += fmt::format(", capped: {0} tanh(logit / {0})", config.logit_cap);
    return text;
}

std::string mlp_fact(const Config& config) {
    if (!config.has_mlp()) return "none: attention only";
    return fmt::format("d_mlp {}, {}{}{}", config.d_mlp, name(config.activation),
                       config.gated_mlp ? ", gated" : "",
                       config.parallel_block ? ", beside the attention" : ", behind the attention");
}

std::string bias_fact(const Config& config) {
    std::string text;
    if (config.biases.embed) text += " b_E";
    if (config.biases.query_key_value) text += " b_Q b_K b_V";
    if (config.biases.attention_out) text += " b_O";
    if (config.biases.mlp) text += " b_in b_out";
    if (config.biases.gate) text += " b_gate";
    if (config.biases.norm) text += " ln.b";
    if (config.masked_head) text += " b_head";
    if (config.biases.unembed) text += " b_U";
    return text.empty() ? "none" : text.substr(1);
}

}  // namespace

Table model_facts(const Model& model) {
    const Config& c = model.config();
    const ModelDescription& about = model.description();
    Table table{
        .caption = {}, .columns = {{"fact", ColumnKind::Text}, {"value", ColumnKind::Text}}, .rows = {}};
    const auto add = [&](const char* fact, std::string value) {
        table.rows.push_back({std::string(fact), std::move(value)});
    };
    add("model", about.path);
    add("architecture", c.architecture);
    add("layers", fmt::format("{}", c.n_layers));
    add("heads", fmt::format("{} a layer", c.n_heads));
    if (c.n_kv_heads != c.n_heads)
        add("keys, values", fmt::format("{} a layer, {}", c.n_kv_heads, sharing_fact(c)));
    add("sizes",
        fmt::format("d_model {}, d_head {}, d_vocab {}, n_ctx {}", c.d_model, c.d_head, c.d_vocab, c.n_ctx));
    if (c.embed_scale != 1.0) add("embedding", fmt::format("times {:.6g}", c.embed_scale));
    add("positions", positions_fact(c));
    add("norm", norm_fact(c));
    add("mlp", mlp_fact(c));
    add("biases", bias_fact(c));
    add("attention", attention_fact(c));
    if (!c.layer_attention.empty()) add("attends to", window_fact(c));
    add("unembedding", unembedding_fact(c));
    add("parameters", fmt::format("{}", parameters(model)));
    add("tensors", tensor_counts(about.tensors));
    for (const std::string& line : about.foldings) add("folded", line);
    if (about.foldings.empty()) add("folded", "nothing");
    for (const std::string& line : about.approximations) add("approximated", line);
    if (about.approximations.empty()) add("approximated", "nothing");
    if (c.has_mlp()) add("composition", "of attention heads alone: MLPs between them are left out");
    return table;
}

Table example_rows() {
    Table table;
    table.caption = {
        "The built-in models: example:NAME wherever a model is asked for; example NAME -o FOLDER writes "
        "one."};
    table.columns = {{"model", ColumnKind::Text},      {"layers", ColumnKind::Integer},
                     {"heads", ColumnKind::Integer},   {"d_model", ColumnKind::Integer},
                     {"d_vocab", ColumnKind::Integer}, {"parameters", ColumnKind::Integer}};
    for (const std::string& name : example_names()) {
        const Model model = load_model("example:" + name);
        const Config& c = model.config();
        table.rows.push_back({name, std::int64_t{c.n_layers}, std::int64_t{c.n_heads},
                              std::int64_t{c.d_model}, std::int64_t{c.d_vocab}, parameters(model)});
    }
    return table;
}

}  // namespace headway
