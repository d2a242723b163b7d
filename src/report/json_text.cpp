// SPDX-License-Identifier: Apache-2.0
#include "report/json_text.hpp"

#include "report/words.hpp"

#include <cmath>

namespace headway {

namespace {

OrderedJson row_object(const Table& table, const std::vector<Cell>& row) {
    OrderedJson object = OrderedJson::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i].name] = json_of(row[i]);
    return object;
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
    OrderedJson object{
        {"n_layers", config.n_layers}, {"n_heads", config.n_heads}, {"n_kv_heads", config.n_kv_heads},
        {"d_model", config.d_model},   {"d_head", config.d_head},   {"d_mlp", config.d_mlp},
        {"n_ctx", config.n_ctx},       {"d_vocab", config.d_vocab}, {"positions", word(config.positions)},
        {"norm", word(config.norm)}};
    if (config.norm != Norm::None) {
        object["norm_eps"] = config.norm_eps;
        object["final_norm"] = config.final_norm;
    }
    if (config.positions == Positions::Rotary)
        object["rotary"] = {{"dims", config.rotary.dims},
                            {"theta", config.rotary.theta},
                            {"adjacent_pairs", config.rotary.adjacent_pairs}};
    if (config.has_mlp()) {
        object["activation"] = word(config.activation);
        object["gated_mlp"] = config.gated_mlp;
        object["parallel_block"] = config.parallel_block;
    }
    object["tied_unembed"] = config.tied_unembed;
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
