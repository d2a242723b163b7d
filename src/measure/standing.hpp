// Where a score stands: among other scores, and against random orientations.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <vector>

namespace headway {

/// What is undefined, in arrays and rows.
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// (x - median) / (1.4826 MAD) of each value; NaN when more than half of the values are equal.
std::vector<double> robust_z(const std::vector<double>& values);

/// Share of the values that are lower, 0 to 100, of each value.
std::vector<double> percentiles(const std::vector<double>& values);

/// (score² - 1/d) / sd of score² when the two sides are randomly rotated against each other in d dimensions,
/// from their participation ratios; NaN when either side is the same in all directions.
double rotation_z(double square, double d, double participation_writer, double participation_reader);

}  // namespace headway
