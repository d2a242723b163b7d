// Architectures as data: which tensors a checkpoint has, which leaf each one is and how it lies in it, and how config.json
// becomes a Config. One short file each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/error.hpp"
#include "headway/io/json.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A leaf in a file. `tensor` is a name with `{}` for the layer; `[..]` around a prefix that some files leave out.
struct TensorRule {
    std::string_view leaf;
    std::string_view tensor;
    std::string_view layout;  ///< see layout.hpp
    int part = 0;             ///< of a fused tensor
};

/// Whether the file has a tensor; patterns as in TensorRule, `{}` is layer 0.
using HasTensor = std::function<bool(std::string_view pattern)>;

/// What a config.json says.
struct ConfigReading {
    Config config;
    bool unit_gains =
        false;  ///< norms without gains of their own: the file's are folded already, ones stand for them
};

struct Architecture {
    std::string_view name;                ///< Config::architecture, and `model_type` in config.json
    std::string_view class_name;          ///< in `architectures`, for configs without model_type
    std::span<const TensorRule> tensors;  ///< several rules of one leaf: the first whose tensor is there
    std::span<const std::string_view> ignored;  ///< tensors that are no weights: masks, tables
    ConfigReading (*config)(const Json&, const HasTensor&);
};

extern const Architecture gpt2;
extern const Architecture llama;
extern const Architecture transformer_lens;

/// The architecture that a config.json names. Throws Error(Unsupported) that lists those there are.
const Architecture& find_architecture(const Json& config);

/// Reads config.json for this architecture and checks that its sizes agree with each other.
/// Throws Error(Unsupported).
ConfigReading read_config(const Architecture& architecture, const Json& config, const HasTensor& has);

/// Checks that sizes are positive and agree. `where` begins the messages. Throws Error of `kind`.
void check_config(const Config& config, const std::string& where, ErrorKind kind);

/// Throws Error(Unsupported) unless the key is absent, null, false, zero or an empty list: a feature that is not represented.
void refuse(const Json& config, std::string_view key, std::string_view why);

/// `config.json: "eps"`, whether the key is there or not.
std::string where(const Json& config, std::string_view key);

/// The activation of this name (Hugging Face's or TransformerLens's). Throws Error(Unsupported) that lists them.
Activation read_activation(const Json& config, std::string_view key);

/// The layer where `name` is the pattern with a number for `{}`: -1 when the pattern has no layer, -2 when it does not match.
/// The prefix in brackets may be absent from `name`.
int match_pattern(std::string_view pattern, std::string_view name);
inline constexpr int no_match = -2;

/// The name for a layer, with or without the prefix in brackets.
std::string tensor_name(std::string_view pattern, int layer, bool with_prefix);

}  // namespace headway
