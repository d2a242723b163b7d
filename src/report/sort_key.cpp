// SPDX-License-Identifier: Apache-2.0
#include "report/sort_key.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace headway {

double sort_key(double value) {
    if (!std::isfinite(value)) return -std::numeric_limits<double>::infinity();
    const std::string digits = fmt::format("{:.11e}", value);
    double key = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), key);
    return key;
}

}  // namespace headway
