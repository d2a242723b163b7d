// What the commands about heads share: the tokens of a probe, and checkpoints over time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.hpp"
#include "headway/measure/score_network.hpp"
#include "headway/model/series.hpp"

#include <string>
#include <vector>

namespace headway {

/// `--probe`, `--probe-tokens`, `--probe-rows`, `--probe-length`.
FlagGroup probe_flags();

/// The rows of a probe, and where they come from, a sentence; neither without the flags.
struct ProbeTokens {
    std::vector<std::vector<int>> rows = {};
    std::string about = {};
};
/// `where`: whose files name the token that begins a sequence.
ProbeTokens probe_tokens(const Arguments& arguments, const Config& config, const CheckpointStep& where);
/// The same of a command that always probes: drawn without the flags.
ProbeTokens tokens_to_probe(const Arguments& arguments, const Config& config, const CheckpointStep& where);

/// `--rope-offset`, `--rope-mean`, and what they say of scores. Throws Error(Usage): both, or a model without
/// rotary positions.
Flag rope_offset_flag();
Flag rope_mean_flag();
ScoreOptions rotary_score(const Arguments& arguments, const Config& config);

/// Throws Error(Usage) without a MODEL, which only --over does without.
void require_model(const Arguments& arguments);

/// `--over`, `--follow`.
FlagGroup over_flags();
/// The checkpoints of `--over`. Throws Error(Usage) when a MODEL is there as well.
std::vector<CheckpointStep> checkpoints_of(const Arguments& arguments);

/// `heads --over DIR` and `compose --over DIR`.
int heads_over(const Arguments& arguments);
int compose_over(const Arguments& arguments);

}  // namespace headway
