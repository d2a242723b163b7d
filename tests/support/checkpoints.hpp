// The checkpoints of the folder `shared`, by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace headway::test {

inline constexpr auto checkpoint_names = std::to_array<const char*>({"bert",
                                                                     "bloom",
                                                                     "falcon",
                                                                     "gemma",
                                                                     "gemma-eps",
                                                                     "gemma2",
                                                                     "gemma3",
                                                                     "gpt-neo",
                                                                     "gpt-neox",
                                                                     "gpt-neox-serial",
                                                                     "gpt2",
                                                                     "gpt2-eps",
                                                                     "gpt2-inverse-layer-scale",
                                                                     "gptj",
                                                                     "llama",
                                                                     "llama-eps",
                                                                     "llama-mha-tied",
                                                                     "llama3-rope",
                                                                     "mistral",
                                                                     "olmo2",
                                                                     "opt",
                                                                     "phi",
                                                                     "phi3",
                                                                     "qwen2",
                                                                     "qwen3",
                                                                     "qwen3-eps",
                                                                     "smollm3",
                                                                     "stablelm",
                                                                     "starcoder2"});

inline std::vector<std::string> checkpoint_list() {
    return {checkpoint_names.begin(), checkpoint_names.end()};
}

inline std::filesystem::path checkpoint(const std::filesystem::path& shared, const std::string& name) {
    return shared / "conformance/checkpoints" / name;
}

/// What GoogleTest calls it: letters, digits and underscores only.
inline std::string checkpoint_label(const testing::TestParamInfo<std::string>& instance) {
    std::string label = instance.param;
    std::ranges::replace(label, '-', '_');
    return label;
}

}  // namespace headway::test
