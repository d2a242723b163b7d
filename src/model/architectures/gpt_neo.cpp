// GPT-Neo (TinyStories): every second layer attends locally, and scores are not scaled. Its weights are
// Linear, [out, in].
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

#include "headway/base/text.hpp"

namespace headway::architectures::gpt_neo {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[transformer.]wte.weight", "v d"},
    TensorRule{"W_pos", "[transformer.]wpe.weight", "p d"},
    TensorRule{"ln1.w", "[transformer.]h.{}.ln_1.weight", "d"},
    TensorRule{"ln1.b", "[transformer.]h.{}.ln_1.bias", "d"},
    TensorRule{"W_Q", "[transformer.]h.{}.attn.attention.q_proj.weight", "(h e) d"},
    TensorRule{"W_K", "[transformer.]h.{}.attn.attention.k_proj.weight", "(g e) d"},
    TensorRule{"W_V", "[transformer.]h.{}.attn.attention.v_proj.weight", "(g e) d"},
    TensorRule{"W_O", "[transformer.]h.{}.attn.attention.out_proj.weight", "d (h e)"},
    TensorRule{"b_O", "[transformer.]h.{}.attn.attention.out_proj.bias", "d"},
    TensorRule{"ln2.w", "[transformer.]h.{}.ln_2.weight", "d"},
    TensorRule{"ln2.b", "[transformer.]h.{}.ln_2.bias", "d"},
    TensorRule{"W_in", "[transformer.]h.{}.mlp.c_fc.weight", "m d"},
    TensorRule{"b_in", "[transformer.]h.{}.mlp.c_fc.bias", "m"},
    TensorRule{"W_out", "[transformer.]h.{}.mlp.c_proj.weight", "d m"},
    TensorRule{"b_out", "[transformer.]h.{}.mlp.c_proj.bias", "d"},
    TensorRule{"ln_final.w", "[transformer.]ln_f.weight", "d"},
    TensorRule{"ln_final.b", "[transformer.]ln_f.bias", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

constexpr std::array<std::string_view, 2> masks{"[transformer.]h.{}.attn.attention.bias",
                                                "[transformer.]h.{}.attn.attention.masked_bias"};

bool is_local(const Json& kind) {
    const std::string text = kind.text();
    require(text == "global" || text == "local", ErrorKind::Unsupported, "{} is {}, expected global or local",
            kind.where(), quote(text));
    return text == "local";
}

/// `attention_types` [[["global", "local"], 2]]: the list twice.
std::vector<bool> local_layers(const Json& json, const Config& c) {
    std::vector<bool> local;
    const Json groups = json.at("attention_types");
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const Json kinds = groups.at(g).at(std::size_t{0});
        const int times = groups.at(g).at(std::size_t{1}).count();
        require(times <= c.n_layers && kinds.size() <= static_cast<std::size_t>(c.n_layers / times),
                ErrorKind::Unsupported, "{} repeats {} times, which is more than there are layers",
                groups.where(), times);
        for (int i = 0; i < times; ++i) {
            for (std::size_t k = 0; k < kinds.size(); ++k) local.push_back(is_local(kinds.at(k)));
        }
    }
    require(local.size() == static_cast<std::size_t>(c.n_layers), ErrorKind::Unsupported,
            "{} describes {} layers, expected num_layers={}", groups.where(), local.size(), c.n_layers);
    return local;
}

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c =
        read_sizes(json, file, {.layers = "num_layers", .heads = "num_heads", .d_mlp_is_optional = true});
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_epsilon");
    c.activation = read_activation(json, "activation_function");
    c.attention_scale = 1.0;
    c.biases = {.attention_out = true, .mlp = true, .norm = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    set_windows(c, local_layers(json, c), json.count("window_size", 256));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "gpt_neo",
                                       .other_names = "GPTNeoForCausalLM GPTNeoModel",
                                       .tensors = tensors,
                                       .ignored = masks,
                                       .config = config};

}  // namespace headway::architectures::gpt_neo
