// A model as files that load_model reads back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/progress.hpp"
#include "headway/io/dtype.hpp"
#include "headway/model/model.hpp"

#include <filesystem>
#include <functional>
#include <string_view>

namespace headway {

/// What the tensors of saved files are called.
enum class SavedNames {
    TransformerLens,  ///< `blocks.0.attn.W_Q`; config.json in its keys and `headway`
    Own,              ///< as in the model's own files, in the same layout, with its own config.json
    HuggingFace       ///< as the architecture that `SaveOptions::config` names has them
};

/// `transformer-lens`, `own` or `hugging-face`. Throws Error(Usage) with the nearest.
SavedNames parse_saved_names(std::string_view name);

struct SaveOptions {
    SavedNames names = SavedNames::TransformerLens;
    std::filesystem::path config{};  ///< for names of Hugging Face: the config.json to be written
    DType dtype = DType::F32;        ///< of every weight: F32, F16, BF16, F64
    Progress* progress = nullptr;    ///< its work: bytes to be written
    std::function<void()> between =
        {};  ///< called between tensors; what it throws ends the saving without a trace
};

/// Writes `model.safetensors` and `config.json` into `folder`, which is made when it is not there; each file
/// whole or not at all. One weight at a time is in memory. f32 and wider files read back to the same float
/// leaves. Throws Error: Io; Numeric (too large for f16); Unsupported when something is folded into the
/// weights, since no file says so, for own names of a model that has no config.json, and for a config of
/// another model; OutputIsInput.
void save_model(const Model& model, const std::filesystem::path& folder, const SaveOptions& options = {});

}  // namespace headway
