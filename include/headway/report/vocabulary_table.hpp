// Matrices over the vocabulary as tables: strongest entries, diagonal accuracy, distribution; and as a heat
// map.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/head_circuit.hpp"
#include "headway/io/token_text.hpp"
#include "headway/measure/vocabulary.hpp"
#include "headway/report/plot.hpp"
#include "headway/report/table.hpp"

#include <span>
#include <string>
#include <vector>

namespace headway {

/// What the rows or the columns of a matrix are.
struct MatrixAxis {
    std::string name;    ///< `source`, `output`, `query`, `key`, `neuron`
    bool tokens = true;  ///< shown by their texts; else by number
    std::string shown(int number, const TokenText& text) const;
};
struct MatrixAxes {
    MatrixAxis rows, columns;
};
MatrixAxes axes_of(CircuitKind kind);

/// What circuits are, as sentences: the formula, what rows and columns are, what is left out. Several are
/// those of single heads that differ in nothing else.
std::vector<std::string> circuit_sentences(std::span<const HeadCircuit> circuits, const Config& config);

/// Columns: row, column, `value`, and the numbers of row and column where they are shown by text.
Table entry_rows(std::span<const MatrixEntry> entries, const MatrixAxes& axes, const TokenText& text);

/// Columns `circuit,top1,top5,rows,columns_mean,columns_most,decided_twice`.
Table accuracy_rows(const std::vector<std::string>& circuits, std::span<const DiagonalAccuracy> accuracies,
                    bool early_exit);

/// Trace and Frobenius norm of a matrix over the whole vocabulary.
struct MatrixSize {
    double trace = 0;  ///< NaN where it has none
    double norm = 0;
};
/// `trace 12.3, Frobenius norm 4.5e+03, root mean square entry 0.09`.
std::string size_sentence(const MatrixSize& size, double entries);

/// Columns `from,to,entries,share`.
Table histogram_rows(const EntryHistogram& histogram);

/// A window of values as a heat map around 0.
Heatmap window_plot(const xt::xtensor<double, 2>& values, const MatrixWindow& window, const MatrixAxes& axes,
                    const TokenText& text);

}  // namespace headway
