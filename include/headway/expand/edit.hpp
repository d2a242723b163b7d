// Edits of a model as rewrites of its network: heads, components of their OV and composition edges removed or
// scaled, attention patterns given. What comes out is a network like any other: it is evaluated, printed and
// proved as the untouched one is.
//
// An edit of heads or components is one of weights: W_O of the head becomes W_O', wherever it stands. An edit
// of an edge is not: the reader's input is read from the stream minus what the writer wrote there, or minus a
// part of it, and all that follows is made from it anew.
//
// A factor of 0 removes, and is exact: nothing is multiplied. Other factors are leaves of the network,
// `head_scale`, `component_scale` and `edge_scale`, which `edited` gives their numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"
#include "headway/base/reader.hpp"
#include "headway/expand/source.hpp"
#include "headway/network/text.hpp"

#include <string>
#include <vector>

namespace headway {

/// A composition edge: `L0H3>L1H4.K`, `mlp0>L1H4.Q`, `L0H3>mlp1`, `L0H3>unembed`. The reader's input sees what
/// the writer writes times the factor; 0 closes the edge. A head writes with its b_V, and through a norm behind
/// its branch. Heads that share keys and values share the edges into K and V.
struct ScaledEdge {
    Source writer;  ///< SourceKind::HeadOutput or SourceKind::Mlp
    Reader input = Reader::K;
    Head reader = {-1, -1};  ///< index -1: the MLP of that layer; both -1: the unembedding
    double factor = 0;       ///< the value of the leaf `edge_scale`
    auto operator<=>(const ScaledEdge&) const = default;
};
/// Without its factor.
std::string label(const ScaledEdge& edge);

/// The leaf of the factor of an edge: a number of the reader (of K and V: of the heads that share them),
/// `edge_scale.L0H3.K[L1H4]`, `edge_scale.mlp0.mlp[L1]`, `edge_scale.L0H3.unembed`.
Expr edge_scale(const Config& config, const ScaledEdge& edge);

/// Singular components of a head's W_OV (V_OV of the model, numbered from the largest).
struct ScaledComponents {
    Head head;
    std::vector<int> components;
    double factor = 0;  ///< the value of the leaf `component_scale` of the head at these components
    bool operator==(const ScaledComponents&) const = default;
};
/// `L0H3.V:0-2`, without the factor.
std::string label(const ScaledComponents& components);

struct ScaledHead {
    Head head;
    double factor = 0;  ///< the value of the leaf `head_scale` of the head
    auto operator<=>(const ScaledHead&) const = default;
};

/// What is done to a model. A head can be scaled, and components of it as well.
struct Edits {
    std::vector<ScaledHead> heads = {};
    std::vector<ScaledComponents> components = {};
    std::vector<ScaledEdge> edges = {};
    std::vector<Head> given_patterns = {};  ///< the leaf `given_pattern` [query, key] in place of A
    /// The scale of the norm in front of an input with edited edges: recomputed from what is left, or that of
    /// the whole stream. A norm of queries and keys is always recomputed.
    bool frozen_norm_scales = false;

    /// Nothing is edited.
    bool empty() const;
    /// Only W_O of some heads is another: the edit can be saved.
    bool only_weights() const { return edges.empty() && given_patterns.empty(); }
    bool operator==(const Edits&) const = default;
};

/// `network`, which is `transformer(config)` or that with edits of other heads, with the edits in its output and
/// all its definitions; names stay. Layers are edited upwards, so an edited edge takes away what its writer
/// writes in the edited run. Without edits it is the same network. Throws as check_edits.
Network edit(const Network& network, const Config& config, const Edits& edits);

/// W_O of a layer after the edits: ports [head(, member), head_inner, residual]. With s the factor of a head,
/// and f_i those of components Z: W_O' = s W_O (1 - Σ_Z (1 - f_i) v_i v_iᵀ), so that W_V W_O' = s (W_OV -
/// Σ_Z (1 - f_i) s_i u_i v_iᵀ) exactly. The leaf itself where no head is touched.
Expr edited_output_weight(const Config& config, int layer, const Edits& edits);

/// Throws Error(Unsupported) for a head or MLP that the model has not, edges of a model with norms on the
/// stream (what the writer wrote is no summand there), and components of one with norms behind its branches
/// whose V_OV has their gain in it (folded: the gain stands between W_O and the stream); Error(Usage) for a
/// component that no head has, a writer that is not before its reader, a factor that is not finite, and a head,
/// component or edge that is given two factors.
void check_edits(const Config& config, const Edits& edits);

/// What else is to be known of edited edges, a sentence each: which norms are recomputed, who shares keys and
/// values.
std::vector<std::string> edit_conditions(const Config& config, const Edits& edits);
/// What was done, a sentence each, and its conditions: for captions.
std::vector<std::string> edit_notes(const Config& config, const Edits& edits);

}  // namespace headway
