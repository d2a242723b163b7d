// SPDX-License-Identifier: Apache-2.0
#include "measure/loss.hpp"

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

// With the maximum taken out.
double negative_log_probability(std::span<const double> row, int token) {
    const double most = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double logit : row) sum += std::exp(logit - most);
    return std::log(sum) + most - row[static_cast<std::size_t>(token)];
}

}  // namespace

std::vector<double> losses(const xt::xarray<double>& logits, std::span<const int> tokens) {
    const std::size_t vocabulary = tokens.empty() ? 0 : logits.size() / tokens.size();
    std::vector<double> result;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
        result.push_back(
            negative_log_probability({logits.data() + i * vocabulary, vocabulary}, tokens[i + 1]));
    return result;
}

}  // namespace headway
