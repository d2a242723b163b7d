// SPDX-License-Identifier: Apache-2.0
#include "report/head_caption.hpp"

#include "headway/report/head_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

using Sentences = std::vector<std::string>;

void add_sizes(const HeadMeasures& measures, const Config& config, Sentences& sentences) {
    sentences.emplace_back(
        "norm, rank: Frobenius norm and effective rank exp(-sum p log p), p = s / sum s over singular "
        "values, "
        "of W_OV = W_V W_O and W_QK = W_Q W_K^T.");
    if (config.positions == Positions::Rotary) sentences.emplace_back("W_QK is at rotary offset 0.");
    if (config.group_size() > 1)
        sentences.push_back(fmt::format("{} heads share W_K and W_V.", config.group_size()));
    if (config.norms_stream())
        sentences.emplace_back("Norms stand on the stream: sizes are of the file's own weights.");
    const bool biased = std::ranges::any_of(
        measures.facts, [](const HeadFacts& each) { return !std::isnan(each.bias.value); });
    if (biased)
        sentences.emplace_back(
            "bias_value: |b_V W_O|, what the head adds whatever it attends to; bias_share: its part of the "
            "constant that the layer's heads and b_O add.");
}

void add_positional(const HeadMeasures& measures, const Config& config, Sentences& sentences) {
    const auto any = std::ranges::find_if(
        measures.positional, [](const PositionalPreference& each) { return each.undefined.empty(); });
    if (any != measures.positional.end())
        sentences.push_back(position_sentence(config, any->attention.size()));
}

std::string probe_sentence(const Probe& probe) {
    return fmt::format(
        "Probe: {} row{} [b, r, r], r of {} tokens; previous A[j+1,j], duplicate A[1+T+i,1+i], induction "
        "A[1+T+i,2+i], first A[q,0] for q > 0: means of attention.",
        probe.rows, probe.rows == 1 ? "" : "s", probe.length);
}

void add_spectra(const HeadMeasures& measures, const Config& config, Sentences& sentences) {
    sentences.emplace_back(
        "copying, matching: Re sum(lambda) / sum|lambda| of full OV W_E W_OV W_U, of W_OV alone, and of full "
        "QK W_E W_QK W_E^T.");
    sentences.push_back(embedding_sentence(config, measures.embedding));
}

}  // namespace

std::string position_sentence(const Config& config, std::size_t positions) {
    const char* scores = config.positions == Positions::Rotary
                             ? "of the mean query and key over the vocabulary, W_Q R W_K^T"
                         : config.positions == Positions::Alibi ? "slope times distance"
                                                                : "W_pos W_QK W_pos^T";
    return fmt::format(
        "offset: query minus key position with the largest mean attention (at_offset) over {} "
        "positions when every token is alike: scores {}.",
        positions, scores);
}

std::string loss_sentence(const Probe& probe) {
    if (!probe.undefined_loss.empty()) return fmt::format("No loss: {}.", probe.undefined_loss);
    return fmt::format(
        "Loss in nats: {:.4f} on the first half, {:.4f} on the second (without its first token).",
        probe.loss_first, probe.loss_second);
}

std::vector<std::string> head_sentences(const HeadMeasures& measures, const Config& config) {
    Sentences sentences;
    if (!measures.spectra.empty()) add_spectra(measures, config, sentences);
    if (measures.probe) sentences.push_back(probe_sentence(*measures.probe));
    if (!measures.facts.empty()) add_sizes(measures, config, sentences);
    add_positional(measures, config, sentences);
    if (!measures.partners.empty())
        sentences.push_back(
            fmt::format("k_writer, reader: the other end of the strongest composition by K, and "
                        "of that as a writer; excess over the baseline {:.4f}.",
                        measures.composition_baseline));
    return sentences;
}

}  // namespace headway
