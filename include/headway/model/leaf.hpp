// The arrays of a model by name: which leaves a Config has, over which axes, and of what shape.
// Axes are single letters: v d_vocab, p n_ctx, d d_model, h n_heads, g n_kv_heads, e d_head, m d_mlp, c the
// singular components of a head, d_head.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A leaf as the network names it: `W_Q` of layer 0 is the whole layer's family of heads; layer -1: no layer.
struct LeafName {
    std::string symbol;
    int layer = -1;
    auto operator<=>(const LeafName&) const = default;
};

/// `W_Q[L0]`, `W_E`.
std::string label(const LeafName& leaf);

/// A leaf and its shape; `axes` has one letter an axis: `hde` for W_Q `[n_heads, d_model, d_head]`.
struct Leaf {
    LeafName name;
    std::string_view axes;
    std::vector<std::int64_t> shape;

    /// Number of elements; 1 for a scalar.
    std::int64_t size() const;
};

/// The extent of an axis, and its name: `d_model`.
std::int64_t axis_size(char axis, const Config& config);
std::string_view axis_name(char axis);

/// What a file has to hold: weights, biases and norms before anything is folded.
/// Layers in order; no W_U when it is tied to W_E.
std::vector<Leaf> stored_leaves(const Config& config);

/// What the network of `config` reads. Where `config.folding.gains` says that norm gains are folded, the
/// norms' leaves are gone and the norms' biases have become their images in each reader: `ln1.b.Q` `[n_heads,
/// d_head]` = ln1.b W_Q, `ln1.b.K` `ln1.b.V` `[n_kv_heads, d_head]`, `ln2.b.in` `ln2.b.gate` `[d_mlp]`,
/// `ln_final.b.U` `[d_vocab]`. With `config.folding.value_bias`, b_V is there and zero.
/// Norms that no weight reads alone keep their gains: `ln_embed`, `q_norm`, `k_norm`, `ln1_post`, `ln2_post`.
/// Every layer has `scale` `[]`, the factor of its attention scores; `slope` `[n_heads]` with ALiBi; a model
/// whose embedding is scaled `embed_scale` `[]`.
std::vector<Leaf> network_leaves(const Config& config);

}  // namespace headway
