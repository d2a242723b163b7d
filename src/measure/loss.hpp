// The loss of a run, from its logits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <xtensor/xarray.hpp>

#include <span>
#include <vector>

namespace headway {

/// `[n - 1]`: -log softmax(logits[i])[tokens[i + 1]] in nats, of logits `[n, d_vocab]`.
std::vector<double> losses(const xt::xarray<double>& logits, std::span<const int> tokens);

}  // namespace headway
