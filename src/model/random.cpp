// SPDX-License-Identifier: Apache-2.0
#include "model/random.hpp"

#include "headway/base/error.hpp"
#include "headway/io/float_formats.hpp"
#include "headway/model/load.hpp"
#include "model/architecture.hpp"

#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

namespace headway {

namespace {

constexpr std::size_t n_quantiles = 65536;

/// A bijection of 64-bit words that leaves no pattern of a counter visible: two rounds of xor-shift and odd
/// multiplication (the finaliser of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBU;
    return word ^ (word >> 31);
}

constexpr std::uint64_t golden = 0x9E3779B97F4A7C15U;  // 2^64 / golden ratio: counters far apart in every bit

/// x with Φ(x) = p for p in (0, 1/2], by Newton's method from a point that is to the left of it: Φ is convex
/// there, so every step stays on the right of the root and the iteration converges.
double lower_quantile(double p, double start) {
    double x = start;
    for (int step = 0; step < 50; ++step) {
        const double error = 0.5 * std::erfc(-x / std::numbers::sqrt2) - p;
        const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
        const double next = x - error / density;
        if (std::abs(next - x) < 1e-13) return next;
        x = next;
    }
    return x;
}

}  // namespace

std::vector<float> normal_quantiles() {
    std::vector<double> exact(n_quantiles);
    double x = -4.5;
    double squares = 0.0;
    for (std::size_t i = 0; i < n_quantiles / 2; ++i) {
        x = lower_quantile((static_cast<double>(i) + 0.5) / static_cast<double>(n_quantiles), x);
        exact[i] = x;
        exact[n_quantiles - 1 - i] = -x;
        squares += 2.0 * x * x;
    }
    const double scale = std::sqrt(static_cast<double>(n_quantiles) / squares);
    std::vector<float> quantiles(n_quantiles);
    for (std::size_t i = 0; i < n_quantiles; ++i) quantiles[i] = static_cast<float>(exact[i] * scale);
    return quantiles;
}

template <class T>
void fill_normal(std::span<const float> quantiles, std::uint64_t key, std::uint64_t first, std::span<T> out) {
    invariant(quantiles.size() == n_quantiles, "16 bits pick a quantile");
    const float* table = quantiles.data();
    std::size_t done = 0;
    while (done < out.size()) {
        const std::uint64_t index = first + done;
        std::uint64_t word = mix(key + (index / 4) * golden);
        if (index % 4 == 0 && out.size() - done >= 4) {
            for (std::size_t lane = 0; lane < 4; ++lane, word >>= 16)
                out[done + lane] = table[word & 0xFFFFU];
            done += 4;
            continue;
        }
        word >>= 16 * (index % 4);
        for (std::uint64_t lane = index % 4; lane < 4 && done < out.size(); ++lane, word >>= 16) {
            out[done++] = table[word & 0xFFFFU];
        }
    }
}

template void fill_normal(std::span<const float>, std::uint64_t, std::uint64_t, std::span<float>);
template void fill_normal(std::span<const float>, std::uint64_t, std::uint64_t, std::span<double>);

std::vector<float> scaled_quantiles(std::span<const float> quantiles, const Normal& normal) {
    std::vector<float> scaled(quantiles.begin(), quantiles.end());
    for (float& value : scaled) {
        value = normal.mean + normal.deviation * value;
        if (normal.bfloat16) value = float_from_bf16(bf16_from_float(value));
    }
    return scaled;
}

std::uint64_t leaf_key(std::uint64_t seed, const LeafName& leaf) {
    std::uint64_t key = mix(seed + golden);
    for (const char c : leaf.symbol) key = mix(key ^ static_cast<unsigned char>(c)) + golden;
    return mix(key + static_cast<std::uint64_t>(leaf.layer + 1) * golden);
}

Normal leaf_distribution(const Leaf& leaf, const Config& config) {
    const std::string& symbol = leaf.name.symbol;
    if (symbol.ends_with(".w")) return {.mean = 1.0F, .deviation = 0.1F};  // gains of norms
    if (symbol.ends_with(".b")) return {.deviation = 0.1F};
    if (symbol.starts_with("b_")) return {.deviation = 0.1F};
    if (symbol == "W_E") return {.deviation = 1.0F};
    if (symbol == "W_pos") return {.deviation = 0.5F};
    double fan_in = config.d_model;
    if (symbol == "W_O") fan_in = static_cast<double>(config.n_heads) * config.d_head;
    if (symbol == "W_out") fan_in = config.d_mlp;
    return {.deviation = static_cast<float>(1.0 / std::sqrt(fan_in))};
}

Model random_model_of(const RandomShape& shape, const LoadOptions& options, const std::string& name) {
    const Config& config = shape.config;
    check_config(config, name, ErrorKind::Usage);
    const auto quantiles = std::make_shared<const std::vector<float>>(normal_quantiles());
    const auto read = [config, quantiles, bfloat16 = shape.bfloat16, seed = options.seed](const Leaf& leaf,
                                                                                          auto out) {
        Normal normal = leaf_distribution(leaf, config);
        normal.bfloat16 = bfloat16;
        fill_normal(scaled_quantiles(*quantiles, normal), leaf_key(seed, leaf.name), 0, out);
    };
    ModelDescription description{
        .name = name, .path = name, .made = fmt::format("random weights of seed {}", options.seed)};
    return {config, options.fold, {read, read}, std::move(description)};
}

Model random_model(const Config& config, const LoadOptions& options, bool bfloat16) {
    return random_model_of({config, bfloat16}, options, "random");
}

}  // namespace headway
