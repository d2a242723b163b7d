// Skip-trigrams of a head: [source] ... [destination] -> [output]. Where the destination stands, the head
// looks back at the source and so raises the output. Both circuits are read over the vocabulary:
//   attention(s, t) = scale (QK[t, s] - mean over sources s' of QK[t, s'])     nats of the attention score
//   logit(s, o)     = OV[s, o] - mean over outputs o' of OV[s, o']             logits
//   score(s, t, o)  = attention(s, t) logit(s, o), both above 0
// Softmax does not see either mean, so they are taken out. Positions, biases and norm scales are left out.
//
// The search is exact, up to rounding, and never looks at all triples: a source's best triple is the
// product of two maxima, each of which is at most the product of two norms (Cauchy-Schwarz on the sides of
// the circuit). Sources are visited in the order of that bound; their OV rows are evaluated, and their QK
// rows only where the bound with the true maximum of the logits still allows a place among the best; a row
// is left when no column that is to come is long enough (columns are sorted by norm); the search ends when
// no bound does.
// Reference: Elhage et al. 2021, "Skip-trigrams".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/contract/evaluate.hpp"
#include "headway/measure/embedding.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace headway {

/// What a row is about, with its best partners.
enum class SkipTrigramKey {
    Source,       ///< a source; its strongest destinations and outputs, which are independent of each other
    Destination,  ///< a destination; the sources of its best triples, each with its strongest output
    Triple        ///< one triple
};

struct SkipTrigramOptions {
    std::vector<Head> heads{};  ///< none: all
    SkipTrigramKey key = SkipTrigramKey::Source;
    std::size_t rows = 20;
    bool per_head = false;                 ///< so many rows of each head, rather than of all heads together
    std::size_t each = 4;                  ///< partners that a row names
    Embedding embedding = Embedding::Raw;  ///< what stands for source and destination; bigrams stay raw
    int rotary_offset = 0;                 ///< rotary models: destination minus source position
    /// The only tokens in these places; none given: all of the vocabulary. Means are over the vocabulary.
    std::vector<int> sources{}, destinations{}, outputs{};
    EvaluateOptions evaluate{};
};

struct TokenValue {
    int token = 0;
    double value = 0;
};

/// The output follows another destination of the same source (its bigram logit there is at least 1 above the
/// mean), and not this one (below the mean): what the head does for `other` it does here too, since where it
/// looks and what it then writes are chosen apart ("keep ... in/at").
struct SkipTrigramBug {
    int source = 0;
    int destination = 0;
    int output = 0;
    int other = 0;  ///< the destination that the output follows
};

struct SkipTrigramRow {
    Head head;
    double score = 0;                      ///< of the best triple: the first of each list
    std::vector<TokenValue> sources;       ///< with the score of each one's best triple in the row
    std::vector<TokenValue> destinations;  ///< with attention(s, t) of the first source
    std::vector<TokenValue> outputs;       ///< with logit(s, o): of the source, or of each source its own
    double bigram = 0;  ///< direct path of the best triple's destination on its output, above the mean output
    std::vector<SkipTrigramBug> bugs;         ///< among the triples of the row
    std::vector<std::vector<int>> strongest;  ///< of each source its strongest destinations
};

struct SkipTrigramTable {
    std::vector<SkipTrigramRow> rows;  ///< best first; with per_head by head first
    std::uint64_t sources = 0;         ///< of all heads together
    std::uint64_t ov_rows = 0;         ///< of them evaluated
    std::uint64_t qk_rows = 0;
    std::uint64_t entries = 0;      ///< of these rows evaluated
    std::uint64_t all_entries = 0;  ///< of both circuits of all heads
};

/// Throws Error: Usage (no such head or token, an offset without rotary positions), and as circuit_matrix and
/// evaluate.
SkipTrigramTable skip_trigrams(const Model& model, const SkipTrigramOptions& options = {});

/// The rows that are evaluated for a head: OV over outputs, QK over destinations, the direct path over
/// outputs, each of the tokens of a run: for plans.
std::vector<Expr> skip_trigram_networks(const Config& config, Head head, int rotary_offset = 0);

/// `source`, `destination`, `triple`. Throws Error(Usage) with the nearest.
SkipTrigramKey parse_skip_trigram_key(std::string_view word);

}  // namespace headway
