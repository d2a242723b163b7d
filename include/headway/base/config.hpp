// Sizes and kinds of a transformer, no weights: what the symbolic network is written from and what a loader checks shapes with.
// Shapes: W_E [d_vocab, d_model], W_Q W_O per query head, W_K W_V per key-value head (see mathematics in the README).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace headway {

enum class Positions {
    None,
    Learned,      ///< W_pos is added to the residual stream
    Shortformer,  ///< W_pos is added to the inputs of Q and K only
    Rotary        ///< queries and keys are rotated by their position
};

enum class Norm { None, LayerNorm, RmsNorm };

/// Pointwise functions of an MLP. GeluNew is the tanh approximation, Gelu the exact one (erf).
enum class Activation { Relu, Gelu, GeluNew, Silu };

/// Rotary position embedding of the first `dims` dimensions of a head; pair i turns by position * theta^(-2i/dims).
struct Rotary {
    int dims = 0;
    double theta = 10000.0;
    bool adjacent_pairs = false;  ///< pairs (2i, 2i+1) as GPT-J has them; otherwise (i, i + dims/2)
    bool operator==(const Rotary&) const = default;
};

/// Which biases the model has.
struct Biases {
    bool query_key_value = false;  ///< b_Q, b_K, b_V
    bool attention_out = false;    ///< b_O
    bool mlp = false;              ///< b_in, b_out (and none for the gate)
    bool norm = false;             ///< the additive part of each norm
    bool unembed = false;          ///< b_U
    bool operator==(const Biases&) const = default;
};

/// What was folded into the weights when they were loaded; the network is written accordingly.
struct Folding {
    bool gains =
        false;  ///< norm gains are in W_Q W_K W_V, W_in W_gate, W_U; a norm's bias appears as its image in each reader
    bool centring = false;    ///< writers and readers of a LayerNorm model are mean-centred over d_model
    bool value_bias = false;  ///< b_V W_O is in b_O
    bool operator==(const Folding&) const = default;
};

struct Config {
    std::string architecture;  ///< name of the architecture: "gpt2", "llama", "transformer_lens"
    int n_layers = 0;
    int n_heads = 0;
    int n_kv_heads =
        0;  ///< equal to n_heads without grouped-query attention; query head h reads kv head h / group_size()
    int d_model = 0;
    int d_head = 0;
    int d_mlp = 0;  ///< 0: attention only
    int n_ctx = 0;
    int d_vocab = 0;
    Positions positions = Positions::None;
    Rotary rotary;
    Norm norm = Norm::None;
    double norm_eps = 1e-5;
    bool final_norm = true;  ///< a norm before the unembedding (when `norm` is not None)
    Activation activation = Activation::Relu;
    bool gated_mlp = false;       ///< act(x W_gate) * (x W_in) W_out
    bool parallel_block = false;  ///< attention and MLP read the same residual stream
    bool shared_norm = false;     ///< parallel block whose MLP reads the attention's norm (ln1)
    Biases biases;
    bool causal = true;
    bool tied_unembed = false;            ///< the file has no W_U of its own: W_U = W_Eᵀ (before folding)
    double attention_scale = 0.0;         ///< scores are multiplied by it; 0 means 1/sqrt(d_head)
    bool scale_by_inverse_layer = false;  ///< scores of layer l are divided by l + 1 as well
    Folding folding;

    /// Query heads per key-value head.
    int group_size() const { return n_kv_heads > 0 ? n_heads / n_kv_heads : 1; }
    /// The factor of the attention scores of a layer.
    double score_scale(int layer) const;
    bool has_mlp() const { return d_mlp > 0; }
    bool operator==(const Config&) const = default;
};

}  // namespace headway
