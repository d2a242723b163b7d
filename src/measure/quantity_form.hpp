// Forms of names of quantities, in files by what they are of, and the words that names are made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/measure/quantity.hpp"
#include "headway/measure/score_network.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace headway {

/// `name:of`. `make` reads what stands behind the colon.
struct QuantityForm {
    const char* name;
    const char* of;
    Quantity (*make)(const Config&, std::string_view of, int probe_length);
};

std::span<const QuantityForm> pair_quantities();   ///< q, k, v, edge, channel, direction
std::span<const QuantityForm> token_quantities();  ///< neuron, neuron-key, neuron-gate, trigram

/// W_E W_U less the mean of each row.
Quantity direct_above_mean(const Config& config);

/// The words throw Error(Usage) that shows them.
Head head_named(std::string_view text, const Config& config);
/// 0 or more, below `limit`; `what` counts them: `component`.
int number_named(std::string_view text, const char* what, int limit);
/// `3`: at that offset; `0-64`: over these.
ScoreOptions offsets_named(std::string_view text, const Config& config);

/// The text in front of the first `mark`, and what is behind it where there is one.
std::pair<std::string_view, std::optional<std::string_view>> cut_at(std::string_view text, char mark);

/// A network with its first port held at `place`.
Expr held_at(const Expr& network, int place);

}  // namespace headway
