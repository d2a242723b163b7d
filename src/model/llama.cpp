// Llama as Hugging Face saves it (Llama 1 to 3, SmolLM, TinyLlama, Yi): RMSNorm, rotary positions, grouped queries, gated MLP.
// Its Linear weights are [out, in].
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/text.hpp"
#include "model/architecture.hpp"

#include <array>
#include <string_view>

namespace headway {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[model.]embed_tokens.weight", "v d"},
    TensorRule{"ln1.w", "[model.]layers.{}.input_layernorm.weight", "d"},
    TensorRule{"W_Q", "[model.]layers.{}.self_attn.q_proj.weight", "(h e) d"},
    TensorRule{"W_K", "[model.]layers.{}.self_attn.k_proj.weight", "(g e) d"},
    TensorRule{"W_V", "[model.]layers.{}.self_attn.v_proj.weight", "(g e) d"},
    TensorRule{"W_O", "[model.]layers.{}.self_attn.o_proj.weight", "d (h e)"},
    TensorRule{"b_Q", "[model.]layers.{}.self_attn.q_proj.bias", "(h e)"},
    TensorRule{"b_K", "[model.]layers.{}.self_attn.k_proj.bias", "(g e)"},
    TensorRule{"b_V", "[model.]layers.{}.self_attn.v_proj.bias", "(g e)"},
    TensorRule{"b_O", "[model.]layers.{}.self_attn.o_proj.bias", "d"},
    TensorRule{"ln2.w", "[model.]layers.{}.post_attention_layernorm.weight", "d"},
    TensorRule{"W_gate", "[model.]layers.{}.mlp.gate_proj.weight", "m d"},
    TensorRule{"W_in", "[model.]layers.{}.mlp.up_proj.weight", "m d"},
    TensorRule{"W_out", "[model.]layers.{}.mlp.down_proj.weight", "d m"},
    TensorRule{"ln_final.w", "[model.]norm.weight", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

constexpr std::array<std::string_view, 1> tables{"[model.]layers.{}.self_attn.rotary_emb.inv_freq"};

/// Only plain rotation is represented: no stretched, interpolated or partial frequencies.
void check_rope(const Json& rope) {
    for (const std::string_view key : {"rope_type", "type"}) {
        if (!rope.has(key)) continue;
        const std::string type = rope.text(key);
        require(type == "default", ErrorKind::Unsupported,
                "{} is {}: only the default rotary frequencies are supported", rope.at(key).where(),
                quote(type));
    }
    const double part = rope.number("partial_rotary_factor", 1.0);
    require(part == 1.0, ErrorKind::Unsupported, "{} is {}: only rotation of whole heads is supported",
            where(rope, "partial_rotary_factor"), part);
}

/// The base of the frequencies, in the spelling of transformers 5 (`rope_parameters`) or 4 (at top level).
double read_theta(const Json& json) {
    check_rope(json);
    for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
        if (json.has(key)) check_rope(json.at(key));
    }
    if (json.has("rope_parameters") && json.at("rope_parameters").has("rope_theta")) {
        return json.at("rope_parameters").positive("rope_theta");
    }
    return json.positive("rope_theta", 10000.0);
}

void refuse_variants(const Json& json) {
    refuse(json, "mlp_bias", "biases of a gated MLP are not supported");
    refuse(json, "sliding_window", "local attention is not supported");
    refuse(json, "num_local_experts", "mixtures of experts are not supported");
}

ConfigReading config(const Json& json, const HasTensor& has) {
    refuse_variants(json);
    ConfigReading reading;
    Config& c = reading.config;
    c.n_layers = json.count("num_hidden_layers");
    c.n_heads = json.count("num_attention_heads");
    c.n_kv_heads = json.count("num_key_value_heads", c.n_heads);
    c.d_model = json.count("hidden_size");
    require(json.has("head_dim") || c.d_model % c.n_heads == 0, ErrorKind::Unsupported,
            "{}: hidden_size={} is no multiple of num_attention_heads={}, and there is no head_dim",
            json.where(), c.d_model, c.n_heads);
    c.d_head = json.count("head_dim", c.d_model / c.n_heads);
    c.d_mlp = json.count("intermediate_size");
    c.n_ctx = json.count("max_position_embeddings");
    c.d_vocab = json.count("vocab_size");
    c.positions = Positions::Rotary;
    c.rotary = {.dims = c.d_head, .theta = read_theta(json)};
    c.norm = Norm::RmsNorm;
    c.norm_eps = json.positive("rms_norm_eps");
    c.activation = read_activation(json, "hidden_act");
    c.gated_mlp = true;
    const bool bias = json.boolean("attention_bias", false);
    c.biases = {.query_key_value = bias, .attention_out = bias};
    // A config that does not say: tied when the file has no unembedding of its own.
    c.tied_unembed = json.boolean("tie_word_embeddings", !has("lm_head.weight"));
    return reading;
}

}  // namespace

const Architecture llama{"llama", "LlamaForCausalLM", tensors, tables, config};

}  // namespace headway
