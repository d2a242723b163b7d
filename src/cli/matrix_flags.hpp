// What the commands about matrices over the vocabulary share: rows and columns by text or id, and how a
// matrix is shown.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.hpp"
#include "headway/report/vocabulary_table.hpp"

#include <string>
#include <vector>

namespace headway {

/// A matrix that a command was asked for.
struct AskedMatrix {
    std::string title;  ///< of pictures: `ov:L1H4`
    Expr expression;
    MatrixAxes axes;
    std::vector<std::string> caption = {};
    MatrixWindow window = {};
};

/// The numbers of `--rows` or `--cols`: tokens by text or id, positions and neurons by number and range.
std::vector<int> numbers_of_flag(const Arguments& arguments, const char* flag, const MatrixAxis& axis,
                                 const TokenText& text, const Model& model, std::int64_t extent);

/// Writes the strongest entries of each row that `--rows` names, or of the whole matrix; as .npz all values
/// of the window, as .svg their heat map.
void show_matrix(const Arguments& arguments, const Model& model, const AskedMatrix& matrix,
                 const TokenText& text, const EvaluateOptions& options, const Destination& to);

}  // namespace headway
