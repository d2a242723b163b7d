// Heads at a glance, from weights alone: how large the two circuits of a head are and over how many
// directions they spread, what its biases do, and which other heads it is wired to.
// Every number is reduced from a network: the Gram form of a circuit, [d_head, d_head], has the squares of
// its singular values as eigenvalues, so that norm, participation ratio and effective rank are read off one
// value. Gains are factors where they are folded; norms on the stream, scales of a run and rotations (offset
// 0) are left out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/composition.hpp"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace headway {

/// W_OV or W_QK of a head. NaN where undefined: of a zero circuit all but the norm.
struct CircuitSize {
    double norm = 0;            ///< Frobenius: sqrt(Σ s²) over the singular values s
    double participation = 0;   ///< (Σ s²)² / Σ s⁴: 1 to d_head
    double effective_rank = 0;  ///< exp(-Σ p log p), p = s / Σ s (Roy & Vetterli 2007): 1 to d_head
    std::string undefined = {};
};

/// Norms of what the biases of a head do by themselves; the image of the norm's bias counts as theirs. NaN
/// where the model has no such bias.
struct BiasSize {
    /// ‖b_V W_O‖: what the head adds at every position whatever it attends to, since patterns sum to 1.
    double value = std::numeric_limits<double>::quiet_NaN();
    /// Its share ⟨b_V W_O, t⟩ / ⟨t, t⟩ of the constant t = b_O + Σ_h b_V W_O that the layer's attention adds;
    /// the rest to 1 is the share of b_O.
    double share = std::numeric_limits<double>::quiet_NaN();
    /// ‖W_K b_Q‖: keys are preferred along it, whatever the query.
    double query = std::numeric_limits<double>::quiet_NaN();
    /// ‖W_Q b_K‖: the same for all keys, so without effect on the pattern, unless keys are rotated or scores
    /// capped.
    double key = std::numeric_limits<double>::quiet_NaN();
};

struct HeadFacts {
    Head head;
    CircuitSize ov, qk;
    BiasSize bias;
};

/// The facts of all heads, by layer and index. Cost: d_head³ a head. Evaluate in double: a value is quartic
/// in the weights. Throws as evaluate.
std::vector<HeadFacts> head_facts(const Model& model,
                                  const EvaluateOptions& options = {.precision = Precision::Double});

enum class HeadMatrix { OV, QK };
/// (W_VᵀW_V)(W_O W_Oᵀ) or (W_QᵀW_Q)(W_KᵀW_K) of a layer: ports head(, member), head_inner, head_inner.
Expr circuit_gram(const Config& config, HeadMatrix matrix, int layer);

enum class HeadBias { Value, Query, Key };
/// b_V W_O, b_Q W_Kᵀ or b_K W_Qᵀ of a layer: ports head(, member), residual; nothing where there is no such
/// bias.
std::optional<Expr> bias_image(const Config& config, HeadBias bias, int layer);

/// The other end of a head's strongest edge of a kind.
struct Partner {
    Head head;
    Composition kind = Composition::K;
    double score = 0;
    double excess = 0;    ///< over the baseline
    double robust_z = 0;  ///< the smaller of those among the writer's and among the reader's pairs
};

/// Whom a head listens to by each input, and who listens to it most. Nothing: no
/// pair is above the baseline.
struct HeadPartners {
    Head head;
    std::optional<Partner> q = {}, k = {}, v = {};  ///< the writers of highest score
    std::optional<Partner> reader = {};             ///< the reader of highest excess, by any of the kinds
};

/// Of a table with all pairs: by layer and index of the head.
std::vector<HeadPartners> best_partners(const CompositionTable& table, const Config& config);

}  // namespace headway
