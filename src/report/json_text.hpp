// JSON of what results are made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/report/table.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace headway {

using OrderedJson = nlohmann::ordered_json;

/// null where absent or not finite.
OrderedJson json_of(const Cell& cell);
/// The caption, and the rows as objects.
OrderedJson json_of(const Table& table);
OrderedJson json_of(const Config& config);

/// Invalid UTF-8 is repaired; `indent` -1: one line.
std::string json_text(const OrderedJson& value, int indent);

}  // namespace headway
