// Copying and matching scores: Re Σλ / Σ|λ| of a head's circuits, through their [d_head, d_head] forms.
// A score says how much of what a circuit does maps a direction to itself (+1) or to its opposite (-1). It is
// a score *of a circuit*, and circuits of one head can differ even in sign: W_OV alone says what the head
// does to the stream, the full OV circuit W_E W_OV W_U what it does to tokens. Weights as in composition
// scores: gains where they are folded, no biases, no norm scales of a run, no nonlinearities between heads.
// Reference: Elhage et al. 2021, "Copying / primarily copying heads" and "induction heads".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/expand/head_circuit.hpp"

#include <xtensor/xtensor.hpp>

#include <complex>
#include <limits>
#include <string>
#include <vector>

namespace headway {

/// Re Σλ / Σ|λ| over the nonzero eigenvalues of a circuit, or why there is none.
struct SpectralScore {
    double value = std::numeric_limits<double>::quiet_NaN();  ///< in [-1, 1]; NaN where undefined
    /// How far rounding can have moved `value`, to first order: (√d_head + |value| Σ condition(λ)) ε / Σ|λ|,
    /// of the trace and of the magnitudes. ε = (u √d_model + d_head 2⁻⁵³) ‖M‖_F, u the unit roundoff of the
    /// evaluation; √d_model is what a product loses whose factors hardly overlap. At most 1 + |value|, which
    /// is no statement: an eigenvalue is nearly defective.
    double error = std::numeric_limits<double>::quiet_NaN();
    std::string undefined = {};  ///< why there is no value; empty otherwise
    /// With SpectraOptions::keep_eigenvalues: all d_head of them, largest magnitude first, and their
    /// condition numbers.
    std::vector<std::complex<double>> eigenvalues = {};
    std::vector<double> condition = {};

    bool defined() const { return undefined.empty(); }
};

struct SpectraOptions {
    EvaluateOptions evaluate{};  ///< eigenvalues are found in double whatever the precision of the matrices
    int rotary_offset = 0;       ///< rotary models: query minus key position of W_QK
    bool keep_eigenvalues = false;
};

/// The scores of one head: copying of OV and of full OV, matching of full QK.
struct HeadSpectra {
    Head head;
    SpectralScore copying_ov{};        ///< of W_OV
    SpectralScore copying_full_ov{};   ///< of W_E W_OV W_U
    SpectralScore matching_full_qk{};  ///< of W_E W_QK W_Eᵀ
};

/// All heads of the model, by layer and index. Circuits that the model has not (norms on the stream, an
/// unembedding that is not linear) are undefined. Throws as evaluate.
std::vector<HeadSpectra> head_spectra(const Model& model, const SpectraOptions& options = {});

/// The score of one circuit of one head. Throws as circuit_inner and evaluate.
SpectralScore spectral_score(const Model& model, const HeadCircuit& circuit, CircuitEnds ends,
                             const SpectraOptions& options = {});

/// The score of a matrix that was evaluated with an error of at most `relative_error` ‖M‖_F: trace / Σ|λ|.
/// Undefined: zero, or no eigenvalue beyond rounding (nilpotent). Requires: square. Throws Error(Numeric):
/// not finite.
SpectralScore spectral_score(const xt::xtensor<double, 2>& matrix, double relative_error,
                             bool keep_eigenvalues = false);

}  // namespace headway
