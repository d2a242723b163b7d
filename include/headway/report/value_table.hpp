// The value of any network: shape, norm, largest entries.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"
#include "headway/report/table.hpp"

#include <xtensor/xarray.hpp>

#include <string>
#include <vector>

namespace headway {

/// The `top` entries of largest size: a column of indices for each port (`q`, `d`, ...), and `value`. The
/// caption gives shape and Frobenius norm.
Table largest_entries(const xt::xarray<double>& value, const std::vector<Space>& ports, std::size_t top = 10);

}  // namespace headway
