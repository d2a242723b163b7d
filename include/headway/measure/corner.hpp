// Induction from weights alone. An induction head looks for tokens like its own in what an earlier head wrote
// about the token *before* each key, and copies what it finds. So there are two numbers for a pair: does the
// K-composed QK circuit W_E W_QK (W_E W_OV[writer])ᵀ match tokens with themselves, and does the reader's full
// OV circuit copy. The induction corner is where both are high. It is another claim than a high K-composition
// score, which says that the reader reads what the writer writes, and not that tokens meet themselves.
// The other road: a writer that moves positions, read by queries (W_pos W_OV[writer] W_QK W_posᵀ).
// Reference: Elhage et al. 2021, "Checking the mechanistic theory"; "Pointer arithmetic".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/spectra.hpp"

#include <vector>

namespace headway {

/// One pair: a writer in an earlier layer than its reader.
struct PairMatching {
    Head writer, reader;
    SpectralScore k_matching{};  ///< of W_E W_QK[reader] (W_E W_OV[writer])ᵀ
    SpectralScore q_matching{};  ///< of W_pos W_OV[writer] W_QK[reader] W_posᵀ; learned positions only
    double copying_reader =
        std::numeric_limits<double>::quiet_NaN();  ///< of W_E W_OV[reader] W_U; NaN where undefined
    std::string copying_undefined = {};            ///< why; empty otherwise

    /// How deep in the corner the pair is: the smaller of k_matching and copying_reader; NaN where either is
    /// undefined.
    double corner() const;
};

struct CornerOptions {
    SpectraOptions spectra{};
    std::vector<Head> readers = {};  ///< only pairs of these; empty: all
    std::vector<Head> writers = {};  ///< the same
};

/// All pairs, by writer and reader. Cost: an eigenvalue problem of [d_head, d_head] a pair, on
/// `spectra.evaluate.threads` threads. Throws as evaluate; Error(Unsupported): norms on the stream.
std::vector<PairMatching> pair_matching(const Model& model, const CornerOptions& options = {});

/// A reader that is above the threshold with some writer: an induction candidate.
struct CornerCandidate {
    Head reader;
    double copying = 0;
    std::vector<PairMatching> partners;  ///< the writers that put it there, strongest matching first
};

/// The least copying and matching of the corner, unless the user says otherwise: of real eigenvalues 95 % of
/// the magnitude is positive then.
inline constexpr double corner_threshold = 0.9;

/// The readers with a pair whose corner() is at least `threshold`, deepest first.
std::vector<CornerCandidate> induction_corner(const std::vector<PairMatching>& pairs,
                                              double threshold = corner_threshold);

}  // namespace headway
