// Getting a model: from weights files of a known architecture, from the built-in examples, or at random.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/progress.hpp"
#include "headway/model/model.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

struct LoadOptions {
    Folding fold = {
        .gains = true, .centring = true, .value_bias = false};  ///< done as far as exact: folding_for
    bool allow_unknown = false;      ///< go on past tensors that the architecture does not have
    bool allow_nonfinite = false;    ///< go on with NaN and infinite weights
    std::uint64_t seed = 0;          ///< of `random:`
    std::filesystem::path config{};  ///< instead of the config.json beside the weights
    Progress* progress{};  ///< told of the stored bytes that are read, now and later; outlives the model
};

/// The file's own weights: nothing is folded.
inline constexpr Folding no_folding{};

/// Loads `where`:
/// - a folder or a file of weights (safetensors, PyTorch, NumPy, or an index of shards) with its config.json,
///   or a GGUF file, which has a config of its own; of the architectures of src/model/architectures: bert
///   bloom falcon gemma gemma2 gemma3 gpt2 gpt_neo gpt_neox gptj llama mistral nanogpt olmo2 opt phi phi3
///   qwen2 qwen3 smollm3 stablelm starcoder2 transformer_lens; in GGUF gemma gpt2 llama qwen2 qwen3;
/// - the name of a model in the local Hugging Face cache: `gpt2`, see find_model;
/// - `example:NAME`, see example_names;
/// - `random:SHAPE`: `gpt2`, `gpt2-medium`, `gpt2-xl`, `llama-3-8b`, or sizes:
///   `layers=4,heads=8,d_model=256`, see parse_random_shape.
/// Reads headers only. Every tensor is consumed, known to be no weight, or an error that names it.
/// Throws Error: Unsupported (wrong, missing or unknown tensors, unknown architectures, sizes that disagree),
/// Malformed, Io, Usage (no such example or shape).
Model load_model(const std::string& where, const LoadOptions& options = {});

/// The built-in models: `attn-only-2l` (trained; examples/models), `induction` (made by hand).
std::vector<std::string> example_names();

/// Sizes and kinds of `random:SHAPE`. Keys: layers heads d_model (required), d_head kv_heads d_mlp vocab ctx;
/// norm=none|layernorm|rmsnorm, norms=before|after|sandwich|stream (where they stand),
/// qk_norm=none|head|layer, eps; positions=none|learned|shortformer|rotary|alibi, with rotary: rotary_dims
/// theta rope=none|linear|llama3 factor original_ctx; window=N in all layers but every full_every-th, no
/// rotation in every plain_every-th; score_cap logit_cap embed_scale; activation=relu|gelu|gelu_new|silu; and
/// 0 or 1 for gated, biases, gate_bias, embed_bias, parallel, shared_norm, tied, embed_norm, final_norm,
/// masked_head, causal, adjacent (rotated pairs), inverse_layer.
/// Without them: no MLP, norm or bias, learned positions. Throws Error(Usage).
Config parse_random_shape(std::string_view shape);

/// Seeded random weights: element i of a leaf depends on (seed, leaf, i) alone. Normal (65,536 equally likely
/// quantiles), standard deviation 1/sqrt(fan-in) for weights, 1 for W_E, 1/2 for W_pos, 0.1 for biases; norm
/// gains 1 + 0.1 normal.
/// With `bfloat16` every value is rounded to one.
Model random_model(const Config& config, const LoadOptions& options = {}, bool bfloat16 = false);

/// A model of given numbers: one row-major vector for each of stored_leaves(config), W_U among them unless
/// tied.
/// Throws Error(Unsupported) when one is missing or of another size.
Model model_from_arrays(const Config& config, std::map<LeafName, std::vector<double>> arrays,
                        const Folding& fold, const std::string& name);

}  // namespace headway
