// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/corner.hpp"

#include "headway/base/error.hpp"
#include "measure/spectral_work.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace headway {

namespace {

using Pairs = std::vector<PairMatching>;

// A network that scores all pairs of two layers.
struct Block {
    SpectralScore PairMatching::*score;
    int writer_layer, reader_layer;
};

bool among(const std::vector<Head>& chosen, Head head) {
    return chosen.empty() || std::ranges::find(chosen, head) != chosen.end();
}

bool any_of_layer(const std::vector<Head>& chosen, int layer) {
    return chosen.empty() || std::ranges::any_of(chosen, [&](Head head) { return head.layer == layer; });
}

// All pairs, in the order in which they are numbered: writer, reader.
class Numbers {
public:
    explicit Numbers(const Config& config) : layers_(config.n_layers), heads_(config.n_heads) {}

    Pairs all() const {
        Pairs pairs;
        for (int layer = 0; layer < layers_; ++layer)
            for (int head = 0; head < heads_; ++head)
                for (int later = layer + 1; later < layers_; ++later)
                    for (int reader = 0; reader < heads_; ++reader)
                        pairs.push_back({.writer = {layer, head}, .reader = {later, reader}});
        return pairs;
    }

    std::size_t at(Head writer, Head reader) const {
        const int before = heads_ * heads_ * (writer.layer * (2 * layers_ - writer.layer - 1) / 2);
        const int readers = heads_ * (layers_ - writer.layer - 1);
        return static_cast<std::size_t>(before + writer.index * readers +
                                        heads_ * (reader.layer - writer.layer - 1) + reader.index);
    }

private:
    int layers_, heads_;
};

HeadCircuit circuit_of(const Block& block, int rotary_offset) {
    HeadCircuit circuit{.kind = CircuitKind::QK,
                        .heads = {{block.reader_layer, 0}},
                        .writers = {{block.writer_layer, 0}},
                        .input = Composition::K,
                        .rotary_offset = rotary_offset};
    if (block.score == &PairMatching::q_matching) {
        circuit.kind = CircuitKind::PositionQK;
        circuit.input = Composition::Q;
    }
    return circuit;
}

std::vector<Block> blocks_of(const Config& config, const CornerOptions& options) {
    std::vector<SpectralScore PairMatching::*> scores{&PairMatching::k_matching};
    if (config.positions == Positions::Learned) scores.push_back(&PairMatching::q_matching);
    std::vector<Block> blocks;
    for (const auto score : scores)
        for (int reader = 1; reader < config.n_layers; ++reader)
            for (int writer = 0; writer < reader; ++writer)
                if (any_of_layer(options.writers, writer) && any_of_layer(options.readers, reader))
                    blocks.push_back({score, writer, reader});
    return blocks;
}

void score_pairs(const Model& model, const CornerOptions& options, Pairs& pairs) {
    const Config& config = model.config();
    const std::vector<Block> blocks = blocks_of(config, options);
    std::vector<Expr> networks;
    std::size_t positions = 0;
    for (const Block& block : blocks) {
        const HeadCircuit circuit = circuit_of(block, options.spectra.rotary_offset);
        networks.push_back(open_circuit(config, circuit, CircuitEnds::Vocabulary));
        positions = std::max(positions, positions_of(config, circuit));
    }
    const Numbers numbers(config);
    score_each(
        model, networks, positions, options.spectra,
        [&](std::size_t network, std::size_t pair, SpectralScore score) {
            const Block& block = blocks[network];
            const int number = static_cast<int>(pair), heads = config.n_heads;
            const Head writer{block.writer_layer, number / heads}, reader{block.reader_layer, number % heads};
            pairs[numbers.at(writer, reader)].*block.score = std::move(score);
        });
}

double strength(const CornerCandidate& candidate) { return candidate.partners.front().corner(); }

}  // namespace

double PairMatching::corner() const {
    if (!k_matching.defined() || std::isnan(copying_reader)) return std::numeric_limits<double>::quiet_NaN();
    return std::min(k_matching.value, copying_reader);
}

std::vector<PairMatching> pair_matching(const Model& model, const CornerOptions& options) {
    const Config& config = model.config();
    Pairs pairs = Numbers(config).all();
    if (config.positions != Positions::Learned)
        for (PairMatching& pair : pairs)
            pair.q_matching.undefined = "no learned positions on the residual stream";
    score_pairs(model, options, pairs);
    SpectraOptions scores_only = options.spectra;
    scores_only.keep_eigenvalues = false;
    const std::vector<HeadSpectra> heads = head_spectra(model, scores_only);
    for (PairMatching& pair : pairs) {
        const auto reader = static_cast<std::size_t>(pair.reader.layer * config.n_heads + pair.reader.index);
        pair.copying_reader = heads[reader].copying_full_ov.value;
        pair.copying_undefined = heads[reader].copying_full_ov.undefined;
    }
    std::erase_if(pairs, [&](const PairMatching& pair) {
        return !among(options.writers, pair.writer) || !among(options.readers, pair.reader);
    });
    return pairs;
}

std::vector<CornerCandidate> induction_corner(const std::vector<PairMatching>& pairs, double threshold) {
    std::map<Head, CornerCandidate> by_reader;
    for (const PairMatching& pair : pairs) {
        if (!(pair.corner() >= threshold)) continue;
        CornerCandidate& candidate = by_reader[pair.reader];
        candidate.reader = pair.reader;
        candidate.copying = pair.copying_reader;
        candidate.partners.push_back(pair);
    }
    std::vector<CornerCandidate> candidates;
    for (auto& [reader, candidate] : by_reader) {
        std::ranges::stable_sort(candidate.partners, [](const PairMatching& a, const PairMatching& b) {
            return a.k_matching.value > b.k_matching.value;
        });
        candidates.push_back(std::move(candidate));
    }
    std::ranges::stable_sort(candidates, [](const CornerCandidate& a, const CornerCandidate& b) {
        return strength(a) > strength(b);
    });
    return candidates;
}

}  // namespace headway
