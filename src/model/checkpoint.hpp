// A checkpoint on disk, matched against its architecture: every tensor is consumed, known to be no weight, or
// an error.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "headway/model/load.hpp"
#include "model/architecture.hpp"

#include <filesystem>

namespace headway {

/// Weights with what describes them: their config.json, or the metadata of a GGUF file.
struct CheckpointFiles {
    WeightFiles weights;
    Json config;
    ConfigSource source = ConfigSource::ConfigJson;
    std::string name;
    std::string path;
    std::vector<ModelFile> noted;  // the weights' files and the config's, as they are now
};

/// The files of a folder, a weights file or an index. Throws Error: Io, Malformed, Usage, Unsupported.
CheckpointFiles open_checkpoint(const std::string& where, const LoadOptions& options);

/// The model in them. Throws Error: see load_model.
Model model_from_checkpoint(const CheckpointFiles& files, const LoadOptions& options);

}  // namespace headway
