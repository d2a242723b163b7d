// The tensors of a model's files, as tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/progress.hpp"
#include "headway/io/weight_files.hpp"
#include "headway/model/model.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// `148 consumed, 12 ignored, 0 unknown`.
std::string tensor_counts(const std::vector<TensorUse>& tensors);

/// Every tensor of the files: columns `tensor,dtype,shape,bytes,status,leaves`. `files`: those of the model,
/// or nullptr for a model without any.
Table tensor_rows(const Model& model, const WeightFiles* files);

/// The tensors of files that are no model that Headway reads, with the same columns: no tensor became anything.
Table tensor_rows(const WeightFiles& files);

/// Puts what the numbers are into `rows`, which are those of tensor_rows: columns
/// `min,max,mean,rms,zeros,nan,infinite`, empty where the type is not read. Reads every tensor once, block by
/// block. Throws as WeightFiles::read_range.
void add_statistics(Table& rows, const WeightFiles& files, Progress* progress = nullptr);

}  // namespace headway
