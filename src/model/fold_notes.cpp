// SPDX-License-Identifier: Apache-2.0
#include "model/fold_notes.hpp"

namespace headway {

namespace {

void add_gains(const Config& stored, const Folding& wanted, const Folding& done,
               std::vector<std::string>& notes) {
    if (done.gains) {
        notes.emplace_back(
            "norm gains are in the weights that read the norm (exact: a gain is a diagonal matrix before a "
            "linear map); a norm's bias stays as its image in each reader");
        return;
    }
    if (!wanted.gains || stored.norm == Norm::None) return;
    notes.emplace_back(
        stored.norm_placement == NormPlacement::Stream
            ? "norm gains are not folded: the norms stand on the stream itself, and what they give is also "
              "carried on"
            : "norm gains are not folded: shortformer positions are added between the norm and its readers");
}

/// Why a LayerNorm model is not centred.
const char* why_not_centred(const Config& stored) {
    if (stored.norm_placement != NormPlacement::Before)
        return "nothing is centred: norms behind the branches write into the stream as well";
    return "nothing is centred: without a final norm the unembedding reads the mean of the stream";
}

void add_centring(const Config& stored, const Folding& wanted, const Folding& done,
                  std::vector<std::string>& notes) {
    if (done.centring) {
        notes.emplace_back(
            "writers and readers of the residual stream are centred over d_model (exact: every reader sees "
            "the stream through a LayerNorm, which takes the mean away)");
        if (stored.embed_norm)
            notes.emplace_back(
                "W_E is not centred: its norm stands behind it, and what that gives is centred");
    } else if (wanted.centring && done.gains && stored.norm == Norm::LayerNorm) {
        notes.emplace_back(why_not_centred(stored));
    }
}

}  // namespace

std::vector<std::string> folding_notes(const Config& stored, const Folding& wanted, const Folding& done) {
    std::vector<std::string> notes;
    add_gains(stored, wanted, done, notes);
    add_centring(stored, wanted, done, notes);
    if (done.value_bias) {
        notes.emplace_back(
            "b_V W_O is in b_O (exact for the model's own run, since patterns sum to 1; not under ablation "
            "of a head)");
    }
    if (notes.empty()) notes.emplace_back("nothing is folded: the weights are the file's own");
    if (stored.norm != Norm::None && stored.embed_norm && stored.norm_placement == NormPlacement::Before)
        notes.emplace_back("the gain of the norm behind the embedding stays a weight of its own");
    return notes;
}

std::vector<std::string> approximation_notes(const Config& config) {
    std::vector<std::string> notes;
    if (config.norms_after()) {
        notes.emplace_back(
            "norms behind the branches: their gains are weights of their own; their scale, one number a "
            "token, is "
            "exact in a run, held fixed along paths and left out of scores");
    }
    if (config.norms_stream()) {
        notes.emplace_back(
            "norms on the stream: what a head writes passes every norm up to its reader; their scales are "
            "exact in a "
            "run, held fixed along paths and left out of scores, their gains are in both");
    }
    if (config.query_key_norm != QueryKeyNorm::None) {
        notes.emplace_back(
            "norms of queries and keys: their gains are in scores; their scale, one number a token and head, "
            "is exact "
            "in a run, held fixed along paths and left out of scores");
    }
    if (config.score_cap > 0.0)
        notes.emplace_back(
            "the soft cap of attention scores is exact in a run and left out of scores of weights");
    return notes;
}

}  // namespace headway
