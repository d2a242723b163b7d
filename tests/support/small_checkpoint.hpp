// Small checkpoints of every architecture, as a test wants them: right, then spoilt in one place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/safetensors.hpp"
#include "support/temporary_folder.hpp"

#include <cmath>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace headway::test {

struct SmallTensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
};

struct SmallCheckpoint {
    std::map<std::string, SmallTensor> tensors;
    std::map<std::string, std::string> config;  ///< key to JSON text

    /// A tensor with values that depend on its name and shape.
    void add(const std::string& name, std::vector<std::int64_t> shape) {
        std::size_t size = 1;
        for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
        SmallTensor tensor{std::move(shape), std::vector<float>(size)};
        double phase = 0.0;
        for (const char c : name) phase = phase * 1.3 + c;
        for (std::size_t i = 0; i < size; ++i) {
            tensor.values[i] = static_cast<float>(0.5 * std::sin(phase + 1.7 * static_cast<double>(i)));
        }
        tensors[name] = std::move(tensor);
    }
    void set(const std::string& key, const std::string& json) { config[key] = json; }

    template <class Rename>
    SmallCheckpoint renamed(Rename rename) const {
        SmallCheckpoint other{{}, config};
        for (const auto& [name, tensor] : tensors) other.tensors[rename(name)] = tensor;
        return other;
    }

    /// Writes model.safetensors and config.json.
    void write(const std::filesystem::path& folder) const {
        std::vector<TensorToWrite> list;
        for (const auto& [name, tensor] : tensors) {
            list.push_back({name, DType::F32, tensor.shape, std::as_bytes(std::span(tensor.values))});
        }
        write_safetensors(folder / "model.safetensors", std::move(list));
        std::string json = "{";
        for (const auto& [key, value] : config)
            json += (json.size() > 1 ? ", \"" : "\"") + key + "\": " + value;
        std::ofstream(folder / "config.json") << json << "}\n";
    }
};

/// Two layers, d_model 6, 2 heads of 3, 8 neurons, vocabulary 7, context 5.
inline SmallCheckpoint gpt2_checkpoint() {
    SmallCheckpoint c;
    c.config = {{"model_type", "\"gpt2\""},
                {"n_layer", "2"},
                {"n_head", "2"},
                {"n_embd", "6"},
                {"n_inner", "8"},
                {"n_positions", "5"},
                {"vocab_size", "7"},
                {"layer_norm_epsilon", "1e-5"},
                {"activation_function", "\"gelu_new\""}};
    c.add("transformer.wte.weight", {7, 6});
    c.add("transformer.wpe.weight", {5, 6});
    for (const std::string layer : {"0", "1"}) {
        const std::string at = "transformer.h." + layer + ".";
        for (const char* norm : {"ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"})
            c.add(at + norm, {6});
        c.add(at + "attn.c_attn.weight", {6, 18});
        c.add(at + "attn.c_attn.bias", {18});
        c.add(at + "attn.c_proj.weight", {6, 6});
        c.add(at + "attn.c_proj.bias", {6});
        c.add(at + "mlp.c_fc.weight", {6, 8});
        c.add(at + "mlp.c_fc.bias", {8});
        c.add(at + "mlp.c_proj.weight", {8, 6});
        c.add(at + "mlp.c_proj.bias", {6});
    }
    c.add("transformer.ln_f.weight", {6});
    c.add("transformer.ln_f.bias", {6});
    return c;
}

/// The same sizes, but 2 heads of 2 that share one key-value head.
inline SmallCheckpoint llama_checkpoint() {
    SmallCheckpoint c;
    c.config = {{"model_type", "\"llama\""},  {"num_hidden_layers", "2"},
                {"num_attention_heads", "2"}, {"num_key_value_heads", "1"},
                {"hidden_size", "6"},         {"head_dim", "2"},
                {"intermediate_size", "8"},   {"max_position_embeddings", "5"},
                {"vocab_size", "7"},          {"rms_norm_eps", "1e-5"},
                {"hidden_act", "\"silu\""}};
    c.add("model.embed_tokens.weight", {7, 6});
    for (const std::string layer : {"0", "1"}) {
        const std::string at = "model.layers." + layer + ".";
        c.add(at + "input_layernorm.weight", {6});
        c.add(at + "post_attention_layernorm.weight", {6});
        c.add(at + "self_attn.q_proj.weight", {4, 6});
        c.add(at + "self_attn.k_proj.weight", {2, 6});
        c.add(at + "self_attn.v_proj.weight", {2, 6});
        c.add(at + "self_attn.o_proj.weight", {6, 4});
        c.add(at + "mlp.gate_proj.weight", {8, 6});
        c.add(at + "mlp.up_proj.weight", {8, 6});
        c.add(at + "mlp.down_proj.weight", {6, 8});
    }
    c.add("model.norm.weight", {6});
    c.add("lm_head.weight", {7, 6});
    return c;
}

/// Attention only, shortformer, no norms; d_model 6, 2 heads of 3.
inline SmallCheckpoint lens_checkpoint() {
    SmallCheckpoint c;
    c.config = {{"model_type", "\"transformer_lens\""},
                {"n_layers", "2"},
                {"n_heads", "2"},
                {"d_model", "6"},
                {"d_head", "3"},
                {"n_ctx", "5"},
                {"d_vocab", "7"},
                {"attn_only", "true"},
                {"positional_embedding_type", "\"shortformer\""},
                {"normalization_type", "null"}};
    c.add("embed.W_E", {7, 6});
    c.add("pos_embed.W_pos", {5, 6});
    for (const std::string layer : {"0", "1"}) {
        const std::string at = "blocks." + layer + ".attn.";
        for (const char* weight : {"W_Q", "W_K", "W_V"}) c.add(at + weight, {2, 6, 3});
        c.add(at + "W_O", {2, 3, 6});
    }
    c.add("unembed.W_U", {6, 7});
    return c;
}

}  // namespace headway::test
