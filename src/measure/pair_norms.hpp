// The numbers that scores are made of: ‖A B‖², ‖A‖², ‖B‖² and their Gram matrices', for all pairs of some
// kinds of edge.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/edges.hpp"

#include <vector>

namespace headway {

/// Of one kind. Writers and readers are numbered layer by layer.
struct PairNorms {
    std::vector<double> pair;  ///< [writers, readers]; where `reads_from` says no: anything
    std::vector<double> writer,
        writer_gram;  ///< [writers], or [writers, reader layers] where writers pass norms
    std::vector<double> reader, reader_gram;  ///< [readers]
    std::size_t readers = 0;
    std::size_t reader_layers = 1;  ///< over which the writers' are spread

    double pair_at(std::size_t a, std::size_t b) const { return pair[a * readers + b]; }
    /// Index in `writer` of writer a as reader b sees it.
    std::size_t place(std::size_t a, std::size_t b) const {
        return a * reader_layers + b * reader_layers / readers;
    }
};

/// Evaluates the networks of `kinds` together.
std::vector<PairNorms> pair_norms(const Model& model, const std::vector<EdgeKind>& kinds,
                                  const ScoreOptions& score, const EvaluateOptions& options);

/// All networks that `pair_norms` evaluates.
std::vector<Expr> pair_norm_networks(const Config& config, const std::vector<EdgeKind>& kinds,
                                     const ScoreOptions& score);

/// ‖A B‖² / (‖A‖² ‖B‖²) of single pairs of heads, in double. Pairs of the same layers are evaluated together.
struct HeadPair {
    Reader reader = Reader::K;
    Head from, to;
};
std::vector<double> squares_in_double(const Model& model, const std::vector<HeadPair>& pairs,
                                      const ScoreOptions& score, const EvaluateOptions& options);

}  // namespace headway
