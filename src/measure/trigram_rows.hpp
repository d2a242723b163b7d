// The best rows of a table of skip-trigrams, as the search comes by them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/skip_trigrams.hpp"

#include <vector>

namespace headway {

/// A source with the largest values of its two sides.
struct TrigramSource {
    int token = 0;
    std::vector<TokenValue> destinations;  ///< strongest first; by destination those above the floors
    std::vector<TokenValue> outputs;       ///< strongest first
};

/// Sorts rows and keeps the `most` best.
void keep_best(std::vector<SkipTrigramRow>& rows, std::size_t most);

/// The rows of one head.
class TrigramRows {
public:
    /// `floor`: rows that score less are not asked for.
    TrigramRows(const SkipTrigramOptions& options, Head head, int d_vocab, double floor);

    /// A source whose best triple scores less changes nothing any more.
    double threshold() const;
    /// How many of a source's strongest destinations and outputs it needs to be given.
    std::size_t wanted() const;
    /// By destination: of each destination the score that a triple must exceed to change its row. Then a
    /// source needs all destinations with such a triple.
    std::vector<double> floors() const;

    void add(const TrigramSource& source);
    /// Behind a block of sources, before `threshold` is asked for.
    void settle();
    /// Best first.
    std::vector<SkipTrigramRow> take();

private:
    struct Through {
        double score;
        int source;
        TokenValue destination, output;
    };
    void add_row(SkipTrigramRow row);
    void add_through(const TrigramSource& source, TokenValue destination);
    SkipTrigramRow row_of(const std::vector<Through>& through) const;

    SkipTrigramOptions options_;
    Head head_;
    std::vector<SkipTrigramRow> rows_;                // of sources and triples
    std::vector<std::vector<Through>> destinations_;  // by destination, best first
    double threshold_;
};

}  // namespace headway
