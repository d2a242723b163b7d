// What projecting readers did to composition scores, as a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/projection.hpp"
#include "headway/report/table.hpp"

#include <cstddef>

namespace headway {

/// Columns `kind,writer,reader,before,after,change,asked_for`: the edges asked for first, then the others by
/// what they lost, `top` of these. The caption says what a projection does beside.
Table projection_rows(const Projection& projection, std::size_t top = 20);

}  // namespace headway
