// TransformerLens's own names. What tensors are there says which biases and norms the model has; everything
// else comes from config.json, with the keys of HookedTransformerConfig; what these do not say our own files
// have under `headway`.
// SPDX-License-Identifier: Apache-2.0
#include "model/features.hpp"
#include "model/hugging_face.hpp"
#include "model/saved_config.hpp"

#include "headway/base/text.hpp"

namespace headway::architectures::transformer_lens {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "embed.W_E", "v d"},
    TensorRule{"W_pos", "pos_embed.W_pos", "p d"},
    TensorRule{"b_E", "embed.b_E", "d"},
    TensorRule{"ln_embed.w", "embed.ln.w", "d"},
    TensorRule{"ln_embed.b", "embed.ln.b", "d"},
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
    TensorRule{"q_norm.w", "blocks.{}.attn.q_norm.w", "h e"},
    TensorRule{"q_norm.w", "blocks.{}.attn.q_norm.w", "e"},
    TensorRule{"q_norm.w", "blocks.{}.attn.q_norm.w", "(h e)"},
    TensorRule{"k_norm.w", "blocks.{}.attn.k_norm.w", "g e"},
    TensorRule{"k_norm.w", "blocks.{}.attn.k_norm.w", "e"},
    TensorRule{"k_norm.w", "blocks.{}.attn.k_norm.w", "(g e)"},
    TensorRule{"ln1_post.w", "blocks.{}.ln1_post.w", "d"},
    TensorRule{"ln2.w", "blocks.{}.ln2.w", "d"},
    TensorRule{"ln2.b", "blocks.{}.ln2.b", "d"},
    TensorRule{"W_in", "blocks.{}.mlp.W_in", "d m"},
    TensorRule{"W_gate", "blocks.{}.mlp.W_gate", "d m"},
    TensorRule{"b_in", "blocks.{}.mlp.b_in", "m"},
    TensorRule{"b_gate", "blocks.{}.mlp.b_gate", "m"},
    TensorRule{"W_out", "blocks.{}.mlp.W_out", "m d"},
    TensorRule{"b_out", "blocks.{}.mlp.b_out", "d"},
    TensorRule{"ln2_post.w", "blocks.{}.ln2_post.w", "d"},
    TensorRule{"ln_final.w", "ln_final.w", "d"},
    TensorRule{"ln_final.b", "ln_final.b", "d"},
    TensorRule{"W_head", "mlm_head.W", "d D"},
    TensorRule{"b_head", "mlm_head.b", "d"},
    TensorRule{"W_U", "unembed.W_U", "d v"},
    TensorRule{"b_U", "unembed.b_U", "v"},
};

constexpr std::array<std::string_view, 4> tables{"blocks.{}.attn.mask", "blocks.{}.attn.IGNORE",
                                                 "blocks.{}.attn.rotary_sin", "blocks.{}.attn.rotary_cos"};

void refuse_variants(const Json& json) {
    for (const std::string_view key : {"use_yarn_rope", "use_logn_attn"})
        refuse(json, key, "this variant is not supported");
    const double factor = json.number("rotary_scaling_factor", 1.0);
    require(factor == 1.0, ErrorKind::Unsupported, "{} is {}: only 1 is supported",
            where(json, "rotary_scaling_factor"), factor);
    refuse(json, "num_experts", "mixtures of experts are not supported");
}

void read_norm(const Json& json, const FileTensors& file, ConfigReading& reading) {
    Config& c = reading.config;
    if (json.boolean("use_qk_norm", false)) {
        c.query_key_norm = QueryKeyNorm::Head;
        c.norm_eps = json.positive("eps");
    }
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
    if (reading.unit_gains)
        reading.notes.emplace_back("the file's norm gains were folded before it was saved");
    if (layer_norm) refuse(json, "final_rms", "a final norm of another kind is not supported");
    c.biases.norm = layer_norm && file.has("blocks.{}.ln1.b");
    c.embed_norm = json.boolean("post_embedding_ln", false);
    if (json.boolean("use_normalization_before_and_after", false)) c.norm_placement = NormPlacement::Sandwich;
}

Rotary read_lens_rotary(const Json& json, const Config& c) {
    Rotary rotary{.dims = json.count("rotary_dim", c.d_head),
                  .theta = json.positive("rotary_base", 10000.0),
                  .adjacent_pairs = json.boolean("rotary_adjacent_pairs", false)};
    if (!json.boolean("use_NTK_by_parts_rope", false)) return rotary;
    rotary.scaling = RotaryScaling::Llama3;
    rotary.factor = json.positive("NTK_by_parts_factor", 8.0);
    rotary.low_factor = json.positive("NTK_by_parts_low_freq_factor", 1.0);
    rotary.high_factor = json.positive("NTK_by_parts_high_freq_factor", 4.0);
    rotary.original_ctx = json.count("NTK_original_context_length", 8192);
    return rotary;
}

void read_positions(const Json& json, Config& c) {
    const std::string type = json.text("positional_embedding_type");
    if (type == "standard") {
        c.positions = Positions::Learned;
    } else if (type == "shortformer") {
        c.positions = Positions::Shortformer;
    } else if (type == "rotary") {
        c.positions = Positions::Rotary;
        c.rotary = read_lens_rotary(json, c);
    } else if (type == "alibi") {
        c.positions = Positions::Alibi;
    } else {
        require(type == "none", ErrorKind::Unsupported,
                "{} is {}, expected standard, shortformer, rotary, alibi or none",
                json.at("positional_embedding_type").where(), quote(type));
    }
}

/// A cap of 0 or below is none.
double read_cap(const Json& json, std::string_view key) { return std::max(0.0, json.number(key, 0.0)); }

void read_local(const Json& json, Config& c) {
    if (!json.boolean("use_local_attn", false)) return;
    const Json types = json.at("attn_types");
    std::vector<bool> local;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const std::string type = types.at(i).text();
        require(type == "local" || type == "global", ErrorKind::Unsupported,
                "{} is {}, expected local or global", types.at(i).where(), quote(type));
        local.push_back(type == "local");
    }
    require(local.size() == static_cast<std::size_t>(c.n_layers), ErrorKind::Unsupported,
            "{} has {} entries, expected n_layers={}", types.where(), local.size(), c.n_layers);
    set_windows(c, local, json.count("window_size"));
    for (LayerAttention& layer : c.layer_attention) {
        if (layer.window == 0 || !json.has("rotary_base_local")) continue;
        layer.rotary.theta = json.positive("rotary_base_local");
        layer.rotary.scaling = RotaryScaling::None;
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
    c.score_cap = read_cap(json, "attn_scores_soft_cap");
    c.logit_cap = read_cap(json, "output_logits_soft_cap");
    read_local(json, c);
}

void read_mlp(const Json& json, const FileTensors& file, Config& c) {
    if (json.boolean("attn_only", !file.has("blocks.{}.mlp.W_in"))) return;
    c.d_mlp = json.count("d_mlp", 4 * std::min(c.d_model, 1 << 26));
    c.activation = read_activation(json, "act_fn");
    c.gated_mlp = json.boolean("gated_mlp", false);
    c.parallel_block = json.boolean("parallel_attn_mlp", false);
    c.biases.mlp = file.has("blocks.{}.mlp.b_in");
}

ConfigReading config(const Json& json, const FileTensors& file) {
    refuse_variants(json);
    ConfigReading reading;
    Config& c = reading.config;
    c.n_layers = json.count("n_layers");
    check_layers(c.n_layers, json.where(), ErrorKind::Unsupported);
    c.n_heads = json.count("n_heads");
    c.n_kv_heads = json.count("n_key_value_heads", c.n_heads);
    c.d_model = json.count("d_model");
    c.d_head = json.count("d_head");
    c.n_ctx = json.count("n_ctx");
    c.d_vocab = json.count("d_vocab");
    const int d_vocab_out = json.count("d_vocab_out", c.d_vocab);
    require(d_vocab_out == c.d_vocab, ErrorKind::Unsupported, "{} is {}, expected d_vocab={}",
            where(json, "d_vocab_out"), d_vocab_out, c.d_vocab);
    read_mlp(json, file, c);
    c.biases.query_key_value = file.has("blocks.{}.attn.b_Q");
    c.biases.attention_out = file.has("blocks.{}.attn.b_O");
    c.biases.unembed = file.has("unembed.b_U");
    read_norm(json, file, reading);
    read_positions(json, c);
    read_attention(json, c);
    if (json.has("headway")) read_saved_kinds(json.at("headway"), c);
    return reading;
}

}  // namespace

extern const Architecture architecture{.name = "transformer_lens",
                                       .other_names = "HookedTransformer",
                                       .tensors = tensors,
                                       .ignored = tables,
                                       .config = config,
                                       .features = "use_qk_norm",
                                       .key = "normalization_type"};

}  // namespace headway::architectures::transformer_lens
