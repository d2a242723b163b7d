// Runs as a table of predictions and as arrays.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/npy.hpp"
#include "headway/io/token_text.hpp"
#include "headway/measure/run.hpp"
#include "headway/report/table.hpp"

#include <vector>

namespace headway {

/// The `top` likeliest next tokens at every position: columns
/// `position,token,loss,rank,prediction,logit,probability`; with texts `text` and `predicted` behind the two
/// ids.
Table prediction_rows(const Run& run, std::size_t top = 3, const TokenText& text = {});

/// `logits [n, d_vocab]`, `attention [n_layers, n_heads, n, n]`, `loss [n - 1]`; of several runs of one
/// length with a leading batch axis when `batched`. Requires: one run unless `batched`.
std::vector<NpyArray> run_arrays(std::vector<Run> runs, bool batched, Precision precision);

/// The tokens of a .npy file: 1-D one run, 2-D one a row. Throws Error: Unsupported (another shape, no
/// integers), Malformed, Io.
struct TokenBatch {
    std::vector<std::vector<int>> rows;
    bool batched = false;
};
TokenBatch read_tokens(const std::filesystem::path& file);

/// One array of numbers, as float32 or float64 as they were computed.
NpyArray number_array(std::string name, std::vector<std::int64_t> shape, const std::vector<double>& values,
                      Precision precision);

}  // namespace headway
