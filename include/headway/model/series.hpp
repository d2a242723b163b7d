// The checkpoints of one training run in a folder, by the step in their names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace headway {

/// A checkpoint: what `load_model` is to be given, and the config that goes with it.
struct CheckpointStep {
    std::int64_t step = 0;
    std::string where;
    std::filesystem::path config;  ///< LoadOptions::config; empty: the checkpoint's own
};

/// The weights files and folders of weights in `folder`, by step: the last number in the name without its
/// extension (`step01500.safetensors`, `checkpoint-1500/`). Entries without a number, and files that are no
/// weights, are passed over. A checkpoint without a config.json of its own has that of `folder`, or else of
/// the folder above; with `config` all have that one.
/// Throws Error: Io (no such folder), Unsupported (no checkpoints, two of one step, no config.json).
std::vector<CheckpointStep> checkpoint_series(const std::filesystem::path& folder,
                                              const std::filesystem::path& config = {});

}  // namespace headway
