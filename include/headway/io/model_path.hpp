// Finding a model by name in the local cache of Hugging Face. Nothing is ever downloaded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace headway {

/// The cache folder: $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or
/// $HOME/.cache/huggingface/hub, the first that is set; empty when none is.
std::filesystem::path hugging_face_cache();

/// Where the files of `where` are: `where` itself when it is a path that exists, `example:...` or
/// `random:...`; otherwise the snapshot of the model of that name in `cache`: `gpt2`,
/// `openai-community/gpt2`, with `@` and a branch, tag or (the beginning of a) commit for another revision
/// than main: `EleutherAI/pythia-70m@step1000`. A name without organisation is that model of any
/// organisation, if it is one. Throws Error: Io with what was tried, and the nearest name as a hint; Usage
/// when a name has several meanings.
std::filesystem::path find_model(const std::string& where,
                                 const std::filesystem::path& cache = hugging_face_cache());

/// What a model found at `where` is called: the last part of its name or path that says something.
/// `pythia-70m@step1000`, the folder for `gpt2/model.safetensors`, the file without its extension for others.
std::string model_title(const std::string& where);

}  // namespace headway
