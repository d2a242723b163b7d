// What the columns of the table of heads are, in sentences.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/report/head_table.hpp"

namespace headway {

/// A sentence or two for each group of columns that there is.
std::vector<std::string> head_sentences(const HeadMeasures& measures, const Config& config);

}  // namespace headway
