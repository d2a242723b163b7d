// TransformerLens's own names. What tensors are there says which biases and norms the model has; everything else comes from
// config.json, with the keys of HookedTransformerConfig.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/text.hpp"
#include "model/architecture.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace headway {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "embed.W_E", "v d"},
    TensorRule{"W_pos", "pos_embed.W_pos", "p d"},
    TensorRule{"ln1.w", "blocks.{}.ln1.w", "d"},
    TensorRule{"ln1.b", "blocks.{}.ln1.b", "d"},
    TensorRule{"W_Q", "blocks.{}.attn.W_Q", "h d e"},
    TensorRule{"W_K", "blocks.{}.attn.W_K", "g d e"},
    TensorRule{"W_K", "blocks.{}.attn._W_K", "g d e"},
    TensorRule{"W_V", "blocks.{}.attn.W_V", "g d e"},
    TensorRule{"W_V", "blocks.{}.attn._W_V", "g d e"},
    TensorRule{"W_O", "blocks.{}.attn.W_O", "h e d"},
    TensorRule{"b_Q", "blocks.{}.attn.b_Q", "h e"},
    TensorRule{"b_K", "blocks.{}.attn.b_K", "g e"},
    TensorRule{"b_K", "blocks.{}.attn._b_K", "g e"},
    TensorRule{"b_V", "blocks.{}.attn.b_V", "g e"},
    TensorRule{"b_V", "blocks.{}.attn._b_V", "g e"},
    TensorRule{"b_O", "blocks.{}.attn.b_O", "d"},
    TensorRule{"ln2.w", "blocks.{}.ln2.w", "d"},
    TensorRule{"ln2.b", "blocks.{}.ln2.b", "d"},
    TensorRule{"W_in", "blocks.{}.mlp.W_in", "d m"},
    TensorRule{"W_gate", "blocks.{}.mlp.W_gate", "d m"},
    TensorRule{"b_in", "blocks.{}.mlp.b_in", "m"},
    TensorRule{"W_out", "blocks.{}.mlp.W_out", "m d"},
    TensorRule{"b_out", "blocks.{}.mlp.b_out", "d"},
    TensorRule{"ln_final.w", "ln_final.w", "d"},
    TensorRule{"ln_final.b", "ln_final.b", "d"},
    TensorRule{"W_U", "unembed.W_U", "d v"},
    TensorRule{"b_U", "unembed.b_U", "v"},
};

constexpr std::array<std::string_view, 4> tables{"blocks.{}.attn.mask", "blocks.{}.attn.IGNORE",
                                                 "blocks.{}.attn.rotary_sin", "blocks.{}.attn.rotary_cos"};

void refuse_variants(const Json& json) {
    for (const std::string_view key :
         {"use_qk_norm", "use_local_attn", "use_normalization_before_and_after", "post_embedding_ln",
          "use_NTK_by_parts_rope", "use_yarn_rope", "num_experts"}) {
        refuse(json, key, "this variant is not supported");
    }
    for (const std::string_view key : {"attn_scores_soft_cap", "output_logits_soft_cap"}) {
        const double cap = json.number(key, -1.0);
        require(cap <= 0.0, ErrorKind::Unsupported, "{} is {}: soft caps are not supported", where(json, key),
                cap);
    }
}

void read_norm(const Json& json, const HasTensor& has, ConfigReading& reading) {
    Config& c = reading.config;
    // No tensor says so when a norm has no gain: a file that is silent here would be read wrongly.
    require(json.contains("normalization_type"), ErrorKind::Unsupported, "{} is missing (null: no norms)",
            where(json, "normalization_type"));
    if (!json.has("normalization_type")) return;
    const std::string type = json.text("normalization_type");
    const bool layer_norm = type == "LN" || type == "LNPre";
    require(layer_norm || type == "RMS" || type == "RMSPre", ErrorKind::Unsupported,
            "{} is {}, expected LN, LNPre, RMS, RMSPre or null", json.at("normalization_type").where(),
            quote(type));
    c.norm = layer_norm ? Norm::LayerNorm : Norm::RmsNorm;
    c.norm_eps = json.positive("eps");
    reading.unit_gains = type.ends_with("Pre");
    if (layer_norm) refuse(json, "final_rms", "a final norm of another kind is not supported");
    c.biases.norm = layer_norm && has("blocks.{}.ln1.b");
}

void read_positions(const Json& json, Config& c) {
    const std::string type = json.text("positional_embedding_type");
    if (type == "standard") {
        c.positions = Positions::Learned;
    } else if (type == "shortformer") {
        c.positions = Positions::Shortformer;
    } else if (type == "rotary") {
        c.positions = Positions::Rotary;
        c.rotary = {.dims = json.count("rotary_dim", c.d_head),
                    .theta = json.positive("rotary_base", 10000.0),
                    .adjacent_pairs = json.boolean("rotary_adjacent_pairs", false)};
    } else {
        require(type == "none", ErrorKind::Unsupported,
                "{} is {}, expected standard, shortformer, rotary or none",
                json.at("positional_embedding_type").where(), quote(type));
    }
}

/// attn_scale divides the scores; without it, or with -1, it is sqrt(d_head).
void read_attention(const Json& json, Config& c) {
    const std::string direction = json.text("attention_dir", "causal");
    require(direction == "causal" || direction == "bidirectional", ErrorKind::Unsupported,
            "{} is {}, expected causal or bidirectional", where(json, "attention_dir"), quote(direction));
    c.causal = direction == "causal";
    const double divisor = json.number("attn_scale", -1.0);
    require(divisor > 0.0 || divisor == -1.0, ErrorKind::Unsupported, "{} is {}, expected a number above 0",
            where(json, "attn_scale"), divisor);
    if (divisor > 0.0 && divisor * divisor != c.d_head) c.attention_scale = 1.0 / divisor;
    if (!json.boolean("use_attn_scale", true)) c.attention_scale = 1.0;
    c.scale_by_inverse_layer = json.boolean("scale_attn_by_inverse_layer_idx", false);
}

ConfigReading config(const Json& json, const HasTensor& has) {
    refuse_variants(json);
    ConfigReading reading;
    Config& c = reading.config;
    c.n_layers = json.count("n_layers");
    c.n_heads = json.count("n_heads");
    c.n_kv_heads = json.count("n_key_value_heads", c.n_heads);
    c.d_model = json.count("d_model");
    c.d_head = json.count("d_head");
    c.n_ctx = json.count("n_ctx");
    c.d_vocab = json.count("d_vocab");
    const int d_vocab_out = json.count("d_vocab_out", c.d_vocab);
    require(d_vocab_out == c.d_vocab, ErrorKind::Unsupported, "{} is {}, expected d_vocab={}",
            where(json, "d_vocab_out"), d_vocab_out, c.d_vocab);
    if (!json.boolean("attn_only", !has("blocks.{}.mlp.W_in"))) {
        c.d_mlp = json.count("d_mlp", 4 * std::min(c.d_model, 1 << 26));
        c.activation = read_activation(json, "act_fn");
        c.gated_mlp = json.boolean("gated_mlp", false);
        c.parallel_block = json.boolean("parallel_attn_mlp", false);
        c.biases.mlp = has("blocks.{}.mlp.b_in");
    }
    c.biases.query_key_value = has("blocks.{}.attn.b_Q");
    c.biases.attention_out = has("blocks.{}.attn.b_O");
    c.biases.unembed = has("unembed.b_U");
    read_norm(json, has, reading);
    read_positions(json, c);
    read_attention(json, c);
    return reading;
}

}  // namespace

const Architecture transformer_lens{"transformer_lens", "HookedTransformer", tensors, tables, config};

}  // namespace headway
