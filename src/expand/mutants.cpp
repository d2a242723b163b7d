// SPDX-License-Identifier: Apache-2.0
#include "expand/mutants.hpp"

#include "expand/passes.hpp"
#include "expand/random.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <numeric>

namespace headway {

namespace {

constexpr std::uint64_t most_attempts = 30;  // a mutant wanted
constexpr std::size_t fewest_nodes = 5;      // smaller expressions have few places for mistakes

std::optional<Equality> of_pass(const Pass& pass, std::uint64_t seed) {
    const RandomNetwork random = random_network(seed);
    std::optional<Rewrite> rewrite = pass.apply(random);
    if (!rewrite || count_nodes(rewrite->right) < fewest_nodes) return std::nullopt;
    const std::vector<std::uint64_t> values =
        ModularRun(random_model(random.group_size, seed)).value(rewrite->left).values;
    const auto is_zero = [](std::uint64_t value) { return value == 0; };
    if (std::all_of(values.begin(), values.end(), is_zero))
        return std::nullopt;  // it would hide every mistake
    const Config config = random.config();
    return Equality{rewrite->left,
                    rewrite->right,
                    {random_model(random.group_size, seed), random_model(random.group_size, seed + 1)},
                    {config.n_layers, config.n_heads, config.n_kv_heads},
                    fmt::format("expression {}", seed)};
}

}  // namespace

MutantCount count_equality_mutants(std::string name, std::uint64_t wanted, std::uint64_t seed,
                                   const std::function<std::optional<Equality>(std::uint64_t seed)>& make) {
    MutantCount result{std::move(name)};
    Random random(seed);
    for (std::uint64_t i = 0; i < wanted * most_attempts && result.total_rejected() < wanted; ++i) {
        const std::uint64_t own = random.word();
        const std::optional<Equality> equality = make(own);
        if (!equality) continue;
        const std::optional<Mutant> mutant = mutate(equality->right, equality->range, own);
        if (!mutant) continue;
        const bool rejected = !same_values(equality->left, mutant->expression, equality->models);
        count_mutant(result, *equality, *mutant, rejected);
    }
    return result;
}

std::uint64_t MutantCount::total_rejected() const {
    return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
}

std::vector<MutantCount> count_mutants(std::uint64_t per_pass, std::uint64_t seed) {
    std::vector<MutantCount> result;
    for (const Pass& pass : passes)
        result.push_back(count_equality_mutants(std::string(pass.name), per_pass, seed,
                                                [&](std::uint64_t own) { return of_pass(pass, own); }));
    for (MutantCount& each : count_model_mutants(per_pass, seed)) result.push_back(std::move(each));
    return result;
}

}  // namespace headway
