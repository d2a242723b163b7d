// SPDX-License-Identifier: Apache-2.0
#include "report/score_caption.hpp"

#include <fmt/format.h>

namespace headway {

namespace {

// `L*H0-2, L*H3-5`, at most four of them.
std::string groups(const Config& config) {
    std::string text;
    for (int group = 0; group < config.n_kv_heads && group < 4; ++group) {
        const int first = group * config.group_size(), last = first + config.group_size() - 1;
        text += fmt::format("{}H{}-{}", group == 0 ? "" : ", ", first, last);
    }
    return text + (config.n_kv_heads > 4 ? ", ..." : "");
}

std::string rotary_sentence(const ScoreOptions& score) {
    if (score.mean_over_offsets)
        return fmt::format(
            "Rotary positions: q and k are root mean squares over the offsets 0 to {} (query minus key) of "
            "|W_OV M| and "
            "of |M|.",
            score.offset);
    if (score.offset == 0) return "Rotary positions: W_QK at offset 0, query and key at the same position.";
    return fmt::format("Rotary positions: W_QK at offset {} (query minus key).", score.offset);
}

std::string stream_sentence(const Config& config, const ScoreOptions& score) {
    if (!score.stream_norms)
        return "Norms stand on the residual stream; those between writer and reader are left out.";
    return fmt::format(
        "Norms stand on the residual stream: the writer passes every norm between it and the reader{}.",
        config.norm == Norm::LayerNorm
            ? ", |W_OV P M| with P the product of their C diag(gain), both ends centred"
            : ", |W_OV P M| with P the product of their gains");
}

}  // namespace

std::string baseline_sentence(int effective_dimension, double baseline) {
    return fmt::format(
        "Baseline 1/sqrt({}) = {:.4f}: random orientations (root mean square). z: against random rotations.",
        effective_dimension, baseline);
}

std::vector<std::string> score_sentences(const Config& config, const ScoreOptions& score) {
    std::vector<std::string> sentences;
    if (config.group_size() > 1)
        sentences.push_back(fmt::format(
            "Heads {} of a layer share W_K and W_V: an edge into k or v of one is an edge into that of "
            "its whole group.",
            groups(config)));
    if (config.positions == Positions::Rotary) sentences.push_back(rotary_sentence(score));
    if (config.norms_stream()) sentences.push_back(stream_sentence(config, score));
    const bool unread =
        config.norms_after() || config.query_key_norm != QueryKeyNorm::None || config.embed_norm;
    if (unread && !config.folding.gains && !config.norms_stream())
        sentences.emplace_back("Weights are the file's own: gains of norms are left out.");
    return sentences;
}

}  // namespace headway
