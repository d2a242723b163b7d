// Copying and matching as pictures: eigenvalues, the heads by their copying, and the induction corner; and
// eigenvalues as a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/spectra.hpp"
#include "headway/report/plot.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// A circuit by its name (`ov:L1H4`), over the vocabulary or on the stream, with its score and eigenvalues.
struct NamedSpectrum {
    std::string circuit;
    SpectralScore score;
};

/// A row an eigenvalue, the largest first: `circuit,number,real,imaginary,magnitude,angle,condition`, angles
/// in degrees; the caption has the scores with their errors.
Table eigenvalue_rows(const std::vector<NamedSpectrum>& spectra);

/// The same, a series for each circuit.
EigenvaluePlot eigenvalue_plot(const std::vector<NamedSpectrum>& spectra, const std::string& title);

/// Full-OV copying of the reader against K-composed matching: a point for each of `rows`, which are those of
/// pair_rows; those that compose by K (1.75 x baseline) and the deepest pair of each candidate stand out.
ScatterPlot corner_plot(const Table& rows, const std::string& title);

/// How many heads have which copying score: of full OV and of OV alone, stacked apart on one sheet.
PlotSheet copying_plot(const std::vector<HeadSpectra>& heads, const std::string& title);

}  // namespace headway
