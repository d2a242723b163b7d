// Sizes and kinds of a transformer, no weights: what the symbolic network is written from and what a loader checks shapes with.
// Shapes: W_E [d_vocab, d_model], W_Q W_O per query head, W_K W_V per key-value head (see mathematics in the README).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace headway {

enum class Positions {
    None,
    Learned,      ///< W_pos is added to the residual stream
    Shortformer,  ///< W_pos is added to the inputs of Q and K only
    Rotary,       ///< queries and keys are rotated by their position
    Alibi         ///< the score of head h falls by slope_h for every position between query and key
};

enum class Norm { None, LayerNorm, RmsNorm };

/// Where the norms of a block stand. A branch is the attention or the MLP with its output bias.
enum class NormPlacement {
    Before,    ///< x + branch(norm(x)): ln1, ln2
    After,     ///< x + norm(branch(x)): ln1_post, ln2_post (OLMo-2)
    Sandwich,  ///< x + norm(branch(norm(x))): all four (Gemma 2 and 3)
    Stream     ///< norm(x + branch(x)): ln1, ln2 on the residual stream itself (BERT)
};

/// RMSNorm of queries and keys behind their projection and before any rotation; gains
/// q_norm.w [n_heads, d_head], k_norm.w [n_kv_heads, d_head].
enum class QueryKeyNorm {
    None,
    Head,  ///< of each head alone (Qwen3, Gemma 3; their heads share one gain)
    Layer  ///< of all heads of a layer together (OLMo-2)
};

/// Pointwise functions of an MLP. GeluNew is the tanh approximation, Gelu the exact one (erf).
enum class Activation { Relu, Gelu, GeluNew, Silu };

/// How the frequencies of a rotary embedding were changed for longer texts.
enum class RotaryScaling {
    None,
    Linear,  ///< every frequency divided by `factor`
    Llama3   ///< low frequencies divided by `factor`, high ones kept, those between interpolated
};

/// Rotary position embedding of the first `dims` dimensions of a head; pair i turns by position * frequency(i).
struct Rotary {
    int dims = 0;  ///< 0: nothing is rotated
    double theta = 10000.0;
    bool adjacent_pairs = false;  ///< pairs (2i, 2i+1) as GPT-J has them; otherwise (i, i + dims/2)
    RotaryScaling scaling = RotaryScaling::None;
    double factor = 1.0;       ///< of Linear and Llama3
    double low_factor = 1.0;   ///< Llama3: wavelengths above original_ctx / low_factor are stretched whole
    double high_factor = 4.0;  ///< Llama3: wavelengths below original_ctx / high_factor are kept
    int original_ctx = 0;      ///< Llama3: the context length before scaling
    /// Radians a position of pair i: theta^(-2i/dims), scaled.
    double frequency(int pair) const;
    bool operator==(const Rotary&) const = default;
};

/// What the attention of one layer does differently from other layers of the same model.
struct LayerAttention {
    int window = 0;  ///< a query sees its own position and the window - 1 before; 0: all
    Rotary rotary;
    bool operator==(const LayerAttention&) const = default;
};

/// Which biases the model has.
struct Biases {
    bool query_key_value = false;  ///< b_Q, b_K, b_V
    bool attention_out = false;    ///< b_O
    bool mlp = false;              ///< b_in, b_out
    bool gate = false;             ///< b_gate
    bool norm = false;             ///< the additive part of each norm
    bool unembed = false;          ///< b_U
    bool embed = false;            ///< b_E, added to every token's embedding (BERT: token type 0)
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
    std::string architecture;  ///< name of the architecture: "gpt2", "llama", "transformer_lens", ...
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
    std::vector<LayerAttention>
        layer_attention;  ///< one a layer where layers differ; empty: all full, `rotary`
    Norm norm = Norm::None;
    NormPlacement norm_placement = NormPlacement::Before;
    double norm_eps = 1e-5;
    bool embed_norm = false;  ///< a norm behind the embedding and positions: ln_embed (BLOOM, BERT)
    QueryKeyNorm query_key_norm = QueryKeyNorm::None;
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
    double score_cap = 0.0;    ///< scores become cap tanh(score / cap) before softmax; 0: they do not
    double logit_cap = 0.0;    ///< the same for the logits
    double embed_scale = 1.0;  ///< W_E rows are multiplied by it, the tied W_U is not (Gemma)
    bool masked_head = false;  ///< logits = norm(act(x W_head + b_head)) W_U + b_U, norm ln_final (BERT)
    Folding folding;

    /// Query heads per key-value head.
    int group_size() const { return n_kv_heads > 0 ? n_heads / n_kv_heads : 1; }
    /// The factor of the attention scores of a layer.
    double score_scale(int layer) const;
    /// The rotation of a layer's queries and keys; dims 0 where there is none.
    Rotary rotary_of(int layer) const;
    /// Positions that a query of the layer sees, itself included; 0: all.
    int window_of(int layer) const;
    /// ln1 and ln2 are in front of the branches.
    bool norms_before() const {
        return norm != Norm::None &&
               (norm_placement == NormPlacement::Before || norm_placement == NormPlacement::Sandwich);
    }
    /// ln1_post and ln2_post are behind the branches.
    bool norms_after() const {
        return norm != Norm::None &&
               (norm_placement == NormPlacement::After || norm_placement == NormPlacement::Sandwich);
    }
    /// ln1 and ln2 are on the stream, behind each sum.
    bool norms_stream() const { return norm != Norm::None && norm_placement == NormPlacement::Stream; }
    /// Norms have an additive part.
    bool norm_bias() const { return norm == Norm::LayerNorm && biases.norm; }
    /// The logits are a linear function of the last residual stream once norm scales are frozen (up to logit_cap).
    bool linear_head() const { return !masked_head; }
    bool has_mlp() const { return d_mlp > 0; }
    bool operator==(const Config&) const = default;
};

}  // namespace headway
