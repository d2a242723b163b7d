// Circuits of heads as dense matrices in plain loops, in double, and eigenvalues without an eigenvalue
// solver: the power sums Σ λ^k = tr M^k, k = 1 .. n, say which n nonzero eigenvalues a matrix has (Newton).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/linalg/spectra.hpp"
#include "support/score_oracle.h"

#include <complex>
#include <limits>
#include <vector>

namespace headway::oracle {

/// The circuits of a model's heads as the definitions have them: rows read, columns write.
class CircuitOracle {
public:
    /// `file`: nothing folded; `folding`: what is to be folded.
    CircuitOracle(const Model& file, const Folding& folding, int rotary_offset = 0)
        : file_(file), scores_(file, folding, {.offset = rotary_offset}), offset_(rotary_offset) {}

    Dense ov(Head head) const { return scores_.written(Writer::Heads, head, Reader::V, last()); }
    Dense full_ov(Head head) const {
        return times(times(embed(), ov(head)), scores_.read(Reader::Unembed, {}, 0));
    }
    Dense full_qk(Head head) const {
        return times(times(embed(), scores_.read(Reader::Q, head, offset_)), transposed(embed()));
    }
    Dense k_composed(Head writer, Head reader) const {
        return times(times(embed(), scores_.read(Reader::Q, reader, offset_)),
                     transposed(times(embed(), ov(writer))));
    }
    Dense q_composed(Head writer, Head reader) const {
        const Dense positions = scores_.written(Writer::Position, {}, Reader::Q, reader);
        return times(times(times(positions, ov(writer)), scores_.read(Reader::Q, reader, offset_)),
                     transposed(positions));
    }

private:
    Dense embed() const { return scores_.written(Writer::Embed, {}, Reader::Q, last()); }
    Head last() const { return {file_.config().n_layers - 1, 0}; }

    const Model& file_;
    ScoreOracle scores_;
    int offset_;
};

/// tr M^k, k = 1 .. n.
inline std::vector<double> power_traces(const Dense& m, std::size_t n) {
    std::vector<double> traces;
    Dense power = m;
    for (std::size_t k = 0; k < n; ++k) {
        if (k > 0) power = times(power, m);
        double trace = 0;
        for (std::size_t i = 0; i < m.rows; ++i) trace += power.at(i, i);
        traces.push_back(trace);
    }
    return traces;
}

/// Σ λ^k, k = 1 .. n.
inline std::vector<double> power_sums(const std::vector<std::complex<double>>& values, std::size_t n) {
    std::vector<double> sums;
    for (std::size_t k = 1; k <= n; ++k) {
        std::complex<double> sum = 0;
        for (const std::complex<double> value : values) sum += std::pow(value, static_cast<double>(k));
        sums.push_back(sum.real());
    }
    return sums;
}

/// Re Σλ / Σ|λ| over all eigenvalues of the whole matrix.
inline double dense_score(const Dense& m) {
    xt::xtensor<double, 2> matrix = xt::xtensor<double, 2>::from_shape({m.rows, m.columns});
    std::copy(m.values.begin(), m.values.end(), matrix.data());
    std::complex<double> sum = 0;
    double magnitude = 0;
    for (const std::complex<double> value : eigenvalues(matrix).values)
        sum += value, magnitude += std::abs(value);
    return magnitude > 0 ? sum.real() / magnitude : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace headway::oracle
