// Edits of a model as rewrites of its network: heads and components of their OV removed or scaled,
// composition edges closed, attention patterns given. What comes out is a network like any other: it is
// evaluated, printed and proved as the untouched one is.
//
// An edit of heads or components is one of weights: W_O of the head becomes W_O', wherever it stands. Closing
// an edge is not: the reader's input is read from the stream minus what the writer wrote there, and all that
// follows is made from it anew.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"
#include "headway/expand/source.hpp"
#include "headway/network/text.hpp"

#include <string>
#include <vector>

namespace headway {

/// Which input a closed edge leads to: one of a head, or of an MLP, or the unembedding.
enum class EdgeInput { Q, K, V, Mlp, Unembed };

/// A composition edge that is closed: `L0H3>L1H4.K`, `mlp0>L1H4.Q`, `L0H3>mlp1`, `L0H3>unembed`. A head
/// writes with its b_V, and through a norm behind its branch. Heads that share keys and values share the
/// closed edges into K and V.
struct ClosedEdge {
    Source writer;  ///< SourceKind::HeadOutput or SourceKind::Mlp
    EdgeInput input = EdgeInput::K;
    Head reader = {-1, -1};  ///< index -1: the MLP of that layer; both -1: the unembedding
    auto operator<=>(const ClosedEdge&) const = default;
};
std::string label(const ClosedEdge& edge);

/// Singular components of a head's W_OV (V_OV of the model, numbered from the largest).
struct RemovedComponents {
    Head head;
    std::vector<int> components;
    bool operator==(const RemovedComponents&) const = default;
};
/// `L0H3.V:0-2`.
std::string label(const RemovedComponents& removed);

struct ScaledHead {
    Head head;
    double factor = 1;  ///< the value of the leaf `head_scale` of the head
    bool operator==(const ScaledHead&) const = default;
};

/// What is done to a model. A head can have components removed and be scaled as well.
struct Edits {
    std::vector<Head> removed = {};
    std::vector<ScaledHead> scaled = {};
    std::vector<RemovedComponents> components = {};
    std::vector<ClosedEdge> closed = {};
    std::vector<Head> given_patterns = {};  ///< the leaf `given_pattern` [query, key] in place of A
    /// The scale of the norm in front of an input with closed edges: recomputed from what is left, or that of
    /// the whole stream. A norm of queries and keys is always recomputed.
    bool frozen_norm_scales = false;

    /// Nothing is edited.
    bool empty() const;
    /// Only W_O of some heads is another: the edit can be saved.
    bool only_weights() const { return closed.empty() && given_patterns.empty(); }
    bool operator==(const Edits&) const = default;
};

/// `network`, which is `transformer(config)` or that with edits of other heads, with the edits in its output and
/// all its definitions; names stay. Layers are edited upwards, so a closed edge takes away what its writer
/// writes in the edited run. Without edits it is the same network. Throws as check_edits.
Network edit(const Network& network, const Config& config, const Edits& edits);

/// W_O of a layer after the edits: ports [head(, member), head_inner, residual]. With s the factor of a head,
/// and V_Z its removed components: W_O' = s W_O (1 - V_Zᵀ V_Z), so that W_V W_O' = s (W_OV - Σ_Z s_i u_i
/// v_iᵀ) exactly. The leaf itself where no head is touched.
Expr edited_output_weight(const Config& config, int layer, const Edits& edits);

/// Throws Error(Unsupported) for a head or MLP that the model has not, closed edges of a model with norms on
/// the stream (what the writer wrote is no summand there), and components of one with norms behind its
/// branches (whose gain stands between W_O and the stream); Error(Usage) for a component that no head has, a
/// writer that is not before its reader, and a head that is given twice.
void check_edits(const Config& config, const Edits& edits);

/// What else is to be known of closed edges, a sentence each: which norms are recomputed, who shares keys and
/// values.
std::vector<std::string> edit_conditions(const Config& config, const Edits& edits);
/// What was done, a sentence each, and its conditions: for captions.
std::vector<std::string> edit_notes(const Config& config, const Edits& edits);

}  // namespace headway
