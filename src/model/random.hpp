// Random weights from a counter: element i of a leaf is a function of (seed, leaf, i), whatever is made
// before it, beside it or on which thread. A 64-bit hash of (seed, leaf, i / 4) gives four elements 16 bits
// each, and each picks one of 65,536 equally likely quantiles of the normal distribution.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/load.hpp"
#include "model/random_shape.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace headway {

/// The midpoint quantiles of the normal distribution, scaled to variance 1 exactly.
std::vector<float> normal_quantiles();

/// Normal numbers with mean and standard deviation; bfloat16 where asked.
struct Normal {
    float mean = 0.0F;
    float deviation = 1.0F;
    bool bfloat16 = false;
};

/// The quantiles of another normal distribution.
std::vector<float> scaled_quantiles(std::span<const float> quantiles, const Normal& normal);

/// Elements first .. first + out.size() - 1 of the stream of `key`.
template <class T>
void fill_normal(std::span<const float> quantiles, std::uint64_t key, std::uint64_t first, std::span<T> out);

/// What tells the streams of two leaves apart.
std::uint64_t leaf_key(std::uint64_t seed, const LeafName& leaf);

/// See random_model.
Model random_model_of(const RandomShape& shape, const LoadOptions& options, const std::string& name);

/// The distribution of a leaf: see random_model.
Normal leaf_distribution(const Leaf& leaf, const Config& config);

}  // namespace headway
