// SPDX-License-Identifier: Apache-2.0
#include "headway/report/model_table.hpp"

#include "headway/base/text.hpp"
#include "headway/model/load.hpp"
#include "report/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace headway {

namespace {

std::int64_t parameters(const Model& model) {
    std::int64_t count = 0;
    for (const Leaf& leaf : stored_leaves(model.config())) count += leaf.size();
    return count;
}

const char* word(TensorUse::Status status) {
    switch (status) {
        case TensorUse::Status::Consumed:
            return "consumed";
        case TensorUse::Status::Ignored:
            return "ignored";
        case TensorUse::Status::Unknown:
            return "unknown";
    }
    return "";
}

std::string positions_fact(const Config& config) {
    if (config.positions != Positions::Rotary) return word(config.positions);
    return fmt::format("rotary: {} of {} dimensions, base {}, pairs {}", config.rotary.dims, config.d_head,
                       config.rotary.theta, config.rotary.adjacent_pairs ? "(2i, 2i+1)" : "(i, i+d/2)");
}

std::string norm_fact(const Config& config) {
    if (config.norm == Norm::None) return "none";
    return fmt::format("{}, eps {}{}{}", word(config.norm), config.norm_eps,
                       config.biases.norm ? ", with bias" : "",
                       config.final_norm ? ", also before the unembedding" : "");
}

std::string mlp_fact(const Config& config) {
    if (!config.has_mlp()) return "none: attention only";
    return fmt::format("d_mlp {}, {}{}{}", config.d_mlp, word(config.activation),
                       config.gated_mlp ? ", gated" : "",
                       config.parallel_block ? ", beside the attention" : ", behind the attention");
}

std::string bias_fact(const Config& config) {
    std::string text;
    if (config.biases.query_key_value) text += " b_Q b_K b_V";
    if (config.biases.attention_out) text += " b_O";
    if (config.biases.mlp) text += " b_in b_out";
    if (config.biases.norm) text += " ln.b";
    if (config.biases.unembed) text += " b_U";
    return text.empty() ? "none" : text.substr(1);
}

std::string tensor_fact(const std::vector<TensorUse>& tensors) {
    std::array<std::size_t, 3> count{};
    for (const TensorUse& use : tensors) ++count[static_cast<std::size_t>(use.status)];
    return fmt::format("{} consumed, {} ignored, {} unknown", count[0], count[1], count[2]);
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
    add("heads", c.n_kv_heads == c.n_heads
                     ? fmt::format("{} a layer", c.n_heads)
                     : fmt::format("{} a layer, {} key-value heads", c.n_heads, c.n_kv_heads));
    add("sizes",
        fmt::format("d_model {}, d_head {}, d_vocab {}, n_ctx {}", c.d_model, c.d_head, c.d_vocab, c.n_ctx));
    add("positions", positions_fact(c));
    add("norm", norm_fact(c));
    add("mlp", mlp_fact(c));
    add("biases", bias_fact(c));
    add("attention",
        fmt::format("{}, scores times {}", c.causal ? "causal" : "both directions", c.score_scale(0)) +
            (c.scale_by_inverse_layer ? " / (layer + 1)" : ""));
    add("unembedding", c.tied_unembed ? "tied to the embedding" : "its own");
    add("parameters", fmt::format("{}", parameters(model)));
    add("tensors", tensor_fact(about.tensors));
    for (const std::string& line : about.foldings) add("folded", line);
    if (about.foldings.empty()) add("folded", "nothing");
    for (const std::string& line : about.approximations) add("approximated", line);
    if (about.approximations.empty()) add("approximated", "nothing");
    return table;
}

Table tensor_rows(const Model& model) {
    Table table;
    table.columns = {{"tensor", ColumnKind::Text},
                     {"dtype", ColumnKind::Text},
                     {"shape", ColumnKind::Text},
                     {"status", ColumnKind::Text},
                     {"leaves", ColumnKind::Text}};
    for (const TensorUse& use : model.description().tensors)
        table.rows.push_back(
            {use.name, use.dtype, shape_text(use.shape), std::string(word(use.status)), use.leaves});
    table.caption.push_back(
        fmt::format("{}: {}.", escaped(model.name()), tensor_fact(model.description().tensors)));
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
