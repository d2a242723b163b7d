// SPDX-License-Identifier: Apache-2.0
#include "measure/standing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {

namespace {

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace

std::vector<double> robust_z(const std::vector<double>& values) {
    if (values.empty()) return {};
    const double centre = median(values);
    std::vector<double> deviations;
    for (double value : values) deviations.push_back(std::abs(value - centre));
    const double scale = 1.4826 * median(deviations);
    std::vector<double> result;
    for (double value : values) result.push_back(scale > 0 ? (value - centre) / scale : not_a_number);
    return result;
}

std::vector<double> percentiles(const std::vector<double>& values) {
    std::vector<double> sorted = values, result;
    std::sort(sorted.begin(), sorted.end());
    for (double value : values) {
        const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
        result.push_back(100.0 * static_cast<double>(below) / static_cast<double>(sorted.size()));
    }
    return result;
}

double rotation_z(double square, double d, double participation_writer, double participation_reader) {
    // sd² = 2 (1/PR_a - 1/d)(1/PR_b - 1/d) / ((d - 1)(d + 2))
    const double spread = (1 / participation_writer - 1 / d) * (1 / participation_reader - 1 / d);
    const double deviation = std::sqrt(2 * spread / ((d - 1) * (d + 2)));
    return deviation > 0 ? (square - 1 / d) / deviation : not_a_number;
}

}  // namespace headway
