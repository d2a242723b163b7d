// Architectures as data: which tensors a checkpoint has, which leaf each one is and how it lies in it, and
// how config.json becomes a Config. One short file each in architectures/; the build lists them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/error.hpp"
#include "headway/io/json.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A leaf in a file; `tensor` is a name as in pattern.hpp: `[model.]layers.{}.self_attn.q_proj.weight`.
struct TensorRule {
    std::string_view leaf;
    std::string_view tensor;
    std::string_view layout;  ///< see layout.hpp
    int part = 0;             ///< of a fused tensor
    double plus = 0.0;        ///< added to every element: a gain stored as gain - 1
};

/// What a config may ask of the file that it describes; `{}` is layer 0.
struct FileTensors {
    std::function<std::optional<std::vector<std::int64_t>>(std::string_view pattern)>
        shape;                                                            ///< if it is there
    std::function<std::vector<double>(std::string_view pattern)> values;  ///< empty if it is not
    bool has(std::string_view pattern) const { return shape(pattern).has_value(); }
};

/// What a config.json says.
struct ConfigReading {
    Config config;
    bool unit_gains = false;                ///< norms without gains in the file: ones stand for them
    std::span<const TensorRule> tensors{};  ///< instead of the architecture's, when one has several layouts
    std::vector<std::string> notes{};       ///< what a user has to know
};

/// Where an architecture's config comes from.
enum class ConfigSource { ConfigJson, Gguf };

/// Lists of words in one text are separated by spaces.
struct Architecture {
    std::string_view name;           ///< Config::architecture, `model_type`; `general.architecture` in GGUF
    std::string_view other_names{};  ///< more of these, and class names
    std::span<const TensorRule> tensors;          ///< of several rules of a leaf the first that fits
    std::span<const std::string_view> ignored{};  ///< patterns of tensors that are no weights
    ConfigReading (*config)(const Json&, const FileTensors&);
    std::string_view features{};  ///< keys of features.hpp that `config` reads
    std::string_view wrappers{};  ///< prefixes that are taken from names first
    std::string_view key{};       ///< a key by which a config without model_type is known
    ConfigSource source = ConfigSource::ConfigJson;
};

/// All of them, by name: the files in architectures/.
std::span<const Architecture* const> all_architectures();

/// The architecture that a config.json or GGUF metadata names. Throws Error(Unsupported) that lists those
/// there are, or names what is missing.
const Architecture& find_architecture(const Json& config, ConfigSource source);
/// The architecture of this name, of config.json. Must exist.
const Architecture& architecture_named(std::string_view name);

/// Reads the config for this architecture and checks that its sizes agree with each other.
/// Throws Error(Unsupported).
ConfigReading read_config(const Architecture& architecture, const Json& config, const FileTensors& file);

/// Throws Error of `kind` for more than 100,000 layers. To be called before anything is made for each of
/// them.
void check_layers(int n_layers, const std::string& where, ErrorKind kind);

/// Checks that sizes are positive and agree. `where` begins the messages. Throws Error of `kind`.
void check_config(const Config& config, const std::string& where, ErrorKind kind);

/// Whether `word` is one of those that spaces separate.
bool contains_word(std::string_view words, std::string_view word);

}  // namespace headway
