// SPDX-License-Identifier: Apache-2.0
#include "report/json_text.hpp"

#include "headway/base/config_names.hpp"

#include <cmath>
#include <utility>

namespace headway {

namespace {

OrderedJson row_object(const Table& table, const std::vector<Cell>& row) {
    OrderedJson object = OrderedJson::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i].name] = json_of(row[i]);
    return object;
}

OrderedJson json_of(const Rotary& rotary) {
    OrderedJson object{{"dims", rotary.dims}};
    if (rotary.dims == 0) return object;
    object["theta"] = rotary.theta;
    object["adjacent_pairs"] = rotary.adjacent_pairs;
    object["scaling"] = name(rotary.scaling);
    if (rotary.scaling != RotaryScaling::None) object["factor"] = rotary.factor;
    if (rotary.scaling == RotaryScaling::Llama3) {
        object["low_factor"] = rotary.low_factor;
        object["high_factor"] = rotary.high_factor;
        object["original_ctx"] = rotary.original_ctx;
    }
    return object;
}

OrderedJson json_of(const Biases& biases) {
    return {{"query_key_value", biases.query_key_value},
            {"attention_out", biases.attention_out},
            {"mlp", biases.mlp},
            {"gate", biases.gate},
            {"norm", biases.norm},
            {"unembed", biases.unembed},
            {"embed", biases.embed}};
}

void add_positions(OrderedJson& object, const Config& config) {
    const bool rotary = config.positions == Positions::Rotary;
    object["positions"] = name(config.positions);
    if (rotary && config.layer_attention.empty()) object["rotary"] = json_of(config.rotary);
    if (config.layer_attention.empty()) return;
    object["layers"] = OrderedJson::array();
    for (const LayerAttention& layer : config.layer_attention) {
        OrderedJson own{{"window", layer.window}};
        if (rotary) own["rotary"] = json_of(layer.rotary);
        object["layers"].push_back(std::move(own));
    }
}

void add_norms(OrderedJson& object, const Config& config) {
    object["norm"] = name(config.norm);
    if (config.norm != Norm::None) {
        object["norm_placement"] = name(config.norm_placement);
        object["norm_eps"] = config.norm_eps;
        object["shared_norm"] = config.shared_norm;
        object["embed_norm"] = config.embed_norm;
        object["final_norm"] = config.final_norm;
    }
    object["query_key_norm"] = name(config.query_key_norm);
}

}  // namespace

OrderedJson json_of(const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell)) return *text;
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return *integer;
    const auto* number = std::get_if<double>(&cell);
    if (number == nullptr || !std::isfinite(*number)) return nullptr;
    return *number;
}

OrderedJson json_of(const Table& table) {
    OrderedJson rows = OrderedJson::array();
    for (const std::vector<Cell>& row : table.rows) rows.push_back(row_object(table, row));
    return {{"caption", table.caption}, {"rows", std::move(rows)}};
}

OrderedJson json_of(const Config& config) {
    OrderedJson object{{"n_layers", config.n_layers},     {"n_heads", config.n_heads},
                       {"n_kv_heads", config.n_kv_heads}, {"d_model", config.d_model},
                       {"d_head", config.d_head},         {"d_mlp", config.d_mlp},
                       {"n_ctx", config.n_ctx},           {"d_vocab", config.d_vocab}};
    add_positions(object, config);
    add_norms(object, config);
    if (config.has_mlp()) {
        object["activation"] = name(config.activation);
        object["gated_mlp"] = config.gated_mlp;
        object["parallel_block"] = config.parallel_block;
    }
    object["causal"] = config.causal;
    object["score_scale"] = config.score_scale(0);
    object["scale_by_inverse_layer"] = config.scale_by_inverse_layer;
    object["score_cap"] = config.score_cap;
    object["logit_cap"] = config.logit_cap;
    object["embed_scale"] = config.embed_scale;
    object["masked_head"] = config.masked_head;
    object["tied_unembed"] = config.tied_unembed;
    object["biases"] = json_of(config.biases);
    object["folding"] = {{"gains", config.folding.gains},
                         {"centring", config.folding.centring},
                         {"value_bias", config.folding.value_bias}};
    return object;
}

std::string json_text(const OrderedJson& value, int indent) {
    return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string to_jsonl(const Table& table) {
    std::string text;
    for (const std::vector<Cell>& row : table.rows) text += json_text(row_object(table, row), -1) + "\n";
    return text;
}

}  // namespace headway
